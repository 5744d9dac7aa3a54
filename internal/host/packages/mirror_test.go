package packages_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"iact-infra/internal/command"
)

// mirror stands for download.docker.com/linux/debian: packages with the real
// names and a few bytes, signed by a key of the test.
type mirror struct {
	t      *testing.T
	server *httptest.Server
	key    *openpgp.Entity
	suite  string // the release of the roots
	mu     sync.Mutex
	files  map[string][]byte
	debs   []deb
}

// deb is a package to build.
type deb struct{ name, version, fields, scripts string }

func newKey(t *testing.T) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity("Docker Release", "test", "docker@example.invalid", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return time.Now().Add(-time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(t *testing.T, key *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Serialize(w); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.Bytes()
}

func fingerprint(key *openpgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(key.PrimaryKey.Fingerprint))
}

func newMirror(t *testing.T) *mirror {
	t.Helper()
	release, err := command.NewDoor(command.Local()).Text(t.Context(), command.Read("sh", "-c", `. /etc/os-release && printf %s "$VERSION_CODENAME"`)).String()
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{t: t, key: newKey(t), suite: release, files: map[string][]byte{}}
	m.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		m.mu.Lock()
		data, ok := m.files[q.URL.Path]
		m.mu.Unlock()
		if !ok {
			http.NotFound(w, q)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(m.server.Close)
	m.files["/gpg"] = public(t, m.key)
	return m
}

func (m *mirror) index() string { return "/dists/" + m.suite + "/stable/binary-amd64/Packages" }

func (m *mirror) set(name string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = data
}

// build makes the packages and signs an index of all that were ever built.
func (m *mirror) build(debs ...deb) {
	m.t.Helper()
	here := command.NewDoor(command.Local())
	m.debs = append(m.debs, debs...)
	var index strings.Builder
	dir := m.t.TempDir()
	for i, d := range m.debs {
		tree := filepath.Join(dir, fmt.Sprint(i))
		control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: T <t@example.invalid>\nDescription: test\n%s", d.name, d.version, d.fields)
		file := fmt.Sprintf("%s_%d.deb", d.name, i)
		must := func(err error) {
			m.t.Helper()
			if err != nil {
				m.t.Fatal(err)
			}
		}
		must(os.MkdirAll(filepath.Join(tree, "DEBIAN"), 0o755))
		must(os.MkdirAll(filepath.Join(tree, "etc", d.name), 0o755))
		must(os.WriteFile(filepath.Join(tree, "DEBIAN/control"), []byte(control), 0o644))
		must(os.WriteFile(filepath.Join(tree, "DEBIAN/conffiles"), []byte("/etc/"+d.name+"/conf\n"), 0o644))
		must(os.WriteFile(filepath.Join(tree, "etc", d.name, "conf"), []byte("default of "+d.version+"\n"), 0o644))
		for part := range strings.SplitSeq(d.scripts, "\x00") {
			if name, text, ok := strings.Cut(part, "\n"); ok {
				must(os.WriteFile(filepath.Join(tree, "DEBIAN", name), []byte("#!/bin/sh\n"+text+"\n"), 0o755))
			}
		}
		must(here.Run(m.t.Context(), command.Change("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, filepath.Join(dir, file))))
		data, err := os.ReadFile(filepath.Join(dir, file))
		must(err)
		h := sha256.Sum256(data)
		m.set("/pool/"+file, data)
		fmt.Fprintf(&index, "%sFilename: pool/%s\nSize: %d\nSHA256: %x\n\n", control, file, len(data), h)
	}
	m.publish(index.String(), m.key)
}

// publish signs an index by a key.
func (m *mirror) publish(index string, key *openpgp.Entity) {
	m.t.Helper()
	h := sha256.Sum256([]byte(index))
	release := fmt.Sprintf("Origin: Docker\nLabel: Docker CE\nSuite: %[1]s\nCodename: %[1]s\nDate: %[2]s\nArchitectures: amd64\nComponents: stable\nSHA256:\n %[3]x %[4]d stable/binary-amd64/Packages\n",
		m.suite, time.Now().UTC().Format(time.RFC1123), h, len(index))
	var signed bytes.Buffer
	w, err := clearsign.Encode(&signed, key.PrivateKey, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := w.Write([]byte(release)); err != nil {
		m.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.set("/dists/"+m.suite+"/InRelease", signed.Bytes())
	m.set(m.index(), []byte(index))
	m.set("/index", []byte(index))
}

// docker is a set of Docker's packages in one version.
func docker(version string) []deb {
	full := "5:" + version + "-1~debian.12~bookworm"
	return []deb{
		{name: "docker-ce", version: full, fields: "Depends: containerd.io, docker-ce-cli\nConflicts: docker.io\nReplaces: docker.io\nRecommends: libsmall\n"},
		{name: "docker-ce-cli", version: full},
		{name: "containerd.io", version: "1.7.27-1", fields: "Conflicts: containerd, runc\nReplaces: containerd, runc\n"},
		{name: "docker-buildx-plugin", version: "0.29.1-1~debian.12~bookworm"},
		{name: "docker-compose-plugin", version: "2.40.3-1~debian.12~bookworm"},
	}
}

// distribution are stand-ins for what Debian brings, docker.io with the script
// that deletes everything when it is purged, containerd with one that leaves a
// user and files behind.
func distribution() []deb {
	return []deb{
		{name: "libsmall", version: "1.0"},
		{name: "docker.io", version: "20.10.24+dfsg1-1", fields: "Depends: containerd, runc\n",
			scripts: "prerm\nmkdir -p /var/lib/docker; printf '#!/bin/sh\\nrm -rf \"$1\"\\n' >/var/lib/docker/nuke-graph-directory.sh; chmod 755 /var/lib/docker/nuke-graph-directory.sh" +
				"\x00postrm\n[ \"$1\" = purge ] && [ -x /var/lib/docker/nuke-graph-directory.sh ] && /var/lib/docker/nuke-graph-directory.sh /var/lib/docker\nexit 0"},
		{name: "containerd", version: "1.6.20", scripts: "postinst\ngetent passwd standin >/dev/null || useradd --system standin; mkdir -p /etc/standin; echo 1 >/etc/standin/id; ln -sfn /run /etc/standin/run"},
		{name: "runc", version: "1.1.5"},
		{name: "docker-compose", version: "1.29.2-3"},
	}
}

// holdLock holds a lock of the root by a process of the host for a while.
func (r *root) holdLock(file string, seconds int) (release func()) {
	r.t.Helper()
	sign := filepath.Join(r.t.TempDir(), "held")
	script := fmt.Sprintf(`use Fcntl; open(F,">>","%s") or die; my $l=pack("s s l! l! i",F_WRLCK,0,0,0,0); fcntl(F,F_SETLK,$l) or die; open(M,">","%s"); close M; sleep %d`, filepath.Join(r.Dir, file), sign, seconds)
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(r.t.Context())
	go func() {
		defer close(done)
		_ = command.NewDoor(command.Local()).Run(ctx, command.Change("perl", "-e", script))
	}()
	for range 500 {
		if _, err := os.Stat(sign); err == nil {
			return func() { cancel(); <-done }
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	r.t.Fatal("the lock was not taken")
	return nil
}
