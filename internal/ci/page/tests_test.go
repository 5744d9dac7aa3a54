package page_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/page"
)

func TestTestsAreCountedAndThoseThatFailedToldWithTheirTrace(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	section := byID(t, root, "tests")
	counts := texts(find(find(section, "tbody")[0], "tr"))
	if want := []string{"api:unit 209 3 1 2 24.9 s", "ui:unit 88 0 0 0 11.2 s"}; !slices.Equal(counts, want) {
		t.Errorf("the counts are %q, want %q", counts, want)
	}
	failed := find(section, "details")
	if len(failed) != 3 {
		t.Fatalf("%d tests are told as failed, want 3", len(failed))
	}
	got := text(failed[0])
	for _, want := range []string{"tests.test_calls › test_report_by_hour", "OperationalError: could not translate", "calls/reports.py:31: in by_hour", "api:unit · api/tests/test_calls.py:58 · 1.2 s"} {
		if !strings.Contains(got, want) {
			t.Errorf("the first failed test does not say %q: %s", want, got)
		}
	}
}

func TestAFlakyTestIsNamedAndNoFailure(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "es"})
	list := find(byID(t, root, "tests"), "ul.flaky")
	if len(list) != 1 || text(list[0]) != "tests.test_queue › test_two_agents_take_one_call api:unit · 2 intentos" {
		t.Errorf("the flaky tests are %q", texts(list))
	}
}

func TestTheTenSlowestTestsAreThereTheSlowestFirst(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	var times []string
	for _, row := range find(find(byID(t, root, "tests"), "table.slow")[0], "td.figure") {
		times = append(times, text(row))
	}
	if want := []string{"3.1 s", "2.3 s", "2.2 s", "2.2 s", "2.1 s", "2.1 s", "2.0 s", "2.0 s", "1.9 s", "1.9 s"}; !slices.Equal(times, want) {
		t.Errorf("the slowest took %q, want %q", times, want)
	}
	fill := find(byID(t, root, "tests"), "rect.fill")
	if first, last := place(t, fill[0], "width"), place(t, fill[9], "width"); first != 100 || last < 55 || last > 65 {
		t.Errorf("their bars are %.1f and %.1f %% long", first, last)
	}
}
