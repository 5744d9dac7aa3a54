package engine

import (
	"encoding/json"
	"fmt"
	"sync"

	"iact-infra/internal/command"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// step returns the notebook of one step.
func (r *recorder) step(table procedure.Procedure, step procedure.Step) *stepNotes {
	return &stepNotes{recorder: r, step: inJournal(table, step)}
}

// inJournal is how the journal names a step.
func inJournal(table procedure.Procedure, step procedure.Step) journal.Step {
	return journal.Step{Procedure: table.Code, Target: step.Target, Number: step.Number}
}

// stepNotes writes the entries of one step.
type stepNotes struct {
	recorder *recorder
	step     journal.Step

	mu   sync.Mutex
	lost error // a command that could not be written down
}

// intent is on disk when it returns: from here on the step may change things.
func (n *stepNotes) intent() error {
	return n.recorder.demand(func(j *journal.Journal) error {
		if err := j.Intent(n.step); err != nil {
			return err
		}
		n.recorder.begun = append(n.recorder.begun, n.step)
		return nil
	})
}

// record keeps a fact. In a step that only reads it waits for a journal.
func (n *stepNotes) record(key string, value any) error {
	write, err := n.fact(key, value)
	if err != nil {
		return err
	}
	return n.recorder.offer(write)
}

// recordNow keeps a fact even if that brings the journal into being.
func (n *stepNotes) recordNow(key string, value any) error {
	write, err := n.fact(key, value)
	if err != nil {
		return err
	}
	return n.recorder.demand(write)
}

// fact takes the value as it is now, since it may wait before it is written.
func (n *stepNotes) fact(key string, value any) (func(*journal.Journal) error, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("record %s of %s: %w", key, n.step.Target, err)
	}
	return func(j *journal.Journal) error {
		if err := j.Record(n.step, key, json.RawMessage(raw)); err != nil {
			return err
		}
		n.recorder.keep(n.step, key, raw)
		return nil
	}, nil
}

// command is the door's hook. It cannot refuse, so a lost entry fails the step
// at its end.
func (n *stepNotes) command(ran command.Event) {
	noted := journal.Ran{
		Command:  ran.Command,
		Changes:  ran.Changes,
		Exit:     ran.Exit,
		Duration: ran.Duration,
		Error:    text(ran.Err),
	}
	if err := n.recorder.offer(func(j *journal.Journal) error { return j.Command(n.step, noted) }); err != nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.lost = err
	}
}

// lostCommand is why a command of the step could not be written down.
func (n *stepNotes) lostCommand() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lost
}

// result closes the step. Only a step with an intent brings a journal into being.
func (n *stepNotes) result(ended journal.Outcome, opened bool) error {
	lost := n.lostCommand()
	write := func(j *journal.Journal) error { return j.Result(n.step, ended) }
	if opened {
		return besides(lost, n.recorder.demand(write))
	}
	return besides(lost, n.recorder.offer(write))
}
