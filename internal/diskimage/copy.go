package diskimage

import (
	"bytes"
	"context"
	"fmt"
	"os"
)

// Copy writes a disk into a new raw file. Holes of the disk are holes of the
// file, and so is what holds nothing but zeros. tell, which may be nil, is told
// how many bytes of data were copied.
func Copy(ctx context.Context, from Image, path string, tell func(int)) (err error) {
	extents, err := from.Extents(ctx)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if wrong := f.Close(); err == nil {
			err = wrong
		}
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	if err := f.Truncate(from.Size()); err != nil {
		return fmt.Errorf("copy disk: %w", err)
	}
	buf := make([]byte, 4<<20)
	for _, e := range extents {
		for at := e.Offset; at < e.Offset+e.Length; {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			part := buf[:min(int64(len(buf)), e.Offset+e.Length-at)]
			if _, err := from.ReadAt(part, at); err != nil {
				return fmt.Errorf("copy disk at %d: %w", at, err)
			}
			if !zeros(part) {
				if _, err := f.WriteAt(part, at); err != nil {
					return fmt.Errorf("copy disk to %s: %w", path, err)
				}
			}
			at += int64(len(part))
			if tell != nil {
				tell(len(part))
			}
		}
	}
	return nil
}

// zeros says whether nothing but zeros is in b.
func zeros(b []byte) bool {
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[:len(b)-1], b[1:])
}
