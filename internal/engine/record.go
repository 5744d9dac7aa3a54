package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// recorder is the journal of this process, which does not exist until a step is
// about to change something. What earlier steps had to say (a skip, a command
// that looked) waits in memory and goes in first; a process that only looks
// leaves no file behind.
type recorder struct {
	opt Options

	mu      sync.Mutex
	file    *journal.Journal
	began   time.Time
	broken  error // why the journal could not be created
	waiting []func(*journal.Journal) error
}

func newRecorder(opt Options) *recorder { return &recorder{opt: opt} }

// runID is the id of the run, "" while there is no journal.
func (r *recorder) runID() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return ""
	}
	return r.file.Run()
}

// demand writes an entry and creates the journal for it if need be.
func (r *recorder) demand(write func(*journal.Journal) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.create(); err != nil {
		return err
	}
	return write(r.file)
}

// offer writes an entry now if there is a journal, else when there is one.
func (r *recorder) offer(write func(*journal.Journal) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		r.waiting = append(r.waiting, write)
		return nil
	}
	return write(r.file)
}

// create makes the journal's file, once. It is called with the lock held.
func (r *recorder) create() error {
	if r.file != nil || r.broken != nil {
		return r.broken
	}
	r.broken = r.tryCreate()
	return r.broken
}

func (r *recorder) tryCreate() error {
	const hint = "nothing was changed: a change is only made when its record can be written"
	if r.opt.PrepareState != nil {
		if err := r.opt.PrepareState(); err != nil {
			return fault.New(0, hint, err)
		}
	}
	header := r.opt.Header
	header.Started = r.opt.Now()
	header.Run = journal.NewID(header.Started, header.Host, r.opt.Random)
	file, err := journal.Create(r.opt.JournalDir, header)
	if err != nil {
		return fault.New(0, hint, err)
	}
	for _, write := range r.waiting {
		if err := write(file); err != nil {
			return fault.New(0, hint, err)
		}
	}
	r.file, r.began, r.waiting = file, header.Started, nil
	return nil
}

// end closes a target: it says how the run stands now. The journal stays open
// for the next target.
func (r *recorder) end(outcome state) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	return r.file.End(journal.Outcome{Outcome: string(outcome), Duration: r.opt.Now().Sub(r.began)})
}

// step returns the notebook of one step.
func (r *recorder) step(table procedure.Procedure, step procedure.Step) *stepNotes {
	return &stepNotes{
		recorder: r,
		step:     journal.Step{Procedure: table.Code, Target: step.Target, Number: step.Number},
	}
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
	return n.recorder.demand(func(j *journal.Journal) error { return j.Intent(n.step) })
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
	return func(j *journal.Journal) error { return j.Record(n.step, key, json.RawMessage(raw)) }, nil
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

// result closes the step. Only a step with an intent brings a journal into being.
func (n *stepNotes) result(ended journal.Outcome, opened bool) error {
	n.mu.Lock()
	lost := n.lost
	n.mu.Unlock()
	write := func(j *journal.Journal) error { return j.Result(n.step, ended) }
	if opened {
		return errors.Join(lost, n.recorder.demand(write))
	}
	return errors.Join(lost, n.recorder.offer(write))
}
