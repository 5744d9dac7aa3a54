package page_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
)

// largeRun has as many tests and findings as a large project; the share of its
// tests that failed has traces of many characters that HTML writes longer.
func largeRun(failed int) outcome.Run {
	run := failedRun()
	tests := junit.Report{Passed: 10_000 - failed, Failed: failed, Duration: seconds(300)}
	for i := range 10_000 {
		c := junit.Case{Class: fmt.Sprintf("tests.test_module_%d.TestCase", i/50), Name: fmt.Sprintf("test_that_number_%d_holds", i), State: junit.Passed, Duration: seconds(0.03)}
		if i < failed {
			c.State, c.Message, c.Detail = junit.Failed, "AssertionError: expected <1>", strings.Repeat("  at <anonymous> (\"src/x.js\":1)\n", 300)
		}
		tests.Cases = append(tests.Cases, c)
	}
	run.Jobs[4].Tests = &tests
	run.Jobs[4].Tail = strings.Repeat(`<"&'> a line of a log`+"\n", 20_000)
	for i := range 5_000 {
		run.Jobs[6].Findings = append(run.Jobs[6].Findings, findings.Finding{Tool: "eslint", Rule: "no-unused-vars", Level: findings.Warning, Path: fmt.Sprintf("ui/src/file%d.jsx", i/20), Line: i % 20, Message: fmt.Sprintf("'name%d' is defined but never used.", i)})
	}
	return run
}

func TestALargeRunMakesAPageOfTwoMegabytesAtMost(t *testing.T) {
	t.Parallel()
	for _, failed := range []int{0, 40, 10_000} {
		run := largeRun(failed)
		for range failed / 2_000 {
			run.Jobs = append(run.Jobs, run.Jobs[4])
		}
		out, root := made(t, run, page.Options{Lang: "en"})
		if len(out) > 2_000_000 {
			t.Errorf("with %d failed tests the page has %d bytes", failed, len(out))
		}
		if got := text(byID(t, root, "findings")); !strings.Contains(got, "more, which are not shown") || !strings.Contains(got, "5004 new findings") && failed == 0 {
			t.Errorf("the findings do not say that there are more: %.300s", got)
		}
		if got := text(byID(t, root, "tests")); failed == 10_000 && !strings.Contains(got, "more, which are not shown") {
			t.Errorf("the tests do not say that there are more: %.300s", got)
		}
		var summary bytes.Buffer
		if err := page.Summary(&summary, run, page.Options{}); err != nil {
			t.Fatal(err)
		}
		if summary.Len() > 1<<20 {
			t.Errorf("with %d failed tests the summary has %d bytes", failed, summary.Len())
		}
	}
}

func BenchmarkPage(b *testing.B) {
	run := largeRun(200)
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		if err := page.Write(&out, run, page.Options{Lang: "es"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(out.Len()), "page-bytes")
}
