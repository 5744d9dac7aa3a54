package symptom_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/symptom"
)

func load(t testing.TB) *symptom.Catalogue {
	t.Helper()
	c, err := symptom.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ids(findings []symptom.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.ID)
	}
	return out
}

func TestEveryEntryRecognisesItsOwnSamplesFirstAndNoOtherDoes(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, e := range c.Entries() {
		if len(e.Samples) == 0 {
			t.Errorf("%s has no sample", e.ID)
		}
		for _, sample := range e.Samples {
			got := ids(c.Match(sample))
			if len(got) == 0 || got[0] != e.ID {
				t.Errorf("%s: found %v in its own sample\n%s", e.ID, got, sample)
				continue
			}
			for _, other := range got[1:] {
				if !slices.Contains(e.With, other) {
					t.Errorf("%s: %s is found too in\n%s", e.ID, other, sample)
				}
			}
		}
	}
}

func TestEveryPatternIsNeededByASampleOfItsEntry(t *testing.T) {
	t.Parallel()
	for _, e := range load(t).Entries() {
		for _, p := range e.Patterns {
			re := regexp.MustCompile("(?s)" + strings.ReplaceAll(p, " ", `\s+`))
			if !slices.ContainsFunc(e.Samples, func(s string) bool { return re.MatchString(symptom.Normalise(s)) }) {
				t.Errorf("%s: no sample for pattern %s", e.ID, p)
			}
		}
	}
}

func TestEveryAllowedCompanionShowsUpInASample(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, e := range c.Entries() {
		for _, other := range e.With {
			if !slices.ContainsFunc(e.Samples, func(s string) bool { return slices.Contains(ids(c.Match(s)), other) }) {
				t.Errorf("%s: no sample with %s", e.ID, other)
			}
		}
	}
}

func TestIDsRiseWithinTheirFamilyAndGeneralOnesComeLast(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^[A-Z]\d{2}$`)
	before, general := map[string]string{}, false
	for _, e := range load(t).Entries() {
		if general && !e.General {
			t.Errorf("%s follows one that is general", e.ID)
		}
		if e.General && !general {
			before, general = map[string]string{}, true
		}
		if !shape.MatchString(e.ID) || e.ID <= before[e.ID[:1]] {
			t.Errorf("%q follows %q", e.ID, before[e.ID[:1]])
		}
		before[e.ID[:1]] = e.ID
	}
}

func TestNoIDIsGivenTwice(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range load(t).Entries() {
		if seen[e.ID] {
			t.Errorf("%s is there twice", e.ID)
		}
		seen[e.ID] = true
	}
}

func TestEveryEntryIsWholeInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, e := range load(t).Entries() {
		for what, text := range map[string]symptom.Text{"cause": e.Cause, "fix": e.Fix} {
			if text.In("es") == "" || text.In("en") == "" || text.In("es") == text.In("en") {
				t.Errorf("%s: %s is not in both languages: %+v", e.ID, what, text)
			}
			for _, one := range []string{text.ES, text.EN} {
				if strings.ContainsAny(one, "{}\n") || len(one) > 240 {
					t.Errorf("%s: %s is not one short line with all defaults: %q", e.ID, what, one)
				}
			}
		}
		if e.Source == "" {
			t.Errorf("%s has no source", e.ID)
		}
	}
}

func TestEveryNextTargetExists(t *testing.T) {
	t.Parallel()
	targets := []string{
		"", "backup:prepare", "backup:db", "backup:config", "backup:verify", "backup:list", "backup:restore", "backup:restoreDB", "backup:show", "config:show",
		"cpython:deps", "cpython:build", "cpython:install", "cpython:venvs", "host:check", "host:update", "host:docker", "host:compose", "host:daemon", "host:hello", "host:devcontainer", "host:network",
		"devcontainer:doctor", "devcontainer:state", "devcontainer:config", "devcontainer:network", "devcontainer:volumes", "devcontainer:permissions", "devcontainer:resources", "devcontainer:recover",
		"vm:check", "vm:fetch", "vm:up", "vm:status", "vm:snapshots", "vm:reload", "vm:provision",
		"ci:check", "ci:checkout", "ci:deps", "ci:env", "ci:unit", "ci:lint", "ci:build", "ci:artifacts", "ci:integration", "ci:audit", "ci:jobs",
	}
	for _, e := range load(t).Entries() {
		if !slices.Contains(targets, e.Next) {
			t.Errorf("%s: next target %q does not exist", e.ID, e.Next)
		}
	}
}

func TestNoPatternReachesFurtherThanASearchLooks(t *testing.T) {
	t.Parallel()
	for _, e := range load(t).Entries() {
		for _, p := range e.Patterns {
			if regexp.MustCompile(`\.[*+]`).MatchString(p) {
				t.Errorf("%s: .* and .+ have no bound, write .{0,n}?: %s", e.ID, p)
			}
		}
		for _, sample := range e.Samples {
			if len(sample) > 1000 {
				t.Errorf("%s: a sample of %d bytes", e.ID, len(sample))
			}
		}
	}
}
