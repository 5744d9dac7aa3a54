package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/magefile/mage/mg"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

func errSource() error { return fault.New(4, "start the server", errors.New("source ivr is down")) }

// capturing is demo:db, which does its work but for one source.
func capturing(err error) procedure.Step {
	return doing(changing(1, "demo:db"), func(_ context.Context, w *procedure.Work) error {
		w.Defer(err)
		return nil
	})
}

func TestDeferredFailureLetsTheRunGoOnAndFailsItAtTheEnd(t *testing.T) {
	t.Parallel()
	seal := changing(2, "demo:seal", "demo:db")
	r := newRig(t, nil, capturing(errSource()), seal)
	err := r.Target(context.Background(), "demo:seal")
	if r.times("demo:seal") != 1 {
		t.Error("demo:seal did not run after a deferred failure")
	}
	if err == nil || !strings.Contains(err.Error(), "demo:db: source ivr is down") || mg.ExitStatus(err) != 4 {
		t.Errorf("Target = %v with code %d, want the deferred failure with code 4", err, mg.ExitStatus(err))
	}
	if !strings.Contains(fmt.Sprintf("%+v", err), "hint: start the server") {
		t.Errorf("the failure hides the hint:\n%+v", err)
	}
	run := r.oneRun(t)
	if got := resultOf(t, run, "demo:db"); got.Outcome != "failed" || !strings.Contains(got.Error, "source ivr is down") {
		t.Errorf("the journal says %q, %q", got.Outcome, got.Error)
	}
	if state := run.State(); state != "failed" {
		t.Errorf("the run counts as %q, want failed", state)
	}
}

func TestDeferredFailureDoesNotCutAChainOfTargets(t *testing.T) {
	t.Parallel()
	named := func(o *engine.Options) { o.Targets = []string{"demo:db", "demo:config", "procedure:list"} }
	r := newRig(t, named, capturing(errSource()), changing(2, "demo:config"))
	if err := r.Target(context.Background(), "demo:db"); err != nil {
		t.Fatalf("the first target of a chain fails at once: %v", err)
	}
	err := r.Target(context.Background(), "demo:config")
	if err == nil || !strings.Contains(err.Error(), "demo:db: source ivr is down") {
		t.Errorf("the last target the engine runs gives %v, want the deferred failure", err)
	}
}

func TestDeferredFailureIsToldOnceWhenALaterStepReportsIt(t *testing.T) {
	t.Parallel()
	missing := errSource()
	seal := failing(changing(2, "demo:seal", "demo:db"), fault.New(1, "", fmt.Errorf("seal set: %w", missing)))
	r := newRig(t, nil, capturing(missing), seal)
	err := r.Target(context.Background(), "demo:seal")
	if err == nil || strings.Count(err.Error(), "source ivr is down") != 1 || mg.ExitStatus(err) != 1 {
		t.Errorf("Target = %v with code %d, want it told once with code 1", err, mg.ExitStatus(err))
	}
}

func TestDeferredFailureIsToldTogetherWithALaterOne(t *testing.T) {
	t.Parallel()
	named := func(o *engine.Options) { o.Targets = []string{"demo:db", "demo:config", "demo:seal"} }
	r := newRig(t, named,
		capturing(errSource()),
		failing(changing(2, "demo:config"), errors.New("disk full")),
		changing(3, "demo:seal"),
	)
	if err := r.Target(context.Background(), "demo:db"); err != nil {
		t.Fatal(err)
	}
	// mage ends the process after this one: what was deferred must be in it.
	err := r.Target(context.Background(), "demo:config")
	for _, want := range []string{"source ivr is down", "disk full"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the failure does not say %q: %v", want, err)
		}
	}
}
