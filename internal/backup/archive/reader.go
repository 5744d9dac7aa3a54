package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/backup/manifest"
)

// PartError says which part of a source is bad and how.
type PartError struct {
	Name    string // file in the source's directory
	Problem string
	Part    manifest.Part
}

func (e *PartError) Error() string { return e.Name + ": " + e.Problem }

// ReadPart reads one part back: the file's hash, the decoding and the hash of
// the plain data must all be right. The error is a *PartError.
func ReadPart(decoder *zstd.Decoder, dir string, p manifest.Part, space []byte) ([]byte, error) {
	return readPart(decoder, dir, p, space, true)
}

// readPart leaves the hashes out where nobody asks for them; the checksum of
// the frame is always looked at.
func readPart(decoder *zstd.Decoder, dir string, p manifest.Part, space []byte, hashes bool) ([]byte, error) {
	name := manifest.PartName(p.Number)
	bad := func(format string, args ...any) error {
		return &PartError{Name: name, Problem: fmt.Sprintf(format, args...), Part: p}
	}
	info, err := os.Lstat(filepath.Join(dir, name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, bad("missing")
	case err != nil:
		return nil, bad("%v", err)
	case !info.Mode().IsRegular():
		return nil, bad("not a regular file")
	case info.Size() != p.Size:
		return nil, bad("%d bytes, %d were written", info.Size(), p.Size)
	}
	frame, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, bad("%v", err)
	}
	if hashes && manifest.Sum(frame) != p.Hash {
		return nil, bad("its bytes are not what was written")
	}
	plain, err := decoder.DecodeAll(frame, space[:0])
	if err != nil {
		return nil, bad("decode: %v", err)
	}
	if int64(len(plain)) != p.PlainSize || hashes && manifest.Sum(plain) != p.Plain {
		return nil, bad("decodes to other data than was written")
	}
	return plain, nil
}

// Present says, without reading it, whether a part's file is there and as long
// as it was written, and whether its index is there if it has one.
func Present(dir string, p manifest.Part) bool {
	info, err := os.Lstat(filepath.Join(dir, manifest.PartName(p.Number)))
	if err != nil || !info.Mode().IsRegular() || info.Size() != p.Size {
		return false
	}
	if p.Index == nil {
		return true
	}
	info, err = os.Lstat(filepath.Join(dir, manifest.IndexName(p.Number)))
	return err == nil && info.Mode().IsRegular()
}

// NewDecoder makes a decoder for ReadPart. It refuses frames that would need
// more memory than a part may.
func NewDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
}

// Each reads parts back on all cores and hands them to use in order, one at a
// time; the bytes are valid only during the call. A bad part reaches use as an
// error, which use may return to stop or swallow to go on with the next part.
func Each(ctx context.Context, dir string, parts []manifest.Part, use func(manifest.Part, []byte, error) error) error {
	return each(ctx, dir, parts, true, use)
}

func each(ctx context.Context, dir string, parts []manifest.Part, hashes bool, use func(manifest.Part, []byte, error) error) error {
	ctx, cancel := context.WithCancel(ctx)
	type slot struct {
		data []byte
		err  error
		done chan struct{}
	}
	workers := min(runtime.GOMAXPROCS(0), mostWorkers)
	slots := make(chan *slot, workers)
	queue := make(chan func(*zstd.Decoder), workers)
	spaces := make(chan []byte, 2*workers+2)
	for range cap(spaces) {
		spaces <- nil
	}
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	decoders := make([]*zstd.Decoder, workers)
	for i := range decoders {
		var err error
		if decoders[i], err = NewDecoder(); err != nil {
			return fmt.Errorf("make decoder: %w", err)
		}
	}
	for _, decoder := range decoders {
		all.Go(func() {
			defer decoder.Close()
			for job := range queue {
				job(decoder)
			}
		})
	}
	all.Go(func() {
		defer close(queue)
		defer close(slots)
		for _, p := range parts {
			s := &slot{done: make(chan struct{})}
			var space []byte
			select {
			case space = <-spaces:
			case <-ctx.Done():
				return
			}
			job := func(d *zstd.Decoder) {
				s.data, s.err = readPart(d, dir, p, space, hashes)
				if s.data == nil {
					s.data = space[:0]
				}
				close(s.done)
			}
			select {
			case slots <- s:
			case <-ctx.Done():
				return
			}
			queue <- job // a worker takes it: workers end only after this loop
		}
	})
	n := 0
	for s := range slots {
		select {
		case <-s.done:
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := use(parts[n], s.data, s.err); err != nil {
			return err
		}
		spaces <- s.data
		n++
	}
	return ctx.Err()
}

// Reader is the decoded stream of parts, each checked before its bytes are
// handed out. The first bad part ends it with a *PartError.
func Reader(ctx context.Context, dir string, parts []manifest.Part) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(Each(ctx, dir, parts, func(_ manifest.Part, data []byte, err error) error {
			if err != nil {
				return err
			}
			_, err = w.Write(data)
			return err
		}))
	}()
	return r
}
