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
	r := &rig{t: &testing.T{}, root: root, more: more}
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

// TestRealSlowABuildThatIsKilledGoesOnAndItsInterpreterWorks builds the real
// 3.13.5, signature and all, is killed in configure, in make and in the
// installation, and goes on each time.
func TestRealSlowABuildThatIsKilledGoesOnAndItsInterpreterWorks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.need = nil // the real ones
	if os.Geteuid() != 0 {
		t.Skip("only root may install what a build needs") //nolint:forbidigo // in CI it is root
	}
	r.more = ", optimizations: false"
	must(t, os.Symlink(releasetest.Debian(t), r.path("src")))
	r.environment()
	tree := r.path("work/build/" + releasetest.New + "/source")
	log := func(part string) string {
		text, _ := os.ReadFile(r.path("work/build/" + releasetest.New + "/log/" + part + ".log"))
		return string(text)
	}
	r.killedWhen(func() bool { return strings.Count(log("configure"), "\n") > 200 })
	const early = "Parser/token.o"
	r.killedWhen(func() bool { return strings.Count(log("make"), " -c ") > 220 })
	compiled, err := os.Stat(filepath.Join(tree, early))
	must(t, err)
	r.killedWhen(func() bool {
		staged, _ := filepath.Glob(r.path("opt/.python-*.partial-*/" + r.path("opt") + "/*/lib/*/os.py"))
		return len(staged) > 0
	})
	if _, err := os.Lstat(r.path("opt/python-" + releasetest.New)); err == nil {
		t.Error("after a kill in the installation the prefix is there")
	}
	if again, err := os.Stat(filepath.Join(tree, early)); err != nil || !again.ModTime().Equal(compiled.ModTime()) {
		t.Errorf("make was started over: %v, %v", again.ModTime(), err)
	}
	r.finishes()
	left, err := os.ReadDir(r.path("opt"))
	must(t, err)
	if len(left) != 4 { // the prefix, two links, and how they were
		t.Errorf("left is %v", left)
	}
	r.works()
	r.stands(releasetest.New)
	r.undoes()
	r.stands("")
	must(t, os.Rename(r.path("work"), r.path("work.away")))
	began := time.Now()
	r.finishes()
	t.Logf("out of the cache in %s", time.Since(began))
	r.works()
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

// environment makes one of the project's with the interpreter of the system.
func (r *rig) environment() {
	r.t.Helper()
	must(r.t, os.MkdirAll(r.path("wheels"), 0o755))
	r.more += ", wheels: " + r.path("wheels")
	must(r.t, command.NewDoor(command.Local()).Run(r.t.Context(), command.Change("/usr/bin/python3", "-m", "venv", r.path("checkout/api/venv"))))
}

// stands makes sure of the version on which the environment stands; "" is that
// of the system.
func (r *rig) stands(version string) {
	r.t.Helper()
	if version == "" {
		version = r.version("/usr/bin/python3")
	}
	if is := r.version(r.path("checkout/api/venv/bin/python")); is != version {
		r.t.Errorf("the environment stands on python %s, want %s", is, version)
	}
}

func (r *rig) version(python string) string {
	r.t.Helper()
	out, err := command.NewDoor(command.Local()).Text(r.t.Context(), command.Read(python, "-c", "import sys; print(sys.version.split()[0])")).String()
	must(r.t, err)
	return strings.TrimSpace(out)
}

// undoes takes back what the last run did, by another process.
func (r *rig) undoes() {
	r.t.Helper()
	runs, err := filepath.Glob(r.path("checkout/.iact/journal/*.jsonl"))
	must(r.t, err)
	last := strings.TrimSuffix(filepath.Base(runs[len(runs)-1]), ".jsonl")
	p := r.process()
	defer p.room.Close()
	if err := p.engine.Rollback(r.t.Context(), last, false); err != nil {
		r.t.Fatalf("%v\n%s", err, p.said.String())
	}
	if _, err := os.Lstat(r.path("opt/python-" + releasetest.New)); err == nil {
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
