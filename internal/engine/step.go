package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// attempt is one step while it runs.
type attempt struct {
	engine *Engine
	step   procedure.Step
	notes  *stepNotes
	line   *report.Line
	work   *procedure.Work
	began  time.Time
	open   bool // an intent was written, a result must follow
}

// run takes a step from its Done check to its result. It always returns an
// outcome and never panics.
func (e *Engine) run(ctx context.Context, step procedure.Step, table procedure.Procedure) *outcome {
	e.signals.retake()
	if ctx.Err() != nil {
		return &outcome{step: step, state: stateCancelled, err: notStarted(ctx)}
	}
	a := &attempt{engine: e, step: step, began: e.opt.Now()}
	a.notes = e.journal.step(table, step)
	a.line = e.opt.Console.Step(step.Number, step.Target, step.Title.In(e.opt.Lang), e.estimate(step))
	a.work = &procedure.Work{
		Door:   e.opt.Door(command.Observe(a.notes.command)),
		Say:    a.line,
		Record: a.notes.record,
		Recall: recalling(a.notes.step, e.opt.Continues.recall),
		Lang:   e.opt.Lang,
	}
	o := a.guarded(ctx)
	o.deferred = a.work.Deferred()
	o.result = a.work.Published()
	o.took = e.opt.Now().Sub(a.began)
	if err := a.journalResult(o); err != nil {
		// A change without a record could not be taken back: the run stops here.
		o.state, o.err = stateFailed, besides(o.err, err)
	}
	a.show(o)
	return o
}

// guarded turns a panic into a failure of this step alone. The stack goes into
// the journal, where a report of the fault can quote it.
func (a *attempt) guarded(ctx context.Context) (o *outcome) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		err := fmt.Errorf("run %s: panic: %v", a.step.Target, thrown)
		hint := "this is a fault of the toolkit; the stack is in the journal"
		if kept := a.notes.recordNow("panic", string(debug.Stack())); kept != nil {
			err = errors.Join(err, kept)
			hint = "this is a fault of the toolkit"
		}
		o = &outcome{step: a.step, state: stateFailed, err: fault.New(fault.Failed, hint, err)}
	}()
	return a.perform(ctx)
}

// perform is the life of a step.
func (a *attempt) perform(ctx context.Context) *outcome {
	if a.step.Done != nil {
		evidence, err := a.step.Done(ctx, a.work)
		switch {
		case err == nil:
			return &outcome{step: a.step, state: stateSkipped, evidence: evidence}
		case !errors.Is(err, procedure.ErrNotDone):
			// Doing again what may be done could harm; so not knowing is a failure.
			return a.failed(ctx, fmt.Errorf("check whether %s is done: %w", a.step.Target, err))
		}
	}
	if !a.step.ReadOnly {
		if err := a.notes.intent(); err != nil {
			return a.failed(ctx, err)
		}
		a.open, a.work.Run = true, a.engine.journal.runID()
	}
	if err := a.step.Run(ctx, a.work); err != nil {
		return a.failed(ctx, err)
	}
	if a.step.Validate == nil {
		return &outcome{step: a.step, state: stateOK}
	}
	evidence, err := a.step.Validate(ctx, a.work)
	if err != nil {
		return a.failed(ctx, fault.New(fault.Invalid, "", fmt.Errorf("validate %s: %w", a.step.Target, err)))
	}
	return &outcome{step: a.step, state: stateOK, evidence: evidence}
}

// failed tells a failure from a step that was ended from outside.
func (a *attempt) failed(ctx context.Context, err error) *outcome {
	if ctx.Err() != nil {
		return &outcome{step: a.step, state: stateCancelled, err: err}
	}
	return &outcome{step: a.step, state: stateFailed, err: err}
}

// journalResult closes the intent. A step that only read, or was skipped, is
// noted for the record but does not bring a journal into being.
func (a *attempt) journalResult(o *outcome) error {
	return a.notes.result(journal.Outcome{
		Outcome:  string(o.shown()),
		Evidence: string(o.evidence),
		Error:    text(o.problem()),
		Duration: o.took,
	}, a.open)
}

// show ends the step's line. A failure shows its mark alone: the Failure that
// Target returns explains it, once.
func (a *attempt) show(o *outcome) {
	switch o.shown() {
	case stateOK:
		a.line.Done(string(o.evidence))
	case stateSkipped:
		a.line.Skipped(wordsIn(a.engine.opt.Lang).alreadyDone + string(o.evidence))
	default:
		a.line.Failed(nil)
	}
}

// estimate is what this machine needed before, or else what the procedure says.
func (e *Engine) estimate(step procedure.Step) time.Duration {
	if known, ok := journal.Estimate(e.opt.JournalDir, step.Target); ok {
		return known
	}
	return step.Estimate.Middle()
}

func notStarted(ctx context.Context) error {
	return fmt.Errorf("not started: %w", command.Stopped(ctx))
}

// text is the message of an error, "" for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
