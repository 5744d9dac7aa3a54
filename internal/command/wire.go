package command

import (
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
)

// frame is the most bytes of input that travel in one piece. For each the far
// shell starts dd once.
const frame = 1 << 20

// wire is what the shell of a far place reads: the header, then the frames of
// the program's input. It stays open after them, as the sign that somebody is
// still there; its end is what ends the program.
type wire struct {
	header string
	from   io.Reader
	begun  chan struct{} // closed when the other end waits for the input
	over   chan struct{} // closed when the program has ended
	failed chan error    // gets the error of from
	once   sync.Once

	mu    sync.Mutex
	ended bool // all input was handed over
}

// send writes everything and returns when the program has ended, or when nobody
// reads any more.
func (w *wire) send(out io.Writer) {
	if _, err := io.WriteString(out, w.header); err != nil {
		return
	}
	// Only now does the program start: what it writes could otherwise keep the
	// sign that it has started from coming through.
	select {
	case <-w.begun:
	case <-w.over:
		return
	}
	if _, err := io.WriteString(out, "begin\n"); err != nil {
		return
	}
	if w.from != nil && !w.frames(out) {
		return
	}
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	<-w.over
}

// frames sends the input and reports whether all of it went.
func (w *wire) frames(out io.Writer) bool {
	buffer := make([]byte, frame)
	for {
		n, err := io.ReadFull(w.from, buffer)
		if n > 0 {
			if _, err := io.WriteString(out, strconv.Itoa(n)+"\n"); err != nil {
				return false
			}
			if _, err := out.Write(buffer[:n]); err != nil {
				return false
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			_, err := io.WriteString(out, "0\n")
			return err == nil
		case err != nil:
			w.failed <- err
			<-w.over // the end of the wire is what it must not see before
			return false
		}
	}
}

// unread is nil when all input was handed over, else ErrUnread.
func (w *wire) unread() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.from != nil && !w.ended {
		return ErrUnread
	}
	return nil
}

// close ends the input, and with it whatever still runs at the other end.
func (w *wire) close() { w.once.Do(func() { close(w.over) }) }

// Read is there so that a wire can be the input of a command; input knows it.
func (w *wire) Read([]byte) (int, error) { return 0, os.ErrInvalid }
