package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/report"
)

func TestRollbackUndoesAFinishedRunOnceHoweverOftenItIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serial = true
	if err := w.all(t, nil); err != nil {
		t.Fatal(err)
	}
	run := w.runs(t)[0].Run
	var out bytes.Buffer
	back := func() engine.Rolled {
		t.Helper()
		e := w.engine(t, func(o *engine.Options) {
			o.Console = report.New(report.Options{Out: &out, Format: report.FormatJSON})
		})
		defer e.Close()
		out.Reset()
		if err := errors.Join(e.Rollback(t.Context(), run, false), w.is(before())); err != nil {
			t.Fatal(err)
		}
		var doc engine.Rolled
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatalf("%v:\n%s", err, &out)
		}
		return doc
	}
	first := back()
	var order []string
	for _, s := range first.Steps {
		order = append(order, s.Target+" "+s.Outcome+" "+s.Evidence)
	}
	want := []string{"demo:log undone seen", "demo:swap undone seen", "demo:left undone seen", "demo:place undone seen"}
	if !slices.Equal(order, want) || first.Run != run || first.By == "" || first.Outcome != "ok" {
		t.Errorf("the rollback gives %+v", first)
	}
	own := w.journalOf(t, first.By)
	if own.Undoes != run || own.State() != journal.OK || !slices.Equal(events(own, "demo:log"), []string{"undo", "undone"}) {
		t.Errorf("its journal is %+v, %s, %v", own.Header, own.State(), events(own, "demo:log"))
	}
	old := w.journalOf(t, run)
	if !old.RolledBack() || old.State() != journal.OK || len(old.Unfinished()) > 0 {
		t.Errorf("the journal of the run: rolled back %v, %s", old.RolledBack(), old.State())
	}
	w.at = func(point string) error { return errors.New("a step was called: " + point) }
	if again := back(); again.By != "" || again.Steps[0].Outcome != "undone before" {
		t.Errorf("once more gives %+v", again)
	}
}

func TestRollbackRefusesWhatItCannotUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refusal(t, "no id", w.rollback(t, ""), fault.Usage, "-run=ID has to name a run", "no run has changed anything that can be undone")
	var ids []string
	for range 6 {
		if err := w.all(t, nil); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, w.runs(t)[0].Run)
	}
	w.nothingToUndo(t)
	err := w.rollback(t, "")
	refusal(t, "no id", err, fault.Usage, "-run=ID has to name a run", "be undone are\n"+ids[5]+" (demo:all, ok)\n"+ids[4])
	if strings.Contains(fault.Hint(err), ids[0]) {
		t.Errorf("the hint lists more than five runs: %s", fault.Hint(err))
	}
	refusal(t, "an unknown id", w.rollback(t, ids[5]+"x"), fault.Usage, "there is no such run", "did you mean "+ids[5])
	if err := w.rollback(t, ids[5]); err != nil {
		t.Fatal(err)
	}
	refusal(t, "a rollback", w.rollback(t, w.undoing(t).Run), fault.Usage, "it is itself the rollback of run "+ids[5], "anew")

	file, err := journal.Create(w.journals(), journal.Header{Run: "20301123T151648Z-box-abc", Args: []string{"demo:all"}, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	refusal(t, "a run at work", w.rollback(t, "2030"), fault.Locked, "a process is still at work on it", "procedure:status")
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	refusal(t, "a run that changed nothing", w.rollback(t, "2030"), fault.Missing, "it changed nothing", "procedure:status")
	if file, _, err = journal.Reopen(file.Path()); err != nil {
		t.Fatal(err)
	}
	gone := journal.Step{Procedure: "PROCED-TEST-001", Target: "demo:gone"}
	if err := errors.Join(file.Intent(gone), file.Close()); err != nil {
		t.Fatal(err)
	}
	refusal(t, "a step that is gone", w.rollback(t, "2030"), fault.Missing, "this program has no step demo:gone", "use version v1")
}

func TestRollbackOfARunThatOthersBuiltUponWantsToBeToldSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serial = true
	e := w.engine(t, nil)
	if err := errors.Join(e.Target(t.Context(), "demo:place"), e.Close()); err != nil {
		t.Fatal(err)
	}
	first := w.runs(t)[0].Run
	if err := w.all(t, nil); err != nil {
		t.Fatal(err)
	}
	second := w.runs(t)[0].Run
	refusal(t, "the first", w.rollback(t, first), fault.Usage, "run "+second+" changed demo:left later and still stands",
		"procedure:rollback -run="+second+"; or pass over it: procedure:rollback -run="+first+" -anyway=true")
	var said bytes.Buffer
	e = w.engine(t, func(o *engine.Options) { o.Console = report.New(report.Options{Err: &said}) })
	if err := errors.Join(e.Rollback(t.Context(), first, true), e.Close()); err != nil {
		t.Fatal(err)
	}
	if !w.gone("place") || !strings.Contains(said.String(), "warning: run "+second+" changed demo:left later") {
		t.Errorf("anyway says\n%s", &said)
	}
}

