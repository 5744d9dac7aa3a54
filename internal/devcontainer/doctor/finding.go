package doctor

import (
	"fmt"
	"time"

	"iact-infra/internal/procedure"
)

// State is how a finding came out.
type State string

// The states. Unknown says that it could not be looked at: that is never an
// alarm, and the evidence says why.
const (
	OK      State = "ok"
	Warn    State = "warn"    // it works, and not as it should
	Fail    State = "fail"    // it does not work
	Unknown State = "unknown" // nobody could tell
)

// Finding is the result of one check, or one of several.
type Finding struct {
	Code     string // DC-NET-003; the check's own where it is empty
	State    State
	Title    procedure.Text // one line; the check's own where it is empty
	Where    string         // path:line:column, a container, a network; may be empty
	Evidence string         // the line or the value that was seen
	Cause    procedure.Text // what that means
	Fix      string         // what to type, as shell lines
	Repair   *Repair        // nil: only a person can do it
	Took     time.Duration

	// Explains are codes that this one accounts for, besides those of the table in
	// roots.go: a full disk explains a container that has ended only when its log
	// says so, and only the check has read that. A trailing * stands for the rest of
	// the code.
	Explains []string
	// Last says that it stands behind all other causes: it is one, and not why
	// anybody asks.
	Last bool
	// By is the code of the root cause that explains this one.
	By string
}

// Repair is a fix that the doctor can do itself.
type Repair struct {
	Safe bool     // nothing is lost, and nothing stops that works
	Do   []string // shell lines
	Undo []string // those that take it back, twice the same as once
	// Was is a reading shell line that shows what Do changes: what it says before is
	// what it has to say after Undo.
	Was string
	// Loses says what cannot be brought back, for one that is not safe.
	Loses procedure.Text
}

// Good is a check that found nothing wrong.
func Good(format string, args ...any) []Finding {
	return []Finding{{State: OK, Evidence: fmt.Sprintf(format, args...)}}
}

// Unseen is a check that could not look.
func Unseen(why error) []Finding {
	return []Finding{{State: Unknown, Evidence: why.Error()}}
}

// Bad reports whether the finding is one that a person has to see.
func (f Finding) Bad() bool { return f.State == Warn || f.State == Fail }

// Say is a text in both languages, each with the same values.
func Say(es, en string, args ...any) procedure.Text {
	if len(args) == 0 {
		return procedure.Text{ES: es, EN: en}
	}
	return procedure.Text{ES: fmt.Sprintf(es, args...), EN: fmt.Sprintf(en, args...)}
}

// Repaired is a repair that was done.
type Repaired struct {
	Code  string   `json:"code"`
	Where string   `json:"where,omitempty"`
	Do    []string `json:"do"`
	Undo  []string `json:"undo"`
	Gone  bool     `json:"gone"` // the finding is not there any more
}
