package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
)

func keeping(o *engine.Options) { o.Keep = true }

func TestRunThatFailsAnywhereLeavesTheWorldAsItWas(t *testing.T) {
	t.Parallel()
	points := 0
	for n := 1; ; n++ {
		w := newWorld(t)
		w.serial = true
		w.at, _ = nth(n, errPoint)
		err := w.all(t, nil)
		if err == nil {
			break
		}
		points++
		if !failedAt(err) || fault.Code(err) != 1 && fault.Code(err) != 3 {
			t.Fatalf("point %d: %v, code %d", n, err, fault.Code(err))
		}
		if err := w.is(before()); err != nil {
			t.Errorf("point %d: %v", n, err)
		}
		for _, run := range w.runs(t) {
			if !run.RolledBack() || run.State() != "failed" {
				t.Errorf("point %d: the run is %s, rolled back %v", n, run.State(), run.RolledBack())
			}
		}
		// There is nothing to go on with, and a new run comes to its end.
		if err := w.resume(t, nil); fault.Code(err) != 4 {
			t.Errorf("point %d: resume of a run that was rolled back: %v", n, err)
		}
		w.at = func(string) error { return nil }
		if err := errors.Join(w.all(t, nil), w.is(after())); err != nil {
			t.Errorf("point %d: the run after it: %v", n, err)
		}
	}
	if points < 15 {
		t.Errorf("the run passed only %d points", points)
	}
}

func TestKeptFailureAnywhereIsResumedToTheEnd(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		w := newWorld(t)
		w.serial = true
		w.at, _ = nth(n, errPoint)
		err := w.all(t, keeping)
		if err == nil {
			break
		}
		if n > 1 {
			run := w.runs(t)[0]
			if !strings.Contains(fmt.Sprintf("%+v", err), "procedure:resume -run="+run.Run+"\n    procedure:rollback -run="+run.Run) {
				t.Errorf("point %d: the failure does not say how to go on:\n%+v", n, err)
			}
			if err := errors.Join(w.resume(t, nil), w.is(after())); err != nil {
				t.Errorf("point %d: %v", n, err)
			}
		}
	}
}

// A run that fails at one point and whose way back fails at another is undone by
// a rollback from a fresh process.
func TestUndoThatFailsAnywhereIsFinishedByARollback(t *testing.T) {
	t.Parallel()
	tried := 0
	for n := 1; ; n++ {
		w := newWorld(t)
		w.serial = true
		passed, back := 0, false
		w.at = func(point string) error {
			if back {
				passed++
			}
			back = back || point == "log validate"
			if point == "log validate" || passed == n {
				return errPoint
			}
			return nil
		}
		err := w.all(t, nil)
		if fault.Code(err) != 1 && fault.Code(err) != 3 {
			t.Fatalf("the run ends with %v", err)
		}
		if passed < n {
			break
		}
		tried++
		run := w.runs(t)[0]
		long := fmt.Sprintf("%+v", err)
		for _, want := range []string{"undo demo:", "procedure:resume -run=" + run.Run, "procedure:rollback -run=" + run.Run} {
			if !strings.Contains(long, want) {
				t.Errorf("point %d: the failure does not say %q:\n%s", n, want, long)
			}
		}
		if run.RolledBack() || !run.HalfBack() {
			t.Errorf("point %d: the journal says that all is undone", n)
		}
		w.at = func(string) error { return nil }
		if err := errors.Join(w.rollback(t, run.Run), w.is(before())); err != nil {
			t.Errorf("point %d: %v", n, err)
		}
	}
	if tried < 10 {
		t.Errorf("the way back passed only %d points", tried)
	}
}

func TestStepsAreUndoneInTheReverseOfTheirStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serial = true
	var undone []string
	w.at = func(point string) error {
		if name, begins := strings.CutSuffix(point, " undo 0"); begins {
			undone = append(undone, name)
		}
		if point == "log validate" {
			return errPoint
		}
		return nil
	}
	if err := w.all(t, nil); !failedAt(err) || fault.Code(err) != 3 {
		t.Fatalf("the run ends with %v", err)
	}
	if !slices.Equal(undone, []string{"log", "swap", "left", "place"}) {
		t.Errorf("undone are %v", undone)
	}
	run := w.runs(t)[0]
	if got := events(run, "demo:log"); !slices.Equal(got, []string{"intent", "result", "undo", "undone"}) {
		t.Errorf("the journal has %v", got)
	}
}

func TestUndoThatFailsBlocksOnlyWhatItsStepNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at = func(point string) error {
		if point == "log run 1" || point == "left undo 0" {
			return errPoint
		}
		return nil
	}
	err := w.all(t, nil)
	if !failedAt(err) {
		t.Fatalf("the run ends with %v", err)
	}
	want := map[string]string{"live": "old", "place/a": "a", "place/b": "b", "place/left": "left"}
	if err := w.is(want); err != nil {
		t.Error(err)
	}
	if long := fmt.Sprintf("%+v", err); !strings.Contains(long, "demo:place: still stands: what needs it has to be undone first") {
		t.Errorf("the failure does not say what was left:\n%s", long)
	}
}
