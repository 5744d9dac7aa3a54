package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"iact-infra/internal/fault"
)

// download is one file on its way to the disk. Whatever ends it, the part that came is kept with what tells whether it
// can be continued, and the next download of the same file does so.
type download struct {
	source Source
	from   place
	path   string
	part   string
	say    func(done, total int64)

	received, resumed int64
}

// state stands beside a part: which version of the file the part belongs to, and how long that is (-1: not said).
type state struct {
	Mark  string `json:"mark"`
	Total int64  `json:"total"`
}

const (
	stateEnding = ".json"
	errChanged  = sentinel("the file changed while it was read")
)

// run returns when the part is the whole file. Passing failures are tried again, for as long as something comes in between.
func (d *download) run(ctx context.Context) error {
	part, err := os.OpenFile(d.part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return local(err)
	}
	err = d.source.again(ctx, func(ctx context.Context, touch func()) (bool, error) {
		before := d.received
		err := d.attempt(ctx, part, touch)
		return d.received > before, err
	})
	if err == nil {
		err = local(part.Sync()) // a rename follows, and must not come to the disk before the bytes
	}
	if err == nil {
		err = d.recognise()
	}
	return errors.Join(err, local(part.Close()))
}

// localError is a failure of this machine: no other place would do better.
type localError struct{ error }

func (l localError) Unwrap() error { return l.error }

func local(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = fault.New(fault.Failed, "free space there and type it again: what has come is kept and continued", err)
	}
	return localError{err}
}

// attempt asks once for what is missing and appends it.
func (d *download) attempt(ctx context.Context, part *os.File, touch func()) error {
	at, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return local(err)
	}
	was := d.recall()
	if at > 0 && at == was.Total {
		d.resumed = at
		d.say(at, at)
		return nil // an earlier run was cut off behind the last byte
	}
	s, err := d.from.open(ctx, d.path, at, was.Mark)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // it was only read; what is missing shows in the length
	touch()
	changed := s.at > 0 && s.total != was.Total
	if at > 0 && (s.at == 0 || changed) { // first: an old part must never stand beside a new mark
		if err := part.Truncate(0); err != nil {
			return local(err)
		}
	}
	if s.at == 0 || changed {
		if err := d.note(state{Mark: s.mark, Total: s.total}); err != nil {
			return local(err)
		}
	}
	if changed {
		return errChanged
	}
	if s.at == 0 || d.received == 0 {
		d.resumed = s.at
	}
	return d.append(part, s, touch)
}

// append reads the stream to its end.
func (d *download) append(part *os.File, s *stream, touch func()) error {
	if _, err := part.Seek(s.at, io.SeekStart); err != nil {
		return local(err)
	}
	end := s.at
	in := &listener{from: s, heard: func(n int) {
		touch()
		d.received += int64(n)
		end += int64(n)
		d.say(end, s.total)
	}}
	_, err := io.Copy(part, in)
	switch {
	case in.failure != nil:
		return in.failure
	case err != nil:
		return local(err)
	case end < s.total:
		return fmt.Errorf("read %s: %w after %d of %d bytes", d.path, io.ErrUnexpectedEOF, end, s.total)
	case s.total < 0:
		return local(d.note(state{Mark: s.mark, Total: end}))
	}
	return nil
}

// recognise throws away what is no tarball at all: where a page answers instead of the place, another place may help.
func (d *download) recognise() error {
	_, err := inside(d.part)
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("%s/%s is no archive, a login page or a proxy may have answered: %w", d.from, d.path, err),
		os.Remove(d.part), os.Remove(d.part+stateEnding))
}

// recall is the zero state, with which nothing can be continued, unless an earlier attempt noted one.
func (d *download) recall() state {
	var was state
	text, err := os.ReadFile(d.part + stateEnding)
	if err != nil || json.Unmarshal(text, &was) != nil {
		return state{}
	}
	return was
}

func (d *download) note(s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(d.part+stateEnding, text, 0o600)
}

// listener tells of every piece that is read, and keeps the failure that ended the reading.
type listener struct {
	from    io.Reader
	heard   func(n int)
	failure error
}

func (l *listener) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if n > 0 {
		l.heard(n)
	}
	if err != nil && err != io.EOF {
		l.failure = err
	}
	return n, err
}

// oneLine joins errors so that they can be read as one.
func oneLine(problems []error) error {
	if len(problems) == 1 {
		return problems[0]
	}
	return fmt.Errorf("%w; %w", problems[0], oneLine(problems[1:]))
}

// forget removes what stood beside a part that is none any more.
func forget(final string) error {
	err := os.Remove(final + partEnding + stateEnding)
	if isMissing(err) {
		return nil
	}
	return err
}

// sentinel is an error that is compared, not read.
type sentinel string

func (s sentinel) Error() string { return string(s) }
