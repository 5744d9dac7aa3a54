package volumelive

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// hash reads a file. Its holes are not read: they are known to be nothing.
func (w *walk) hash(ctx context.Context, f *os.File) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	info, err := f.Stat()
	if err != nil {
		return sum, err
	}
	nothing := make([]byte, 64<<10)
	for at := int64(0); at < info.Size(); {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		data, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		switch {
		case errors.Is(err, unix.ENXIO):
			data = info.Size()
		case err != nil:
			data = at // a file system that does not tell
		}
		for ; at < data; at += min(int64(len(nothing)), data-at) {
			_, _ = h.Write(nothing[:min(int64(len(nothing)), data-at)])
		}
		if at >= info.Size() {
			break
		}
		end, err := unix.Seek(int(f.Fd()), at, unix.SEEK_HOLE)
		if err != nil || end <= at {
			end = info.Size()
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{io.NewSectionReader(f, at, end-at)}, w.buffer)
		if err != nil {
			return sum, err
		}
		if at += n; at < end {
			return sum, io.ErrUnexpectedEOF
		}
	}
	h.Sum(sum[:0])
	return sum, nil
}
