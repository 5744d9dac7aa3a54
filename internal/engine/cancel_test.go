package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/engine"
	"iact-infra/internal/procedure"
)

func TestCancelledRunEndsItsStepAndStartsNoOther(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	slow := doing(changing(1, "demo:slow"), func(ctx context.Context, _ *procedure.Work) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	r := newRig(t, nil, slow, changing(2, "demo:top", "demo:slow"))
	err := r.Target(ctx, "demo:top")
	var failure *engine.Failure
	if !errors.As(err, &failure) || failure.Cancelled != "cancelled" || failure.ExitStatus() != 1 {
		t.Fatalf("Target = %+v, want cancelled with exit code 1", err)
	}
	if r.times("demo:top") != 0 {
		t.Error("a step started after the run was cancelled")
	}
	run := r.oneRun(t)
	if got := resultOf(t, run, "demo:slow"); got.Outcome != "cancelled" {
		t.Errorf("the journal says %q, want cancelled", got.Outcome)
	}
	if state := run.State(); state != "cancelled" {
		t.Errorf("the run counts as %q, want cancelled", state)
	}
}

func TestStepThatFinishedDespiteACancellationCountsAsDone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	quick := doing(changing(1, "demo:quick"), func(context.Context, *procedure.Work) error {
		cancel()
		return nil
	})
	r := newRig(t, nil, quick, changing(2, "demo:top", "demo:quick"))
	err := r.Target(ctx, "demo:top")
	if err == nil || !strings.Contains(err.Error(), "cancelled") {
		t.Errorf("Target = %v, want cancelled", err)
	}
	if got := resultOf(t, r.oneRun(t), "demo:quick"); got.Outcome != "ok" {
		t.Errorf("the journal says %q for work that was done, want ok", got.Outcome)
	}
	if r.times("demo:top") != 0 {
		t.Error("a step started after the run was cancelled")
	}
}

func TestTimeoutSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	slow := doing(changing(1, "demo:slow"), func(ctx context.Context, _ *procedure.Work) error {
		<-ctx.Done()
		return ctx.Err()
	})
	r := newRig(t, nil, slow)
	if err := r.Target(ctx, "demo:slow"); err == nil || !strings.Contains(err.Error(), "cancelled: timeout") {
		t.Errorf("Target = %v, want cancelled: timeout", err)
	}
}
