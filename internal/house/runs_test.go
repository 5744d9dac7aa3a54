package house_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/house"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// plant is a room whose first step makes a file and whose second one wants a
// file that somebody else has to make.
func plant(h *house.House) (procedure.Procedure, error) {
	root, err := h.Root()
	made, wanted := filepath.Join(root, "made"), filepath.Join(root, "wanted")
	there := func(path string) procedure.Check {
		return func(context.Context, *procedure.Work) (procedure.Evidence, error) {
			if _, err := os.Stat(path); err != nil {
				return "", fmt.Errorf("%w: %w", procedure.ErrNotDone, err)
			}
			return "it is there", nil
		}
	}
	table, _ := demo(h)
	first, second := table.Steps[0], table.Steps[1]
	first.NoUndo = procedure.Text{}
	first.Done, first.Validate = there(made), there(made)
	first.Run = func(context.Context, *procedure.Work) error { return os.WriteFile(made, nil, 0o600) }
	first.Undo = func(context.Context, *procedure.Work) error { return os.RemoveAll(made) }
	first.Undone = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		if _, err := os.Stat(made); err == nil {
			return "", errors.New("it is still there")
		}
		return "it is gone", nil
	}
	second.Run = func(_ context.Context, w *procedure.Work) error {
		w.Publish(h.Targets(), nil)
		_, err := os.Stat(wanted)
		return fault.New(fault.Missing, "make it", err)
	}
	table.Steps = []procedure.Step{first, second}
	return table, err
}

// typed is what a person types in a process of its own.
func typed(t *testing.T, root string, env map[string]string, args ...string) *rig {
	t.Helper()
	r := open(t, root, plant, env, nil, args...)
	t.Cleanup(r.end)
	return r
}

// end is the end of the process.
func (r *rig) end() {
	if e, err := r.Engine(); err == nil {
		_ = e.Close()
	}
}

func newest(t *testing.T, root string) journal.Run {
	t.Helper()
	runs, err := journal.List(filepath.Join(root, ".iact", "journal"))
	if err != nil || len(runs) == 0 {
		t.Fatalf("there are %d journals: %v", len(runs), err)
	}
	return runs[0]
}

func TestFailedRunIsUndoneUnlessItIsKeptAndResumeActsAsIfItWereTyped(t *testing.T) {
	t.Parallel()
	root := newRig(t, nil, nil).root
	exists := func() bool { _, err := os.Stat(filepath.Join(root, "made")); return err == nil }

	r := typed(t, root, nil, "demo:all")
	message, code := shown(r.Run(t.Context(), "demo:all"))
	if code != 4 || exists() || strings.Contains(message, "procedure:") || !strings.Contains(said(t, r.err), "demo:store  ok  undone: it is gone") {
		t.Errorf("a failed run ends with code %d, undone %v, and\n%s%s", code, !exists(), said(t, r.err), message)
	}
	r.end()

	r = typed(t, root, map[string]string{"IACT_KEEP": "1"}, "demo:store", "demo:look")
	if err := r.Run(t.Context(), "demo:store"); err != nil {
		t.Fatal(err)
	}
	message, code = shown(r.Run(t.Context(), "demo:look"))
	run := newest(t, root)
	if code != 4 || !exists() || !strings.Contains(message, "procedure:resume -run="+run.Run) {
		t.Errorf("a kept run ends with code %d, kept %v, and\n%s", code, exists(), message)
	}
	if run.Settings["backup.level"] == "" || !slices.Equal(run.Targets, []string{"demo:store", "demo:look"}) {
		t.Errorf("its header is %+v", run.Header)
	}
	r.end()

	write(t, root, "wanted", "")
	r = typed(t, root, map[string]string{"IACT_FORMAT": "json"}, "procedure:resume")
	if err := r.ResumeRun(t.Context(), nil, nil); err != nil {
		t.Fatalf("procedure:resume: %+v", err)
	}
	documents := strings.Split(strings.TrimSpace(said(t, r.out)), "\n")
	if len(documents) != 2 || !strings.HasPrefix(documents[0], `{"target":"demo:store"`) || documents[1] != `["demo:store","demo:look"]` {
		t.Errorf("procedure:resume writes\n%s", said(t, r.out))
	}
	if again := newest(t, root); again.Resumes != run.Run || !slices.Equal(again.Args, []string{"procedure:resume"}) {
		t.Errorf("the new run is %+v", again.Header)
	}
}

