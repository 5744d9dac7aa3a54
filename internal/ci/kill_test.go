package ci_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
)

// The variables by which the test binary becomes a process that runs ci:all in a
// rig, and is killed.
const (
	rootVariable    = "CI_TEST_ROOT"
	sectionVariable = "CI_TEST_SECTION"
	killVariable    = "CI_TEST_KILL" // when it looks at the clock for the Nth time
)

func TestMain(m *testing.M) {
	if root := os.Getenv(rootVariable); root != "" {
		os.Exit(child(root))
	}
	os.Exit(m.Run())
}

// child is one invocation of ci:all. Engine and room look at the clock around all
// that they do, so that counting up walks the kill through a whole run.
func child(root string) int {
	last, err := strconv.ParseInt(os.Getenv(killVariable), 10, 64)
	if err != nil {
		last = -1
	}
	var asked atomic.Int64
	r := &rig{t: &testing.T{}, root: root, section: os.Getenv(sectionVariable), now: func() time.Time {
		if asked.Add(1) == last {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return time.Now()
	}}
	p := r.process(false, nil, "ci:all")
	if err := p.engine.Target(context.Background(), "ci:all"); err != nil {
		fmt.Println(err, p.all())
		return 1
	}
	return 0
}

// play runs the child, and tells whether it was killed; else it ended well.
func (r *rig) play(nth int) bool {
	r.t.Helper()
	self, err := os.Executable()
	must(r.t, err)
	c := command.Change(self)
	c.Env = []string{rootVariable + "=" + r.root, sectionVariable + "=" + r.section, killVariable + "=" + strconv.Itoa(nth)}
	err = command.NewDoor(command.Local()).Run(r.t.Context(), c)
	var failed *command.Error
	if err != nil && (!errors.As(err, &failed) || failed.Signal == "") {
		r.t.Fatalf("killed at %d: %v", nth, err)
	}
	return err != nil
}

func TestSlowARunThatWasKilledAnywhereIsFollowedByAGoodOne(t *testing.T) {
	t.Parallel()
	const step = 11
	for nth := 5; ; nth += step {
		r := chained(t)
		killed := r.play(nth)
		r.put("checkout/.iact/ci/running/.new-1", "") // as one that was killed while it noted a job
		r.good("ci:all")
		if got := r.read("project/a/dist/app"); got != "1\none\n" {
			t.Errorf("killed at %d: the build is %q", nth, got)
		}
		for _, left := range []string{"checkout/.iact/ci/running/*", "checkout/.iact/ci/runs/*/logs/*.raw"} {
			if names, _ := filepath.Glob(r.path(left)); len(names) > 0 {
				t.Errorf("killed at %d: left is %s", nth, names)
			}
		}
		r.ran()
		r.good("ci:all")
		r.runs("")
		if !killed {
			if nth < 4*step {
				t.Errorf("it was killed at %d points only", nth/step)
			}
			return
		}
	}
}

func TestSlowWhatAKilledRunLeftRunningIsEndedByTheNext(t *testing.T) {
	t.Parallel()
	const secret = "Tz5wQ8nB1x"
	r := newRig(t, job("unit", "", "if test -e ../../mended; then exit 0; fi", ". ./.env; echo $API_PASSWORD", `setsid sh -c 'echo $$ >../../child; exec sleep 600' &`, hang))
	r.put("project/a/.env", "API_PASSWORD="+secret+"\n")
	self, err := os.Executable()
	must(t, err)
	c := command.Change("sh", "-c", `echo $$; exec "$0"`, self)
	c.Env = []string{rootVariable + "=" + r.root, sectionVariable + "=" + r.section}
	s, err := command.NewDoor(command.Local()).Stream(t.Context(), c)
	must(t, err)
	defer s.Abort()
	var pid int
	_, err = fmt.Fscanf(s, "%d\n", &pid)
	must(t, err)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(r.path("shell")); err == nil && len(text) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the job never began")
		}
	}
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	for syscall.Kill(pid, 0) == nil { // until the kernel has let go of its lock
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(stat), ") Z ") {
			break
		}
		time.Sleep(time.Millisecond)
	}
	r.put("mended", "")
	p := r.good("ci:all")
	if !strings.Contains(p.said.String(), "a run that was killed had left this behind, which was ended: ") {
		t.Errorf("it is not told:\n%s", p.said.String())
	}
	r.gone("child", "shell")
	for name, text := range r.everything(p, "checkout/.iact", "cache", "project/.iact-ci") {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows the secret: %.300s", name, text)
		}
	}
}
