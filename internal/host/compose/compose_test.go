package compose_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/compose"
	"iact-infra/internal/testbed"
)

// program is what a docker client takes for Compose.
func program(version string) string {
	return "#!/bin/sh\ncase $1 in docker-cli-plugin-metadata) echo '{\"SchemaVersion\":\"0.1.0\"}';; *) echo " + version + ";; esac\n"
}

func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// rig is a plugin of a small system, with the release that a server has.
type rig struct {
	*compose.Plugin
	root  *testbed.Root
	noted compose.Record
	url   string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !strings.HasPrefix(q.URL.Path, "/v2.40.3/docker-compose-linux-") || strings.HasSuffix(q.URL.Path, "{arch}") {
			http.NotFound(w, q)
			return
		}
		fmt.Fprint(w, program("2.40.3"))
	}))
	t.Cleanup(server.Close)
	r := &rig{root: testbed.OwnRoot(t), url: server.URL + "/v{version}/docker-compose-linux-{arch}"}
	r.Plugin = &compose.Plugin{Door: command.NewDoor(r.root.Transport()), Note: func(n compose.Record) error {
		r.noted = n
		return nil
	}}
	return r
}

// local is all of /usr/local.
func (r *rig) local() string {
	return r.root.Sh(`find /usr/local -printf '%p %m\n' | sort; find /usr/local -type f -exec sha256sum {} +`)
}

func TestRealAReleaseIsComparedTriedAndTakenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before := r.local()
	good := compose.Source{URL: r.url, Version: "2.40.3", SHA256: sum(program("2.40.3"))}
	for what, wrong := range map[string]struct {
		source compose.Source
		code   int
		want   string
	}{
		"another hash":   {compose.Source{URL: r.url, Version: "2.40.3", SHA256: sum("x")}, fault.Invalid, "its SHA-256 is " + good.SHA256},
		"no hash":        {compose.Source{URL: r.url, Version: "2.40.3"}, fault.Usage, "needs its SHA-256"},
		"not there":      {compose.Source{URL: r.url, Version: "2.0.0", SHA256: good.SHA256}, fault.Missing, "fetch "},
		"no version":     {compose.Source{SHA256: good.SHA256}, fault.Usage, "which version"},
		"no such file":   {compose.Source{Path: "/no/such"}, fault.Missing, "no such file"},
		"not the plugin": {compose.Source{Path: file(t, "#!/bin/sh\necho docker-compose version 1.29.2\n")}, fault.Invalid, "it is no plugin"},
	} {
		if err := r.Install(t.Context(), wrong.source, compose.Record{}); fault.Code(err) != wrong.code || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := r.Back(t.Context(), r.noted); err != nil {
			t.Errorf("%s: back: %v", what, err)
		}
		if after := r.local(); after != before {
			t.Fatalf("%s left\n%s", what, after)
		}
	}
	if err := r.Install(t.Context(), good, compose.Record{}); err != nil {
		t.Fatal(err)
	}
	if got := r.root.Sh(compose.File + " compose; stat -c '%a %U' " + compose.File); got != "2.40.3\n755 root" {
		t.Errorf("there is %s", got)
	}
	for range 2 {
		if kept, err := r.Back(t.Context(), r.noted); err != nil || kept != "" {
			t.Errorf("back: %q, %v", kept, err)
		}
		if after := r.local(); after != before {
			t.Errorf("back left\n%s", after)
		}
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "docker-compose")
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRealAFileOfSomebodyElseComesBackAndOneOfAPackageIsNotTouched(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.root.Sh("mkdir -p " + filepath.Dir(compose.File) + "; printf old >" + compose.File)
	before := r.local()
	ours := compose.Source{Path: file(t, program("2.40.3"))}
	if err := r.Install(t.Context(), ours, compose.Record{}); err != nil {
		t.Fatal(err)
	}
	// A further run that goes on with this one knows what is ours.
	if err := r.Install(t.Context(), compose.Source{Path: file(t, program("2.40.4"))}, r.noted); err != nil {
		t.Fatal(err)
	}
	if kept, err := r.Back(t.Context(), r.noted); err != nil || kept != "" {
		t.Errorf("back: %q, %v", kept, err)
	}
	if after := r.local(); after != before {
		t.Errorf("there is\n%s\nand was\n%s", after, before)
	}
	if err := r.Install(t.Context(), ours, compose.Record{}); err != nil {
		t.Fatal(err)
	}
	r.root.Sh("echo '# mine' >>" + compose.File)
	if kept, err := r.Back(t.Context(), r.noted); err != nil || !strings.Contains(kept, "somebody changed it since") {
		t.Errorf("back over a change: %q, %v", kept, err)
	}
	r.root.Sh("echo " + compose.File + " >>/var/lib/dpkg/info/dpkg.list")
	if err := r.Install(t.Context(), ours, compose.Record{}); err == nil || !strings.Contains(err.Error(), "is a file of the package dpkg") {
		t.Errorf("over a package's file: %v", err)
	}
}
