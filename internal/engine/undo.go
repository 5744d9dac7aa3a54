package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// How a step came out of a rollback.
const (
	backUndone  = "undone"
	backEarlier = "undone before" // by an earlier rollback
	backPassed  = "passed over"   // there is nothing to undo; the step says why
	backNothing = "nothing to undo"
	backFailed  = "failed"
	backLeft    = "left"  // what needs it could not be undone
	backStays   = "stays" // to be gone on with
	backNotYet  = "to do"
)

// Taken is what a rollback did about one step.
type Taken struct {
	Number   int     `json:"number"`
	Target   string  `json:"target"`
	Title    string  `json:"title"`
	Outcome  string  `json:"outcome"`
	Evidence string  `json:"evidence,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	Error    string  `json:"error,omitempty"`
	Seconds  float64 `json:"duration_seconds"`

	step procedure.Step
	err  error
}

// wayBack takes back what the steps of one run changed, the last one first.
type wayBack struct {
	engine *Engine
	// journals take in what is done here: that of the run that is taken back,
	// which decides what still stands, and that of this process.
	journals func() ([]*journal.Journal, error)
	recall   func(journal.Step, string) (json.RawMessage, bool)
	// retreat tells that a failure is the reason, and nobody's wish.
	retreat bool
}

// undoable tells whether any of the steps has a way back.
func (e *Engine) undoable(steps []journal.Step) bool {
	return slices.ContainsFunc(steps, func(s journal.Step) bool {
		step, _, _ := e.opt.Registry.Lookup(s.Target)
		return step.Undo != nil
	})
}

// back undoes steps, given in the order in which they began, from the last to the
// first. Where one cannot be undone, what it needs stays as it is. When the
// context ends, so does the way back.
func (b *wayBack) back(ctx context.Context, steps []journal.Step) []Taken {
	e := b.engine
	var all []Taken
	needed := map[string]bool{} // by steps that still stand
	stays := false
	for _, s := range slices.Backward(steps) {
		step, table, _ := e.opt.Registry.Lookup(s.Target)
		taken := e.taken(step)
		began := e.opt.Now()
		switch {
		case stays:
			taken.Outcome = backStays
		case needed[strings.ToLower(step.Target)]:
			taken.Outcome = backLeft
		case ctx.Err() != nil:
			taken.Outcome, taken.err = backLeft, notStarted(ctx)
		case step.Undo == nil:
			b.passOver(&taken, s)
		default:
			b.undo(ctx, &taken, s, table)
		}
		taken.Seconds = e.opt.Now().Sub(began).Seconds()
		taken.Error = text(taken.err)
		stays = taken.Outcome == backStays
		if taken.stands() {
			for _, need := range e.below(step) {
				needed[need] = true
			}
		}
		all = append(all, taken)
	}
	return all
}

func (e *Engine) taken(step procedure.Step) Taken {
	return Taken{Number: step.Number, Target: step.Target, Title: step.Title.In(e.opt.Lang), step: step}
}

func (t Taken) stands() bool {
	return t.Outcome == backFailed || t.Outcome == backLeft || t.Outcome == backStays
}

// below is all that a step needs, directly or not, in lower case.
func (e *Engine) below(step procedure.Step) []string {
	ordered, _ := e.opt.Registry.Order(step.Target)
	var names []string
	for _, one := range ordered {
		if one.Target != step.Target {
			names = append(names, strings.ToLower(one.Target))
		}
	}
	return names
}

// passOver notes why a step stays as it is.
func (b *wayBack) passOver(taken *Taken, s journal.Step) {
	e := b.engine
	taken.Outcome, taken.Reason = backPassed, taken.step.NoUndo.In(e.opt.Lang)
	if err := b.tell(func(j *journal.Journal) error {
		return j.Undone(s, journal.Outcome{Outcome: journal.Skipped, Evidence: taken.Reason})
	}); err != nil {
		taken.Outcome, taken.err = backFailed, err
		return
	}
	e.opt.Console.Print(s.Target + ": " + wordsIn(e.opt.Lang).nothingToUndo + taken.Reason)
}

// undo takes one step back: intent, work, proof, result.
func (b *wayBack) undo(ctx context.Context, taken *Taken, s journal.Step, table procedure.Procedure) {
	e := b.engine
	e.signals.retake()
	line := e.opt.Console.Step(s.Number, s.Target, taken.Title, 0)
	began := e.opt.Now()
	evidence, err := b.proved(ctx, taken.step, s, table, line)
	nothing := errors.Is(err, procedure.ErrNothingToUndo)
	if nothing {
		err = nil
	}
	ended := journal.Outcome{Outcome: journal.OK, Evidence: string(evidence), Error: text(err), Duration: e.opt.Now().Sub(began)}
	stays := errors.Is(err, procedure.ErrStays)
	switch {
	case stays:
		ended.Outcome = journal.Kept
	case err != nil:
		ended.Outcome = journal.Failed
	}
	if lost := b.tell(func(j *journal.Journal) error { return j.Undone(s, ended) }); lost != nil {
		err, stays = besides(err, lost), false
	}
	if stays {
		taken.Outcome, taken.Reason = backStays, err.Error()
		line.Forget()
		e.opt.Console.Print(s.Target + ": " + err.Error())
		return
	}
	if err != nil {
		taken.Outcome, taken.err = backFailed, fmt.Errorf("undo %s: %w", s.Target, err)
		line.Failed(nil)
		return
	}
	if nothing {
		taken.Outcome = backNothing
		line.Forget()
		return
	}
	taken.Outcome, taken.Evidence = backUndone, string(evidence)
	line.Done(wordsIn(e.opt.Lang).undone + taken.Evidence)
}

// proved undoes a step and looks at the effect. A panic is the failure of this
// undo alone.
func (b *wayBack) proved(ctx context.Context, step procedure.Step, s journal.Step, table procedure.Procedure, line *report.Line) (evidence procedure.Evidence, err error) {
	e := b.engine
	notes := e.journal.step(table, step)
	defer func() {
		if thrown := recover(); thrown != nil {
			err = errors.Join(fmt.Errorf("panic: %v", thrown), notes.recordNow("panic", string(debug.Stack())))
		}
	}()
	if err := b.tell(func(j *journal.Journal) error { return j.Undo(s) }); err != nil {
		return "", err
	}
	work := &procedure.Work{
		Door:   e.opt.Door(command.Observe(notes.command)),
		Say:    line,
		Record: func(key string, value any) error { return unwritten(notes.record(key, value)) },
		Recall: recalling(s, b.recall),
		Lang:   e.opt.Lang, Retreat: b.retreat,
	}
	if err := errors.Join(step.Undo(ctx, work), errors.Join(work.Deferred()...)); err != nil {
		return "", err
	}
	if step.Undone != nil {
		if evidence, err = step.Undone(ctx, work); err != nil {
			return "", fmt.Errorf("validate: %w", err)
		}
	}
	return evidence, unwritten(notes.lostCommand())
}

// tell writes an entry into every journal that has to know.
func (b *wayBack) tell(write func(*journal.Journal) error) error {
	journals, err := b.journals()
	if err != nil {
		return unwritten(err)
	}
	for _, j := range journals {
		if err := write(j); err != nil {
			return unwritten(err)
		}
	}
	return nil
}

// unrecorded is why a journal did not take an entry.
type unrecorded struct{ error }

func (u unrecorded) Unwrap() error { return u.error }

func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return unrecorded{err}
}

// recalling is Work.Recall over a place where values are found.
func recalling(s journal.Step, find func(journal.Step, string) (json.RawMessage, bool)) func(string, any) (bool, error) {
	return func(key string, into any) (bool, error) {
		raw, known := find(s, key)
		if !known {
			return false, nil
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return false, fmt.Errorf("recall %s of %s: %w", key, s.Target, err)
		}
		return true, nil
	}
}