func TestResumeStandsAloneOnTheCommandLine(t *testing.T) {
	t.Parallel()
	r := typed(t, newRig(t, nil, nil).root, nil, "procedure:resume", "demo:look")
	message, code := shown(r.ResumeRun(t.Context(), nil, nil))
	if code != 2 || !strings.Contains(message, "it stands alone on the command line") || !strings.Contains(message, "hint: ") {
		t.Errorf("it ends with code %d and\n%s", code, message)
	}
}

func TestResumeNamesTheSettingsThatChanged(t *testing.T) {
	t.Parallel()
	root := newRig(t, nil, map[string]string{"config/iact.yaml": "backup:\n  level: best\n"}).root
	r := typed(t, root, map[string]string{"IACT_KEEP": "1"}, "demo:all")
	if _, code := shown(r.Run(t.Context(), "demo:all")); code != 4 {
		t.Fatalf("the run ends with code %d", code)
	}
	r.end()
	write(t, root, "config/iact.yaml", "backup:\n  level: fast\n")
	write(t, root, "wanted", "")
	message, code := shown(typed(t, root, nil, "procedure:resume").ResumeRun(t.Context(), nil, nil))
	if code != 2 || !strings.Contains(message, "the configuration has changed since: backup.level\n") || !strings.Contains(message, "-anyway=true") {
		t.Errorf("it ends with code %d and\n%s", code, message)
	}
	yes := true
	if err := typed(t, root, nil, "procedure:resume", "-anyway=true").ResumeRun(t.Context(), nil, &yes); err != nil {
		t.Errorf("-anyway=true: %+v", err)
	}
}

func TestRollbackAndStatusOfARun(t *testing.T) {
	t.Parallel()
	root := newRig(t, nil, map[string]string{"wanted": ""}).root
	write(t, root, "wanted", "")
	r := typed(t, root, nil, "demo:all")
	if err := r.Run(t.Context(), "demo:all"); err != nil {
		t.Fatal(err)
	}
	r.end()
	run := newest(t, root).Run
	message, code := shown(typed(t, root, nil, "procedure:rollback").RollBackRun(t.Context(), nil, nil))
	if want := "Error: roll back: -run=ID has to name a run\n  hint: the last runs that can be undone are\n        " + run + " (demo:all, ok)"; code != 2 || message != want {
		t.Errorf("without a run it ends with code %d and\n%s\nwant\n%s", code, message, want)
	}
	r = typed(t, root, nil, "procedure:rollback", "-run="+run)
	if err := r.RollBackRun(t.Context(), name(run[:len(run)-1]), nil); err != nil {
		t.Fatalf("procedure:rollback: %+v", err)
	}
	if got := said(t, r.out); got != " 1  demo:store  Prepare the store  undone: it is gone\n" {
		t.Errorf("procedure:rollback writes\n%s", got)
	}
	r.end()

	document := typed(t, root, map[string]string{"IACT_FORMAT": "json"}, "procedure:status")
	if err := document.ProcedureStatus(); err != nil {
		t.Fatal(err)
	}
	var rows []engine.Standing
	if err := json.Unmarshal([]byte(said(t, document.out)), &rows); err != nil || len(rows) != 1 {
		t.Fatalf("procedure:status writes %s", said(t, document.out))
	}
	if row := rows[0]; row.State != "rolled back" || row.Run != run || row.Namespace != "demo" || row.Procedure != "PROCED-TEST-001" {
		t.Errorf("the row is %+v", row)
	}
	text := typed(t, root, map[string]string{"IACT_LANG": "es"}, "procedure:status")
	if err := text.ProcedureStatus(); err != nil {
		t.Fatal(err)
	}
	if got := said(t, text.out); !strings.HasPrefix(got, "ESPACIO  ESTADO    PASO  HACE  ") || !strings.Contains(got, "demo     deshecha  -     ") || !strings.HasSuffix(got, "  "+run+"\n") {
		t.Errorf("procedure:status writes\n%s", got)
	}
}

func TestStatusOfAProcedureThatNeverRanNamesItsTarget(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	if err := r.ProcedureStatus(); err != nil {
		t.Fatal(err)
	}
	want := "NAMESPACE  STATE      STEP  AGE  TOOK  RUN\ndemo       never run  -     -    -     -\ndemo: next: demo:all\n"
	if got := said(t, r.out); got != want {
		t.Errorf("procedure:status writes\n%s\nwant\n%s", got, want)
	}
	if _, err := os.Stat(filepath.Join(r.root, ".iact")); !os.IsNotExist(err) {
		t.Error("procedure:status made .iact")
	}
}
