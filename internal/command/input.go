package command

import (
	"io"
	"os"
	"time"
)

// input feeds a program's standard input from a reader. A file is handed to the
// program and not touched.
type input struct {
	from  io.Reader
	child *os.File // what the program reads; nil is an empty input
	ours  bool     // child is a pipe's end of ours to close
	write *os.File

	failed chan error // gets the reader's error
	fed    chan error // gets nil after the end of the input, or ErrUnread
}

func newInput(from io.Reader) (*input, error) {
	in := &input{from: from, failed: make(chan error, 1), fed: make(chan error, 1)}
	if from == nil {
		return in, nil
	}
	if file, ok := from.(*os.File); ok {
		in.child = file
		return in, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	growPipe(write, streamPipe)
	in.child, in.write, in.ours = read, write, true
	return in, nil
}

// handedOver closes this process's copy of what the program reads.
func (in *input) handedOver() {
	if in.ours {
		in.child.Close()
	}
}

// feed copies until the input ends, fails, or the program reads no more.
func (in *input) feed() {
	if in.write == nil {
		in.fed <- nil
		return
	}
	if w, ok := in.from.(*wire); ok {
		go func() {
			defer in.write.Close()
			w.send(in.write)
		}()
		in.fed <- nil
		return
	}
	go func() {
		to := &taker{w: in.write}
		var err error
		if from, ok := in.from.(io.WriterTo); ok {
			_, err = from.WriteTo(to)
		} else {
			_, err = io.CopyBuffer(to, struct{ io.Reader }{in.from}, make([]byte, 256<<10))
		}
		switch {
		case to.gone:
			in.fed <- ErrUnread
		case err != nil:
			// The pipe stays open: the program must not take this for the end
			// of its input.
			in.failed <- err
		default:
			in.write.Close()
			in.fed <- nil
		}
	}()
}

// taker is a program's end of its input. gone says that it reads no more.
type taker struct {
	w    io.Writer
	gone bool
}

func (t *taker) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.gone = err != nil
	return n, err
}

// settle gives the input's verdict on a program that ended by itself. A program
// that failed is not kept waiting for the reader.
func (in *input) settle(well bool) error {
	defer in.drop()
	if in.write == nil || !well {
		return nil
	}
	// Nobody reads any more: a write that still blocks is one too many.
	in.write.SetWriteDeadline(time.Now())
	select {
	case err := <-in.fed:
		return err
	case err := <-in.failed:
		return err
	case <-time.After(Grace):
		return ErrUnread
	}
}

// drop closes the pipe. A reader that still blocks finds it closed.
func (in *input) drop() {
	if in.write != nil {
		in.write.Close()
	}
}
