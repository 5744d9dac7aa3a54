package engine

import (
	"errors"
	"time"

	"iact-infra/internal/procedure"
)

// state is how a step ended.
type state string

const (
	stateOK        state = "ok"
	stateSkipped   state = "skipped"
	stateFailed    state = "failed"
	stateCancelled state = "cancelled"
	// stateBlocked is a step that did not start because of what it needs.
	stateBlocked state = "blocked"
)

// outcome is all that is known about a step after it ended.
type outcome struct {
	step     procedure.Step
	state    state
	evidence procedure.Evidence
	err      error
	deferred []error
	result   *procedure.Result
	took     time.Duration
}

// stops tells whether what depends on the step must not run.
func (o *outcome) stops() bool {
	return o.state == stateFailed || o.state == stateCancelled || o.state == stateBlocked
}

// shown is the state that people and the journal read: a step that deferred a
// failure counts as failed, although the run went on.
func (o *outcome) shown() state {
	if o.state == stateOK && len(o.deferred) > 0 {
		return stateFailed
	}
	return o.state
}

// problem is everything that went wrong in the step, as one error.
func (o *outcome) problem() error {
	var all []error
	if o.err != nil {
		all = append(all, o.err)
	}
	all = append(all, o.deferred...)
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}
