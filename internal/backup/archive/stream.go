package archive

import (
	"errors"
	"io"
)

// readSize is the most that one read takes; a pipe of the same size gives it
// in one system call.
const readSize = 1 << 20

// Stream reads r to its end, cuts it by content and lays the pieces down. An
// error of r is returned as it is; parts laid down by then stay in the
// unfinished set and serve the next run.
func (l *Layer) Stream(r io.Reader) (int64, error) {
	cut := newCutter()
	var total int64
	// What follows a cut waits here, at most one read of it: whoever held a
	// buffer while waiting for another could wait for ever, if all did.
	var rest []byte
	buf, err := l.Buffer()
	if err != nil {
		return 0, err
	}
	for {
		if err := l.ctx.Err(); err != nil {
			l.Release(buf)
			return total, err
		}
		room := buf[len(buf):min(cap(buf), len(buf)+readSize)]
		n, rerr := r.Read(room)
		buf = buf[:len(buf)+n]
		total += int64(n)
		for size := cut.cut(buf); size > 0; size = cut.cut(buf) {
			rest = append(rest[:0], buf[size:]...)
			l.Add(buf[:size], nil)
			if buf, err = l.Buffer(); err != nil {
				return total, err
			}
			buf = append(buf, rest...)
		}
		if rerr == nil {
			continue
		}
		if !errors.Is(rerr, io.EOF) {
			l.Release(buf)
			return total, rerr
		}
		if len(buf) > 0 || l.next == 0 {
			l.Add(buf, nil)
		} else {
			l.Release(buf)
		}
		return total, nil
	}
}
