package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// errBrokenFrame is a packed stream that is not one whole frame.
var errBrokenFrame = errors.New("its stream broke off")

// readerFunc is a reader that is one function.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// unpacker decodes what the shell of a far place has packed on its way. A dump
// is mostly air, and packing it costs less than ciphers and networks take for
// the air. The end of the frame and its checksum also prove that all of it came.
type unpacker struct {
	from  io.Reader
	frame *zstd.Decoder
	err   error // how it ended; it stays so
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	if u.frame == nil {
		if u.err = u.open(); u.err != nil {
			return 0, u.err
		}
	}
	n, err := u.frame.Read(p)
	if err != nil {
		u.err = u.verdict(err)
		u.frame.Close()
	}
	return n, u.err
}

// open waits for the first byte. Nothing at all is no frame: an empty stream
// has one too.
func (u *unpacker) open() error {
	in := bufio.NewReaderSize(u.from, 256<<10)
	if _, err := in.Peek(1); err != nil {
		return u.verdict(err)
	}
	var err error
	// One goroutine: two cores that are busy gain nothing from a second.
	u.frame, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	return err
}

// verdict tells a frame that broke off from a program that failed, whose own
// error comes through the decoder as it is.
func (u *unpacker) verdict(err error) error {
	var program *Error
	switch {
	case errors.As(err, &program), errors.Is(err, ErrHeld), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, os.ErrClosed):
		return err
	case errors.Is(err, io.EOF) && u.frame != nil:
		return io.EOF
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", errBrokenFrame, err)
}
