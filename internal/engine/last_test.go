package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

func TestTheLastRunAboutAMachineIsUndoneAndThenTheOneBefore(t *testing.T) {
	t.Parallel()
	var undone []string
	machine := ""
	step := changing(1, "demo:made")
	step.NoUndo, step.Undone = procedure.Text{}, evident("gone")
	step.Run = func(_ context.Context, w *procedure.Work) error { return w.Record("machine", machine) }
	step.Undo = func(_ context.Context, w *procedure.Work) error {
		var of string
		_, err := w.Recall("machine", &of)
		undone = append(undone, of)
		return err
	}
	dir := t.TempDir()
	fresh := func(args ...string) *rig {
		r := newRig(t, func(o *engine.Options) { o.JournalDir, o.Header.Args = dir, args }, step)
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	for _, machine = range []string{"first", "second", "other"} {
		r := fresh("demo:made", "-on="+machine)
		if err := errors.Join(r.Target(t.Context(), "demo:made"), r.Close()); err != nil {
			t.Fatal(err)
		}
	}
	last := func() (string, error) {
		r := fresh()
		err := r.RollbackLast(t.Context(), "PROCED-TEST-001", func(args []string) (bool, error) { return !slices.Contains(args, "-on=other"), nil })
		return r.err.String(), err
	}
	said, err := last()
	if err != nil || !strings.Contains(said, "the same target once more undoes it") {
		t.Errorf("%v\n%s", err, said)
	}
	if _, err := last(); err != nil || !slices.Equal(undone, []string{"second", "first"}) {
		t.Errorf("undone are %v, %v", undone, err)
	}
	_, err = last()
	refusal(t, "nothing left", err, fault.Missing, "none has changed anything that still stands", "procedure:status")
}
