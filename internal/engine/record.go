package engine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
)

// recorder is the journal of this process, which does not exist until a step is
// about to change something. What earlier steps had to say (a skip, a command
// that looked) waits in memory and goes in first; a process that only looks
// leaves no file behind.
type recorder struct {
	opt Options
	// undoes is the run that this process takes back, if that is what it does.
	undoes *Past

	mu      sync.Mutex
	file    *journal.Journal
	began   time.Time
	broken  error // why the journal could not be created
	waiting []func(*journal.Journal) error
	begun   []journal.Step                              // by intent, in order
	facts   map[journal.Step]map[string]json.RawMessage // what steps have recorded
}

func newRecorder(opt Options) *recorder {
	return &recorder{opt: opt, facts: map[journal.Step]map[string]json.RawMessage{}}
}

// own is the journal, made if need be.
func (r *recorder) own() (*journal.Journal, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.create()
	return r.file, err
}

// close lets go of the journal.
func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

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
	file, err := r.newFile(header)
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

// newFile starts the journal under an id that no other run has: those of one
// second differ by chance alone.
func (r *recorder) newFile(header journal.Header) (*journal.Journal, error) {
	const tries = 10
	for try := 1; ; try++ {
		header.Run = journal.NewID(header.Started, header.Host, r.opt.Random)
		if err := r.link(&header); err != nil {
			return nil, err
		}
		file, err := journal.Create(r.opt.JournalDir, header)
		if try == tries || !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// link ties the new run to an earlier one. The earlier one is told first: a name
// that comes to nothing is passed over later, but no run may go on unseen.
func (r *recorder) link(header *journal.Header) error {
	header.Targets = known(r.opt.Registry, r.opt.Targets)
	if r.opt.Settings != nil {
		// A configuration that cannot be read is reported by the step that needs it.
		if values, err := r.opt.Settings(); err == nil {
			header.Settings = digests(values)
		}
	}
	if r.undoes != nil {
		header.Undoes = r.undoes.Run().Run
	}
	if p := r.opt.Continues; p != nil {
		header.Resumes = p.Run().Run
		return p.held.Continued(header.Run)
	}
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

// keep remembers a fact for an undo by this process. It is called with the lock
// held.
func (r *recorder) keep(step journal.Step, key string, raw json.RawMessage) {
	if r.facts[step] == nil {
		r.facts[step] = map[string]json.RawMessage{}
	}
	r.facts[step][key] = raw
}

// recall is the last value that a step recorded in this run or in those that it
// continues.
func (r *recorder) recall(step journal.Step, key string) (json.RawMessage, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if raw, known := r.facts[step][key]; known {
		return raw, true
	}
	return r.opt.Continues.recall(step, key)
}

// started are the steps with an intent, in the order in which they began.
func (r *recorder) started() []journal.Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.begun)
}
