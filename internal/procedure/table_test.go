package procedure_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/procedure"
)

func nothing(context.Context, *procedure.Work) error { return nil }

func holds(context.Context, *procedure.Work) (procedure.Evidence, error) { return "seen", nil }

// goodStep is a changing step that no rule objects to.
func goodStep(number int, target string, needs ...string) procedure.Step {
	return procedure.Step{
		Number:   number,
		Target:   target,
		Title:    procedure.Text{ES: "Paso", EN: "Step"},
		Needs:    needs,
		Run:      nothing,
		Validate: holds,
		Undo:     nothing,
		Undone:   holds,
		Estimate: procedure.Span{Min: time.Second, Max: time.Minute},
	}
}

// goodTable is a procedure that no rule objects to; each test breaks one thing.
func goodTable() procedure.Procedure {
	return procedure.Procedure{
		Code:      "PROCED-TEST-001",
		Namespace: "demo",
		Title:     procedure.Text{ES: "Demostración", EN: "Demonstration"},
		Steps: []procedure.Step{
			goodStep(1, "demo:first"),
			goodStep(2, "demo:second", "demo:first"),
			goodStep(3, "demo:third", "demo:first"),
		},
		All:     [][]string{{"demo:first"}, {"demo:second", "demo:third"}},
		Missing: []int{4},
	}
}

func goodTargets() []string {
	return []string{"demo:first", "demo:second", "demo:third", "demo:all"}
}

// lint runs every rule over tables that NewRegistry accepts.
func lint(t *testing.T, targets []string, tables ...procedure.Procedure) []error {
	t.Helper()
	registry, err := procedure.NewRegistry(tables...)
	if err != nil {
		t.Fatalf("NewRegistry: %v", err)
	}
	return registry.Lint(targets)
}

// wantOnly fails unless there is exactly one finding and it says all of that.
func wantOnly(t *testing.T, found []error, says ...string) {
	t.Helper()
	if len(found) != 1 {
		t.Fatalf("got %d findings, want 1: %v", len(found), found)
	}
	for _, want := range says {
		if !strings.Contains(found[0].Error(), want) {
			t.Errorf("the finding %q does not say %q", found[0], want)
		}
	}
}
