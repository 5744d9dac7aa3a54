package cpython_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython"
	"iact-infra/internal/cpython/release/releasetest"
	"iact-infra/internal/cpython/venv/venvtest"
	"iact-infra/internal/fault"
)

// childVariable makes the test binary a process that runs targets in a rig and
// may be killed. It holds the root of the rig and the rest of its configuration.
const childVariable = "CPYTHON_TEST_CHILD"

func TestMain(m *testing.M) {
	if root, more, is := strings.Cut(os.Getenv(childVariable), "|"); is {
		os.Exit(child(root, more))
	}
	os.Exit(m.Run())
}

// child is one invocation of cpython:all.
func child(root, more string) int {
	r := &rig{t: &testing.T{}, root: root, more: more, file: "test_json"}
	p := r.process("cpython:all")
	must(r.t, p.room.Select(cpython.Selection{Version: releasetest.New}))
	err := p.engine.Target(context.Background(), "cpython:all")
	fmt.Println(p.said.String())
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// start starts the child; its output goes to the file said.
func (r *rig) start() *command.Stream {
	r.t.Helper()
	self, err := os.Executable()
	must(r.t, err)
	c := command.Change("sh", "-c", `echo $$; exec "$0" >>"$1" 2>&1`, self, r.path("said"))
	c.Env = []string{childVariable + "=" + r.root + "|" + r.more}
	s, err := command.NewDoor(command.Local()).Stream(r.t.Context(), c)
	must(r.t, err)
	return s
}

// killedWhen runs the child until something holds, and kills it.
func (r *rig) killedWhen(holds func() bool) {
	r.t.Helper()
	s := r.start()
	defer s.Abort()
	var pid int
	_, err := fmt.Fscanf(s, "%d\n", &pid)
	must(r.t, err)
	for deadline := time.Now().Add(20 * time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid)); err != nil || time.Now().After(deadline) {
			said, _ := os.ReadFile(r.path("said"))
			r.t.Fatalf("it ended before it could be killed:\n%s", said)
		}
	}
	must(r.t, syscall.Kill(pid, syscall.SIGKILL))
}

// TestWholeAnUpgradeThatIsKilledAllAlongArrivesAndGoesBack takes a project
// with three environments from 3.11.2 to 3.13.5, signature and all. It is killed
// in configure, in make and in the installation, and goes on each time.
func TestWholeAnUpgradeThatIsKilledAllAlongArrivesAndGoesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.need = nil // the real ones
	if os.Geteuid() != 0 {
		t.Skip("only root may install what a build needs") //nolint:forbidigo // in CI it is root
	}
	must(t, os.Symlink(releasetest.Debian(t), r.path("src")))
	r.more = ", optimizations: false, wheels: " + r.path("wheels") + ", venvs: [" + r.path("srv/*/venv") + "]"
	put(t, r.path("lock"), releasetest.Old+" "+releasetest.OldSHA256+" 26437858 Python-"+releasetest.Old+".tgz pinned 2026-11-27 -\n")
	r.good(releasetest.Old, "cpython:install", "cpython:use")
	r.makeEnvironments()
	r.arrivesThoughKilled()
	left, err := os.ReadDir(r.path("opt"))
	must(t, err)
	if len(left) != 6 { // two prefixes, three links, and how they were
		t.Errorf("left is %v", left)
	}
	r.works()
	r.stand(releasetest.New)
	r.comparesWithBefore()
	for _, version := range []string{releasetest.Old, releasetest.New} { // back, and forth
		began := time.Now()
		r.good("", "cpython:rollback")
		if took := time.Since(began); took > 2*time.Second { // the machine may be busy; alone it takes 0.1 s
			t.Errorf("rollback took %s", took)
		}
		r.stand(version)
	}
	r.undoes(releasetest.New)
	r.stand(releasetest.Old)
	must(t, os.Rename(r.path("work"), r.path("work.away")))
	began := time.Now()
	r.finishes()
	t.Logf("out of the cache, environments and all, in %s", time.Since(began))
	r.works()
	r.stand(releasetest.New)
}

// comparesWithBefore makes sure that step 8 sees what the update has broken, and
// what it has not.
func (r *rig) comparesWithBefore() {
	r.t.Helper()
	r.good(releasetest.New, "cpython:compat")
	put(r.t, r.path("checkout/api/requirements.txt"), "alpha==1.0\n")
	put(r.t, r.path("checkout/api/old.py"), "import imp\n") // gone since 3.12
	r.refused(releasetest.New, "cpython:compat", fault.Invalid, "imp", "importlib")
	must(r.t, os.Remove(r.path("checkout/api/old.py")))
	r.good(releasetest.New, "cpython:compat")
}

