package survey

import (
	"encoding/json"
	"io"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/verdict"
)

// Report is a judged host.
type Report struct {
	Provider string
	State    verdict.State // the worst of the findings
	Took     time.Duration
	Findings []verdict.Finding
}

// Report judges, and sums up.
func (f *Facts) Report(w Wants) Report {
	all := f.Judge(w)
	return Report{Provider: w.Provider, State: verdict.Worst(all), Took: f.Took, Findings: all}
}

// Err is nil when the host can run the machines, warnings or not. Else its exit
// code says that a prerequisite is missing.
func (r Report) Err(lang string) error {
	return verdict.Err(r.Findings, fault.Missing, "check host: it cannot run the machines", lang)
}

// MarshalJSON gives the names that readers of the JSON rely on.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Provider string            `json:"provider"`
		State    verdict.State     `json:"state"`
		Took     float64           `json:"duration_seconds"`
		Findings []verdict.Finding `json:"findings"`
	}{r.Provider, r.State, r.Took.Seconds(), r.Findings})
}

// Write writes a table for people, in a language.
func (r Report) Write(w io.Writer, lang string) error {
	return verdict.WriteSum(w, r.Provider, r.Findings, r.Took, lang)
}
