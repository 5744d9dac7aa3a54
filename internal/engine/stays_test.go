package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// A machine that took twenty minutes is not torn down because a later step failed.
func TestWhatIsDearToMakeStaysInARetreatAndGoesWhenARollbackIsAskedFor(t *testing.T) {
	t.Parallel()
	var undone []string
	step := func(n int, name string, run procedure.Action, stays bool) procedure.Step {
		return procedure.Step{
			Number: n, Target: "demo:" + name, Title: procedure.Text{ES: name, EN: name}, Run: run,
			Validate: func(context.Context, *procedure.Work) (procedure.Evidence, error) { return "seen", nil },
			Undo: func(_ context.Context, w *procedure.Work) error {
				if stays && w.Retreat {
					return fmt.Errorf("the machine is there: %w", procedure.ErrStays)
				}
				undone = append(undone, name)
				return nil
			},
			Undone: func(context.Context, *procedure.Work) (procedure.Evidence, error) { return "gone", nil },
		}
	}
	well := func(context.Context, *procedure.Work) error { return nil }
	fails := func(context.Context, *procedure.Work) error { return errors.New("it broke") }
	tables := func() []procedure.Step {
		return []procedure.Step{step(1, "ground", well, false), step(2, "house", well, true), step(3, "roof", fails, false)}
	}
	r := newRig(t, func(o *engine.Options) { o.Targets = []string{"demo:ground", "demo:house", "demo:roof"} }, tables()...)
	var err error
	for _, target := range []string{"demo:ground", "demo:house", "demo:roof"} {
		if err == nil {
			err = r.Target(t.Context(), target)
		}
	}
	var failure *engine.Failure
	if !errors.As(err, &failure) || fault.Code(err) != 1 || !strings.Contains(failure.Left, "stays as far as it has come") || len(failure.Next) != 2 || len(failure.Steps) != 1 {
		t.Errorf("the run fails with %+v", failure)
	}
	if got := strings.Join(undone, " "); got != "roof" {
		t.Errorf("undone in the retreat: %q", got)
	}
	if !strings.Contains(r.err.String(), "the machine is there") || strings.Contains(r.err.String(), "was undone (IACT_KEEP") {
		t.Errorf("it says\n%s", r.err.String())
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	run := r.runs(t)[0]
	if run.HalfBack() || run.RolledBack() || len(run.Standing()) != 2 {
		t.Errorf("the journal: half back %v, rolled back %v, %d stand", run.HalfBack(), run.RolledBack(), len(run.Standing()))
	}
	undone = nil
	again := newRig(t, func(o *engine.Options) { o.JournalDir = r.journalDir }, tables()...)
	if err := again.Rollback(t.Context(), run.Run, false); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(undone, " "); got != "house ground" {
		t.Errorf("undone by the rollback: %q", got)
	}
}
