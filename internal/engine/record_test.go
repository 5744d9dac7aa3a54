package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

func TestNothingIsChangedWhenTheJournalCannotBeWritten(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*engine.Options, string){
		"no room for it": func(o *engine.Options, file string) { o.JournalDir = filepath.Join(file, "journal") },
		"no state": func(o *engine.Options, _ string) {
			o.PrepareState = func() error { return errors.New("read-only file system") }
		},
	} {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, func(o *engine.Options) { spoil(o, file) }, changing(1, "demo:base"))
		if err := r.Target(context.Background(), "demo:base"); err == nil {
			t.Errorf("%s: the target succeeds", name)
		}
		if r.times("demo:base") != 0 {
			t.Errorf("%s: the step changed something without a record", name)
		}
	}
}

func TestIntentIsWrittenBeforeTheChangeAndItsResultAfter(t *testing.T) {
	t.Parallel()
	var r *rig
	step := doing(changing(1, "demo:base"), func(ctx context.Context, w *procedure.Work) error {
		if got := events(r.oneRun(t), "demo:base"); !slices.Equal(got, []string{"intent"}) {
			t.Errorf("when the step begins the journal has %v, want its intent", got)
		}
		if err := w.Record("kept", map[string]int{"parts": 7}); err != nil {
			return err
		}
		return w.Door.Run(ctx, command.Change("true"))
	})
	r = newRig(t, nil, step)
	if err := r.Target(context.Background(), "demo:base"); err != nil {
		t.Fatal(err)
	}
	run := r.oneRun(t)
	if got := events(run, "demo:base"); !slices.Equal(got, []string{"intent", "record", "command", "result"}) {
		t.Errorf("the journal has %v", got)
	}
	for _, entry := range run.Entries {
		if entry.Event == "record" && string(entry.Value) != `{"parts":7}` {
			t.Errorf("the record holds %s", entry.Value)
		}
	}
	if got := resultOf(t, run, "demo:base"); got.Outcome != "ok" || got.Evidence != "it is there" || got.Number != 1 || got.Procedure != "PROCED-TEST-001" {
		t.Errorf("the result is %+v", got)
	}
	if last := run.Entries[len(run.Entries)-1]; last.Event != "end" || last.Outcome != "ok" {
		t.Errorf("the journal ends with %+v", last)
	}
}

func TestWhatAReadingStepNotedStandsBeforeTheFirstIntent(t *testing.T) {
	t.Parallel()
	look := procedure.Step{Number: 1, Target: "demo:look", ReadOnly: true, Run: func(ctx context.Context, w *procedure.Work) error {
		if err := w.Door.Run(ctx, command.Read("true")); err != nil {
			return err
		}
		return w.Record("version", "17.2")
	}}
	r := newRig(t, nil, look, changing(2, "demo:base", "demo:look"))
	if err := r.Target(context.Background(), "demo:base"); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range r.oneRun(t).Entries {
		all = append(all, entry.Step+" "+entry.Event)
	}
	want := []string{" begin", "demo:look command", "demo:look record", "demo:look result", "demo:base intent", "demo:base result", " end"}
	if !slices.Equal(all, want) {
		t.Errorf("the journal has %q, want %q", all, want)
	}
}

func TestEstimateComesFromThisMachineOnceItHasOne(t *testing.T) {
	t.Parallel()
	step := changing(1, "demo:base")
	step.Estimate = procedure.Span{Min: time.Hour, Max: 3 * time.Hour}
	dir := filepath.Join(t.TempDir(), "journal")
	shape := func(o *engine.Options) { o.JournalDir, o.Header.Args = dir, []string{onTerminal} }
	written := report.Duration(2 * time.Hour)
	for number, want := range []bool{true, false} {
		r := newRig(t, shape, step)
		if err := r.Target(context.Background(), "demo:base"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(r.err.String(), written); got != want {
			t.Errorf("run %d: the estimate of the procedure (%s) is shown: %v, want %v:\n%q", number+1, written, got, want, &r.err)
		}
	}
}
