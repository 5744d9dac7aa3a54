package ci

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// ListedJob is a job, for people and for programs.
type ListedJob struct {
	Name     string   `json:"name"`
	Dir      string   `json:"dir"`
	Run      []string `json:"run"`
	Needs    []string `json:"needs"`
	Inputs   []string `json:"inputs"`
	Outputs  []string `json:"outputs"`
	Optional bool     `json:"optional"`
	Fresh    bool     `json:"fresh"`
	// State and Seconds are of its last run; they are left out where there is none.
	State   string  `json:"state,omitempty"`
	Seconds float64 `json:"duration_seconds,omitempty"`
}

// Jobs is ci:jobs: the pipeline as it would run. It only reads.
func (r *Room) Jobs(ctx context.Context, door *command.Door, lang string) (any, func(io.Writer), error) {
	s, err := r.described(ctx, &procedure.Work{Door: door, Lang: lang})
	if err != nil {
		return nil, nil, err
	}
	var all []ListedJob
	for _, j := range s.pipeline.Jobs {
		one := ListedJob{Name: j.Name(), Dir: j.Dir, Run: j.Run, Needs: j.Needs, Inputs: j.Inputs, Outputs: j.Outputs, Optional: j.Optional, Fresh: j.Fresh}
		if did, known := s.last(j.Name()); known {
			one.State, one.Seconds = string(did.State), max(did.Duration, did.Saved).Seconds()
		}
		all = append(all, one)
	}
	return all, func(w io.Writer) { writeJobs(w, s.pipeline, all, lang) }, nil
}

func writeJobs(w io.Writer, p pipeline.Pipeline, all []ListedJob, lang string) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	heads := "JOB\tLAST\tNEEDS\tRUNS"
	if lang == "es" {
		heads = "TRABAJO\tÚLTIMA VEZ\tNECESITA\tEJECUTA"
	}
	fmt.Fprintln(table, heads)
	for _, j := range all {
		last := "-"
		if j.State != "" {
			last = fmt.Sprintf("%s %.1f s", j.State, j.Seconds)
		}
		runs := "-"
		if len(j.Run) > 0 {
			runs = j.Run[len(j.Run)-1]
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", j.Name, last, dash(strings.Join(j.Needs, " ")), report.Clean(runs))
	}
	_ = table.Flush() // standard output that is gone shows itself at the end
	if len(p.Jobs) == 0 {
		fmt.Fprintln(w, "-")
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
