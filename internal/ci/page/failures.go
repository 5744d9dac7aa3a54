package page

import (
	"net/url"
	"path"
	"strings"

	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/report"
)

// failure is a job that failed, and what helps to mend it.
type failure struct {
	Name     string
	State    outcome.State
	Word     string
	First    bool
	Open     bool
	Why      string
	After    string
	Advice   *advice
	Commands []string
	Tests    []string
	Tail     string
	Log      string
}

type advice struct{ Symptom, Cause, Fix string }

// The bounds of the failures: those beyond are in the table of jobs.
const (
	mostFailures = 50
	openFailures = 3
	tailBytes    = 12 << 10
	failureBytes = 500 << 10
)

func (m maker) failures() (shown []failure, blocked, cancelled []string) {
	room := budget{failureBytes}
	for i, j := range m.failed() {
		if i == mostFailures {
			break
		}
		f := failure{
			Name: m.line(j.Name, 100), State: j.State, Word: m.of("state." + string(j.State)),
			First: i == 0 && j.State == outcome.Failed, Open: i < openFailures,
			Why: m.line(j.Why, 500), After: m.of("failed.after", report.Duration(j.Duration)), Log: m.link(j.Log),
		}
		if j.Exit != 0 {
			f.After = m.of("failed.exit", report.Duration(j.Duration), j.Exit)
		}
		if a := j.Advice; a != nil {
			f.Advice = &advice{m.line(a.Symptom, 60), m.head(a.Cause, 2000), m.head(a.Fix, 2000)}
		}
		for _, line := range j.Commands[:min(len(j.Commands), 10)] {
			f.Commands = append(f.Commands, m.line(line, 500))
		}
		f.Tests = m.failedTests(j.Tests, 5)
		if tail := m.tail(j.Tail, tailBytes); room.takes(tail) {
			f.Tail = tail
		}
		shown = append(shown, f)
	}
	return shown, m.inState(outcome.Blocked), m.inState(outcome.Cancelled)
}

func (m maker) failedTests(tests *junit.Report, most int) []string {
	var names []string
	if tests == nil {
		return nil
	}
	for _, c := range tests.Cases {
		if c.State == junit.Failed || c.State == junit.Errored {
			if names = append(names, m.testName(c)); len(names) == most {
				break
			}
		}
	}
	return names
}

// link is the address of a file beside the page, or nothing: a path that leaves
// the page's directory is not linked.
func (m maker) link(file string) string {
	file = path.Clean(strings.ReplaceAll(m.line(file, 300), `\`, "/"))
	if file == "." || path.IsAbs(file) || file == ".." || strings.HasPrefix(file, "../") {
		return ""
	}
	return "./" + (&url.URL{Path: file}).EscapedPath()
}
