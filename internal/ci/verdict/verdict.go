// Package verdict is what a check of the pipeline's surroundings has to say: one
// Finding for each thing looked at, ok, warn or fail, with what was seen and, where
// it is not well, why that matters and what to type.
//
// Checks of the machine and checks of .env files share it, so that people and
// programs read one form.
package verdict

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// State is how a finding came out. Only a fail stops the pipeline.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Finding is the result of one check.
type Finding struct {
	Code    string
	State   State
	Unknown bool   // it warns because nobody could tell
	About   string // the component, file or variable that it is about; "" is the machine
	Title   procedure.Text
	Seen    string         // never a secret
	Cause   procedure.Text // what that means, for a warn or fail
	Fix     procedure.Text // what to do about it
}

// MarshalJSON gives the names that readers of the JSON rely on.
func (f Finding) MarshalJSON() ([]byte, error) {
	type text struct {
		ES string `json:"es"`
		EN string `json:"en"`
	}
	return json.Marshal(struct {
		Code    string `json:"code"`
		State   State  `json:"state"`
		Unknown bool   `json:"unknown"`
		About   string `json:"about,omitempty"`
		Title   text   `json:"title"`
		Seen    string `json:"seen"`
		Cause   text   `json:"cause"`
		Fix     text   `json:"fix"`
	}{f.Code, f.State, f.Unknown, f.About, text(f.Title), f.Seen, text(f.Cause), text(f.Fix)})
}

// Say is a text in both languages, Spanish first.
func Say(es, en string) procedure.Text { return procedure.Text{ES: es, EN: en} }

// Sayf fills the same values into both languages.
func Sayf(es, en string, args ...any) procedure.Text {
	return procedure.Text{ES: fmt.Sprintf(es, args...), EN: fmt.Sprintf(en, args...)}
}

// Same is a line to type, which is the same in every language.
func Same(line string) procedure.Text { return procedure.Text{ES: line, EN: line} }

// Worst is the state of all of them together; OK for none.
func Worst(all []Finding) State {
	worst := OK
	for _, f := range all {
		if f.State == Fail || f.State == Warn && worst == OK {
			worst = f.State
		}
	}
	return worst
}

// Err is nil unless something failed. It names what did, with an exit code of the
// caller's and the fixes as its hint; what is the verb and noun of the check.
func Err(all []Finding, code int, what, lang string) error {
	var failed, fixes []string
	for _, f := range all {
		if f.State == Fail {
			failed = append(failed, strings.TrimSpace(f.Code+" "+report.Clean(f.About)))
			fixes = append(fixes, report.Clean(f.Fix.In(lang)))
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fault.New(code, strings.Join(fixes, "; "), fmt.Errorf("%s: %s", what, strings.Join(failed, ", ")))
}

// Write writes a table for people: one row for each finding, and under what is
// not well its cause and what to do.
func Write(w io.Writer, all []Finding, lang string) error {
	cause, fix := "cause", "fix"
	if lang == "es" {
		cause, fix = "causa", "remedio"
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range all {
		title := f.Title.In(lang)
		if f.About != "" {
			title += " (" + report.Clean(f.About) + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.State, f.Code, title, report.Clean(f.Seen))
		if f.State != OK {
			fmt.Fprintf(table, "\t\t  %s\t%s\n\t\t  %s\t%s\n", cause, report.Clean(f.Cause.In(lang)), fix, report.Clean(f.Fix.In(lang)))
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}
