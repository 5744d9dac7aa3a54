package survey

import (
	"encoding/json"
	"fmt"

	"iact-infra/internal/procedure"
)

// State is how a finding came out. Only a fail makes the machines impossible here.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Finding is the result of one rule.
type Finding struct {
	Code    string
	State   State
	Unknown bool // it warns because nobody could tell
	Title   procedure.Text
	Seen    string         // the value
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
		Title   text   `json:"title"`
		Seen    string `json:"seen"`
		Cause   text   `json:"cause"`
		Fix     text   `json:"fix"`
	}{f.Code, f.State, f.Unknown, text(f.Title), f.Seen, text(f.Cause), text(f.Fix)})
}

// verdict is what a rule finds; the table adds the rest.
type verdict struct {
	state      State
	seen       string
	cause, fix procedure.Text
	unknown    bool
}

// say is a text in both languages, Spanish first.
func say(es, en string) procedure.Text { return procedure.Text{ES: es, EN: en} }

// same is a line to type, which is the same in every language.
func same(line string) procedure.Text { return procedure.Text{ES: line, EN: line} }

// sayf fills the same values into both languages.
func sayf(es, en string, args ...any) procedure.Text {
	return procedure.Text{ES: fmt.Sprintf(es, args...), EN: fmt.Sprintf(en, args...)}
}

func fine(format string, args ...any) verdict {
	return verdict{state: OK, seen: fmt.Sprintf(format, args...)}
}

func warn(seen string, cause, fix procedure.Text) verdict {
	return verdict{state: Warn, seen: seen, cause: cause, fix: fix}
}

func fail(seen string, cause, fix procedure.Text) verdict {
	return verdict{state: Fail, seen: seen, cause: cause, fix: fix}
}

// unknown is the verdict where a fact is missing.
func unknown(what, why string) verdict {
	return verdict{
		state: Warn, unknown: true,
		seen:  "unknown: " + what + ": " + why,
		cause: say("el equipo no lo dijo, así que no se juzgó", "the host did not tell, so this was not judged"),
		fix:   say("repita como un usuario que pueda leerlo, o mírelo usted", "run the check again as a user who may read it, or look yourself"),
	}
}
