// Package outcome is what a run of the pipeline has to tell: for each job how it
// ended, when, and what its reports said. The page, the job summary, the
// annotations and the JUnit file are all made from it, and it is kept as JSON
// beside the logs, so that later runs can compare themselves with it.
package outcome

import (
	"time"

	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/junit"
)

// State is how a job ended.
type State string

// The states of a job.
const (
	Passed    State = "passed"
	Restored  State = "restored"  // from the cache: nothing that it depends on has changed
	Failed    State = "failed"    // its program failed, or what it had to prove did not hold
	Warned    State = "warned"    // failed, and optional
	Blocked   State = "blocked"   // not run: what it needs has failed
	Cancelled State = "cancelled" // the run was stopped
)

// Run is one run of the pipeline.
type Run struct {
	ID       string        `json:"id"`
	Project  string        `json:"project"`
	Commit   string        `json:"commit,omitempty"`
	Branch   string        `json:"branch,omitempty"`
	Dirty    bool          `json:"dirty,omitempty"`
	Host     string        `json:"host"`
	Cores    int           `json:"cores"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
	Jobs     []Job         `json:"jobs"` // in the order in which they began
	// Coverage is what the jobs measured, merged over the components.
	Coverage *coverage.Report `json:"coverage,omitempty"`
	// Thresholds are the percent of lines that tests have to reach, by component.
	Thresholds map[string]float64 `json:"thresholds_percent,omitempty"`
	Earlier    []Earlier          `json:"earlier,omitempty"` // runs before it, the newest last
}

// Earlier is what is remembered of a run before.
type Earlier struct {
	ID       string           `json:"id"`
	Start    time.Time        `json:"start"`
	Duration time.Duration    `json:"duration_ns"`
	Jobs     int              `json:"jobs"`
	Failed   int              `json:"failed"`
	Restored int              `json:"restored"`
	Lines    float64          `json:"lines_percent"`         // below 0: nothing was measured
	Sizes    map[string]int64 `json:"sizes_bytes,omitempty"` // of artefacts, by name
}

// Job is how one job went.
type Job struct {
	Name      string             `json:"name"` // "ui:unit"
	Component string             `json:"component"`
	Stage     string             `json:"stage"`
	State     State              `json:"state"`
	Why       string             `json:"why,omitempty"`   // of a failure, in one line
	Needs     []string           `json:"needs,omitempty"` // names of jobs that had to end well before
	Ready     time.Time          `json:"ready,omitzero"`  // when these had ended: from then to Start it waited for a slot
	Note      string             `json:"note,omitempty"`  // what is no failure and worth knowing
	Start     time.Time          `json:"start"`
	Duration  time.Duration      `json:"duration_ns"`
	Saved     time.Duration      `json:"saved_ns,omitempty"` // what a restored job had taken
	Lane      int                `json:"lane"`               // which of the slots ran it, from 0
	Exit      int                `json:"exit"`
	Commands  []string           `json:"commands,omitempty"` // as typed, secrets masked
	Log       string             `json:"log,omitempty"`      // a file beside the page
	Tail      string             `json:"tail,omitempty"`     // the end of the log of a failed job
	Advice    *Advice            `json:"advice,omitempty"`
	Tests     *junit.Report      `json:"tests,omitempty"`
	Coverage  *coverage.Report   `json:"coverage,omitempty"`
	Findings  []findings.Finding `json:"findings,omitempty"`
	Known     int                `json:"known,omitempty"` // findings that the baseline has already
	Artifacts []Artifact         `json:"artifacts,omitempty"`
	Left      []string           `json:"left,omitempty"` // processes that it left behind, which were ended
}

// Advice is a symptom that explains a failure.
type Advice struct {
	Symptom string `json:"symptom"`
	Cause   string `json:"cause"`
	Fix     string `json:"fix"`
}

// Artifact is a file or directory that a job made for use elsewhere.
type Artifact struct {
	Name      string `json:"name"` // path below the project, or the image's name
	Kind      string `json:"kind"` // file, directory or image
	SizeBytes int64  `json:"size_bytes"`
	// Before is the size in the run before, 0 where there was none.
	BeforeBytes int64  `json:"before_bytes,omitempty"`
	BudgetBytes int64  `json:"budget_bytes,omitempty"`
	SHA256      string `json:"sha256,omitempty"`
	Digest      string `json:"digest,omitempty"` // of an image
}
