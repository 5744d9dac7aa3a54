package engine

import (
	"slices"
	"strings"
	"time"

	"iact-infra/internal/journal"
)

// Open is a run that leaves something to decide, however many runs came after it:
// one that did not get to its end and that nothing has made good, or one that can
// still be undone.
type Open struct {
	Run     string    `json:"run"`
	State   string    `json:"state"`
	Started time.Time `json:"started"`
	// Command is what was typed; of a run that went on with another one, there.
	Command string `json:"command"`
	// Steps are those that it is about: what can be undone, or where it stopped.
	Steps []string `json:"steps"`
	// Next goes on with the run, or undoes it.
	Next string `json:"next"`
}

// Undoes tells whether Next undoes the run.
func (o Open) Undoes() bool { return o.Next == rollbackOf(o.Run) }

func rollbackOf(run string) string { return "procedure:rollback -run=" + run }

func resumeOf(run string) string { return "procedure:resume -run=" + run }

// openShown is how many runs to go on with, and how many to undo, are shown of a
// procedure: the newest of them.
const openShown = 3

// openRuns gathers them in the rows of their procedures. It is shown the runs from
// the newest to the oldest.
type openRuns struct {
	engine *Engine
	rows   []Standing
	good   goodRuns // those that ended well, so far
}

// look judges one run.
func (o *openRuns) look(run journal.Run) {
	switch {
	case run.RolledBack():
	case run.Ended() || run.HalfBack():
		o.toUndo(run)
	default:
		o.toGoOn(run)
	}
}

// toUndo shows a run of which something stands that can be undone.
func (o *openRuns) toUndo(run journal.Run) {
	standing := o.engine.undoableOf(run)
	if len(standing) == 0 {
		return
	}
	var steps []string
	for _, s := range standing {
		steps = append(steps, s.Step)
	}
	o.show(standing[0].Procedure, run, steps, rollbackOf(run.Run))
}

// toGoOn shows a run that did not get to its end, unless a later one has gone on
// with it or done the same. One that was not cut off and has left nothing behind
// that can be undone is not worth a line.
func (o *openRuns) toGoOn(run journal.Run) {
	e := o.engine
	last := tip(e.opt.JournalDir, run)
	if resumable(last) != nil {
		if last.Ended() && !last.RolledBack() {
			o.good.ids = append(o.good.ids, last.Run)
		}
		return
	}
	began := last.Changed()
	if _, done := o.good.covering(last); done || len(began) == 0 {
		return
	}
	if state := e.stands(last); state == Running || state != journal.Broken && len(e.undoableOf(last)) == 0 {
		return
	}
	of := began[len(began)-1].Procedure
	o.show(of, last, []string{stoppedAt(last, of)}, resumeOf(last.Run))
}

// show adds a run to the row of a procedure, unless that row says it already.
func (o *openRuns) show(code string, run journal.Run, steps []string, next string) {
	at := slices.IndexFunc(o.rows, func(row Standing) bool { return row.Procedure == code })
	if at < 0 || o.rows[at].Next == next {
		return
	}
	one := Open{Run: run.Run, State: o.engine.stands(run), Started: run.Started, Command: o.engine.typed(run), Steps: steps, Next: next}
	shown := 0
	for _, other := range o.rows[at].Open {
		if other.Run == one.Run {
			return
		}
		if other.Undoes() == one.Undoes() {
			shown++
		}
	}
	if shown < openShown {
		o.rows[at].Open = append(o.rows[at].Open, one)
	}
}

// typed is the command line that a run goes back to: its options tell what it was
// about.
func (e *Engine) typed(run journal.Run) string {
	header, seen := run.Header, map[string]bool{}
	for header.Resumes != "" && !seen[header.Resumes] {
		seen[header.Resumes] = true
		earlier, err := journal.ReadHeader(journal.Path(e.opt.JournalDir, header.Resumes))
		if err != nil {
			return strings.Join(run.Asked(), " ")
		}
		header = earlier
	}
	if words := journal.Words(header.Args); len(words) > 0 {
		return strings.Join(words, " ")
	}
	return strings.Join(run.Asked(), " ")
}

// undoableOf are the steps of a run that stand and can be undone.
func (e *Engine) undoableOf(run journal.Run) []journal.Entry {
	return slices.DeleteFunc(run.Standing(), func(s journal.Entry) bool {
		step, _, _ := e.opt.Registry.Lookup(s.Step)
		return step.Undo == nil
	})
}

// undoableTargets are all steps that can be undone.
func (e *Engine) undoableTargets() []string {
	var targets []string
	for _, table := range e.opt.Registry.Procedures() {
		for _, step := range table.Steps {
			if step.Undo != nil {
				targets = append(targets, step.Target)
			}
		}
	}
	return targets
}
