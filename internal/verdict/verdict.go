// Package verdict is what a check has to say: one Finding for each thing looked at,
// ok, warn or fail, with what was seen and, where it is not well, why that matters
// and what to type.
//
// Checks of a host for machines or for Docker, of what containers get there, of
// what the pipeline needs and of .env files share it, so that people and programs
// read one form.
package verdict

import (
	"fmt"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// State is how a finding came out. Only a fail stops what the check is for.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Finding is the result of one check. Readers of the JSON rely on its names.
type Finding struct {
	Code    string         `json:"code"`
	State   State          `json:"state"`
	Unknown bool           `json:"unknown"`         // it warns because nobody could tell
	About   string         `json:"about,omitempty"` // the component, file or variable that it is about; "" is the machine
	Title   procedure.Text `json:"title"`
	Seen    string         `json:"seen"`  // never a secret
	Cause   procedure.Text `json:"cause"` // what that means, for a warn or fail
	Fix     procedure.Text `json:"fix"`   // what to do about it
}

// Fine is a finding of what is well, for who knows its code and title.
func Fine(format string, args ...any) Finding {
	return Finding{State: OK, Seen: fmt.Sprintf(format, args...)}
}

// Bad is one of what is not.
func Bad(state State, seen string, cause, fix procedure.Text) Finding {
	return Finding{State: state, Seen: seen, Cause: cause, Fix: fix}
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
