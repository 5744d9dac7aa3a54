package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
)

func TestTheHeadSaysHowTheRunEnded(t *testing.T) {
	t.Parallel()
	with := func(states ...outcome.State) outcome.Run {
		var run outcome.Run
		for i, s := range states {
			j := job("ui:unit", 0, 0, float64(i), float64(i+1))
			j.State = s
			run.Jobs = append(run.Jobs, j)
		}
		return run
	}
	for _, c := range []struct {
		name, lang    string
		run           outcome.Run
		headline, sub string
	}{
		{"all passed", "en", with(outcome.Passed, outcome.Restored), "The pipeline passed", "2 jobs · 1 from the cache"},
		{"all restored", "es", restoredRun(), "El pipeline pasó", "Nada ha cambiado: todo vino de la caché."},
		{"a warning is no failure", "en", with(outcome.Warned), "The pipeline passed", "1 job · 1 warning"},
		{"failed", "es", failedRun(), "El pipeline falló", "12 trabajos · 1 falló · 2 no pudieron ejecutarse · 1 aviso · 2 de la caché"},
		{"stopped", "en", with(outcome.Passed, outcome.Cancelled), "The pipeline was stopped", "2 jobs · 1 stopped"},
		{"empty", "es", outcome.Run{}, "No se ejecutó ningún trabajo", "Ningún componente tiene trabajos para las etapas pedidas."},
		{"a language that there is not", "fr", with(outcome.Passed), "The pipeline passed", "1 job"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, root := made(t, c.run, page.Options{Lang: c.lang})
			if got := texts(find(root, "h1")); len(got) != 1 || got[0] != c.headline {
				t.Errorf("the headline is %q, want %q", got, c.headline)
			}
			if got := text(find(root, "p.sub")[0]); got != c.sub {
				t.Errorf("below it stands %q, want %q", got, c.sub)
			}
		})
	}
}

func TestTheHeadNamesWhatWasBuilt(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	want := []string{"Branch feature/llamadas-por-hora", "Commit 3f9c1d0a7b with changes that are not committed", "Started 2026-03-14 09:30 UTC", "Host devbox 2 cores", "Run 20260314T093000Z-devbox-k3v9"}
	var got []string
	for _, line := range find(find(root, "dl.facts")[0], "div") {
		got = append(got, text(line))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the facts are %q, want %q", got, want)
	}
}

func TestWhatFailedFirstStandsFirstWithItsCauseAndTheEndOfItsLog(t *testing.T) {
	t.Parallel()
	run := failedRun()
	early := job("ui:deps:extra", 0, 0, 0, 2)
	early.State, early.Why, early.Tail, early.Log = outcome.Failed, "npm says no", "line 1\nnpm ERR! code EUSAGE", "../../etc/passwd"
	run.Jobs = append(run.Jobs, early)
	_, root := made(t, run, page.Options{Lang: "en"})
	failures := find(byID(t, root, "failures"), "details")
	var names []string
	for _, f := range failures {
		names = append(names, text(find(f, "strong")[0]))
	}
	if want := []string{"ui:deps:extra", "api:unit", "api:lint:flake8"}; !slices.Equal(names, want) {
		t.Fatalf("these failed, in this order: %q, want %q", names, want)
	}
	if got := text(failures[0]); !strings.Contains(got, "failed first") || !strings.Contains(got, "npm ERR! code EUSAGE") {
		t.Errorf("the first failure says %q", got)
	}
	if links := find(failures[0], "a"); len(links) != 0 {
		t.Errorf("a log outside of the page's directory is linked: %s", attribute(links[0], "href"))
	}
	second := text(failures[1])
	for _, want := range []string{"3 of 214 tests failed", "Cause The database", "Fix Use DATABASE_URL=sqlite", "Symptom C-014", "=== 3 failed, 209 passed", "exit code 1"} {
		if !strings.Contains(second, want) {
			t.Errorf("the second failure does not say %q: %s", want, second)
		}
	}
	if got := attribute(find(failures[1], "a")[0], "href"); got != "./logs/api:unit.log" {
		t.Errorf("the log is at %q", got)
	}
	if got := text(byID(t, root, "failures")); !strings.Contains(got, "Not run, as they need what failed: api:build, api:artifacts") {
		t.Errorf("what could not run is not named: %s", got)
	}
}

func TestThePageNeedsNothingButItself(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	for _, tag := range []string{"script", "iframe", "object", "base", "form"} {
		if found := find(root, tag); len(found) > 0 {
			t.Errorf("there is a <%s>", tag)
		}
	}
	style := find(root, "style")[0].FirstChild.Data
	hash := sha256.Sum256([]byte(style))
	policy := ""
	for _, meta := range find(root, "meta") {
		if attribute(meta, "http-equiv") == "Content-Security-Policy" {
			policy = attribute(meta, "content")
		}
	}
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'") {
		t.Errorf("the policy %q does not fit the style", policy)
	}
	ids := map[string]bool{}
	for n := range root.Descendants() {
		if id := attribute(n, "id"); n.Type == html.ElementNode && id != "" {
			if ids[id] {
				t.Errorf("two elements have the id %s", id)
			}
			ids[id] = true
		}
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			address := a.Key == "href" || a.Key == "src"
			switch target, inside := strings.CutPrefix(a.Val, "#"); {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s> has %s=%q, which the policy refuses", n.Data, a.Key, a.Val)
			case address && inside && !ids[target], a.Key == "aria-labelledby" && !ids[a.Val]:
				t.Errorf("%s=%q leads nowhere", a.Key, a.Val)
			case address && !inside && !strings.HasPrefix(a.Val, "./") && a.Val != "data:,":
				t.Errorf("%s=%q leads out of the page's directory", a.Key, a.Val)
			}
		}
	}
}

