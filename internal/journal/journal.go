// Package journal keeps the record of a run: one append-only file of JSON lines
// in .iact/journal.
//
// Before a step changes anything its intent is on the disk, and after it its
// result; so a run that was killed at any moment leaves a record from which
// another process can tell what was done, what may have been begun, and what was
// not. Each line is one write, so at most the last line can be torn, and a reader
// leaves a torn one out. The durations of earlier runs are the estimates of the
// next one.
//
// What becomes of a run later (it is continued, its steps are undone) is added to
// its own journal, so that one file tells all about one run: nothing has to be
// looked for, whatever the clock did and whichever other journals were deleted.
// A process holds a lock on the journal of the run that it does, continues or
// undoes, for as long as it lives.
//
// The journal masks nothing: what it is given must not hold secrets.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Journal is the record of the run that this process does. It is safe for
// concurrent use.
type Journal struct {
	path string
	run  string

	mu   sync.Mutex
	file *os.File
	size int64
	err  error // once set, the file cannot be trusted to take more
}

// Create starts the journal of a run in dir, which is made when missing. The
// header is on the disk when it returns.
func Create(dir string, h Header) (*Journal, error) {
	if h.Run == "" || strings.ContainsAny(h.Run, "/\x00") || strings.HasPrefix(h.Run, ".") {
		return nil, fmt.Errorf("create journal: %q is no run id", h.Run)
	}
	if h.Started.IsZero() {
		h.Started = time.Now()
	}
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("create journal in %s: %w", dir, cause(err))
	}
	path := filepath.Join(dir, h.Run+suffix)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create journal %s: %w", path, cause(err))
	}
	j := &Journal{path: path, run: h.Run, file: file}
	// Whoever sees the header finds the lock: a run at work is never taken for a
	// broken one.
	if err = hold(file); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock journal %s: %w", path, cause(err))
	}
	err = j.write(line{Format: format, Entry: Entry{Time: h.Started, Event: Begin}, Header: &h}, true)
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("create journal %s: %w", path, cause(err))
	}
	return j, nil
}

// Path is the journal's file.
func (j *Journal) Path() string { return j.path }

// Run is the id of the run.
func (j *Journal) Run() string { return j.run }

// Intent says that a step is about to change something. It is on the disk when
// Intent returns; on an error nothing may be changed.
func (j *Journal) Intent(s Step) error {
	return j.add(s, Entry{Event: Intent}, true)
}

// Record keeps a value that a later process needs to go on or to undo. It is on
// the disk when Record returns.
func (j *Journal) Record(s Step, key string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("record %s of %s: %w", key, s.Target, err)
	}
	return j.add(s, Entry{Event: Record, Key: key, Value: raw}, true)
}

// Command notes a program that ran. It is not synced: it explains, and nothing
// is decided by it.
func (j *Journal) Command(s Step, r Ran) error {
	return j.add(s, Entry{Event: Command, Command: r.Command, Changes: r.Changes, Exit: r.Exit, Seconds: r.Duration.Seconds(), Error: r.Error}, false)
}

// Result says how a step ended. It is on the disk when Result returns.
func (j *Journal) Result(s Step, o Outcome) error {
	return j.add(s, Entry{Event: Result, Outcome: o.Outcome, Evidence: o.Evidence, Error: o.Error, Seconds: o.Duration.Seconds()}, true)
}

// End says how the run ended. It is on the disk when End returns.
func (j *Journal) End(o Outcome) error {
	return j.add(Step{}, Entry{Event: End, Outcome: o.Outcome, Evidence: o.Evidence, Error: o.Error, Seconds: o.Duration.Seconds()}, true)
}

// Undo says that a step is about to be undone. It is on the disk when Undo
// returns; on an error nothing may be changed.
func (j *Journal) Undo(s Step) error { return j.add(s, Entry{Event: Undo}, true) }

// Undone says how the undo of a step ended: OK, Skipped when there is nothing to
// undo, or Failed. It is on the disk when Undone returns; a process killed before
// that leaves the step to be undone once more.
func (j *Journal) Undone(s Step, o Outcome) error {
	return j.add(s, Entry{Event: Undone, Outcome: o.Outcome, Evidence: o.Evidence, Error: o.Error, Seconds: o.Duration.Seconds()}, true)
}

// Continued says which run goes on from here. It is on the disk when Continued
// returns; that run may still come to nothing.
func (j *Journal) Continued(run string) error {
	return j.add(Step{}, Entry{Event: Continued, Run: run}, true)
}

// Close closes the file. It ends nothing: without End the run counts as broken.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.err, os.ErrClosed) {
		return nil
	}
	j.err = os.ErrClosed
	return errors.Join(flock(j.file, unix.LOCK_UN), j.file.Close())
}

func (j *Journal) add(s Step, e Entry, sync bool) error {
	e.Procedure, e.Step, e.Number = s.Procedure, s.Target, s.Number
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Time = time.Now()
	if err := j.write(line{Entry: e}, sync); err != nil {
		return fmt.Errorf("write journal %s: %w", j.path, cause(err))
	}
	return nil
}

// write appends one line with one write. A line that could not be written whole
// (a full disk) is taken back, or the next one would be glued to it.
func (j *Journal) write(l line, sync bool) error {
	if j.err != nil {
		return j.err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text) // ends the line, too
	encoder.SetEscapeHTML(false)      // 2>&1 is to be read by people
	if err := encoder.Encode(l); err != nil {
		return err
	}
	n, err := j.file.Write(text.Bytes())
	if err != nil {
		if n > 0 {
			if undo := j.file.Truncate(j.size); undo != nil {
				j.err = errors.Join(err, undo)
			}
		}
		return err
	}
	j.size += int64(n)
	if sync {
		if err := j.file.Sync(); err != nil {
			// After a failed sync nobody knows what is on the disk.
			j.err = err
			return err
		}
	}
	return nil
}
