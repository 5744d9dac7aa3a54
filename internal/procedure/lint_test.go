package procedure_test

import (
	"slices"
	"testing"
	"time"

	"iact-infra/internal/procedure"
)

func TestLintAcceptsAGoodTable(t *testing.T) {
	t.Parallel()
	if found := lint(t, goodTargets(), goodTable()); len(found) > 0 {
		t.Fatalf("a good table has findings: %v", found)
	}
}

func TestLintFindsWhatOneTableBreaks(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(*procedure.Procedure)
		says  []string
	}{
		"a gap in the numbers": {
			func(p *procedure.Procedure) { p.Missing = []int{5} },
			[]string{"PROCED-TEST-001", "number 4 is neither"},
		},
		"a missing number that is built": {
			func(p *procedure.Procedure) { p.Missing = []int{2, 4} },
			[]string{"number 2 stands in Missing", "demo:second", "take it out"},
		},
		"a number that stands twice": {
			func(p *procedure.Procedure) { p.Steps[2].Number, p.Missing = 2, []int{3} },
			[]string{"number 2 is demo:second and again demo:third"},
		},
		"a number below one": {
			func(p *procedure.Procedure) { p.Steps[0].Number, p.Missing = 0, []int{1} },
			[]string{"demo:first", "steps count from 1"},
		},
		"rows out of order": {
			func(p *procedure.Procedure) { p.Steps[1], p.Steps[2] = p.Steps[2], p.Steps[1] },
			[]string{"demo:second (number 2) stands after number 3"},
		},
		"a procedure without a Spanish title": {
			func(p *procedure.Procedure) { p.Title.ES = "" },
			[]string{"PROCED-TEST-001", "title in Spanish and in English"},
		},
		"a step without an English title": {
			func(p *procedure.Procedure) { p.Steps[1].Title.EN = "" },
			[]string{"demo:second", "title in Spanish and in English"},
		},
		"a procedure without a code": {
			func(p *procedure.Procedure) { p.Code = "" },
			[]string{"needs a code and a namespace"},
		},
		"a changing step without a validation": {
			func(p *procedure.Procedure) { p.Steps[0].Validate = nil },
			[]string{"demo:first", "needs Validate"},
		},
		"a changing step without a way back": {
			func(p *procedure.Procedure) { p.Steps[0].Undo, p.Steps[0].Undone = nil, nil },
			[]string{"demo:first", "needs Undo or the reason"},
		},
		"a way back without a proof": {
			func(p *procedure.Procedure) { p.Steps[0].Undone = nil },
			[]string{"demo:first", "Undo needs Undone"},
		},
		"a way back and a reason for none": {
			func(p *procedure.Procedure) { p.Steps[0].NoUndo = procedure.Text{ES: "porque", EN: "because"} },
			[]string{"demo:first", "also a reason"},
		},
		"a reason in one language": {
			func(p *procedure.Procedure) {
				p.Steps[0].Undo, p.Steps[0].Undone, p.Steps[0].NoUndo = nil, nil, procedure.Text{EN: "because"}
			},
			[]string{"demo:first", "both languages"},
		},
		"a reading step with an Undo": {
			func(p *procedure.Procedure) { p.Steps[0].ReadOnly = true },
			[]string{"demo:first", "only reads has an Undo"},
		},
		"a step that does nothing": {
			func(p *procedure.Procedure) { p.Steps[0].Run = nil },
			[]string{"demo:first", "no Run"},
		},
		"a step without an estimate": {
			func(p *procedure.Procedure) { p.Steps[0].Estimate = procedure.Span{} },
			[]string{"demo:first", "estimate"},
		},
		"an estimate upside down": {
			func(p *procedure.Procedure) {
				p.Steps[0].Estimate = procedure.Span{Min: time.Hour, Max: time.Minute}
			},
			[]string{"demo:first", "1h0m0s to 1m0s is not a span"},
		},
		"an extra step with a number": {
			func(p *procedure.Procedure) { p.Extra = []procedure.Step{goodStep(4, "demo:extra")} },
			[]string{"demo:extra", "number 4: an extra step has none"},
		},
		"an extra step without a validation": {
			func(p *procedure.Procedure) {
				p.Extra = []procedure.Step{goodStep(0, "demo:extra")}
				p.Extra[0].Validate = nil
			},
			[]string{"demo:extra", "needs Validate"},
		},
		"a stage that comes too early": {
			func(p *procedure.Procedure) { p.All = [][]string{{"demo:first", "demo:second"}, {"demo:third"}} },
			[]string{"demo:all", "demo:second needs demo:first", "earlier stage"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := goodTable()
			c.spoil(&table)
			wantOnly(t, lint(t, append(goodTargets(), "demo:extra"), table), c.says...)
		})
	}
}

func TestAnExtraStepIsFoundAndOrderedAfterWhatItNeeds(t *testing.T) {
	t.Parallel()
	table := goodTable()
	table.Extra = []procedure.Step{goodStep(0, "demo:extra", "demo:second")}
	if found := lint(t, append(goodTargets(), "demo:extra"), table); len(found) > 0 {
		t.Fatalf("an extra step has findings: %v", found)
	}
	registry, err := procedure.NewRegistry(table)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	steps, _ := registry.Order("demo:EXTRA")
	for _, s := range steps {
		order = append(order, s.Target)
	}
	if want := []string{"demo:first", "demo:second", "demo:extra"}; !slices.Equal(order, want) {
		t.Errorf("the order is %v, not %v", order, want)
	}
	wantOnly(t, lint(t, goodTargets(), table), "target demo:extra is not in the compiled program")
}

func TestLintAcceptsAReadingStepWithoutValidationOrWayBack(t *testing.T) {
	t.Parallel()
	table := goodTable()
	table.Steps[0].ReadOnly, table.Steps[0].Validate, table.Steps[0].Undo = true, nil, nil
	if found := lint(t, goodTargets(), table); len(found) > 0 {
		t.Fatalf("a reading step has findings: %v", found)
	}
}

func TestLintFindsATargetThatTheProgramDoesNotAnswerTo(t *testing.T) {
	t.Parallel()
	wantOnly(t, lint(t, []string{"Demo:First", "demo:second", "demo:all"}, goodTable()),
		"target demo:third is not in the compiled program")
	wantOnly(t, lint(t, []string{"demo:first", "demo:second", "demo:third"}, goodTable()),
		"target demo:all is not in the compiled program")
}

func TestLintFindsATargetOutsideItsNamespace(t *testing.T) {
	t.Parallel()
	table := goodTable()
	table.Steps[2].Target = "other:third"
	table.All = nil
	wantOnly(t, lint(t, append(goodTargets(), "other:third"), table), `"other:third" does not start with demo:`)
}

func TestLintKeepsTheNameOfTheWholeProcedureFree(t *testing.T) {
	t.Parallel()
	table := goodTable()
	table.Steps[2].Target = "demo:all"
	table.All = nil
	wantOnly(t, lint(t, goodTargets(), table), "demo:all is kept for the whole procedure")
}

func TestLintFindsTwoProceduresOfOneName(t *testing.T) {
	t.Parallel()
	other := procedure.Procedure{Code: "PROCED-TEST-001", Namespace: "more", Title: procedure.Text{ES: "a", EN: "b"}}
	wantOnly(t, lint(t, goodTargets(), goodTable(), other), "PROCED-TEST-001", "the code stands twice")
	other.Code, other.Namespace = "PROCED-TEST-002", "Demo"
	wantOnly(t, lint(t, goodTargets(), goodTable(), other), "the namespace Demo stands twice")
}
