package cpython_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/cpython/build"
)

// installed are the names in the directory of interpreters that do not begin
// with a dot.
func (r *rig) installed() []string {
	r.t.Helper()
	all, err := os.ReadDir(r.path("opt"))
	must(r.t, err)
	var names []string
	for _, one := range all {
		if !strings.HasPrefix(one.Name(), ".") {
			names = append(names, one.Name())
		}
	}
	return names
}

// environment stands on an interpreter.
func (r *rig) venvOn(dir, version string) {
	r.t.Helper()
	bin := r.path("opt/python-" + version + "/bin")
	put(r.t, filepath.Join(dir, "pyvenv.cfg"), "home = "+bin+"\nversion = "+version+"\n")
	must(r.t, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
	must(r.t, os.Symlink(filepath.Join(bin, "python3"), filepath.Join(dir, "bin", "python")))
}

// filled is a rig with interpreters, the last one in use.
func filled(t *testing.T, versions ...string) *rig {
	t.Helper()
	r := newRig(t)
	r.more = ", optimizations: false, keep: 1, version: " + versions[len(versions)-1]
	for _, version := range versions {
		r.release(version)
		r.good(version, "cpython:install")
	}
	r.good(versions[0], "cpython:use")
	r.good(versions[len(versions)-1], "cpython:use")
	return r
}

func TestCleanLeavesWhatIsNewestInUseGoneBackToOrStoodOn(t *testing.T) {
	t.Parallel()
	r := filled(t, "3.10.1", "3.11.2", "3.12.3", "3.12.4", "3.13.5")
	r.venvOn(r.path("elsewhere/venv"), "3.11.2") // it is none of the project
	r.venvOn(r.path("elsewhere/.venv.old-3.12.3-20260301T120000.000Z"), "3.12.3")
	must(t, os.Symlink("python-3.12.4", r.path("opt/python-3.12")))
	said := r.good("", "cpython:clean")
	want := []string{"python", "python-3.10", "python-3.10.1", "python-3.11.2", "python-3.12.3", "python-3.13", "python-3.13.5"}
	if got := r.installed(); !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q\n%s", got, want, said)
	}
	for _, line := range []string{
		"python 3.10.1 stays: cpython:rollback goes to it", "python 3.11.2 stays: the environment " + r.path("elsewhere/venv") + " stands on it",
		"python 3.12.3 stays: the environment ", "removed " + r.path("opt/python-3.12.4"), "cpython:install -version=3.12.4 brings it back",
	} {
		if !strings.Contains(said, line) {
			t.Errorf("%q was not said:\n%s", line, said)
		}
	}
	if trees, _ := filepath.Glob(r.path("work/build/*/source")); len(trees) > 0 {
		t.Errorf("build trees are left: %q", trees)
	}
	if again := r.good("", "cpython:clean"); !strings.Contains(again, "already done") {
		t.Errorf("there was more to clean:\n%s", again)
	}
	r.good("", "cpython:rollback")
	if r.leads("python") != "python-3.10.1" {
		t.Errorf("python leads to %q", r.leads("python"))
	}
}

func TestWhatWasCleanedUpComesBackOutOfTheCache(t *testing.T) {
	t.Parallel()
	r := filled(t, "3.10.1", "3.12.4", "3.13.5")
	must(t, os.Symlink("python-3.12.4", r.path("opt/python-3.12")))
	r.good("", "cpython:clean")
	if slices.Contains(r.installed(), "python-3.12.4") {
		t.Fatalf("left are %q", r.installed())
	}
	clean := r.newest("cpython:clean")
	p := r.process()
	if err := p.engine.Rollback(t.Context(), clean, false); err != nil {
		t.Fatalf("%v\n%s", err, p.said.String())
	}
	if r.leads("python-3.12") != "python-3.12.4" {
		t.Errorf("3.12 leads to %q", r.leads("python-3.12"))
	}
	if _, err := os.Stat(r.path("opt/python-3.12.4/bin/python3")); err != nil || r.made() != 3 {
		t.Errorf("made %d times: %v", r.made(), err)
	}
}

func TestAnInterpreterThatTheCacheCannotBringBackStays(t *testing.T) {
	t.Parallel()
	r := filled(t, "3.10.1", "3.12.4", "3.13.5")
	must(t, os.RemoveAll(r.path("cache")))
	said := r.good("", "cpython:clean")
	if !slices.Contains(r.installed(), "python-3.12.4") || !strings.Contains(said, "python 3.12.4 stays: the cache has no build of it") {
		t.Errorf("left are %q\n%s", r.installed(), said)
	}
}

func TestATreeThatAnotherRunWorksInStays(t *testing.T) {
	t.Parallel()
	r := filled(t, "3.13.5")
	release, err := (&build.Build{Version: "3.13.5", Work: r.path("work/build/3.13.5")}).Hold()
	must(t, err)
	defer release()
	said, err := r.run("", "cpython:clean")
	if err == nil || !strings.Contains(err.Error(), "another run is building") {
		t.Errorf("got %v\n%s", err, said)
	}
	if _, err := os.Stat(r.path("work/build/3.13.5/source")); err != nil {
		t.Error(err)
	}
}

func TestEnvironmentsThatWereReplacedLongAgoGo(t *testing.T) {
	t.Parallel()
	r := filled(t, "3.13.5")
	r.venvOn(r.path("checkout/venv"), "3.13.5")
	for _, day := range []string{"01", "02", "03"} {
		r.venvOn(r.path("checkout/.venv.old-3.13.5-202603"+day+"T120000.000Z"), "3.13.5")
	}
	r.good("", "cpython:clean")
	left, err := filepath.Glob(r.path("checkout/.venv.old-*"))
	must(t, err)
	if len(left) != 1 || !strings.Contains(left[0], "20260303") {
		t.Errorf("left are %q", left)
	}
}
