package survey

import (
	"encoding/json"
	"fmt"

	"iact-infra/internal/procedure"
)

// State is how a finding came out. Only a fail makes Docker impossible here.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Finding is the result of one rule.
type Finding struct {
	Code     string
	State    State
	Unknown  bool // it warns because nobody could tell
	Title    procedure.Text
	Evidence string // what was seen
	Cause    string // what that means, for a warn or fail
	Fix      string // what to do about it
}

// MarshalJSON gives the names that readers of the JSON rely on.
func (f Finding) MarshalJSON() ([]byte, error) {
	type title struct {
		ES string `json:"es"`
		EN string `json:"en"`
	}
	return json.Marshal(struct {
		Code     string `json:"code"`
		State    State  `json:"state"`
		Unknown  bool   `json:"unknown"`
		Title    title  `json:"title"`
		Evidence string `json:"evidence"`
		Cause    string `json:"cause"`
		Fix      string `json:"fix"`
	}{f.Code, f.State, f.Unknown, title{f.Title.ES, f.Title.EN}, f.Evidence, f.Cause, f.Fix})
}

// verdict is what a rule finds; the table adds the rest.
type verdict struct {
	state                State
	evidence, cause, fix string
	unknown              bool
}

func fine(format string, args ...any) verdict {
	return verdict{state: OK, evidence: fmt.Sprintf(format, args...)}
}

func warn(evidence, cause, fix string) verdict {
	return verdict{state: Warn, evidence: evidence, cause: cause, fix: fix}
}

func fail(evidence, cause, fix string) verdict {
	return verdict{state: Fail, evidence: evidence, cause: cause, fix: fix}
}

// unknown is the verdict where a fact is missing.
func unknown(what, why string) verdict {
	return verdict{
		state: Warn, unknown: true,
		evidence: "unknown: " + what + ": " + why,
		cause:    "the machine did not tell, so this was not judged",
		fix:      "run the check again as a user who may read it (root), or look yourself",
	}
}
