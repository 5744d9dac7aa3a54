package engine_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/magefile/mage/mg"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

func TestStepRunsOnceHoweverManyTargetsNeedIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil,
		changing(1, "demo:base"),
		changing(2, "demo:left", "demo:base"),
		changing(3, "demo:right", "demo:base"),
		changing(4, "demo:top", "demo:left", "demo:right"),
	)
	for _, target := range []string{"demo:top", "Demo:Left", "demo:base"} {
		if err := r.Target(context.Background(), target); err != nil {
			t.Fatalf("Target(%s): %v", target, err)
		}
	}
	for _, target := range []string{"demo:base", "demo:left", "demo:right", "demo:top"} {
		if got := r.times(target); got != 1 {
			t.Errorf("%s ran %d times, want 1", target, got)
		}
	}
	if r.ran[0] != "demo:base" || r.ran[3] != "demo:top" {
		t.Errorf("the steps ran in the order %v", r.ran)
	}
}

func TestIndependentNeedsRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	meet := make(chan struct{})
	// Each side waits for the other: one after the other, neither would end.
	side := func(ctx context.Context, _ *procedure.Work) error {
		select {
		case meet <- struct{}{}:
		case <-meet:
		case <-time.After(20 * time.Second):
			return errors.New("the other step did not run at the same time")
		}
		return nil
	}
	r := newRig(t, nil,
		doing(changing(1, "demo:left"), side),
		doing(changing(2, "demo:right"), side),
		changing(3, "demo:top", "demo:left", "demo:right"),
	)
	if err := r.Target(context.Background(), "demo:top"); err != nil {
		t.Fatal(err)
	}
}

func TestStagesOfAllRunInOrderAndEachInParallel(t *testing.T) {
	t.Parallel()
	meet := make(chan struct{})
	side := func(context.Context, *procedure.Work) error {
		select {
		case meet <- struct{}{}:
		case <-meet:
		case <-time.After(20 * time.Second):
			return errors.New("the stage did not run in parallel")
		}
		return nil
	}
	r := newRigOver(t, nil, procedure.Procedure{
		Code: "PROCED-TEST-001", Namespace: "demo",
		Steps: []procedure.Step{
			changing(1, "demo:first"),
			doing(changing(2, "demo:left"), side),
			doing(changing(3, "demo:right"), side),
			changing(4, "demo:last"),
		},
		All: [][]string{{"demo:first"}, {"demo:left", "demo:right"}, {"demo:last"}},
	})
	if err := r.Target(context.Background(), "demo:all"); err != nil {
		t.Fatal(err)
	}
	if len(r.ran) != 4 || r.ran[0] != "demo:first" || r.ran[3] != "demo:last" {
		t.Errorf("the steps ran in the order %v", r.ran)
	}
}

func TestDoneStepIsSkippedWithItsEvidence(t *testing.T) {
	t.Parallel()
	done := changing(1, "demo:base")
	done.Done = evident("3 databases, 1.2 GiB")
	r := newRig(t, nil, done, changing(2, "demo:top", "demo:base"))
	if err := r.Target(context.Background(), "demo:top"); err != nil {
		t.Fatal(err)
	}
	if r.times("demo:base") != 0 || r.times("demo:top") != 1 {
		t.Errorf("ran %v, want demo:top alone", r.ran)
	}
	if !strings.Contains(r.err.String(), "already done: 3 databases, 1.2 GiB") {
		t.Errorf("the console does not say why the step was skipped:\n%s", &r.err)
	}
	run := r.oneRun(t)
	if got := resultOf(t, run, "demo:base"); got.Outcome != "skipped" || got.Evidence != "3 databases, 1.2 GiB" {
		t.Errorf("the journal says %q with evidence %q", got.Outcome, got.Evidence)
	}
	if got := events(run, "demo:base"); slices.Contains(got, "intent") {
		t.Errorf("a skipped step left an intent: %v", got)
	}
}

