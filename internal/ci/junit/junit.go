// Package junit reads and writes JUnit XML as Jest, pytest and others write it. It
// also reads what Jest and `go test` write without a plugin: Jest's --json, and
// the events of go test -json.
//
// There is no standard for it: each program has its own attributes, counts in its
// own way and copies into it what the tests printed. So a report is made from the
// tests that stand in it and from nothing else, attempts at one test become one
// flaky test, and a report without a test is a failure. What is read is bounded,
// however much a test has printed.
package junit

import "time"

// Report is the tests of one job.
type Report struct {
	Cases    []Case        `json:"cases,omitempty"`
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Skipped  int           `json:"skipped"`
	Flaky    int           `json:"flaky"` // among the passed: failed first, then passed
	Duration time.Duration `json:"duration_ns"`
}

// Case is one test.
type Case struct {
	Suite    string        `json:"suite,omitempty"`
	Class    string        `json:"class,omitempty"`
	Name     string        `json:"name"`
	File     string        `json:"file,omitempty"` // below the project, where it is known
	Line     int           `json:"line,omitempty"`
	Duration time.Duration `json:"duration_ns"`
	State    State         `json:"state"`
	Message  string        `json:"message,omitempty"` // of a failure or a skip, in one line
	Detail   string        `json:"detail,omitempty"`  // the trace
	Attempts int           `json:"attempts,omitempty"`
}

// State is how a test ended.
type State string

// The states of a test.
const (
	Passed  State = "passed"
	Failed  State = "failed"
	Errored State = "errored"
	Skipped State = "skipped"
	Flaky   State = "flaky"
)
