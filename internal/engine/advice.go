package engine

import (
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// adviceShown is how many findings a failure shows; the first ones fit best.
const adviceShown = 3

// explained adds to an error what the catalogue and the error's own hint say.
func (e *Engine) explained(target string, symptoms []string, err error) FailedStep {
	failed := FailedStep{Target: target, Err: err, Hint: fault.Hint(err)}
	if e.opt.Catalogue == nil {
		return failed
	}
	catalogue, broken := e.opt.Catalogue()
	if broken != nil {
		e.opt.Console.Print("advice: " + broken.Error())
		return failed
	}
	for _, found := range catalogue.MatchPreferring(said(err), symptoms) {
		if len(failed.Advice) == adviceShown {
			break
		}
		failed.Advice = append(failed.Advice, Advice{
			ID:         found.ID,
			Cause:      found.Cause.In(e.opt.Lang),
			Fix:        found.Fix.In(e.opt.Lang),
			Next:       found.Next,
			Unverified: found.Unverified,
		})
	}
	return failed
}

// said is everything that an error and the programs behind it have said. The
// message of an *command.Error holds one line of what its program printed; the
// rest is often what tells the cause.
func said(err error) string {
	var all strings.Builder
	all.WriteString(err.Error())
	var walk func(error)
	walk = func(err error) {
		if program, ok := err.(*command.Error); ok { //nolint:errorlint // the walk itself unwraps
			all.WriteString("\n" + program.Stderr)
		}
		switch wrapper := err.(type) { //nolint:errorlint // the walk itself unwraps
		case interface{ Unwrap() error }:
			if inner := wrapper.Unwrap(); inner != nil {
				walk(inner)
			}
		case interface{ Unwrap() []error }:
			for _, inner := range wrapper.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
	return all.String()
}
