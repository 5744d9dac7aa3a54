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

// Report is a judged machine.
type Report struct {
	Place    string
	State    State // the worst of the findings
	Took     time.Duration
	Findings []Finding
}

// Report judges, and sums up.
func (f *Facts) Report(w Wants) Report {
	r := Report{Place: f.Place, Took: f.Took, Findings: f.Judge(w)}
	r.State = Worst(r.Findings)
	return r
}

// Worst is the overall word: fail before warn before ok.
func Worst(all []Finding) State {
	worst := OK
	for _, f := range all {
		if f.State == Fail {
			return Fail
		}
		if f.State == Warn {
			worst = Warn
		}
	}
	return worst
}

// Count says how many findings are in a state.
func (r Report) Count(s State) int {
	n := 0
	for _, f := range r.Findings {
		if f.State == s {
			n++
		}
	}
	return n
}

// Err is nil when the machine can be a Docker host, warnings or not. Else its exit
// code says that a prerequisite is missing.
func (r Report) Err() error {
	if r.State != Fail {
		return nil
	}
	var codes, fixes []string
	for _, f := range r.Findings {
		if f.State == Fail {
			codes = append(codes, f.Code)
			fixes = append(fixes, f.Fix)
		}
	}
	return fault.New(fault.Missing, strings.Join(fixes, "; "),
		fmt.Errorf("check host %s: it cannot run Docker: %s", r.Place, list(codes)))
}

// MarshalJSON gives the names that readers of the JSON rely on.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Place    string    `json:"place"`
		State    State     `json:"state"`
		Took     float64   `json:"duration_seconds"`
		Findings []Finding `json:"findings"`
	}{r.Place, r.State, r.Took.Seconds(), r.Findings})
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
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.State, f.Code, f.Title.In(lang), report.Clean(f.Evidence))
		if f.State != OK {
			fmt.Fprintf(table, "\t\t  %s\t%s\n\t\t  %s\t%s\n", cause, report.Clean(f.Cause), fix, report.Clean(f.Fix))
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	if _, err := fmt.Fprintf(w, total, r.Place, r.State, r.Count(OK), r.Count(Warn), r.Count(Fail), report.Duration(r.Took)); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}
