package diskimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Segment is a region of a disk and where its bytes lie in a file of this host.
type Segment struct {
	Extent
	File string
	At   int64
}

// Mapped is a disk whose bytes lie uncompressed in files, as those of a qcow2
// image do: reading it is as fast as reading the files. Nobody may write to them
// meanwhile.
type Mapped struct {
	size     int64
	segments []Segment // rising
	files    map[string]*os.File
}

// OpenMapped opens a disk by its map.
func OpenMapped(size int64, segments []Segment) (*Mapped, error) {
	m := &Mapped{size: size, segments: segments, files: map[string]*os.File{}}
	end := int64(0)
	for _, s := range segments {
		if s.Offset < end || s.Length <= 0 || s.Offset+s.Length > size {
			return nil, errors.Join(fmt.Errorf("open disk: its map has a region of %d bytes at %d, after %d of %d", s.Length, s.Offset, end, size), m.Close())
		}
		end = s.Offset + s.Length
		if m.files[s.File] != nil {
			continue
		}
		f, err := os.Open(s.File)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open disk: %w", err), m.Close())
		}
		m.files[s.File] = f
	}
	return m, nil
}

// Size implements Image.
func (m *Mapped) Size() int64 { return m.size }

// Close implements Image.
func (m *Mapped) Close() error {
	var err error
	for _, f := range m.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// Extents implements Image.
func (m *Mapped) Extents(context.Context) ([]Extent, error) {
	var all []Extent
	for _, s := range m.segments {
		if last := len(all) - 1; last >= 0 && all[last].Offset+all[last].Length == s.Offset {
			all[last].Length += s.Length
			continue
		}
		all = append(all, s.Extent)
	}
	return all, nil
}

// ReadAt implements io.ReaderAt.
func (m *Mapped) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read disk: offset %d is negative", off)
	}
	short := error(nil)
	if left := max(m.size-off, 0); int64(len(p)) > left {
		p, short = p[:left], io.EOF
	}
	next, _ := slices.BinarySearchFunc(m.segments, off, func(s Segment, off int64) int {
		if s.Offset+s.Length <= off {
			return -1
		}
		return 1
	})
	for done := 0; done < len(p); {
		at := off + int64(done)
		if next == len(m.segments) || m.segments[next].Offset > at { // a hole
			end := len(p)
			if next < len(m.segments) {
				end = min(end, int(m.segments[next].Offset-off))
			}
			clear(p[done:end])
			done = end
			continue
		}
		s := m.segments[next]
		end := min(len(p), int(s.Offset+s.Length-off))
		n, err := m.files[s.File].ReadAt(p[done:end], s.At+at-s.Offset)
		if errors.Is(err, io.EOF) && n < end-done {
			clear(p[done+n : end]) // the file ends within the last cluster
			err = nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return done + n, fmt.Errorf("read disk: %w", err)
		}
		done = end
		next++
	}
	return len(p), short
}