// arrivesThoughKilled builds and installs the new version in spite of kills.
func (r *rig) arrivesThoughKilled() {
	r.t.Helper()
	tree := r.path("work/build/" + releasetest.New + "/source")
	log := func(part string) string {
		text, _ := os.ReadFile(r.path("work/build/" + releasetest.New + "/log/" + part + ".log"))
		return string(text)
	}
	r.killedWhen(func() bool { return strings.Count(log("configure"), "\n") > 200 })
	const early = "Parser/token.o"
	r.killedWhen(func() bool { return strings.Count(log("make"), " -c ") > 220 })
	compiled, err := os.Stat(filepath.Join(tree, early))
	must(r.t, err)
	r.killedWhen(func() bool {
		staged, _ := filepath.Glob(r.path("opt/.python-*.partial-*/" + r.path("opt") + "/*/lib/*/os.py"))
		return len(staged) > 0
	})
	if _, err := os.Lstat(r.path("opt/python-" + releasetest.New)); err == nil {
		r.t.Error("after a kill in the installation the prefix is there")
	}
	if again, err := os.Stat(filepath.Join(tree, early)); err != nil || !again.ModTime().Equal(compiled.ModTime()) {
		r.t.Errorf("make was started over: %v", err)
	}
	r.stand(releasetest.Old)
	r.finishes()
}

// finishes runs the child to its end.
func (r *rig) finishes() {
	r.t.Helper()
	s := r.start()
	var pid int
	_, err := fmt.Fscanf(s, "%d\n", &pid)
	must(r.t, err)
	if err := s.Close(); err != nil {
		said, _ := os.ReadFile(r.path("said"))
		r.t.Fatalf("%v\n%s", err, said)
	}
}

// environments are those of the project, and one elsewhere.
func (r *rig) environments() []string {
	return []string{r.path("checkout/api/venv"), r.path("checkout/tools/.venv"), r.path("srv/jobs/venv")}
}

// makeEnvironments makes them with the version in use, each with a package, what
// that needs, and a script.
func (r *rig) makeEnvironments() {
	r.t.Helper()
	must(r.t, os.MkdirAll(r.path("wheels"), 0o755))
	venvtest.Wheel(r.t, r.path("wheels"), "alpha", "1.0", "Requires-Dist: beta")
	venvtest.Wheel(r.t, r.path("wheels"), "beta", "2.0")
	door := command.NewDoor(command.Local())
	for _, dir := range r.environments() {
		must(r.t, door.Run(r.t.Context(), command.Change(r.path("opt/python/bin/python3"), "-m", "venv", dir)))
		must(r.t, door.Run(r.t.Context(), command.Change(filepath.Join(dir, "bin/pip"), "install", "--no-index", "--find-links", r.path("wheels"), "alpha")))
	}
}

// stand makes sure of the version on which the environments stand, and that what
// is installed in them works.
func (r *rig) stand(version string) {
	r.t.Helper()
	for _, dir := range r.environments() {
		if is := r.version(filepath.Join(dir, "bin/python")); is != version {
			r.t.Errorf("%s stands on python %s, want %s", dir, is, version)
		}
		out, err := command.NewDoor(command.Local()).Text(r.t.Context(), command.Read(filepath.Join(dir, "bin/alpha"))).String()
		must(r.t, err)
		if out != "alpha 1.0\n" {
			r.t.Errorf("the script of %s says %q", dir, out)
		}
	}
}

func (r *rig) version(python string) string {
	r.t.Helper()
	out, err := command.NewDoor(command.Local()).Text(r.t.Context(), command.Read(python, "-c", "import sys; print(sys.version.split()[0])")).String()
	must(r.t, err)
	return strings.TrimSpace(out)
}

// undoes takes back what the last run did that installed a version, by another
// process.
func (r *rig) undoes(version string) {
	r.t.Helper()
	last := r.newest("cpython:all")
	p := r.process()
	defer p.room.Close()
	if err := p.engine.Rollback(r.t.Context(), last, false); err != nil {
		r.t.Fatalf("%v\n%s", err, p.said.String())
	}
	if _, err := os.Lstat(r.path("opt/python-" + version)); err == nil {
		r.t.Error("what the run has installed is still there")
	}
}

// works makes an environment with the interpreter, as people do.
func (r *rig) works() {
	r.t.Helper()
	env := filepath.Join(r.t.TempDir(), "env")
	door := command.NewDoor(command.Local())
	must(r.t, door.Run(r.t.Context(), command.Change(r.path("opt/python/bin/python3"), "-m", "venv", env)))
	out, err := door.Text(r.t.Context(), command.Read(filepath.Join(env, "bin/python"), "-c",
		"import sys, sysconfig, ssl, pip; print(sys.version.split()[0], sys.base_prefix, sysconfig.get_config_var('LIBDIR'))")).String()
	must(r.t, err)
	prefix := r.path("opt/python-" + releasetest.New)
	if want := releasetest.New + " " + prefix + " " + prefix + "/lib\n"; out != want && !strings.HasPrefix(out, releasetest.New+" "+r.path("opt/python")) {
		r.t.Errorf("the interpreter says %q, want %q", out, want)
	}
}
