package ci_test

import (
	"testing"

	"iact-infra/internal/ci"
	"iact-infra/internal/symptom"
)

func TestEverySymptomOfAStepIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	catalogue, err := symptom.Load()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, e := range catalogue.Entries() {
		known[e.ID] = true
	}
	table := ci.New(ci.Options{}).Procedure()
	for _, step := range append(table.Steps, table.Extra...) {
		for _, id := range step.Symptoms {
			if !known[id] {
				t.Errorf("%s names %s, which the catalogue does not have", step.Target, id)
			}
		}
	}
}
