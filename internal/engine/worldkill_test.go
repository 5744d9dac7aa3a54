package engine_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
)

// What the child does in the world, and how it is stopped there: killed or left
// hanging at the point with that number. Looking at the clock counts as a point,
// since the engine does so around everything that it writes down.
const (
	worldDo   = "ENGINE_TEST_WORLD"
	worldKill = "ENGINE_TEST_WORLD_KILL"
	worldHang = "ENGINE_TEST_WORLD_HANG"
)

// worldChild is the program in the world of dir: it runs demo:all, goes on with
// the last run, or takes back the run that it is given.
func worldChild(dir, do string) int {
	w := &world{dir: dir}
	var passed atomic.Int64
	w.at = func(string) error {
		here := strconv.FormatInt(passed.Add(1), 10)
		if here == os.Getenv(worldKill) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		if here == os.Getenv(worldHang) {
			fmt.Println(os.Getpid())
			select {}
		}
		return nil
	}
	w.now = func() time.Time {
		_ = w.at("clock")
		return time.Now()
	}
	err := w.do(do)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(os.Stderr, "Error: %+v\n", err)
	return fault.Code(err)
}

func (w *world) do(do string) error {
	var past *engine.Past
	if do == "resume" {
		found, err := engine.Unfinished(w.journals(), "")
		if err != nil {
			return err
		}
		past = found
	}
	e, err := w.build(func(o *engine.Options) { o.Continues, o.Random, o.Signals = past, rand.Reader, true })
	if err != nil {
		return err
	}
	switch do {
	case "all":
		return e.Target(context.Background(), "demo:all")
	case "resume":
		return e.Resume(context.Background(), false)
	}
	return e.Rollback(context.Background(), do, false)
}

// child starts the program and gives its exit code, -1 when it was killed.
func (w *world) child(t *testing.T, do string, env ...string) (code int, stderr string) {
	t.Helper()
	err := rerun(t, w.dir, append(env, worldDo+"="+do)...)
	var ended *command.Error
	if err == nil {
		return 0, ""
	}
	if !errors.As(err, &ended) {
		t.Fatalf("the child does not start: %v", err)
	}
	if ended.Signal == "SIGKILL" {
		return -1, ""
	}
	return ended.Exit, ended.Stderr
}

// recoverKilled does the same again and again, killed at each of the points in
// turn and then not at all, until it has nothing left to do.
func (w *world) recoverKilled(t *testing.T, do string, points ...int) error {
	t.Helper()
	for _, k := range append(points, 0) {
		switch code, stderr := w.child(t, do, worldKill+"="+strconv.Itoa(k)); code {
		case -1:
		case 0:
			return nil
		case fault.Missing: // the run had not changed anything yet, or all was done before the kill
			return nil
		default:
			return fmt.Errorf("%s, killed at %d: code %d: %s", do, k, code, stderr)
		}
	}
	return nil
}

func TestSlowRunKilledAnywhereIsResumedToTheEndByProcessesThatAreKilledToo(t *testing.T) {
	t.Parallel()
	walk(t, func(t *testing.T, w *world, points []int) error {
		if err := w.recoverKilled(t, "resume", points...); err != nil {
			return err
		}
		// Killed before it had changed anything, there is nothing to go on with.
		if len(w.runs(t)) == 0 {
			if err := w.is(before()); err != nil {
				return err
			}
			if code, stderr := w.child(t, "all"); code != 0 {
				return errors.New(stderr)
			}
		}
		return w.is(after())
	})
}

func TestSlowRunKilledAnywhereIsRolledBackByProcessesThatAreKilledToo(t *testing.T) {
	t.Parallel()
	walk(t, func(t *testing.T, w *world, points []int) error {
		for _, run := range w.runs(t) {
			if err := w.recoverKilled(t, run.Run, points...); err != nil {
				return err
			}
		}
		return w.is(before())
	})
}

// walk kills a run at its 1st, 2nd, … point until it gets to its end. Each time
// the recovery is killed at the same point first; for every tenth it is killed at
// every point, one after the other.
func walk(t *testing.T, recovered func(t *testing.T, w *world, points []int) error) {
	t.Helper()
	const least, most = 30, 60
	for n := 1; ; n++ {
		w := newWorld(t)
		code, stderr := w.child(t, "all", worldKill+"="+strconv.Itoa(n))
		if code == 0 {
			if n < least {
				t.Errorf("the run passed only %d points", n)
			}
			return
		}
		if code != -1 {
			t.Fatalf("killed at %d, the run ends with code %d: %s", n, code, stderr)
		}
		points := []int{n}
		if n%10 == 0 {
			points = nil
			for k := 1; k < most; k++ {
				points = append(points, k)
			}
		}
		if err := recovered(t, w, points); err != nil {
			t.Errorf("killed at %d: %v", n, err)
		}
	}
}

