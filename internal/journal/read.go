package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Run is a journal that was read.
type Run struct {
	Header
	Path    string
	Entries []Entry
	// Torn says that the last line was not whole and was left out: the process
	// or the machine stopped while it was written.
	Torn bool

	size int64 // of the whole lines
}

// State is how the run ended as far as its journal tells. It is Broken when a
// step was begun and has no result, and when the run has no end: the process was
// killed, or is still at it.
func (r Run) State() string {
	if len(r.Unfinished()) > 0 {
		return Broken
	}
	for _, e := range slices.Backward(r.Entries) {
		if e.Event == End {
			return e.Outcome
		}
	}
	return Broken
}

// Unfinished is every intent that has no result, in order.
func (r Run) Unfinished() []Entry {
	var open []Entry
	for _, e := range r.Entries {
		switch e.Event {
		case Intent:
			open = append(open, e)
		case Result:
			open = slices.DeleteFunc(open, func(o Entry) bool { return o.Procedure == e.Procedure && o.Step == e.Step })
		}
	}
	return open
}

// Read reads one journal. A torn last line is left out; a line that cannot be
// read anywhere else is an error that names it.
func Read(path string) (Run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Run{}, fmt.Errorf("read journal %s: %w", path, cause(err))
	}
	r := Run{Path: path}
	r.Header.Run = strings.TrimSuffix(filepath.Base(path), suffix)
	for number := 1; len(data) > 0; number++ {
		text, rest, whole := bytes.Cut(data, []byte("\n"))
		data = rest
		l, err := parse(text)
		if !whole || err != nil && len(rest) == 0 && !errors.Is(err, errNewer) {
			r.Torn = true
			return r, nil
		}
		if err == nil && (l.Event == Begin) != (number == 1) {
			err = fmt.Errorf("a journal has %q first and only there", Begin)
		}
		if err != nil {
			return Run{}, fmt.Errorf("read journal %s: line %d: %w", path, number, err)
		}
		if l.Header != nil {
			r.Header = *l.Header
		}
		r.Entries = append(r.Entries, l.Entry)
		r.size += int64(len(text)) + 1
	}
	return r, nil
}

const errNewer = sentinel("written by a newer version of this program")

type sentinel string

func (s sentinel) Error() string { return string(s) }

func parse(text []byte) (line, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return l, errors.New("not a journal entry")
	}
	if l.Format > format {
		return l, errNewer
	}
	if l.Event == "" || l.Event == Begin && l.Header == nil {
		return l, errors.New("not a journal entry")
	}
	return l, nil
}

// List reads every journal in dir, newest first. A missing dir holds none. When
// some cannot be read the others are returned beside the error.
func List(dir string) ([]Run, error) {
	paths, err := paths(dir)
	if err != nil {
		return nil, err
	}
	var runs []Run
	var failed []error
	for _, path := range paths {
		r, err := Read(path)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		runs = append(runs, r)
	}
	slices.SortStableFunc(runs, func(a, b Run) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.Header.Run, a.Header.Run))
	})
	return runs, errors.Join(failed...)
}

// paths is the journals of dir, the latest id first.
func paths(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("list journals in %s: %w", dir, cause(err))
	}
	var out []string
	for _, f := range slices.Backward(files) {
		if f.Type().IsRegular() && strings.HasSuffix(f.Name(), suffix) {
			out = append(out, filepath.Join(dir, f.Name()))
		}
	}
	return out, nil
}
