package page

import (
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/ci/junit"
	"iact-infra/internal/report"
)

// testsView is what the tests of all jobs said.
type testsView struct {
	All     int
	Note    string
	State   string
	Jobs    []testCounts
	Failed  []testRow
	More    string // failed tests that are not shown
	Flaky   []testRow
	Slowest []testRow
}

type testCounts struct {
	Job                            string
	Passed, Failed, Skipped, Flaky int
	Time                           string
}

type testRow struct {
	Job, Name, File, Message, Detail string
	Time                             string
	Attempts                         string
	Share                            string // of the time of the slowest
	Open                             bool
}

// The bounds of the tests.
const (
	testBytes   = 500 << 10
	detailBytes = 6 << 10
	mostFlaky   = 50
	mostSlow    = 10
	openTests   = 1
)

// jobCase is a test with the job that ran it.
type jobCase struct {
	job string
	junit.Case
}

func (m maker) tests() *testsView {
	var v testsView
	var failed, flaky, slow []jobCase
	var fell, skipped, unsteady int
	for _, j := range m.run.Jobs {
		t := j.Tests
		if t == nil {
			continue
		}
		name := m.line(j.Name, 100)
		v.Jobs = append(v.Jobs, testCounts{name, t.Passed, t.Failed, t.Skipped, t.Flaky, report.Duration(t.Duration)})
		v.All += t.Passed + t.Failed + t.Skipped
		fell, skipped, unsteady = fell+t.Failed, skipped+t.Skipped, unsteady+t.Flaky
		for _, c := range t.Cases {
			one := jobCase{name, c}
			slow = slowest(slow, one)
			switch c.State {
			case junit.Failed, junit.Errored:
				failed = append(failed, one)
			case junit.Flaky:
				flaky = append(flaky, one)
			}
		}
	}
	if len(v.Jobs) == 0 {
		return nil
	}
	v.Jobs = v.Jobs[:min(len(v.Jobs), mostJobs)]
	v.Note, v.State = m.testNote(fell, skipped, unsteady)
	m.failedRows(&v, failed)
	for _, c := range flaky[:min(len(flaky), mostFlaky)] {
		row := m.testRow(c)
		if c.Attempts > 1 {
			row.Attempts = m.number("n.attempts", c.Attempts)
		}
		v.Flaky = append(v.Flaky, row)
	}
	for _, c := range slow {
		row := m.testRow(c)
		row.Share = percent(100 * float64(c.Duration) / float64(slow[0].Duration))
		v.Slowest = append(v.Slowest, row)
	}
	return &v
}

// slowest puts a test among the slowest so far, if it is one of them.
func slowest(slow []jobCase, c jobCase) []jobCase {
	if c.Duration <= 0 || len(slow) == mostSlow && c.Duration <= slow[mostSlow-1].Duration {
		return slow
	}
	at, _ := slices.BinarySearchFunc(slow, c, func(a, b jobCase) int {
		// Behind those that took as long.
		if a.Duration >= b.Duration {
			return -1
		}
		return 1
	})
	slow = slices.Insert(slow, at, c)
	return slow[:min(len(slow), mostSlow)]
}

// testNote says what is not well with the tests, the worst first.
func (m maker) testNote(failed, skipped, flaky int) (note, state string) {
	var parts []string
	state = "passed"
	if flaky > 0 {
		parts, state = append(parts, m.number("n.flaky", flaky)), "warned"
	}
	if failed > 0 {
		parts, state = append([]string{m.number("n.failed", failed)}, parts...), "failed"
	}
	if skipped > 0 {
		parts = append(parts, m.number("n.skipped", skipped))
	}
	return strings.Join(parts, " · "), state
}

// failedRows fills in the failed tests while there is room: at first with their
// traces, then without.
func (m maker) failedRows(v *testsView, failed []jobCase) {
	room := budget{testBytes}
	traces := budget{testBytes * 3 / 5}
	for i, c := range failed {
		row := m.testRow(c)
		row.Open = i < openTests
		row.Message = m.line(c.Message, 1000)
		if traces.left > 0 {
			if detail := m.head(c.Detail, detailBytes); traces.takes(detail) {
				row.Detail = detail
			}
		}
		if !room.takes(row.Job, row.Name, row.File, row.Message, row.Detail) {
			v.More = m.number("n.more", len(failed)-i)
			return
		}
		v.Failed = append(v.Failed, row)
	}
}

func (m maker) testRow(c jobCase) testRow {
	row := testRow{Job: c.job, Name: m.testName(c.Case), File: m.line(c.File, 300), Time: report.Duration(c.Duration)}
	if row.File != "" && c.Line > 0 {
		row.File += ":" + strconv.Itoa(c.Line)
	}
	return row
}

// testName is the test with what it belongs to, unless its name says so already.
func (m maker) testName(c junit.Case) string {
	name, class := m.line(c.Name, 300), m.line(c.Class, 200)
	if class == "" || strings.Contains(name, class) {
		return name
	}
	return class + " › " + name
}
