package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// made is a step whose undo needs what it recorded, and a program that was given
// a secret.
func made(dir string) procedure.Step {
	step := changing(1, "demo:made")
	step.NoUndo = procedure.Text{}
	step.Run = func(ctx context.Context, w *procedure.Work) error {
		name := "made-1"
		if err := w.Record("name", "first"); err != nil {
			return err
		}
		if err := w.Record("name", name); err != nil {
			return err
		}
		if known, err := w.Recall("name", &name); known || err != nil {
			return fmt.Errorf("a first run recalls something: %v, %w", known, err)
		}
		program := command.Change("sh", "-c", `test "$PASS" = s3cret && echo "$PASS" >"$0"`, filepath.Join(dir, name))
		program.Env, program.Secrets = []string{"PASS=s3cret"}, []string{"s3cret"}
		return w.Door.Run(ctx, program)
	}
	step.Undo = func(ctx context.Context, w *procedure.Work) error {
		var name string
		if known, err := w.Recall("name", &name); err != nil || !known {
			return fmt.Errorf("recall: %v, %w", known, err)
		}
		if known, err := w.Recall("other", &name); err != nil || known {
			return fmt.Errorf("recall of what was never recorded: %v, %w", known, err)
		}
		return w.Door.Run(ctx, command.Change("rm", filepath.Join(dir, name)))
	}
	step.Undone = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		if _, err := os.Stat(filepath.Join(dir, "made-1")); !os.IsNotExist(err) {
			return "", errors.New("it is there")
		}
		return "it is gone", nil
	}
	return step
}

func TestUndoNeedsNoSecretThatTheJournalHides(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, nil, made(dir))
	if err := errors.Join(r.Target(t.Context(), "demo:made"), r.Close()); err != nil {
		t.Fatal(err)
	}
	run := r.oneRun(t)
	text, err := os.ReadFile(run.Path)
	if err != nil || bytes.Contains(text, []byte("s3cret")) || !bytes.Contains(text, []byte("PASS='***'")) && !bytes.Contains(text, []byte("PASS=***")) {
		t.Errorf("the journal does not mask the secret (%v):\n%s", err, text)
	}
	fresh := newRig(t, func(o *engine.Options) { o.JournalDir = r.journalDir }, made(dir))
	if err := fresh.Rollback(t.Context(), run.Run, false); err != nil {
		t.Errorf("the rollback: %+v", err)
	}
}

func TestStepWithoutAWayBackIsPassedOverWithItsReason(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, made(t.TempDir()), changing(2, "demo:adds", "demo:made"), failing(changing(3, "demo:top", "demo:adds"), errors.New("no")))
	err := r.Target(t.Context(), "demo:top")
	if long := fmt.Sprintf("%+v", err); long != "demo:top: no" {
		t.Errorf("the failure is\n%s", long)
	}
	if got := r.err.String(); strings.Count(got, "demo:adds: not undone: nothing\n") != 1 || !strings.Contains(got, "demo:made  ok  undone: it is gone") {
		t.Errorf("the console says\n%s", got)
	}
	run := r.oneRun(t)
	if got := events(run, "demo:adds"); !slices.Equal(got, []string{"intent", "result", "undone"}) || !run.RolledBack() {
		t.Errorf("the journal has %v", got)
	}
}

func TestRunThatCannotBeUndoneMakesNoNoiseAboutIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, changing(1, "demo:adds"), failing(changing(2, "demo:top", "demo:adds"), errors.New("no")))
	err := r.Target(t.Context(), "demo:top")
	if long := fmt.Sprintf("%+v", err); long != "demo:top: no" {
		t.Errorf("the failure is\n%s", long)
	}
	if strings.Contains(r.err.String(), "undone") || slices.Contains(events(r.oneRun(t), "demo:adds"), "undone") {
		t.Errorf("the console says\n%s", &r.err)
	}
	_ = r.Close()
	refusal(t, "its rollback", r.Rollback(t.Context(), r.oneRun(t).Run, false), fault.Missing, "nothing of what it changed has to be undone", "demo:adds: nothing")
}

func TestFailureBeforeAnyChangeIsToldWithoutAStoryOfItsUndo(t *testing.T) {
	t.Parallel()
	step := made(t.TempDir())
	step.Run = func(context.Context, *procedure.Work) error { return errors.New("no such source") }
	step.Undo = func(context.Context, *procedure.Work) error { return procedure.ErrNothingToUndo }
	r := newRig(t, nil, step)
	if err := r.Target(t.Context(), step.Target); err == nil {
		t.Fatal("the step did not fail")
	}
	if said := r.err.String(); strings.Contains(said, "undo") || strings.Count(said, "\n") != 1 {
		t.Errorf("it says\n%s", said)
	}
	if run := r.oneRun(t); !run.RolledBack() {
		t.Errorf("the journal still holds the step: %v", run.Standing())
	}
}

func TestDeferredFailureDoesNotRollBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	deferring := doing(changing(2, "demo:db", "demo:made"), func(_ context.Context, w *procedure.Work) error {
		w.Defer(errSource())
		return nil
	})
	r := newRig(t, nil, made(dir), deferring)
	if err := r.Target(t.Context(), "demo:db"); fault.Code(err) != 4 {
		t.Fatalf("Target = %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "made-1")); err != nil {
		t.Errorf("a deferred failure took back what the run made: %v", err)
	}
}

func TestPanicInAnUndoFailsThatUndoAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wild := changing(2, "demo:wild", "demo:made")
	wild.NoUndo, wild.Undone = procedure.Text{}, evident("gone")
	wild.Undo = func(context.Context, *procedure.Work) error { panic("out of order") }
	other := changing(3, "demo:other")
	other.NoUndo, other.Undone = procedure.Text{}, evident("gone")
	undone := false
	other.Undo = func(context.Context, *procedure.Work) error { undone = true; return nil }
	r := newRig(t, asJSON, made(dir), wild, other, failing(changing(4, "demo:top", "demo:wild", "demo:other"), fault.New(fault.Locked, "", errors.New("no"))))
	err := r.Target(t.Context(), "demo:top")
	if fault.Code(err) != fault.Locked || !strings.Contains(err.Error(), "undo demo:wild: panic: out of order") {
		t.Errorf("Target = %v, code %d", err, fault.Code(err))
	}
	if !undone {
		t.Error("what does not depend on it was not undone")
	}
	var summary engine.Summary
	if err := json.Unmarshal(r.out.Bytes(), &summary); err != nil || len(summary.Undone) != 4 || len(summary.Next) != 2 {
		t.Errorf("the summary is %+v (%v)", summary, err)
	}
}
