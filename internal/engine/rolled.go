package engine

import (
	"fmt"
	"io"
	"slices"

	"iact-infra/internal/journal"
	"iact-infra/internal/report"
)

// Rolled is the result of a rollback: its JSON document. The steps stand in the
// order in which they are undone.
type Rolled struct {
	Run     string  `json:"run"`
	By      string  `json:"by,omitempty"` // the run that did it
	Outcome string  `json:"outcome"`
	Steps   []Taken `json:"steps"`
}

// rolled writes the result. Steps that were taken back before are told, too.
func (e *Engine) rolled(run journal.Run, taken []Taken, outcome string) error {
	doc := Rolled{Run: run.Run, By: e.journal.runID(), Outcome: outcome, Steps: []Taken{}}
	standing := run.Standing()
	for _, began := range slices.Backward(run.Changed()) {
		step, _, _ := e.opt.Registry.Lookup(began.Step)
		row := e.taken(step)
		at := slices.IndexFunc(taken, func(t Taken) bool { return t.Target == step.Target })
		stands := slices.ContainsFunc(standing, func(s journal.Entry) bool { return s.Step == began.Step })
		switch {
		case at >= 0:
			row = taken[at]
		case stands && step.Undo != nil:
			row.Outcome = backNotYet
		case step.Undo != nil:
			row.Outcome = backEarlier
		default:
			row.Outcome, row.Reason = backPassed, step.NoUndo.In(e.opt.Lang)
		}
		doc.Steps = append(doc.Steps, row)
	}
	if outcome == backNotYet {
		doc.Outcome = "planned"
	}
	return e.opt.Console.Result(doc, func(w io.Writer) { e.writeRolled(w, doc) })
}

func (e *Engine) writeRolled(w io.Writer, doc Rolled) {
	say := wordsIn(e.opt.Lang)
	for _, t := range doc.Steps {
		what, why := say.taken(t.Outcome), t.Evidence+t.Reason
		if why != "" {
			what += ": " + why
		}
		_, _ = fmt.Fprintf(w, "%s%s  %s  %s\n", numbered(t.Number, "%2d  "), t.Target, t.Title, report.Clean(what))
	}
}
