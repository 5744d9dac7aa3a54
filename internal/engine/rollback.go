package engine

import (
	"context"
	"fmt"

	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
)

// Rollback takes back what an earlier run changed, step by step, the last one
// first. What was undone before is passed over: after a failure or a kill it can
// be repeated. anyway passes over later runs that build upon the run.
func (e *Engine) Rollback(ctx context.Context, id string, anyway bool) error {
	if id == "" {
		return e.nameOne()
	}
	return e.rollBack(ctx, id, func(p *Past) error { return e.nothingAbove(p, anyway) })
}

// rollBack takes a run back unless may refuses it.
func (e *Engine) rollBack(ctx context.Context, id string, may func(*Past) error) error {
	run, err := named(e.opt.JournalDir, "roll back", id)
	if err != nil {
		return err
	}
	if running, err := journal.Running(journal.Path(e.opt.JournalDir, run.Run)); err != nil {
		return err
	} else if running {
		return atWork(run)
	}
	if err := e.mayRollBack(run); err != nil {
		return err
	}
	p, err := past(e.opt.JournalDir, run)
	if err != nil {
		return err
	}
	if err := may(p); err != nil {
		return err
	}
	if e.opt.Planning {
		return e.rolled(run, nil, backNotYet)
	}
	if err := p.take(); err != nil {
		return err
	}
	e.journal.undoes = p
	ctx, release := e.signals.take(ctx)
	defer release()
	return e.takeBack(ctx, p)
}

// takeBack undoes what stands of a run that this process holds.
func (e *Engine) takeBack(ctx context.Context, p *Past) error {
	run := p.Run()
	standing := run.Standing()
	if len(standing) == 0 {
		return e.rolled(run, nil, journal.OK)
	}
	own, err := e.journal.own()
	if err != nil {
		return err
	}
	// The run's own journal comes first: what it says counts.
	journals := []*journal.Journal{p.held, own}
	b := &wayBack{engine: e, recall: p.recall, journals: func() ([]*journal.Journal, error) { return journals, nil }}
	steps := make([]journal.Step, len(standing))
	for i, s := range standing {
		steps[i] = journal.Step{Procedure: s.Procedure, Target: s.Step, Number: s.Number}
	}
	taken := b.back(ctx, steps)
	failure := e.rollbackFailure(ctx, run, taken)
	ended := stateOK
	switch {
	case failure != nil && failure.Cancelled != "":
		ended = stateCancelled
	case failure != nil:
		ended = stateFailed
	}
	if err := besides(e.journal.end(ended), e.rolled(run, taken, string(ended))); err != nil && failure == nil {
		return err
	}
	if failure != nil {
		return failure
	}
	for _, earlier := range p.runs[1:] {
		if e.undoable(steps) && !earlier.RolledBack() && len(earlier.Standing()) > 0 {
			e.opt.Console.Print(fmt.Sprintf(wordsIn(e.opt.Lang).earlierStands, earlier.Run, earlier.Run))
			break
		}
	}
	return nil
}

// rollbackFailure is what could not be undone, nil when nothing is left.
func (e *Engine) rollbackFailure(ctx context.Context, run journal.Run, taken []Taken) *Failure {
	f := &Failure{Target: "procedure:rollback", code: fault.Failed, words: wordsIn(e.opt.Lang)}
	for _, t := range taken {
		switch t.Outcome {
		case backFailed:
			f.Steps = append(f.Steps, e.explained("", t.step.Symptoms, t.err))
		case backLeft:
			f.Steps = append(f.Steps, FailedStep{Target: t.Target, Err: e.left(t)})
		}
	}
	if len(f.Steps) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		f.Cancelled, f.code = cancellation(ctx, f.words)
	}
	f.Left = fmt.Sprintf(f.words.leftBack, run.Run)
	f.Next = []string{"procedure:rollback -run=" + run.Run}
	return f
}
