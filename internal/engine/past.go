package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
)

// Past is an earlier run, and behind it the runs that it continued.
type Past struct {
	dir string
	// runs begins with the run itself; each one continued the next.
	runs []journal.Run
	// held is the journal of the run, while this process works on it.
	held *journal.Journal
}

// Run is the run itself.
func (p *Past) Run() journal.Run { return p.runs[0] }

// Targets are what the run was asked for.
func (p *Past) Targets() []string { return p.Run().Asked() }

// Args are the command line of the run from which all this goes on: those that
// continued it have none of its options.
func (p *Past) Args() []string { return p.runs[len(p.runs)-1].Args }

// continued tells whether a run stands behind this one.
func (p *Past) continued(run string) bool {
	return slices.ContainsFunc(p.runs[1:], func(r journal.Run) bool { return r.Run == run })
}

// recall is the last value that a step recorded under a key, in the newest of
// the runs that has one.
func (p *Past) recall(step journal.Step, key string) (json.RawMessage, bool) {
	if p == nil {
		return nil, false
	}
	for _, run := range p.runs {
		if value, known := run.Recall(step, key); known {
			return value, true
		}
	}
	return nil, false
}

// take makes this process the one that works on the run, and reads it once more:
// until now another one may have done so.
func (p *Past) take() error {
	held, run, err := journal.Reopen(journal.Path(p.dir, p.Run().Run))
	if errors.Is(err, journal.ErrLocked) {
		return atWork(p.Run())
	}
	if err != nil {
		return err
	}
	p.held, p.runs[0] = held, run
	return nil
}

// release lets other processes work on the run.
func (p *Past) release() error {
	if p == nil || p.held == nil {
		return nil
	}
	return p.held.Close()
}

// past reads a run with those that it continued. A journal that is gone ends the
// chain.
func past(dir string, run journal.Run) (*Past, error) {
	p := &Past{dir: dir, runs: []journal.Run{run}}
	seen := []string{run.Run}
	for next := run.Resumes; next != "" && !slices.Contains(seen, next); {
		earlier, err := journal.Read(journal.Path(dir, next))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, err
		}
		p.runs = append(p.runs, earlier)
		seen, next = append(seen, next), earlier.Resumes
	}
	return p, nil
}

// named reads the run that a person means by an id or by the beginning of one.
func named(dir, verb, id string) (journal.Run, error) {
	ids, err := journal.IDs(dir)
	if err != nil {
		return journal.Run{}, err
	}
	if len(ids) == 0 {
		return journal.Run{}, fault.New(fault.Missing, "a run has a journal as soon as it changes something",
			fmt.Errorf("%s run %q: no run has left a journal in %s", verb, id, dir))
	}
	var found []string
	for _, known := range ids {
		if known == id {
			return journal.Read(journal.Path(dir, id))
		}
		if strings.HasPrefix(known, id) {
			found = append(found, known)
		}
	}
	switch len(found) {
	case 1:
		return journal.Read(journal.Path(dir, found[0]))
	case 0:
		return journal.Run{}, fault.New(fault.Usage, "did you mean "+journal.Nearest(id, ids)+"? procedure:status shows the last runs",
			fmt.Errorf("%s run %q: there is no such run", verb, id))
	}
	return journal.Run{}, fault.New(fault.Usage, "write more of the id; the newest of them is "+found[0],
		fmt.Errorf("%s run %q: %d runs begin like that", verb, id, len(found)))
}

// tip is the run that last went on from this one and still stands, the run
// itself when there is none: one that came to nothing or was rolled back leaves
// things as they were.
func tip(dir string, run journal.Run) journal.Run {
	seen := map[string]bool{run.Run: true}
	for {
		next, found := continuation(dir, run, seen)
		if !found {
			return run
		}
		run = next
	}
}

func continuation(dir string, run journal.Run, seen map[string]bool) (journal.Run, bool) {
	for _, id := range run.Continuations() {
		if seen[id] {
			continue
		}
		seen[id] = true
		next, err := journal.Read(journal.Path(dir, id))
		if err == nil && next.Resumes == run.Run && !next.RolledBack() {
			return next, true
		}
	}
	return journal.Run{}, false
}

func atWork(run journal.Run) error {
	by := ""
	if run.PID > 0 {
		by = fmt.Sprintf(" (begun by process %d)", run.PID)
	}
	return fault.New(fault.Locked, "wait until it has ended, or end it; procedure:status shows how far it is",
		fmt.Errorf("take up run %s: a process is still at work on it%s", run.Run, by))
}
