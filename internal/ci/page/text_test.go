package page_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
)

func terminal(t *testing.T, run outcome.Run, lang string) string {
	t.Helper()
	var out bytes.Buffer
	if err := page.Text(&out, run, page.Options{Lang: lang}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTheTerminalShowsATableOfJobsAndWhatFailed(t *testing.T) {
	t.Parallel()
	got := terminal(t, failedRun(), "en")
	for _, want := range []string{
		"Job              State         Time   Saved  Tests\n",
		"api:env          from cache   60 ms  340 ms\n",
		"api:unit         failed      25.3 s          3/212\n",
		"failed: api:unit: 3 of 214 tests failed\n  Cause: The database",
		"    docker compose up -d --wait db\n",
		"  api:unit: tests.test_calls › test_report_by_hour\n",
		"\nThe pipeline failed: 12 jobs · 1 failed",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the terminal does not show %q:\n%s", want, got)
		}
	}
}

func TestColumnsStandBelowEachOtherWhateverTheAlphabet(t *testing.T) {
	t.Parallel()
	wide, thin := job("界面:unit", 0, 0, 0, 61), job("ñandú:unit", 1, 0, 0, 1)
	got := terminal(t, outcome.Run{Duration: seconds(61), Jobs: []outcome.Job{wide, thin}}, "es")
	table, _, _ := strings.Cut(got, "\n\n")
	widths := map[int]bool{}
	for line := range strings.Lines(table) {
		widths[uniseg.StringWidth(strings.TrimSuffix(line, "\n"))] = true
	}
	if len(widths) != 1 || strings.Contains(table, "Ahorro") || strings.Contains(table, "Pruebas") {
		t.Errorf("the table is not aligned, or has empty columns:\n%s", table)
	}
}

func TestAnEmptyRunIsOneLine(t *testing.T) {
	t.Parallel()
	if got := terminal(t, outcome.Run{}, "en"); got != "No job was run: No component has jobs for the stages that were asked for.\n" {
		t.Errorf("the terminal shows %q", got)
	}
}

func TestOnlySomeOfManyFailedTestsGoToTheTerminal(t *testing.T) {
	t.Parallel()
	got := terminal(t, largeRun(500), "en")
	if n := strings.Count(got, "AssertionError"); n != 10 || !strings.Contains(got, "There are 490 more, which are not shown.") {
		t.Errorf("%d failed tests are shown:\n%.2000s", n, got)
	}
}

func markdown(t *testing.T, run outcome.Run, lang string) string {
	t.Helper()
	var out bytes.Buffer
	if err := page.Summary(&out, run, page.Options{Lang: lang}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestASummaryBeginsWithTheResult(t *testing.T) {
	t.Parallel()
	got := markdown(t, failedRun(), "es")
	want := "## ❌ El pipeline falló\n\n12 trabajos · 1 falló · 2 no pudieron ejecutarse · 1 aviso · 2 de la caché  \nDuración **48.4 s** (antes 1 min 2 s) · Pruebas **302**"
	if !strings.HasPrefix(got, want) {
		t.Errorf("the summary begins with %.400q, want %q", got, want)
	}
	for _, want := range []string{"- ❌ **api:unit**: 3 of 214", "| api:env | ♻️ de la caché | 60 ms | 340 ms |  |", "<details><summary>❌ tests.test&#95;calls › test&#95;report&#95;by&#95;hour</summary>", "| api | ❌ **76.0 %** | 80 % | 66.6 % |", "- ⚠️ tests.test&#95;queue"} {
		if !strings.Contains(got, want) {
			t.Errorf("the summary does not hold %q", want)
		}
	}
}

func TestTablesAndFoldsOfASummaryStayWholeWithHostileNames(t *testing.T) {
	t.Parallel()
	run := failedRun()
	for i := range run.Jobs {
		run.Jobs[i].Name += " | `x` </details> |\n| y"
		run.Jobs[i].Tail += "\n```\n````\n</details>"
	}
	got := unfenced(markdown(t, run, "en"))
	if opened, closed := strings.Count(got, "<details>"), strings.Count(got, "</details>"); opened != closed || opened == 0 {
		t.Errorf("%d folds are opened and %d closed:\n%s", opened, closed, got)
	}
	cells := 0
	for line := range strings.Lines(got) {
		if !strings.HasPrefix(line, "| ") {
			cells = 0
			continue
		}
		if n := strings.Count(line, "|"); cells == 0 {
			cells = n
		} else if n != cells {
			t.Errorf("a row has %d bars below a head of %d: %s", n, cells, line)
		}
	}
}

func TestASummaryThatIsTooLongSaysThatThereIsMore(t *testing.T) {
	t.Parallel()
	run := failedRun()
	for i := range 60 {
		j := run.Jobs[4]
		j.Name = fmt.Sprintf("c%d:unit", i)
		j.Tail = strings.Repeat("a long line of a log\n", 2000)
		run.Jobs = append(run.Jobs, j)
	}
	run.Jobs[4].Tests = largeRun(5000).Jobs[4].Tests
	got := markdown(t, run, "en")
	if len(got) > 1<<20 || !strings.Contains(got, "does not fit into a summary") {
		t.Errorf("the summary of %d bytes does not say what it leaves out", len(got))
	}
}