func TestRunThatChangesNothingLeavesNoJournal(t *testing.T) {
	t.Parallel()
	done := changing(1, "demo:base")
	done.Done = evident("all there")
	look := procedure.Step{Number: 2, Target: "demo:look", ReadOnly: true, Needs: []string{"demo:base"}}
	r := newRig(t, nil, done, look)
	if err := r.Target(context.Background(), "demo:look"); err != nil {
		t.Fatal(err)
	}
	if r.times("demo:look") != 1 {
		t.Fatal("the reading step did not run")
	}
	if _, err := os.Stat(r.journalDir); !os.IsNotExist(err) {
		t.Errorf("a run that changed nothing made %s", r.journalDir)
	}
}

func TestFailedValidationExitsWithThree(t *testing.T) {
	t.Parallel()
	step := changing(1, "demo:base")
	step.Validate = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		return "", fault.New(fault.Locked, "", errors.New("the service does not answer"))
	}
	r := newRig(t, nil, step, changing(2, "demo:top", "demo:base"))
	err := r.Target(context.Background(), "demo:top")
	if code := mg.ExitStatus(err); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if err == nil || !strings.Contains(err.Error(), "validate demo:base: the service does not answer") {
		t.Errorf("the failure says %v", err)
	}
	if r.times("demo:top") != 0 {
		t.Error("demo:top ran on an unproved need")
	}
	if got := resultOf(t, r.oneRun(t), "demo:base"); got.Outcome != "failed" {
		t.Errorf("the journal says %q, want failed", got.Outcome)
	}
}

func TestStepDoesNotRunWhenDoneCannotTell(t *testing.T) {
	t.Parallel()
	step := changing(1, "demo:base")
	step.Done = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		return "", fault.New(fault.Missing, "start it", errors.New("the server is down"))
	}
	r := newRig(t, nil, step)
	err := r.Target(context.Background(), "demo:base")
	if r.times("demo:base") != 0 {
		t.Error("the step ran although its check could not tell")
	}
	if code := mg.ExitStatus(err); code != 4 {
		t.Errorf("exit code %d, want 4", code)
	}
}

func TestExitCodesOfFaultsPassThrough(t *testing.T) {
	t.Parallel()
	for _, want := range []int{1, 2, 3, 4, 11} {
		r := newRig(t, nil,
			failing(changing(1, "demo:base"), fault.New(want, "", errors.New("no"))),
			changing(2, "demo:top", "demo:base"),
		)
		err := r.Target(context.Background(), "demo:top")
		var coded interface{ ExitStatus() int }
		if !errors.As(err, &coded) || coded.ExitStatus() != want {
			t.Errorf("exit status %v, want %d", err, want)
		}
	}
	plain := newRig(t, nil, failing(changing(1, "demo:base"), errors.New("no")))
	if code := mg.ExitStatus(plain.Target(context.Background(), "demo:base")); code != 1 {
		t.Errorf("exit code %d for an error without one, want 1", code)
	}
}

func TestTwoFailingNeedsAreBothShown(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil,
		failing(changing(1, "demo:left"), fault.New(11, "", errors.New("the store is locked"))),
		failing(changing(2, "demo:right"), fault.New(4, "", errors.New("the tool is missing"))),
		changing(3, "demo:top", "demo:left", "demo:right"),
	)
	err := r.Target(context.Background(), "demo:top")
	var failure *engine.Failure
	if !errors.As(err, &failure) || len(failure.Steps) != 2 {
		t.Fatalf("Target = %v, want a Failure of two steps", err)
	}
	for _, want := range []string{"demo:left: the store is locked", "demo:right: the tool is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the failure does not say %q: %v", want, err)
		}
	}
	if code := mg.ExitStatus(err); code != 1 {
		t.Errorf("exit code %d for two that differ, want 1", code)
	}
	if r.times("demo:top") != 0 {
		t.Error("demo:top ran although its needs failed")
	}
}

func TestUnknownTargetIsWrongUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, changing(1, "demo:base"))
	if code := fault.Code(r.Target(context.Background(), "demo:nowhere")); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
}