func TestEveryTableAndPictureSpeaksToWhoCannotSee(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "es"})
	if got := attribute(find(root, "html")[0], "lang"); got != "es" {
		t.Errorf("the language is %q", got)
	}
	tables := find(root, "table")
	if len(tables) < 6 {
		t.Errorf("there are %d tables", len(tables))
	}
	for _, table := range tables {
		heads := find(find(table, "thead")[0], "th")
		for _, row := range find(find(table, "tbody")[0], "tr") {
			if cells := len(find(row, "td")) + len(find(row, "th")); cells > len(heads)+1 || cells == 0 {
				t.Errorf("a row of %d cells stands below %d heads: %s", cells, len(heads), text(row))
			}
		}
		for _, head := range find(table, "th") {
			if attribute(head, "scope") == "" {
				t.Errorf("the head %q has no scope", text(head))
			}
		}
	}
	for _, svg := range find(root, "svg") {
		if attribute(svg, "role") == "img" && attribute(svg, "aria-label") == "" {
			t.Error("a picture has no words")
		}
	}
	level := 0
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			next := int(n.Data[1] - '0')
			if next > level+1 {
				t.Errorf("%q is a heading of level %d below level %d", text(n), next, level)
			}
			level = next
		}
	}
}

func TestAnEmptyRunHasNoEmptySections(t *testing.T) {
	t.Parallel()
	_, root := made(t, outcome.Run{Start: time.Now()}, page.Options{Lang: "en"})
	for _, id := range []string{"failures", "timeline", "jobs", "tests", "coverage", "findings", "artifacts", "history", "left"} {
		if has(root, id) {
			t.Errorf("an empty run has the section %s", id)
		}
	}
}

func TestCoverageIsHeldAgainstItsThresholdAndNeverRoundedUp(t *testing.T) {
	t.Parallel()
	run := failedRun()
	run.Jobs[5].Coverage.Lines = coverage.Count{Covered: 99_999, All: 100_000}
	_, root := made(t, run, page.Options{Lang: "en"})
	rows := texts(find(find(byID(t, root, "coverage"), "tbody")[0], "tr"))
	want := []string{"api api:unit 76.0 % 80 % below the threshold 66.6 %", "ui ui:unit 99.9 % 70 % 69.1 %", "All 79.1 % – 67.6 %"}
	if !slices.Equal(rows, want) {
		t.Errorf("the coverage is %q, want %q", rows, want)
	}
	worst := texts(find(find(byID(t, root, "coverage"), "tbody")[1], "code"))
	if len(worst) != 4 || worst[0] != "api/calls/views.py" || worst[3] != "api/users/models.py" {
		t.Errorf("the worst files are %q", worst)
	}
}

func TestFindingsAreGroupedByFileWithErrorsFirst(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	section := byID(t, root, "findings")
	files := texts(find(section, "summary"))
	if want := []string{"ui/src/components/Dashboard.jsx 2", "api/calls/views.py 1", "ui/src/index.jsx 1"}; !slices.Equal(files, want) {
		t.Errorf("the files are %q, want %q", files, want)
	}
	if got := text(find(section, "tr")[1]); got != "3:10 error 'useMemo' is defined but never used. eslint no-unused-vars" {
		t.Errorf("the first finding is %q", got)
	}
	if got := text(find(section, "p")[0]); got != "4 new findings: eslint 3, flake8 1. The baseline knows 12 already." {
		t.Errorf("the findings begin with %q", got)
	}
}

func TestArtefactsAreHeldAgainstTheRunBeforeAndTheirBudget(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	rows := texts(find(find(byID(t, root, "artifacts"), "tbody")[0], "tr"))
	for i, want := range [][]string{{"ui/dist", "4.2 MiB", "+264 KiB (+6.6 %)", "88 % of the budget (4.8 MiB)"}, {"same", "117 % of the budget: over budget"}, {"image", "−2.9 MiB (−4.9 %)", "–"}} {
		for _, part := range want {
			if !strings.Contains(rows[i], part) {
				t.Errorf("row %d is %q, want it to say %q", i, rows[i], part)
			}
		}
	}
}

func TestHistoryNeedsARunBeforeAndEndsWithThisOne(t *testing.T) {
	t.Parallel()
	run := failedRun()
	_, root := made(t, run, page.Options{Lang: "en"})
	section := byID(t, root, "history")
	if got := texts(find(section, "figcaption")); len(got) != 4 || got[0] != "Duration 48.4 s" || got[1] != "Coverage 79.1 %" {
		t.Errorf("the charts are %q", got)
	}
	rows := texts(find(find(section, "tbody")[0], "tr"))
	if len(rows) != 13 || !strings.Contains(rows[0], "this one") || !strings.Contains(rows[0], "1 failed") || !strings.HasPrefix(rows[12], "2026-03-13") {
		t.Errorf("the runs are %q", rows)
	}
	run.Earlier = nil
	if _, root := made(t, run, page.Options{}); has(root, "history") {
		t.Error("a first run has a history")
	}
}

func TestProcessesThatStayedAreNamed(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	if got := text(find(byID(t, root, "left"), "dl")[0]); got != "api:unit 4711 python manage.py runserver 8000" {
		t.Errorf("what stayed behind is %q", got)
	}
}
