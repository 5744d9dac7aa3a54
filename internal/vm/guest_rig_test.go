package vm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
	"iact-infra/internal/vm"
)

// guest is what scripts/bootstrap.sh takes for a virtual machine: a small system
// with processes and a network of its own, in which there is no way out. All
// packages come from repositories in it.
type guest struct {
	*testbed.Root
	t      *testing.T
	holder string // the process whose end ends all others
	env    []string
	pg, my string // the versions that the vendors have
}

// newGuest makes one. Of the distribution's own packages the servers are missing:
// these come from the vendors, each with a repository that its key has signed.
func newGuest(t *testing.T) *guest {
	t.Helper()
	g := &guest{Root: testbed.OwnRoot(t), t: t}
	g.Sh(`apt-get -q update && apt-get install -q -y --download-only --no-install-recommends postgresql mariadb-server mariadb-client ca-certificates curl gpg tzdata
cd /srv && mkdir pg my && mv /var/cache/apt/archives/*.deb . && mv postgresql-[0-9]*.deb pg/ && mv mariadb-server_*.deb my/ && mkdir debian && mv *.deb debian/`)
	g.pg = g.found(`postgresql-(\d+)_`, "pg")
	g.my = g.found(`mariadb-server_1%3a(\d+\.\d+)\.`, "my")
	key, other := newKey(t), newKey(t)
	codename := g.Sh(`. /etc/os-release && echo "$VERSION_CODENAME"`)
	g.repository(key, "debian", codename)
	g.repository(key, "pg", codename+"-pgdg")
	g.repository(key, "my", codename)
	// MariaDB's has the version and the distribution in its path.
	g.Sh(`mkdir -p "/srv/maria/` + g.my + `" && mv /srv/my "/srv/maria/` + g.my + `/$(. /etc/os-release && echo "$ID")"`)
	g.Write("srv/key.asc", key.armored)
	g.Write("srv/other.asc", other.armored)
	g.Write("etc/apt/keyrings/all.asc", key.armored)
	g.Write("etc/apt/sources.list", "deb [signed-by=/etc/apt/keyrings/all.asc] file:/srv/debian "+codename+" main\n")
	g.Sh("rm -rf /var/lib/apt/lists/*")
	script, err := vm.Script("../..")
	if err != nil {
		t.Fatal(err)
	}
	g.Write("srv/bootstrap.sh", script)
	g.env = []string{
		"IACT_TIMEZONE=UTC", "IACT_LEGACY=ivr_legacy",
		"IACT_POSTGRESQL=" + g.pg, "IACT_POSTGRESQL_MIRROR=file:/srv/pg", "IACT_POSTGRESQL_KEY=/srv/key.asc", "IACT_POSTGRESQL_FINGERPRINT=" + key.fingerprint,
		"IACT_MARIADB=" + g.my, "IACT_MARIADB_MIRROR=file:/srv/maria", "IACT_MARIADB_KEY=/srv/key.asc", "IACT_MARIADB_FINGERPRINT=" + key.fingerprint,
	}
	g.island()
	return g
}

func (g *guest) found(pattern, dir string) string {
	g.t.Helper()
	files, err := os.ReadDir(filepath.Join(g.Dir, "srv", dir))
	if err != nil || len(files) == 0 {
		g.t.Fatalf("no package in %s: %v", dir, err)
	}
	match := regexp.MustCompile(pattern).FindStringSubmatch(files[0].Name())
	if match == nil {
		g.t.Fatalf("%s has no version", files[0].Name())
	}
	return match[1]
}

// island starts the process that holds the network and reaps what ends, with addresses as a network
// of the host's and one of strangers.
func (g *guest) island() {
	g.t.Helper()
	g.holder = g.Sh(`unshare --net --pid --fork --kill-child bash -c 'while :; do sleep 3600 & wait; done' </dev/null >/dev/null 2>&1 & p=$!
until [ "$(readlink "/proc/$p/ns/net")" != "$(readlink /proc/self/ns/net)" ] && [ -n "$(cat "/proc/$p/task/$p/children")" ]; do sleep 0.02; done; echo "$p"`)
	g.t.Cleanup(func() { g.Sh("kill -9 " + g.holder) })
	net := command.Change("nsenter", "--net=/proc/"+g.holder+"/ns/net", "sh", "-c", "ip link set lo up && ip address add 10.0.2.15/32 dev lo && ip address add 10.9.9.9/32 dev lo")
	if err := command.NewDoor(command.Local()).Run(g.t.Context(), net); err != nil {
		g.t.Fatal(err)
	}
}

