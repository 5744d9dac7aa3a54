package page_test

import (
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
)

func began() time.Time { return time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// job is one that ran from one second of the run to another.
func job(name string, lane int, ready, from, to float64, needs ...string) outcome.Job {
	component, stage, _ := strings.Cut(name, ":")
	stage, _, _ = strings.Cut(stage, ":")
	return outcome.Job{
		Name: name, Component: component, Stage: stage, State: outcome.Passed, Lane: lane, Needs: needs,
		Ready: began().Add(seconds(ready)), Start: began().Add(seconds(from)), Duration: seconds(to - from),
		Log: "logs/" + name + ".log", Commands: []string{"npm run " + stage},
	}
}

// failedRun is one of a project with two components, with something of everything.
func failedRun() outcome.Run {
	restored := func(name string, lane int, from float64, saved float64) outcome.Job {
		j := job(name, lane, from, from, from+0.06)
		j.State, j.Saved = outcome.Restored, seconds(saved)
		return j
	}
	blocked := func(name string, needs ...string) outcome.Job {
		return outcome.Job{Name: name, Component: "api", Stage: "build", State: outcome.Blocked, Needs: needs}
	}
	unit := job("api:unit", 1, 6.1, 6.1, 31.4, "api:deps", "api:env")
	unit.State, unit.Exit = outcome.Failed, 1
	unit.Why = "3 of 214 tests failed"
	unit.Commands = []string{"python -m pytest --junitxml=reports/junit.xml --cov=. --cov-report=xml"}
	unit.Advice = &outcome.Advice{
		Symptom: "C-014", Cause: "The database that the tests want does not answer: DATABASE_URL names the host db, which there is only inside of compose.",
		Fix: "Use DATABASE_URL=sqlite:///test.db for unit tests, or start the service:\ndocker compose up -d --wait db",
	}
	unit.Tail = "tests/test_calls.py::test_report_by_hour \x1b[31mFAILED\x1b[0m\ntests/test_calls.py::test_report_by_day \x1b[32mPASSED\x1b[0m\n" +
		"E   django.db.utils.OperationalError: could not translate host name \"db\" to address: Name or service not known\n" +
		strings.Repeat("    at line of a trace that is long enough to be broken over two lines on a narrow screen, as traces are\n", 8) +
		"\x1b[31m=== 3 failed, 209 passed, 2 skipped in 24.90s ===\x1b[0m"
	unit.Tests = apiTests()
	unit.Coverage = &coverage.Report{Lines: coverage.Count{Covered: 1712, All: 2250}, Branches: coverage.Count{Covered: 300, All: 450}, Files: []coverage.File{
		{Path: "api/calls/views.py", Lines: coverage.Count{Covered: 88, All: 310}},
		{Path: "api/calls/reports/monthly.py", Lines: coverage.Count{Covered: 12, All: 140}},
		{Path: "api/users/models.py", Lines: coverage.Count{Covered: 95, All: 101}},
	}}
	unit.Left = []string{"4711 python manage.py runserver 8000"}

	jest := job("ui:unit", 0, 8.2, 8.2, 22.7, "ui:deps")
	jest.Tests = uiTests()
	jest.Coverage = &coverage.Report{Lines: coverage.Count{Covered: 942, All: 1104}, Branches: coverage.Count{Covered: 211, All: 305}, Files: []coverage.File{
		{Path: "ui/src/components/Dashboard.jsx", Lines: coverage.Count{Covered: 40, All: 120}},
	}}
	eslint := job("ui:lint:eslint", 0, 8.2, 22.8, 27.1, "ui:deps")
	eslint.Known = 12
	eslint.Findings = []findings.Finding{
		{Tool: "eslint", Rule: "react-hooks/exhaustive-deps", Level: findings.Warning, Path: "ui/src/components/Dashboard.jsx", Line: 41, Column: 6, Message: "React Hook useEffect has a missing dependency: 'fetchCalls'."},
		{Tool: "eslint", Rule: "no-unused-vars", Level: findings.Error, Path: "ui/src/components/Dashboard.jsx", Line: 3, Column: 10, Message: "'useMemo' is defined but never used."},
		{Tool: "eslint", Rule: "no-console", Level: findings.Warning, Path: "ui/src/index.jsx", Line: 12, Column: 3, Message: "Unexpected console statement."},
	}
	flake := job("api:lint:flake8", 0, 6.1, 27.2, 29.0, "api:deps")
	flake.State, flake.Why, flake.Exit = outcome.Warned, "1 new finding", 1
	flake.Findings = []findings.Finding{{Tool: "flake8", Rule: "E501", Level: findings.Note, Path: "api/calls/views.py", Line: 77, Column: 121, Message: "line too long (134 > 120 characters)"}}
	build := job("ui:build", 0, 22.7, 29.1, 47.6, "ui:unit")
	artifacts := job("ui:artifacts", 0, 47.6, 47.6, 48.2, "ui:build")
	artifacts.Artifacts = []outcome.Artifact{
		{Name: "ui/dist", Kind: "directory", SizeBytes: 4_390_000, BeforeBytes: 4_120_000, BudgetBytes: 5_000_000, SHA256: strings.Repeat("9f", 32)},
		{Name: "ui/dist/vendor.js", Kind: "file", SizeBytes: 1_750_000, BeforeBytes: 1_750_000, BudgetBytes: 1_500_000, SHA256: strings.Repeat("ab", 32)},
		{Name: "iact-ui:3f9c1d", Kind: "image", SizeBytes: 58_000_000, BeforeBytes: 61_000_000, Digest: "sha256:" + strings.Repeat("c4", 32)},
	}
	jobs := []outcome.Job{
		restored("api:env", 0, 0, 0.4), restored("ui:env", 1, 0, 0.3), job("ui:deps", 0, 0, 0.1, 8.2), job("api:deps", 1, 0, 0.1, 6.1), unit, jest, eslint, flake, build,
		blocked("api:build", "api:unit"), blocked("api:artifacts", "api:build"), artifacts,
	}
	return outcome.Run{
		ID: "20260314T093000Z-devbox-k3v9", Project: "IACT", Commit: "3f9c1d0a7be24c55a1f0d9e2b4c8a6f7e1d2c3b4", Branch: "feature/llamadas-por-hora", Dirty: true,
		Host: "devbox", Cores: 2, Start: began(), Duration: seconds(48.4), Jobs: jobs,
		Coverage:   &coverage.Report{Lines: coverage.Count{Covered: 2654, All: 3354}, Branches: coverage.Count{Covered: 511, All: 755}, Files: append(unit.Coverage.Files, jest.Coverage.Files...)},
		Thresholds: map[string]float64{"api": 80, "ui": 70},
		Earlier:    history(12),
	}
}

func apiTests() *junit.Report {
	trace := "    def test_report_by_hour(self):\n>       report = by_hour(date(2026, 3, 14))\n\ntests/test_calls.py:58:\n_ _ _ _\ncalls/reports.py:31: in by_hour\n    rows = Call.objects.filter(at__date=day)\nE   django.db.utils.OperationalError: could not translate host name \"db\""
	r := junit.Report{Passed: 209, Failed: 3, Skipped: 2, Flaky: 1, Duration: seconds(24.9)}
	for i, name := range []string{"test_report_by_hour", "test_report_by_week", "test_export_as_csv"} {
		r.Cases = append(r.Cases, junit.Case{Class: "tests.test_calls", Name: name, File: "api/tests/test_calls.py", Line: 58 + 9*i, State: junit.Failed, Duration: seconds(1.2), Message: "django.db.utils.OperationalError: could not translate host name \"db\" to address", Detail: trace})
	}
	r.Cases = append(r.Cases, junit.Case{Class: "tests.test_queue", Name: "test_two_agents_take_one_call", State: junit.Flaky, Attempts: 2, Duration: seconds(3.1)})
	for i := range 208 {
		r.Cases = append(r.Cases, junit.Case{Class: "tests.test_users", Name: fmt.Sprintf("test_user_%d", i), State: junit.Passed, Duration: time.Duration(i) * 7 * time.Millisecond})
	}
	return &r
}

func uiTests() *junit.Report {
	r := junit.Report{Passed: 88, Duration: seconds(11.2)}
	for i := range 88 {
		r.Cases = append(r.Cases, junit.Case{Class: "Dashboard", Name: fmt.Sprintf("shows the calls of hour %d", i), State: junit.Passed, Duration: time.Duration(i*i) * 300 * time.Microsecond})
	}
	return &r
}

// history is some runs before, one of them failed.
func history(n int) []outcome.Earlier {
	var runs []outcome.Earlier
	for i := range n {
		e := outcome.Earlier{
			ID: fmt.Sprintf("20260313T%02d0000Z-devbox-aaaa", i), Start: began().Add(time.Duration(i-n) * 2 * time.Hour), Jobs: 12,
			Duration: seconds(60 - 2*float64(i%7) + float64(i%3)*5), Lines: 74 + float64(i)*0.4,
			Sizes: map[string]int64{"ui/dist": int64(3_900_000 + 20_000*i), "iact-ui:3f9c1d": int64(61_000_000 - i*90_000)},
		}
		if i == n/2 {
			e.Failed = 1
		}
		runs = append(runs, e)
	}
	return runs
}

// restoredRun is the same project when all is well, and nothing has to be run again.
func restoredRun() outcome.Run {
	run := failedRun()
	run.Jobs = nil
	for i, name := range []string{"ui:deps", "api:deps", "ui:env", "api:env", "ui:unit", "api:unit", "ui:lint:eslint", "api:lint:flake8", "ui:build", "api:build"} {
		j := job(name, i%2, float64(i)*0.03, float64(i)*0.03, float64(i)*0.03+0.03)
		j.State, j.Saved = outcome.Restored, seconds(3+4*float64(i%5))
		run.Jobs = append(run.Jobs, j)
	}
	run.Duration, run.Dirty = seconds(0.34), false
	return run
}
