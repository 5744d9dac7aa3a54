package command

import (
	"io"
	"os"
	"sync"
	"time"
)

// drained is how long the pipe of stderr may stay open after the program's end.
const drained = 500 * time.Millisecond

// tail reads a program's standard error and keeps the end of it.
type tail struct {
	read, write *os.File
	marks       *marks    // nil: there are none in it
	also        io.Writer // nil: nobody reads it while it comes
	done        chan struct{}

	mu   sync.Mutex
	ring []byte
	next int
	cut  bool
}

func newTail(marks *marks, also io.Writer) (*tail, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	t := &tail{read: read, write: write, marks: marks, also: also, done: make(chan struct{}), ring: make([]byte, 0, StderrKept)}
	go t.collect()
	return t, nil
}

func (t *tail) collect() {
	defer close(t.done)
	buffer := make([]byte, 4<<10)
	for {
		n, err := t.read.Read(buffer)
		if t.also != nil && n > 0 {
			_, _ = t.also.Write(buffer[:n]) // the program is not held up for it
		}
		if t.marks == nil {
			t.keep(buffer[:n])
		} else {
			t.marks.pass(buffer[:n], err != nil, t.keep)
		}
		if err != nil {
			return
		}
	}
}

func (t *tail) keep(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range b {
		if len(t.ring) < cap(t.ring) {
			t.ring = append(t.ring, c)
			continue
		}
		t.ring[t.next] = c
		t.next = (t.next + 1) % len(t.ring)
		t.cut = true
	}
}

// kept is what has been kept so far.
func (t *tail) kept() (text string, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.ring[t.next:]) + string(t.ring[:t.next]), t.cut
}

// finish gives what was kept once the program has ended. What it wrote is in the
// pipe by then; a service that it left behind may hold the pipe open and is not
// waited for.
func (t *tail) finish() (text string, cut bool) {
	t.write.Close()
	t.read.SetReadDeadline(time.Now().Add(drained))
	<-t.done
	t.read.Close()
	return t.kept()
}
