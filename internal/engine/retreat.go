package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"iact-infra/internal/journal"
)

// retreat takes back what this process changed, when a step has failed in a way
// that stops the run. What was cancelled stays as it is, so that it can be gone
// on with; so does everything with Keep.
func (e *Engine) retreat(ctx context.Context) []Taken {
	begun := e.journal.started()
	if e.opt.Keep || ctx.Err() != nil || !e.undoable(begun) || !e.failedHard() {
		return nil
	}
	b := &wayBack{engine: e, retreat: true, recall: e.journal.recall, journals: func() ([]*journal.Journal, error) {
		own, err := e.journal.own()
		return []*journal.Journal{own}, err
	}}
	taken := b.back(ctx, begun)
	if slices.ContainsFunc(taken, func(t Taken) bool { return t.Outcome == backUndone }) && !slices.ContainsFunc(taken, staying) {
		e.opt.Console.Print(fmt.Sprintf(wordsIn(e.opt.Lang).tookBack, e.journal.runID()))
	}
	return taken
}

func staying(t Taken) bool { return t.Outcome == backStays }

// failedHard tells whether a step has failed in a way that stops the run.
func (e *Engine) failedHard() bool {
	return slices.ContainsFunc(e.allOutcomes(), func(o *outcome) bool { return o.state == stateFailed })
}

// aftermath adds to a failure how the rollback went, and what can be done about
// what still stands.
func (e *Engine) aftermath(f *Failure, taken []Taken) {
	run := e.journal.runID()
	if f == nil || run == "" {
		return
	}
	for _, t := range taken {
		switch t.Outcome {
		case backFailed:
			// The line about the run says that it is half undone; that its journal
			// takes no entry may stand there already.
			if lost := (unrecorded{}); !errors.As(t.err, &lost) || !f.tells(errors.Unwrap(t.err)) {
				f.Steps = append(f.Steps, e.explained("", t.step.Symptoms, t.err))
			}
		case backLeft:
			f.Steps = append(f.Steps, FailedStep{Target: t.Target, Err: e.left(t)})
		}
	}
	goOn := e.opt.Continues
	var left string
	switch {
	case f.Cancelled != "":
		left = f.words.leftCancelled
	case slices.ContainsFunc(taken, staying):
		left = f.words.leftStays
	case slices.ContainsFunc(taken, Taken.stands):
		left = f.words.leftHalf
	case f.hard && e.opt.Keep:
		left = f.words.leftKept
	case taken != nil && goOn != nil && !goOn.Run().RolledBack():
		left, run = f.words.leftEarlier, goOn.Run().Run
	default:
		return
	}
	f.Next = []string{"procedure:resume -run=" + run}
	orUndo := ""
	if e.undoable(e.journal.started()) {
		f.Next = append(f.Next, "procedure:rollback -run="+run)
		orUndo = f.words.orUndo
	}
	f.Left = fmt.Sprintf(left, run, orUndo)
}

// left is why a step was not undone although none of its own failed.
func (e *Engine) left(t Taken) error {
	if t.err != nil {
		return t.err
	}
	return leftStanding(wordsIn(e.opt.Lang).needsUndoFirst)
}

// leftStanding says in the user's words that a step was left as it is.
type leftStanding string

func (l leftStanding) Error() string { return string(l) }
