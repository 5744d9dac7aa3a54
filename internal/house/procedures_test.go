package house_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/runbook"
)

func TestListNamesEveryProcedureAndHowMuchOfItIsBuilt(t *testing.T) {
	t.Parallel()
	text := newRig(t, map[string]string{"IACT_LANG": "es"}, nil)
	if err := text.ListProcedures(); err != nil {
		t.Fatal(err)
	}
	want := "ESPACIO  CÓDIGO           PASOS   TÍTULO\ndemo     PROCED-TEST-001  2 de 3  Demostración\n"
	if got := said(t, text.out); got != want {
		t.Errorf("the list is\n%s\nwant\n%s", got, want)
	}
	document := newRig(t, map[string]string{"IACT_FORMAT": "json"}, nil)
	if err := document.ListProcedures(); err != nil {
		t.Fatal(err)
	}
	var listed []runbook.Listed
	if err := json.Unmarshal([]byte(said(t, document.out)), &listed); err != nil || len(listed) != 1 {
		t.Fatalf("the list is no document of one procedure: %v", err)
	}
	if p := listed[0]; p.Namespace != "demo" || p.Steps != 2 || len(p.Missing) != 1 || p.Title != "Demonstration" {
		t.Errorf("the procedure is %+v", p)
	}
}

func TestShowTellsNeedsEstimateAndTheWayBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	if err := r.ShowProcedure(name("demo")); err != nil {
		t.Fatal(err)
	}
	want := `PROCED-TEST-001  Demonstration

 1  demo:store  Prepare the store
    takes: 1.0 s to 5 min
    undo: not needed: there is no need

 3  demo:look  Look
    needs: demo:store
    takes: up to 1.0 s
    changes: nothing, it only reads

demo:all = demo:store → demo:look

not built yet, steps: 2
`
	if got := said(t, r.out); got != want {
		t.Errorf("the procedure is shown as\n%s\nwant\n%s", got, want)
	}
}

func TestShowKnowsHowLongAStepTookHere(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{"IACT_FORMAT": "json"}, nil)
	if err := r.Run(context.Background(), "demo:store"); err != nil {
		t.Fatal(err)
	}
	before := len(said(t, r.out))
	if err := r.ShowProcedure(name("PROCED-TEST-001")); err != nil {
		t.Fatal(err)
	}
	var shown runbook.Shown
	if err := json.Unmarshal([]byte(said(t, r.out)[before:]), &shown); err != nil {
		t.Fatal(err)
	}
	if e := shown.Steps[0].Estimate; e.Min != 1 || e.Max != 300 || e.Measured <= 0 {
		t.Errorf("the estimate is %+v, want 1 to 300 and what was measured", e)
	}
	if e := shown.Steps[1].Estimate; e.Measured != 0 {
		t.Errorf("a step that never ran was measured: %+v", e)
	}
}

func TestUnknownOrMissingNameIsWrongUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	empty := ""
	for _, of := range []*string{nil, &empty, name("nowhere")} {
		if message, code := shown(r.ShowProcedure(of)); code != 2 || !strings.Contains(message, "procedure:list") {
			t.Errorf("procedure:show ends with code %d and\n%s", code, message)
		}
		if message, code := shown(r.PlanProcedure(context.Background(), of)); code != 2 || !strings.Contains(message, "procedure:list") {
			t.Errorf("procedure:plan ends with code %d and\n%s", code, message)
		}
	}
}

