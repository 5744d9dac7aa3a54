package backup

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"

	"iact-infra/internal/backup/manifest"
)

// streamShape reads a tar that was laid down as it came, across its parts.
type streamShape struct {
	w    *io.PipeWriter
	done chan error
	any  bool
}

func newStreamShape() *streamShape {
	return reading(func(r io.Reader) error {
		err := readTar(r)
		if err == nil { // what follows the end of an archive is padding
			_, err = io.Copy(io.Discard, r)
		}
		return err
	})
}

// reading lets somebody read the stream.
func reading(read func(io.Reader) error) *streamShape {
	r, w := io.Pipe()
	s := &streamShape{w: w, done: make(chan error, 1)}
	go func() {
		err := read(r)
		_ = r.CloseWithError(errors.New("the tar was read"))
		s.done <- err
	}()
	return s
}

func readTar(r io.Reader) error {
	in := tar.NewReader(r)
	for {
		_, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			_, err = io.Copy(io.Discard, in)
		}
		if err != nil {
			return err
		}
	}
}

func (s *streamShape) part(_ manifest.Part, data []byte) error {
	s.any = true
	// When the reader ended early, end has the reason.
	_, _ = s.w.Write(data)
	return nil
}

func (s *streamShape) bad(manifest.Part) {}

func (s *streamShape) end(whole bool) error {
	switch {
	case !s.any:
		s.stop()
		return nil
	case !whole:
		s.stop()
		return errAbandoned
	}
	_ = s.w.Close()
	if err := <-s.done; err != nil {
		return fmt.Errorf("not a readable tar: %w", err)
	}
	return nil
}

func (s *streamShape) stop() {
	_ = s.w.CloseWithError(errAbandoned)
	<-s.done
}
