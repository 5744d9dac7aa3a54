package command

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// streamPipe is the size asked for a stream's pipe. The default of 64 KiB makes
// producer and consumer take turns; 1 MiB lets both run.
const streamPipe = 1 << 20

// Stream is the standard output of a running program.
type Stream struct {
	file    *os.File
	in      io.Reader // s.plain, or what unpacks it
	run     *running
	unwatch func() bool

	ended  chan struct{} // closed once ending is set
	ending Ending

	eof     bool // all was read
	held    bool
	closing bool
	lost    error // the stream broke off although the program ended well

	once sync.Once
	err  error
}

func (d *Door) open(ctx context.Context, c Command, pipeSize int) (*Stream, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, &Error{Program: c.Program, Argv: d.transport.Show(c), Exit: -1, Err: err}
	}
	if pipeSize > 0 {
		growPipe(read, pipeSize)
	}
	r, err := d.start(ctx, c, write)
	if err != nil {
		read.Close()
		return nil, err
	}
	s := &Stream{file: read, run: r, ended: make(chan struct{})}
	s.in = readerFunc(s.plain)
	if p, far := r.process.(interface{ Packed() bool }); far && p.Packed() {
		s.in = &unpacker{from: s.in}
	}
	// A program that escaped from its group may hold the pipe open for ever;
	// the end of the context must free the reader all the same.
	s.unwatch = context.AfterFunc(r.ctx, func() { read.SetReadDeadline(time.Now()) })
	go s.watch()
	return s, nil
}

// watch waits for the program. A reader that is still blocked then waits for a
// program that was left behind, and not for ever.
func (s *Stream) watch() {
	s.ending = s.run.process.Wait()
	close(s.ended)
	if s.ending.Err != nil {
		s.file.SetReadDeadline(time.Now())
	} else {
		s.file.SetReadDeadline(time.Now().Add(Grace))
	}
}

// Read reads what the program writes. At the end it waits for the program, and
// says io.EOF only when the program ended well: otherwise it gives the program's
// error, so that a copy of half a dump cannot pass for a whole one.
func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		s.eof = true
	case errors.Is(err, errBrokenFrame):
		s.lost = &Lost{Place: s.run.door.Name(), Said: err.Error()}
		err = s.run.failure(Ending{Exit: -1, Err: s.lost})
	}
	return n, err
}

// plain reads what comes through the pipe.
func (s *Stream) plain(p []byte) (int, error) {
	for again := false; ; again = true {
		n, err := s.file.Read(p)
		switch {
		case n > 0 || len(p) == 0:
			return n, nil
		case errors.Is(err, io.EOF):
			return 0, s.outcome(io.EOF)
		case !errors.Is(err, os.ErrDeadlineExceeded), s.closing:
			return 0, err
		case s.isOver():
			return 0, s.outcome(ErrHeld)
		case again:
			s.held = true
			return 0, s.outcome(ErrHeld)
		}
		// The deadline passed while the caller was busy: what is in the pipe
		// still counts.
		s.file.SetReadDeadline(time.Now().Add(Grace))
	}
}

// isOver reports whether the program was stopped from here.
func (s *Stream) isOver() bool {
	select {
	case <-s.ended:
		return s.ending.Err != nil
	default:
		return Stopped(s.run.ctx) != nil
	}
}

// outcome waits for the program: its error, or well when it ended well.
func (s *Stream) outcome(well error) error {
	<-s.ended
	if err := s.run.failure(s.ending); err != nil {
		return err
	}
	return well
}

// Stderr is the masked end of standard error, complete once the stream has ended.
func (s *Stream) Stderr() string {
	<-s.ended
	return s.run.stderr(s.ending)
}

// Close waits for the program and gives its *Error. When there was more to read
// the program is ended and the error is ErrCutShort.
func (s *Stream) Close() error {
	s.once.Do(func() {
		switch {
		case s.lost != nil:
			s.finish(s.lost)
		case s.eof:
			s.finish(nil)
		case s.held:
			s.finish(ErrHeld)
		case Stopped(s.run.ctx) != nil:
			s.finish(Stopped(s.run.ctx))
		case s.leftover():
			s.finish(ErrCutShort)
		default:
			s.finish(nil)
		}
	})
	return s.err
}

// Abort ends the program and waits until it has gone: for a consumer that wants
// no more. After Close it does nothing, so it may be deferred.
func (s *Stream) Abort() {
	s.once.Do(func() {
		s.finish(ErrCutShort)
		s.err = nil
	})
}

// end is Close for a reader that has a reason of its own.
func (s *Stream) end(why error) error {
	s.once.Do(func() { s.finish(why) })
	return s.err
}

// leftover reports whether the program had, or may have had, more to say.
func (s *Stream) leftover() bool {
	s.file.SetReadDeadline(time.Now().Add(Grace))
	s.closing = true
	n, err := s.Read(make([]byte, 1))
	return n > 0 || errors.Is(err, os.ErrDeadlineExceeded) && !s.isOver()
}

// finish ends what still runs and settles the command.
func (s *Stream) finish(why error) {
	s.unwatch()
	if why != nil {
		s.run.cancel(why)
	}
	s.file.Close()
	<-s.ended
	// A program that failed before anyone stopped it has the better reason.
	if own := s.ending; why != nil && own.Err == nil && own.Exit > 0 {
		why = nil
	}
	s.err = s.run.settle(s.ending, why)
}
