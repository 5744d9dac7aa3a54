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
	Config    string   // the devcontainer.json
	Others    []string // that the workspace has beside it
	Container string   // "" when there is none
	Engine    string   // one line
	Took      time.Duration
	Findings  []Finding // as Explain orders them
	All       bool      // shows what a root cause explains, too
	Lang      string    // of titles and causes
	Repaired  []Repaired
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
	return fault.New(fault.Failed, first.Fix, fmt.Errorf("%d failed, %d warned: %s %s", r.Count(Fail), r.Count(Warn), first.Code, first.Title.In(r.Lang)))
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
		Workspace string     `json:"workspace"`
		Config    string     `json:"config"`
		Others    []string   `json:"other_configs"`
		Container string     `json:"container"`
		Engine    string     `json:"engine"`
		State     State      `json:"state"`
		Took      float64    `json:"duration_seconds"`
		OK        int        `json:"ok"`
		Warn      int        `json:"warn"`
		Fail      int        `json:"fail"`
		Unknown   int        `json:"unknown"`
		Findings  []view     `json:"findings"`
		Hidden    []view     `json:"hidden"`
		Repaired  []Repaired `json:"repaired,omitempty"`
	}{
		r.Workspace, r.Config, append([]string{}, r.Others...), r.Container, r.Engine, r.State(), r.Took.Seconds(),
		r.Count(OK), r.Count(Warn), r.Count(Fail), r.Count(Unknown), findings, hidden, r.Repaired,
	})
}

// words are those of the text, in a language.
type words struct{ where, seen, cause, fix, repair, by, safe, ask, total, hidden, unknown, others, repaired, undo string }

func wordsIn(lang string) words {
	if lang == "es" {
		return words{
			"lugar", "visto", "causa", "remedio", "reparable", "por", "-fix=true lo hace", "-fix=true lo hace si se le deja",
			"%s: %s (%d bien, %d avisos, %d fallos; %s)\n", "%d consecuencias ocultas; -all=true las muestra\n", "%d no se pudieron mirar: %s; -all=true las muestra\n",
			"hay otras configuraciones, que -config=ARCHIVO elige: %s\n",
			"reparado", "deshacer",
		}
	}
	return words{
		"where", "seen", "cause", "fix", "repair", "by", "-fix=true does it", "-fix=true does it when it may",
		"%s: %s (%d ok, %d warnings, %d failures; %s)\n", "%d consequences are hidden; -all=true shows them\n", "%d could not be looked at: %s; -all=true shows them\n",
		"there are other configurations, which -config=FILE chooses: %s\n",
		"repaired", "undo",
	}
}

// Write writes the report for people: what is wrong, the root cause first, each
// with what was seen, why and what to type; with All then the rest, a line each.
func (r Report) Write(to io.Writer) error {
	say := wordsIn(r.Lang)
	var b strings.Builder
	for _, done := range r.Repaired {
		if done.Gone {
			fmt.Fprintf(&b, "%s  %s  %s\n", say.repaired, done.Code, report.Clean(strings.Join(done.Do, "; ")))
			if len(done.Undo) > 0 {
				fmt.Fprintf(&b, "      %s  %s\n", say.undo, report.Clean(strings.Join(done.Undo, "; ")))
			}
		}
	}
	for _, f := range r.shown() {
		if f.Bad() {
			r.writeBad(&b, say, f)
		}
	}
	table := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for _, f := range r.shown() {
		if r.All && !f.Bad() {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.State, f.Code, f.Title.In(r.Lang), report.Clean(f.Evidence))
		}
	}
	_ = table.Flush() // a Builder takes everything
	if hidden := r.hidden(); hidden > 0 && !r.All {
		fmt.Fprintf(&b, say.hidden, hidden)
	}
	if n := r.Count(Unknown); n > 0 && !r.All {
		fmt.Fprintf(&b, say.unknown, n, report.Clean(r.first(Unknown).Evidence))
	}
	if len(r.Others) > 0 {
		fmt.Fprintf(&b, say.others, report.Clean(strings.Join(r.Others, ", ")))
	}
	fmt.Fprintf(&b, say.total, r.name(), r.State(), r.Count(OK), r.Count(Warn), r.Count(Fail), report.Duration(r.Took))
	if _, err := io.WriteString(to, b.String()); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}

func (r Report) writeBad(b *strings.Builder, say words, f Finding) {
	fmt.Fprintf(b, "%-4s  %s  %s  (%s)\n", f.State, f.Code, f.Title.In(r.Lang), report.Duration(f.Took))
	line := func(word, text string) {
		if text != "" {
			fmt.Fprintf(b, "      %-7s %s\n", word, report.Clean(text))
		}
	}
	line(say.where, f.Where)
	line(say.seen, f.Evidence)
	line(say.cause, f.Cause.In(r.Lang))
	word := say.fix
	for fix := range strings.Lines(f.Fix) {
		line(word, strings.TrimSuffix(fix, "\n"))
		word = ""
	}
	switch f.repair() {
	case "safe":
		line(say.repair, say.safe)
	case "ask":
		line(say.repair, say.ask)
	}
	line(say.by, f.By)
	b.WriteString("\n")
}

// hidden are the findings that another one explains.
func (r Report) hidden() int {
	n := 0
	for _, f := range r.Findings {
		if f.By != "" {
			n++
		}
	}
	return n
}

// first is the first finding of a state.
func (r Report) first(s State) Finding {
	for _, f := range r.Findings {
		if f.State == s && f.By == "" {
			return f
		}
	}
	return Finding{}
}

// name is what the report is about.
func (r Report) name() string {
	if r.Container != "" {
		return r.Container
	}
	return r.Workspace
}
