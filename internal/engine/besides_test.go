package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
)

// TestAJournalThatTakesNoEntryAnyMoreIsToldOnce lets the journal refuse what a
// step records, its commands, its result and the run's end, as a full disk does.
func TestAJournalThatTakesNoEntryAnyMoreIsToldOnce(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, nil, doing(changing(1, "demo:base"), func(ctx context.Context, w *procedure.Work) error {
		if err := r.Close(); err != nil {
			return err
		}
		if err := w.Door.Run(ctx, command.Change("true")); err != nil {
			return err
		}
		return fmt.Errorf("restore ivr: %w", w.Record("exchange", 1))
	}))
	err := r.Target(t.Context(), "demo:base")
	if err == nil || !strings.Contains(err.Error(), "demo:base: restore ivr: write journal ") {
		t.Fatalf("it says %v", err)
	}
	for form, said := range map[string]string{"in one line": err.Error(), "at length": fmt.Sprintf("%+v", err)} {
		if n := strings.Count(said, "write journal"); n != 1 {
			t.Errorf("%s it is told %d times:\n%s", form, n, said)
		}
	}
}

// TestAnotherReasonBesidesTheJournalIsTold is the other side: only the same words are left out.
func TestAnotherReasonBesidesTheJournalIsTold(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, nil, doing(changing(1, "demo:base"), func(context.Context, *procedure.Work) error {
		return errors.Join(r.Close(), errors.New("the server is down"))
	}))
	said := fmt.Sprintf("%+v", r.Target(t.Context(), "demo:base"))
	if strings.Count(said, "the server is down") != 1 || strings.Count(said, "write journal") != 1 {
		t.Errorf("it says:\n%s", said)
	}
}
