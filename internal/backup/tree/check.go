package tree

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"

	"iact-infra/internal/backup/manifest"
)

// Checker follows the parts of a tree in order and makes sure that they are
// the plain tar that they should be: whole entries in each part, and after the
// header of a large file exactly its content.
type Checker struct {
	left  int64 // content of a large file still to come, padding included
	tail  int   // parts in which it has to come
	blind bool  // the header was not readable: nobody knows how much has to come
}

// Bad takes the place of Part for a part that could not be read, so that one
// damage is not told again for the parts that belong to it.
func (c *Checker) Bad(p manifest.Part) {
	switch {
	case c.tail > 0:
		c.tail--
		c.left -= p.PlainSize
	case p.Tail > 0:
		c.tail, c.blind = p.Tail, true
	}
}

// Part looks at the next part.
func (c *Checker) Part(p manifest.Part, plain []byte) error {
	if c.tail > 0 {
		c.tail--
		c.left -= int64(len(plain))
		if c.blind {
			c.blind = c.tail > 0
			return nil
		}
		if c.left < 0 || c.tail == 0 && c.left != 0 {
			return errors.New("the content of a large file does not have the length that its header says")
		}
		return nil
	}
	in := &tail{Reader: *bytes.NewReader(plain)}
	if p.Tail > 0 {
		size, err := largeSize(plain)
		if err != nil {
			return err
		}
		c.left, c.tail, c.blind = size, p.Tail, false
		return nil
	}
	r := tar.NewReader(in)
	for {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			return fmt.Errorf("not a readable tar: %w", err)
		}
	}
}

// End must be called after the last part.
func (c *Checker) End() error {
	if c.tail > 0 {
		return errors.New("the content of a large file is missing")
	}
	return nil
}

// tail hides bytes.Reader's Seek from archive/tar, which would skip content
// without noticing that it is not there.
type tail struct{ bytes.Reader }

func (t *tail) Seek(int64, int) (int64, error) { return 0, errors.New("not seekable") }

// largeSize is how many bytes follow a part that holds nothing but the header
// of a large file: the size field of its last block, or the PAX record for
// sizes that the field cannot hold.
func largeSize(plain []byte) (int64, error) {
	if len(plain)%block != 0 || len(plain) < block {
		return 0, errors.New("not the header of a large file")
	}
	last := plain[len(plain)-block:]
	var size int64
	for _, d := range last[124:135] {
		if d < '0' || d > '7' {
			return 0, errors.New("not the header of a large file")
		}
		size = size<<3 | int64(d-'0')
	}
	if _, record, ok := bytes.Cut(plain[:len(plain)-block], []byte(" size=")); ok {
		if _, err := fmt.Sscanf(string(record[:min(len(record), 20)]), "%d", &size); err != nil {
			return 0, fmt.Errorf("not the header of a large file: %w", err)
		}
	}
	return size + padding(size), nil
}
