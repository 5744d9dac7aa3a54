package runbook

import (
	"fmt"
	"io"

	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
)

// Explained is one symptom that was recognised in a log.
type Explained struct {
	ID         string `json:"id"`
	Excerpt    string `json:"excerpt"`
	Cause      string `json:"cause"`
	Fix        string `json:"fix"`
	Next       string `json:"next,omitempty"`
	Source     string `json:"source"`
	Unverified bool   `json:"unverified"`
}

// Explain is what procedure:explain shows.
func Explain(found []symptom.Finding, lang string) []Explained {
	explained := []Explained{}
	for _, f := range found {
		explained = append(explained, Explained{
			ID:         f.ID,
			Excerpt:    f.Excerpt,
			Cause:      f.Cause.In(lang),
			Fix:        f.Fix.In(lang),
			Next:       f.Next,
			Source:     f.Source,
			Unverified: f.Unverified,
		})
	}
	return explained
}

// WriteExplained writes the explanation for people. The excerpt comes from
// outside, so it is cleaned of what could drive a terminal.
func WriteExplained(w io.Writer, explained []Explained, lang string) {
	say := wordsIn(lang)
	if len(explained) == 0 {
		_, _ = fmt.Fprintln(w, say.nothingWrong)
		return
	}
	for i, e := range explained {
		if i > 0 {
			_, _ = fmt.Fprintln(w)
		}
		_, _ = fmt.Fprintf(w, "%s  %s\n", e.ID, report.Clean(e.Excerpt))
		cause := e.Cause
		if e.Unverified {
			cause += " (" + say.unverified + ")"
		}
		_, _ = fmt.Fprintf(w, "  %s: %s\n  %s: %s\n", say.cause, cause, say.fix, e.Fix)
		if e.Next != "" {
			_, _ = fmt.Fprintf(w, "  %s: %s\n", say.next, e.Next)
		}
	}
}