func TestPlanOfARollbackNamesTheStepsInOrderAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 15, nil)
	var out bytes.Buffer
	e := w.engine(t, func(o *engine.Options) { o.Planning, o.Console = true, report.New(report.Options{Out: &out}) })
	if err := e.Rollback(t.Context(), old.Run, false); err != nil {
		t.Fatal(err)
	}
	want := " 3  demo:swap  Step  is undone\n 2  demo:left  Step  is undone\n 1  demo:place  Step  is undone\n"
	if out.String() != want {
		t.Errorf("the plan is\n%s\nwant\n%s", &out, want)
	}
	if files, err := os.ReadDir(w.journals()); err != nil || len(files) != 1 || w.journalOf(t, old.Run).HalfBack() {
		t.Errorf("the plan left something in the journals: %v", err)
	}
}

func TestRollbackThatFailsSaysWhatAndIsFinishedByTheNextOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 15, nil)
	w.at = func(point string) error {
		if point == "left undone" {
			return fault.New(fault.Invalid, "look at the directory", errPoint)
		}
		return nil
	}
	err := w.rollback(t, old.Run)
	var failure *engine.Failure
	if !errors.As(err, &failure) || failure.ExitStatus() != fault.Failed {
		t.Fatalf("the rollback ends with %v, code %d", err, fault.Code(err))
	}
	want := "2 problems\n  undo demo:left: validate: it fails here\n    hint: look at the directory\n" +
		"  demo:place: still stands: what needs it has to be undone first\n" +
		"  run " + old.Run + " is not wholly undone; mend what stands above, then again:\n    procedure:rollback -run=" + old.Run
	if long := fmt.Sprintf("%+v", err); long != want {
		t.Errorf("the failure is\n%s\nwant\n%s", long, want)
	}
	w.at = func(point string) error {
		if strings.HasPrefix(point, "swap") {
			return errors.New("demo:swap is undone a second time")
		}
		return nil
	}
	if err := errors.Join(w.rollback(t, old.Run), w.is(before())); err != nil {
		t.Error(err)
	}
}

func TestCancelledRunIsNotRolledBackAndSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serial = true
	ctx, cancel := context.WithCancel(t.Context())
	w.at = func(point string) error {
		if point == "swap run 3" {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	e := w.engine(t, nil)
	err := e.Target(ctx, "demo:all")
	_ = e.Close()
	run := w.runs(t)[0]
	want := "demo:all: cancelled\n  run " + run.Run + " was cut off; to go on with it or to undo it:\n    procedure:resume -run=" + run.Run + "\n    procedure:rollback -run=" + run.Run
	if long := fmt.Sprintf("%+v", err); long != want {
		t.Errorf("the failure is\n%s\nwant\n%s", long, want)
	}
	if run.State() != journal.Cancelled || run.HalfBack() || w.gone("place", "left") {
		t.Errorf("the run is %s; something of it was undone", run.State())
	}
	w.at = func(string) error { return nil }
	if err := errors.Join(w.resume(t, nil), w.is(after())); err != nil {
		t.Error(err)
	}
}

// A step fails, and the user stops what runs beside it: that is no failure that
// anything is undone for.
func TestRunThatIsCancelledAfterAFailureIsNotRolledBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.at = func(point string) error {
		switch point {
		case "left run 1":
			return errPoint
		case "swap run 1":
			for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(time.Millisecond) {
				if slices.Contains(events(w.runs(t)[0], "demo:left"), "result") {
					break
				}
			}
			cancel()
			return ctx.Err()
		}
		return nil
	}
	e := w.engine(t, nil)
	err := e.Target(ctx, "demo:all")
	_ = e.Close()
	if run := w.runs(t)[0]; !failedAt(err) || run.State() != journal.Cancelled || run.HalfBack() || len(run.Standing()) != 3 {
		t.Errorf("the run is %s, %d steps stand: %v", run.State(), len(run.Standing()), err)
	}
}

func TestCancelledRollbackStopsAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 15, nil)
	ctx, cancel := context.WithCancel(t.Context())
	w.at = func(point string) error {
		if point == "left undo 1" {
			cancel()
		}
		return nil
	}
	e := w.engine(t, nil)
	err := e.Rollback(ctx, old.Run, false)
	_ = e.Close()
	if long := fmt.Sprintf("%+v", err); !strings.HasPrefix(long, "procedure:rollback: cancelled\n") || !strings.Contains(long, "procedure:rollback -run="+old.Run) {
		t.Errorf("the failure is\n%s", long)
	}
	if w.gone("place") {
		t.Error("a step was undone after the cancellation")
	}
	if err := errors.Join(w.rollback(t, old.Run), w.is(before())); err != nil {
		t.Error(err)
	}
}
