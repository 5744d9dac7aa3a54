package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// conclude ends a target that the command line named: it writes the End into
// the journal, the result to standard output, and returns the failure if there
// is one. A failure that steps deferred waits for the last target, so that a
// chain of targets is not cut by it.
func (e *Engine) conclude(ctx context.Context, target string, last bool, taken []Taken) error {
	involved := e.involved(target)
	failure := e.failure(ctx, target, involved, last)
	e.aftermath(failure, taken)
	ended := overall(involved)
	// The journal is told how the whole run stands: what an earlier target
	// deferred does not become good by a later one.
	noted := e.journal.end(overall(e.allOutcomes()))
	published := e.publish(target, ended, involved, failure, taken)
	if err := besides(noted, published); err != nil && !failure.tells(err) {
		if failure == nil {
			failure = &Failure{Target: target, code: fault.Code(err), words: wordsIn(e.opt.Lang)}
		}
		failure.Steps = append(failure.Steps, e.explained(target, nil, err))
	}
	if failure == nil {
		return nil
	}
	return failure
}

// tells says whether the failure names an error already.
func (f *Failure) tells(err error) bool {
	return f != nil && err != nil && strings.Contains(f.Error(), strings.Join(lines(err.Error()), "; "))
}

// involved returns the outcomes of the target's steps and of their needs, in
// the order of the table.
func (e *Engine) involved(target string) []*outcome {
	ordered, _ := e.opt.Registry.Order(target)
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []*outcome
	for _, step := range ordered {
		if o := e.outcomes[strings.ToLower(step.Target)]; o != nil {
			all = append(all, o)
		}
	}
	return all
}

// overall is the one state that stands for several steps.
func overall(outcomes []*outcome) state {
	worst := stateSkipped
	for _, o := range outcomes {
		switch o.shown() {
		case stateCancelled:
			return stateCancelled
		case stateFailed:
			worst = stateFailed
		case stateOK:
			if worst == stateSkipped {
				worst = stateOK
			}
		}
	}
	return worst
}

// failure gathers what has to be told, nil when there is nothing.
func (e *Engine) failure(ctx context.Context, target string, involved []*outcome, last bool) *Failure {
	f := &Failure{Target: target, words: wordsIn(e.opt.Lang)}
	var codes []int
	var hard []error
	for _, o := range involved {
		switch o.state {
		case stateFailed:
			f.hard = true
			hard = append(hard, o.err)
			codes = append(codes, fault.Code(o.err))
			f.Steps = append(f.Steps, e.explained(o.step.Target, o.step.Symptoms, o.err))
		case stateCancelled:
			var code int
			f.Cancelled, code = cancellation(ctx, f.words)
			codes = append(codes, code)
			hard = append(hard, o.err)
			// A program that was stopped says so; that needs no explanation.
			if !errors.Is(o.err, ctx.Err()) {
				f.Steps = append(f.Steps, FailedStep{Target: o.step.Target, Err: o.err})
			}
		}
	}
	if last || len(hard) > 0 {
		for _, o := range e.allOutcomes() {
			for _, err := range o.deferred {
				if !told(hard, err) {
					codes = append(codes, fault.Code(err))
					f.Steps = append(f.Steps, e.explained(o.step.Target, o.step.Symptoms, err))
				}
			}
		}
	}
	if len(codes) == 0 {
		return nil
	}
	f.code = merged(codes)
	if f.Cancelled != "" {
		_, f.code = cancellation(ctx, f.words)
	}
	return f
}

// allOutcomes returns every outcome of the process in the order of the tables.
func (e *Engine) allOutcomes() []*outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]*outcome, 0, len(e.outcomes))
	for _, o := range e.outcomes {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b *outcome) int {
		return cmp.Or(cmp.Compare(namespace(a), namespace(b)), cmp.Compare(a.step.Number, b.step.Number))
	})
	return all
}

func namespace(o *outcome) string {
	name, _, _ := strings.Cut(o.step.Target, ":")
	return name
}

// told says whether a later error already carries a deferred one.
func told(hard []error, deferred error) bool {
	return slices.ContainsFunc(hard, func(err error) bool { return errors.Is(err, deferred) })
}

// merged is one exit code for several failures: theirs when they agree, else
// the general one.
func merged(codes []int) int {
	for _, code := range codes {
		if code != codes[0] {
			return fault.Failed
		}
	}
	return codes[0]
}