func TestSlowRunThatHangsAndIsKilledIsResumedOrRolledBack(t *testing.T) {
	t.Parallel()
	for n := 8; n < 32; n += 6 {
		for _, do := range []string{"resume", "rollback"} {
			w := newWorld(t)
			w.hang(t, n)
			want := after()
			if do == "rollback" {
				do, want = w.runs(t)[0].Run, before()
			}
			if code, stderr := w.child(t, do); code != 0 {
				t.Fatalf("hung at %d: %s ends with code %d: %s", n, do, code, stderr)
			}
			if err := w.is(want); err != nil {
				t.Errorf("hung at %d, then %s: %v", n, do, err)
			}
		}
	}
}

// hang starts the program, waits until it hangs at a point, tries to take its run
// up, which is refused, and kills it.
func (w *world) hang(t *testing.T, n int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	play := command.Change(program)
	play.Env = []string{"ENGINE_TEST_DIR=" + w.dir, worldDo + "=all", worldHang + "=" + strconv.Itoa(n)}
	stream, err := command.NewDoor(command.Local()).Stream(t.Context(), play)
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 16)
	read, err := stream.Read(line)
	if err != nil {
		t.Fatalf("the child never hangs: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:read])))
	if err != nil {
		t.Fatal(err)
	}
	run := w.runs(t)[0].Run
	for do, err := range map[string]error{"resume": w.resume(t, nil), "rollback": w.rollback(t, run)} {
		if fault.Code(err) != fault.Locked || !strings.Contains(err.Error(), strconv.Itoa(pid)) {
			t.Errorf("%s of a run at work: %v", do, err)
		}
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stream)
	_ = stream.Close()
}

// freeze stops a run at its nth point for good, as SIGKILL would: nothing after
// the point happens. It tells whether the run got there.
func (w *world) freeze(n int, e *engine.Engine, work func() error) (frozen bool, err error) {
	here, ended := make(chan struct{}), make(chan error, 1)
	passed := 0
	w.at = func(string) error {
		if passed++; passed == n {
			close(here)
			select {}
		}
		return nil
	}
	go func() { ended <- work() }()
	select {
	case <-here:
		frozen = true
	case err = <-ended:
	}
	w.at = func(string) error { return nil }
	_ = e.Close()
	return frozen, err
}

// A run that was stopped at any point, and gone on with by one that was stopped
// at any point, is taken back by rolling back one after the other.
func TestSlowChainOfStoppedRunsIsRolledBackFromItsEnd(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		for k := 1; ; k += 2 {
			w := newWorld(t)
			w.serial = true
			e := w.engine(t, nil)
			frozen, err := w.freeze(n, e, func() error { return e.Target(context.Background(), "demo:all") })
			if err != nil {
				t.Fatal(err)
			}
			if !frozen {
				return
			}
			past, err := engine.Unfinished(w.journals(), "")
			if fault.Code(err) == fault.Missing {
				break // it had not changed anything yet
			}
			if err != nil {
				t.Fatalf("stopped at %d: %v", n, err)
			}
			e = w.engine(t, func(o *engine.Options) { o.Continues = past })
			frozen, err = w.freeze(k, e, func() error { return e.Resume(context.Background(), false) })
			if err != nil {
				t.Fatalf("stopped at %d, then at %d: %v", n, k, err)
			}
			w.takeBackAll(t, n, k)
			if !frozen {
				break
			}
		}
	}
}

// takeBackAll rolls back every run, the newest first; the other way round it is
// refused where a later run stands upon an earlier one.
func (w *world) takeBackAll(t *testing.T, n, k int) {
	t.Helper()
	runs := w.runs(t)
	if len(runs) == 2 && len(runs[0].Changed()) > 0 && len(runs[1].Changed()) > 0 {
		if err := w.rollback(t, runs[1].Run); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), runs[0].Run) {
			t.Errorf("stopped at %d, then at %d: rollback of the first run alone: %v", n, k, err)
		}
	}
	for _, run := range runs {
		if err := w.rollback(t, run.Run); err != nil && fault.Code(err) != fault.Missing {
			t.Errorf("stopped at %d, then at %d: rollback of %s: %v", n, k, run.Run, err)
		}
	}
	if err := w.is(before()); err != nil {
		t.Errorf("stopped at %d, then at %d: %v", n, k, err)
	}
	for _, run := range w.runs(t) {
		if len(run.Changed()) > 0 && !run.RolledBack() {
			t.Errorf("stopped at %d, then at %d: %s does not count as rolled back", n, k, run.Run)
		}
	}
}
