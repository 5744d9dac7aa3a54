package engine_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
)

// rig is an engine over made-up procedures, with what it wrote.
type rig struct {
	*engine.Engine
	out, err   bytes.Buffer
	journalDir string

	mu  sync.Mutex
	ran []string
}

// newRig builds an engine. The tables' steps may be made before the rig is.
func newRig(t *testing.T, shape func(*engine.Options), steps ...procedure.Step) *rig {
	t.Helper()
	return newRigOver(t, shape, procedure.Procedure{Code: "PROCED-TEST-001", Namespace: "demo", Steps: steps})
}

func newRigOver(t *testing.T, shape func(*engine.Options), table procedure.Procedure) *rig {
	t.Helper()
	r := &rig{journalDir: filepath.Join(t.TempDir(), "state", "journal")}
	for i := range table.Steps {
		table.Steps[i].Run = r.counted(table.Steps[i])
	}
	registry, err := procedure.NewRegistry(table)
	if err != nil {
		t.Fatalf("NewRegistry: %v", err)
	}
	options := engine.Options{
		Registry:     registry,
		Door:         func(o ...command.Option) *command.Door { return command.NewDoor(command.Local(), o...) },
		JournalDir:   r.journalDir,
		PrepareState: func() error { return os.MkdirAll(filepath.Dir(r.journalDir), 0o700) },
		Header:       journal.Header{Host: "testhost", Who: "tester", Version: "v0"},
		Lang:         "en",
		Catalogue:    symptom.Load,
		Random:       rand.Reader,
	}
	if shape != nil {
		shape(&options)
	}
	options.Console = report.New(report.Options{
		Out: &r.out, Err: &r.err, Lang: options.Lang,
		Format:   wanted(options, report.FormatJSON),
		Terminal: wanted(options, onTerminal) != "", Width: 200,
	})
	r.Engine = engine.New(options)
	return r
}

// onTerminal asks for a console on a terminal.
const onTerminal = "terminal"

// wanted is how a test asks for a kind of console: by the header's arguments.
func wanted(o engine.Options, what string) string {
	if slices.Contains(o.Header.Args, what) {
		return what
	}
	return ""
}

// counted notes that a step ran before it does.
func (r *rig) counted(step procedure.Step) procedure.Action {
	return func(ctx context.Context, w *procedure.Work) error {
		r.mu.Lock()
		r.ran = append(r.ran, step.Target)
		r.mu.Unlock()
		if step.Run == nil {
			return nil
		}
		return step.Run(ctx, w)
	}
}

// times counts how often a step ran.
func (r *rig) times(target string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := 0
	for _, one := range r.ran {
		if one == target {
			count++
		}
	}
	return count
}

// runs reads every journal that the engine wrote.
func (r *rig) runs(t *testing.T) []journal.Run {
	t.Helper()
	runs, err := journal.List(r.journalDir)
	if err != nil {
		t.Fatalf("read journals: %v", err)
	}
	return runs
}

// oneRun is the only journal there may be.
func (r *rig) oneRun(t *testing.T) journal.Run {
	t.Helper()
	runs := r.runs(t)
	if len(runs) != 1 {
		t.Fatalf("there are %d journals, want 1", len(runs))
	}
	return runs[0]
}

// events lists the entries of one step in the order in which they were written.
func events(run journal.Run, step string) []string {
	var names []string
	for _, entry := range run.Entries {
		if entry.Step == step {
			names = append(names, entry.Event)
		}
	}
	return names
}

// resultOf is the journalled result of a step.
func resultOf(t *testing.T, run journal.Run, step string) journal.Entry {
	t.Helper()
	for _, entry := range run.Entries {
		if entry.Step == step && entry.Event == "result" {
			return entry
		}
	}
	t.Fatalf("%s has no result in the journal", step)
	return journal.Entry{}
}

// changing is a step that changes something and is proved by saying so.
func changing(number int, target string, needs ...string) procedure.Step {
	return procedure.Step{
		Number:   number,
		Target:   target,
		Title:    procedure.Text{ES: "Paso", EN: "Step"},
		Needs:    needs,
		Validate: evident("it is there"),
		NoUndo:   procedure.Text{ES: "nada", EN: "nothing"},
		Estimate: procedure.Span{Max: time.Second},
	}
}

// doing gives a step its work.
func doing(step procedure.Step, run procedure.Action) procedure.Step {
	step.Run = run
	return step
}

// failing gives a step work that fails.
func failing(step procedure.Step, err error) procedure.Step {
	return doing(step, func(context.Context, *procedure.Work) error { return err })
}

func evident(seen string) procedure.Check {
	return func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		return procedure.Evidence(seen), nil
	}
}

func notYet(context.Context, *procedure.Work) (procedure.Evidence, error) {
	return "", procedure.ErrNotDone
}
