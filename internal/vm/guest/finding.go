package guest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// State of a finding.
type State string

// The states. A warning fails nothing.
const (
	Pass State = "pass"
	Fail State = "fail"
	Warn State = "warn"
)

// Finding is the result of one check.
type Finding struct {
	Machine string         `json:"machine"`
	Check   procedure.Text `json:"-"`
	Name    string         `json:"check"` // in English, for programs
	State   State          `json:"state"`
	Seen    string         `json:"seen"`
	Fix     string         `json:"fix,omitempty"`
}

// Table is what a step has found.
type Table struct {
	Findings []Finding `json:"findings"`
	OK       bool      `json:"ok"`
}

// NewTable judges findings together.
func NewTable(findings []Finding) *Table {
	t := &Table{Findings: findings, OK: true}
	for _, f := range findings {
		t.OK = t.OK && f.State != Fail
	}
	return t
}

// Write is the table for people: PASS, FAIL and WARN, as the procedure has it.
func (t *Table) Write(w io.Writer, lang string) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range t.Findings {
		fmt.Fprintf(table, "[%s]\t%s\t%s\t%s\n", strings.ToUpper(string(f.State)), f.Machine, f.Check.In(lang), report.Clean(f.Seen))
	}
	_ = table.Flush() // standard output that is gone shows itself at the end
	for _, f := range t.Findings {
		if f.State != Pass && f.Fix != "" {
			fmt.Fprintf(w, "%s, %s: %s\n", f.Machine, f.Check.In(lang), f.Fix)
		}
	}
}

// Err names what has failed. Its code is that of a validation.
func (t *Table) Err(lang string) error {
	var failed []string
	fix := ""
	for _, f := range t.Findings {
		if f.State == Fail {
			failed = append(failed, fmt.Sprintf("%s: %s: %s", f.Machine, f.Check.In(lang), f.Seen))
			if fix == "" {
				fix = f.Fix
			}
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, fix, errors.New(strings.Join(failed, "; ")))
}

// Evidence counts, for the line of the step.
func (t *Table) Evidence() procedure.Evidence {
	counts := map[State]int{}
	for _, f := range t.Findings {
		counts[f.State]++
	}
	said := fmt.Sprintf("%d passed", counts[Pass])
	if counts[Warn] > 0 {
		said += fmt.Sprintf(", %d warnings", counts[Warn])
	}
	return procedure.Evidence(said)
}

// judge collects the findings about one machine.
type judge struct {
	machine string
	found   []Finding
}

// say adds a finding.
func (j *judge) say(state State, es, en, seen, fix string) {
	if seen == "" {
		seen = "-"
	}
	if state == Pass {
		fix = ""
	}
	j.found = append(j.found, Finding{Machine: j.machine, Check: procedure.Text{ES: es, EN: en}, Name: en, State: state, Seen: seen, Fix: fix})
}

// that passes when ok holds.
func (j *judge) that(ok bool, es, en, seen, fix string) {
	state := Fail
	if ok {
		state = Pass
	}
	j.say(state, es, en, seen, fix)
}

// better warns when ok does not hold.
func (j *judge) better(ok bool, es, en, seen, fix string) {
	state := Warn
	if ok {
		state = Pass
	}
	j.say(state, es, en, seen, fix)
}
