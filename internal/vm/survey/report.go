package survey

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// Report is a judged host.
type Report struct {
	Provider string
	State    State // the worst of the findings
	Took     time.Duration
	Findings []Finding
}

// Report judges, and sums up.
func (f *Facts) Report(w Wants) Report {
	r := Report{Provider: w.Provider, State: OK, Took: f.Took, Findings: f.Judge(w)}
	for _, state := range []State{Warn, Fail} {
		if r.count(state) > 0 {
			r.State = state
		}
	}
	return r
}

func (r Report) count(s State) int {
	n := 0
	for _, f := range r.Findings {
		if f.State == s {
			n++
		}
	}
	return n
}

// Err is nil when the host can run the machines, warnings or not. Else its exit
// code says that a prerequisite is missing.
func (r Report) Err(lang string) error {
	var codes, fixes []string
	for _, f := range r.Findings {
		if f.State == Fail {
			codes = append(codes, f.Code)
			fixes = append(fixes, f.Fix.In(lang))
		}
	}
	if len(codes) == 0 {
		return nil
	}
	return fault.New(fault.Missing, strings.Join(fixes, "; "), fmt.Errorf("check host: it cannot run the machines: %s", strings.Join(codes, ", ")))
}

// MarshalJSON gives the names that readers of the JSON rely on.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Provider string    `json:"provider"`
		State    State     `json:"state"`
		Took     float64   `json:"duration_seconds"`
		Findings []Finding `json:"findings"`
	}{r.Provider, r.State, r.Took.Seconds(), r.Findings})
}

// Write writes a table for people, in a language: one row for each finding, and
// under what is not well its cause and what to do.
func (r Report) Write(w io.Writer, lang string) error {
	cause, fix, total := "cause", "fix", "%s: %s (%d ok, %d warnings, %d failures; %s)\n"
	if lang == "es" {
		cause, fix, total = "causa", "remedio", "%s: %s (%d bien, %d avisos, %d fallos; %s)\n"
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range r.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.State, f.Code, f.Title.In(lang), report.Clean(f.Seen))
		if f.State != OK {
			fmt.Fprintf(table, "\t\t  %s\t%s\n\t\t  %s\t%s\n", cause, report.Clean(f.Cause.In(lang)), fix, report.Clean(f.Fix.In(lang)))
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	if _, err := fmt.Fprintf(w, total, r.Provider, r.State, r.count(OK), r.count(Warn), r.count(Fail), report.Duration(r.Took)); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}
