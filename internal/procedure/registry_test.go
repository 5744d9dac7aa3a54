package procedure_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/procedure"
)

func TestNewRegistryRefusesWhatCannotRun(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(*procedure.Procedure)
		says  string
	}{
		"a need that nobody meets": {
			func(p *procedure.Procedure) { p.Steps[1].Needs = []string{"demo:nowhere"} },
			"needs demo:nowhere, which no table holds",
		},
		"a cycle": {
			func(p *procedure.Procedure) { p.Steps[0].Needs = []string{"demo:second"} },
			"demo:first → demo:second → demo:first",
		},
		"a step that needs itself": {
			func(p *procedure.Procedure) { p.Steps[0].Needs = []string{"demo:First"} },
			"demo:first → demo:first",
		},
		"a target that stands twice": {
			func(p *procedure.Procedure) { p.Steps[2].Target = "demo:Second" },
			"register demo:Second: target stands in PROCED-TEST-001 and again",
		},
		"a stage that names an unknown target": {
			func(p *procedure.Procedure) { p.All = append(p.All, []string{"demo:ninth"}) },
			"a stage names demo:ninth",
		},
		"a target in two stages": {
			func(p *procedure.Procedure) { p.All = append(p.All, []string{"demo:third"}) },
			"demo:third stands in two stages",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := goodTable()
			c.spoil(&table)
			registry, err := procedure.NewRegistry(table)
			if err == nil || registry != nil {
				t.Fatalf("NewRegistry accepted the table")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error does not say %q:\n%v", c.says, err)
			}
			if strings.Count(err.Error(), "its needs go round") > 1 {
				t.Errorf("one cycle is named more than once:\n%v", err)
			}
		})
	}
}

func TestLookupIgnoresCaseAsMageDoes(t *testing.T) {
	t.Parallel()
	registry := mustRegister(t, goodTable())
	step, table, found := registry.Lookup("DEMO:Second")
	if !found || step.Target != "demo:second" || table.Code != "PROCED-TEST-001" {
		t.Fatalf("Lookup = %q of %q, %v", step.Target, table.Code, found)
	}
	if _, _, found := registry.Lookup("demo:all"); found {
		t.Error("Lookup finds demo:all, which is no step")
	}
}

func TestFindUnderstandsNamespaceCodeAndTarget(t *testing.T) {
	t.Parallel()
	registry := mustRegister(t, goodTable())
	for _, name := range []string{"demo", "DEMO", "proced-test-001", "demo:second", "demo:all"} {
		if p, found := registry.Find(name); !found || p.Namespace != "demo" {
			t.Errorf("Find(%q) = %q, %v", name, p.Namespace, found)
		}
	}
	if _, found := registry.Find("dem"); found {
		t.Error("Find accepts half a name")
	}
}

func TestOrderListsNeedsFirstAndEachStepOnce(t *testing.T) {
	t.Parallel()
	registry := mustRegister(t, goodTable())
	for target, want := range map[string][]string{
		"demo:third": {"demo:first", "demo:third"},
		"Demo:All":   {"demo:first", "demo:second", "demo:third"},
	} {
		steps, ok := registry.Order(target)
		var got []string
		for _, s := range steps {
			got = append(got, s.Target)
		}
		if !ok || !slices.Equal(got, want) {
			t.Errorf("Order(%q) = %v, %v, want %v", target, got, ok, want)
		}
	}
	if _, ok := registry.Order("demo:ninth"); ok {
		t.Error("Order knows a target that no table holds")
	}
}

func mustRegister(t *testing.T, tables ...procedure.Procedure) *procedure.Registry {
	t.Helper()
	registry, err := procedure.NewRegistry(tables...)
	if err != nil {
		t.Fatalf("NewRegistry: %v", err)
	}
	return registry
}