// in runs a script in the machine and gives what it printed, and its exit code.
func (g *guest) in(script string, env ...string) (string, int) {
	g.t.Helper()
	c := command.Change("nsenter", "--net=/proc/"+g.holder+"/ns/net", "--pid=/proc/"+g.holder+"/ns/pid_for_children", "sh", "-c",
		`mount -t proc proc /proc && eval "$1"; echo "exit $?"`, "sh", "{ "+script+"\n} 2>&1")
	c.Env = append(append([]string{}, g.env...), env...)
	c.Timeout = 5 * time.Minute
	out, err := command.NewDoor(g.Transport()).Text(context.WithoutCancel(g.t.Context()), c).String()
	if err != nil {
		g.t.Fatalf("%s: %v", script, err)
	}
	at := strings.LastIndex(out, "exit ")
	var code int
	if _, err := fmt.Sscanf(out[at:], "exit %d", &code); err != nil {
		g.t.Fatal(err)
	}
	return strings.TrimSpace(out[:at]), code
}

// good runs a script that has to end well.
func (g *guest) good(script string, env ...string) string {
	g.t.Helper()
	out, code := g.in(script, env...)
	if code != 0 {
		g.t.Fatalf("%s: exit %d\n%s", script, code, out)
	}
	return out
}

// fails provisions, and wants it to end in a stage for a reason.
func (g *guest) fails(stage, reason string, env ...string) {
	g.t.Helper()
	out, code := g.in("bash /srv/bootstrap.sh", env...)
	lines := strings.Split(out, "\n")
	if last := lines[len(lines)-1]; code == 0 || !strings.Contains(out, reason) || !strings.Contains(last, "[ERROR] "+stage+".sh failed with code: ") || !strings.Contains(last, "log: /var/log/iact/bootstrap-") {
		g.t.Errorf("exit %d, want %s to fail with %q:\n%s", code, stage, reason, out)
	}
}

// killed provisions, and kills every process as soon as something is said.
func (g *guest) killed(when string) {
	g.t.Helper()
	out := g.good(`bash /srv/bootstrap.sh >/tmp/said 2>&1 </dev/null & p=$!
until grep -q "` + when + `" /tmp/said; do kill -0 "$p" 2>/dev/null || { cat /tmp/said; break; }; sleep 0.01; done; kill -s KILL -- -1; :`)
	if out != "" {
		g.t.Fatalf("it ended before %q:\n%s", when, out)
	}
}

type signer struct {
	*openpgp.Entity
	armored, fingerprint string
}

func newKey(t *testing.T) signer {
	t.Helper()
	entity, err := openpgp.NewEntity("vendor", "", "vendor@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := entity.Serialize(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return signer{entity, out.String() + "\n", fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint)}
}

// repository makes one of the packages in a directory of /srv.
func (g *guest) repository(key signer, dir, suite string) {
	g.t.Helper()
	arch := g.Sh("dpkg --print-architecture")
	packages := g.Sh(`cd /srv/`+dir+` && for f in *.deb; do dpkg-deb -f "$f"; printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$f" "$(stat -c %s "$f")" "$(sha256sum <"$f" | cut -c1-64)"; done`) + "\n"
	index := "main/binary-" + arch + "/Packages"
	release := fmt.Sprintf("Suite: %s\nCodename: %s\nComponents: main\nArchitectures: %s\nDate: %s\nSHA256:\n %x %d %s\n",
		suite, suite, arch, time.Now().UTC().Format(time.RFC1123), sha256.Sum256([]byte(packages)), len(packages), index)
	var signed bytes.Buffer
	w, err := clearsign.Encode(&signed, key.PrivateKey, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	if _, err := w.Write([]byte(release)); err != nil {
		g.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		g.t.Fatal(err)
	}
	g.Write("srv/"+dir+"/dists/"+suite+"/"+index, packages)
	g.Write("srv/"+dir+"/dists/"+suite+"/InRelease", signed.String()+"\n")
}
