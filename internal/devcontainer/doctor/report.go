package doctor

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

// Report is what an examination came to.
type Report struct {
	Target    string // that asked for it
	Workspace string
	Config    string // the devcontainer.json, from the workspace
	Container string // "" when there is none
	Engine    string // one line
	Took      time.Duration
	Findings  []Finding // as Explain orders them
	All       bool      // shows what a root cause explains, too
	Lang      string    // of titles and causes
}

// Count says how many findings are in a state; those that another one explains
// are not counted.
func (r Report) Count(s State) int {
	n := 0
	for _, f := range r.Findings {
		if f.State == s && f.By == "" {
			n++
		}
	}
	return n
}

// State is the overall word: fail before warn before ok.
func (r Report) State() State {
	for _, s := range []State{Fail, Warn} {
		if r.Count(s) > 0 {
			return s
		}
	}
	return OK
}

// Err is nil when nothing failed; with strict, when nothing warned either. Its
// hint is the fix of the first finding.
func (r Report) Err(strict bool) error {
	state := r.State()
	if state == OK || state == Warn && !strict {
		return nil
	}
	first := r.Findings[0]
	count := fmt.Sprintf("%d failures", r.Count(Fail))
	if r.Count(Fail) == 0 {
		count = fmt.Sprintf("%d warnings", r.Count(Warn))
	}
	return fault.New(fault.Failed, first.Fix,
		fmt.Errorf("%s: %s; the first is %s %s: %s", strings.Replace(r.Target, ":", " ", 1), count, first.Code, first.Title.In(r.Lang), first.Evidence))
}

// shown are the findings that a person sees.
func (r Report) shown() []Finding {
	var shown []Finding
	for _, f := range r.Findings {
		if r.All || f.By == "" {
			shown = append(shown, f)
		}
	}
	return shown
}

// view is a finding as JSON.
type view struct {
	Code     string  `json:"code"`
	State    State   `json:"state"`
	Title    string  `json:"title"`
	Where    string  `json:"where,omitempty"`
	Evidence string  `json:"evidence"`
	Cause    string  `json:"cause"`
	Fix      string  `json:"fix"`
	Repair   string  `json:"repair"` // safe, ask, or none
	By       string  `json:"explained_by,omitempty"`
	Took     float64 `json:"duration_seconds"`
}

func (f Finding) view(lang string) view {
	return view{
		Code: f.Code, State: f.State, Title: f.Title.In(lang), Where: f.Where, Evidence: f.Evidence,
		Cause: f.Cause.In(lang), Fix: f.Fix, Repair: f.repair(), By: f.By, Took: f.Took.Seconds(),
	}
}

func (f Finding) repair() string {
	switch {
	case f.Repair == nil:
		return "none"
	case f.Repair.Safe:
		return "safe"
	}
	return "ask"
}

// MarshalJSON gives the names that readers of the JSON rely on. The first finding
// is the root cause; what it explains stands in hidden, or with All among the
// findings.
func (r Report) MarshalJSON() ([]byte, error) {
	findings, hidden := []view{}, []view{}
	for _, f := range r.Findings {
		if f.By != "" && !r.All {
			hidden = append(hidden, f.view(r.Lang))
			continue
		}
		findings = append(findings, f.view(r.Lang))
	}
	return json.Marshal(struct {
		Workspace string  `json:"workspace"`
		Config    string  `json:"config"`
		Container string  `json:"container"`
		Engine    string  `json:"engine"`
		State     State   `json:"state"`
		Took      float64 `json:"duration_seconds"`
		OK        int     `json:"ok"`
		Warn      int     `json:"warn"`
		Fail      int     `json:"fail"`
		Unknown   int     `json:"unknown"`
		Findings  []view  `json:"findings"`
		Hidden    []view  `json:"hidden"`
	}{
		r.Workspace, r.Config, r.Container, r.Engine, r.State(), r.Took.Seconds(),
		r.Count(OK), r.Count(Warn), r.Count(Fail), r.Count(Unknown), findings, hidden,
	})
}

// words are those of the table, in a language.
type words struct{ where, evidence, cause, fix, repaired, because, total, hidden, unseen string }

func wordsIn(lang string) words {
	if lang == "es" {
		return words{
			"lugar", "visto", "causa", "remedio", "reparable", "por", "%s: %s (%d bien, %d avisos, %d fallos, %d sin respuesta; %s)\n",
			"%d consecuencias ocultas: -all=true las muestra\n", "no se pudo mirar",
		}
	}
	return words{
		"where", "seen", "cause", "fix", "repair", "by", "%s: %s (%d ok, %d warnings, %d failures, %d not seen; %s)\n",
		"%d consequences are hidden: -all=true shows them\n", "could not be seen",
	}
}

// Write writes the report for people: what is wrong, the root cause first, each
// with what was seen, why and what to type; then, in one line each, the rest.
func (r Report) Write(to io.Writer) error {
	say := wordsIn(r.Lang)
	table := tabwriter.NewWriter(to, 0, 4, 2, ' ', 0)
	for _, f := range r.shown() {
		if !f.Bad() {
			if r.All || f.State == OK {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.State, f.Code, f.Title.In(r.Lang), report.Clean(f.Evidence))
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.State, f.Code, f.Title.In(r.Lang), report.Clean(f.Evidence))
		line := func(word, text string) {
			if text != "" {
				fmt.Fprintf(table, "\t\t  %s\t%s\n", word, report.Clean(text))
			}
		}
		line(say.where, f.Where)
		line(say.cause, f.Cause.In(r.Lang))
		for fix := range strings.Lines(f.Fix) {
			line(say.fix, strings.TrimSuffix(fix, "\n"))
		}
		line(say.because, f.By)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	if hidden := len(r.Findings) - len(r.shown()); hidden > 0 {
		fmt.Fprintf(to, say.hidden, hidden)
	}
	if _, err := fmt.Fprintf(to, say.total, r.name(), r.State(), r.Count(OK), r.Count(Warn), r.Count(Fail), r.Count(Unknown), report.Duration(r.Took)); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}

// name is what the report is about.
func (r Report) name() string {
	if r.Container != "" {
		return r.Container
	}
	return r.Workspace
}