func TestPlanByVariableAndByTargetAreTheSame(t *testing.T) {
	t.Parallel()
	byVariable := newRig(t, map[string]string{"IACT_PLAN": "1"}, nil)
	if err := byVariable.Run(context.Background(), "demo:all"); err != nil {
		t.Fatal(err)
	}
	byTarget := newRig(t, nil, nil)
	if err := byTarget.PlanProcedure(context.Background(), name("demo")); err != nil {
		t.Fatal(err)
	}
	first, second := said(t, byVariable.out), said(t, byTarget.out)
	if strings.ReplaceAll(first, byVariable.root, "ROOT") != strings.ReplaceAll(second, byTarget.root, "ROOT") {
		t.Errorf("the plans differ:\n%s\n%s", first, second)
	}
	if !strings.Contains(first, "touch "+filepath.Join(byVariable.root, "store")+"\n") {
		t.Errorf("the plan lacks its command:\n%s", first)
	}
	for _, r := range []*rig{byVariable, byTarget} {
		if left, err := os.ReadDir(r.root); err != nil || len(left) != 1 {
			t.Errorf("the plan left %v in the checkout (%v)", left, err)
		}
	}
}

func TestExplainReadsAFileOrStandardInput(t *testing.T) {
	t.Parallel()
	const log = "pg_dump: error: connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  password authentication failed for user \"iact\"\n"
	piped := newRig(t, map[string]string{"IACT_FORMAT": "json"}, map[string]string{"stdin": log})
	if err := piped.ExplainLog(nil); err != nil {
		t.Fatal(err)
	}
	var explained []runbook.Explained
	if err := json.Unmarshal([]byte(said(t, piped.out)), &explained); err != nil || len(explained) == 0 {
		t.Fatalf("the log is not explained: %v\n%s", err, said(t, piped.out))
	}
	if e := explained[0]; e.Cause == "" || e.Fix == "" || !strings.Contains(e.Excerpt, "password authentication failed") {
		t.Errorf("the explanation is %+v", e)
	}
	named := newRig(t, map[string]string{"LANG": "es_MX.UTF-8"}, map[string]string{"dump.log": log})
	if err := named.ExplainLog(name(filepath.Join(named.root, "dump.log"))); err != nil {
		t.Fatal(err)
	}
	if got := said(t, named.out); !strings.HasPrefix(got, explained[0].ID+"  ") || !strings.Contains(got, "\n  causa: ") || !strings.Contains(got, "\n  arreglo: ") {
		t.Errorf("the explanation is\n%s", got)
	}
}

func TestExplainSaysWhenNothingIsWrong(t *testing.T) {
	t.Parallel()
	text := newRig(t, nil, map[string]string{"stdin": "all is well\n"})
	if err := text.ExplainLog(name("-")); err != nil || said(t, text.out) != "nothing wrong found\n" {
		t.Errorf("ExplainLog = %v and %q", err, said(t, text.out))
	}
	document := newRig(t, map[string]string{"IACT_FORMAT": "json"}, nil)
	if err := document.ExplainLog(nil); err != nil || said(t, document.out) != "[]\n" {
		t.Errorf("ExplainLog = %v and %q", err, said(t, document.out))
	}
}

func TestExplainOfAMissingFileIsWrongUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	if message, code := shown(r.ExplainLog(name("/nowhere.log"))); code != 2 || !strings.Contains(message, "/nowhere.log") {
		t.Errorf("it ends with code %d and\n%s", code, message)
	}
}

func TestConfigShowsValuesWithTheirOrigin(t *testing.T) {
	t.Parallel()
	files := map[string]string{"config/iact.yaml": "backup:\n  level: best\n"}
	text := newRig(t, nil, files)
	if err := text.ShowConfig(); err != nil {
		t.Fatal(err)
	}
	var row string
	for line := range strings.Lines(said(t, text.out)) {
		if strings.HasPrefix(line, "backup.level ") {
			row = strings.Join(strings.Fields(line), " ")
		}
	}
	if !strings.HasPrefix(row, "backup.level best # ") || !strings.HasSuffix(row, "iact.yaml:2") {
		t.Errorf("the row of backup.level is %q", row)
	}
	document := newRig(t, map[string]string{"IACT_FORMAT": "json"}, files)
	if err := document.CheckConfig(); err != nil {
		t.Fatal(err)
	}
	if got := said(t, document.out); !strings.HasPrefix(got, `{"ok":true,`) || !strings.Contains(got, `"set":1`) {
		t.Errorf("config:check says %s", got)
	}
}
