package survey

import (
	"encoding/json"
	"io"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/verdict"
)

// Report is a judged machine.
type Report struct {
	Place    string
	State    verdict.State // the worst of the findings
	Took     time.Duration
	Findings Findings
}

// Report judges, and sums up.
func (f *Facts) Report(w Wants) Report {
	all := f.Judge(w)
	return Report{Place: f.Place, State: verdict.Worst(all), Took: f.Took, Findings: all}
}

// Err is nil when the machine can be a Docker host, warnings or not. Else its exit
// code says that a prerequisite is missing.
func (r Report) Err() error {
	return verdict.Err(r.Findings, fault.Missing, "check host "+r.Place+": it cannot run Docker", "en")
}

// MarshalJSON gives the names that readers of the JSON rely on.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Place    string        `json:"place"`
		State    verdict.State `json:"state"`
		Took     float64       `json:"duration_seconds"`
		Findings Findings      `json:"findings"`
	}{r.Place, r.State, r.Took.Seconds(), r.Findings})
}

// Write writes a table for people, in a language.
func (r Report) Write(w io.Writer, lang string) error {
	return verdict.WriteSum(w, r.Place, r.Findings, r.Took, lang)
}
