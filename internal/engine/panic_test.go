package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/procedure"
)

func TestPanicFailsItsStepAlone(t *testing.T) {
	t.Parallel()
	broken := doing(changing(1, "demo:broken"), func(_ context.Context, w *procedure.Work) error {
		found := make([]string, 1)
		return errors.New(found[len(w.Deferred())+1])
	})
	panicked := make(chan struct{})
	broken.Done = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		close(panicked)
		return "", procedure.ErrNotDone
	}
	other := doing(changing(2, "demo:other"), func(context.Context, *procedure.Work) error {
		<-panicked
		time.Sleep(20 * time.Millisecond)
		return nil
	})
	r := newRig(t, nil, broken, other, changing(3, "demo:top", "demo:broken", "demo:other"))
	err := r.Target(context.Background(), "demo:top")
	if err == nil || !strings.Contains(err.Error(), "run demo:broken: panic: runtime error: index out of range") {
		t.Fatalf("Target = %v, want the panic of demo:broken", err)
	}
	run := r.oneRun(t)
	if got := resultOf(t, run, "demo:other"); got.Outcome != "ok" {
		t.Errorf("the other step ended %q, want ok", got.Outcome)
	}
	if got := resultOf(t, run, "demo:broken"); got.Outcome != "failed" {
		t.Errorf("the broken step ended %q, want failed", got.Outcome)
	}
	for _, entry := range run.Entries {
		if entry.Key == "panic" && strings.Contains(string(entry.Value), "panic_test.go") {
			return
		}
	}
	t.Error("the journal does not hold the stack")
}

func TestPanicOfAReadingStepKeepsItsStackToo(t *testing.T) {
	t.Parallel()
	look := procedure.Step{Number: 1, Target: "demo:look", ReadOnly: true, Run: func(context.Context, *procedure.Work) error {
		panic("out of order")
	}}
	r := newRig(t, nil, look)
	if err := r.Target(context.Background(), "demo:look"); err == nil || !strings.Contains(err.Error(), "panic: out of order") {
		t.Fatalf("Target = %v, want the panic", err)
	}
	if got := events(r.oneRun(t), "demo:look"); len(got) < 2 || got[0] != "record" || got[1] != "result" {
		t.Errorf("the journal has %v, want a record and a result", got)
	}
}
