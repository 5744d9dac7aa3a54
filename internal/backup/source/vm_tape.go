package source

import (
	"context"
	"fmt"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disktar"
	"iact-infra/internal/diskimage"
)

// tape lays a tar down in parts: the heads of its members in some, what they
// hold in others, which are cut at fixed places. So what has not changed is a
// part that the last set has, too.
type tape struct {
	layer *archive.Layer
	heads []byte // that no part holds yet
}

// inHeads is how long a file is at most that goes into a part with the heads.
const inHeads = 64 << 10

// file adds a file.
func (t *tape) file(name string, data []byte, at time.Time) error {
	head, err := disktar.File(name, int64(len(data)), at)
	if err != nil {
		return err
	}
	t.heads = append(t.heads, head...)
	pad := disktar.Padding(int64(len(data)))
	if len(data) > inHeads {
		if err := t.flush(t.layer.Reserve()); err != nil {
			return err
		}
		for ; len(data) > 0; data = data[min(disktar.Piece, len(data)):] {
			buf, err := t.layer.Buffer()
			if err != nil {
				return err
			}
			t.layer.Add(append(buf, data[:min(disktar.Piece, len(data))]...), nil)
		}
	}
	t.heads = append(append(t.heads, data...), pad...)
	return nil
}

// flush lays the heads down as a part.
func (t *tape) flush(part int) error {
	buf, err := t.layer.Buffer()
	if err != nil {
		return err
	}
	t.layer.AddAt(part, append(buf, t.heads...), nil)
	t.heads = nil
	return nil
}

// disk adds a disk. Where its holes are is known when it was read, and stands
// before its data: that part is written last.
func (t *tape) disk(ctx context.Context, name string, image diskimage.Image) error {
	extents, err := image.Extents(ctx)
	if err != nil {
		return fmt.Errorf("ask which regions hold data: %w", err)
	}
	spans, err := disktar.Spans(image.Size(), extents)
	if err != nil {
		return err
	}
	part := t.layer.Reserve()
	regions, err := t.pieces(image, spans)
	if err != nil {
		return err
	}
	head, err := disktar.Disk(name, image.Size(), regions, time.Unix(0, 0))
	if err != nil {
		return err
	}
	t.heads = append(t.heads, head...)
	if err := t.flush(part); err != nil {
		return err
	}
	stored := int64(0)
	for _, r := range regions {
		stored += r.Length
	}
	t.heads = disktar.Padding(stored)
	return nil
}

// reading is a piece that is being read.
type reading struct {
	buf     []byte
	regions []disktar.Region
	err     error
	done    chan struct{}
}

// pieces reads a disk, several pieces at once as buffers allow, and lays down in
// order what is not all zeros.
func (t *tape) pieces(image diskimage.Image, spans []disktar.Span) (regions []disktar.Region, err error) {
	var ahead []*reading
	defer func() {
		for _, r := range ahead {
			<-r.done
			t.layer.Release(r.buf)
		}
	}()
	for len(spans) > 0 || len(ahead) > 0 {
		if err := t.layer.Context().Err(); err != nil {
			return nil, err
		}
		for len(spans) > 0 {
			buf := t.layer.TryBuffer()
			if buf == nil && len(ahead) > 0 {
				break
			}
			if buf == nil {
				if buf, err = t.layer.Buffer(); err != nil {
					return nil, err
				}
			}
			r := &reading{buf: buf, done: make(chan struct{})}
			go r.read(image, spans[0])
			ahead, spans = append(ahead, r), spans[1:]
		}
		first := ahead[0]
		<-first.done
		if first.err != nil {
			return nil, first.err
		}
		ahead = ahead[1:]
		if len(first.buf) == 0 {
			t.layer.Release(first.buf)
			continue
		}
		regions = disktar.Append(regions, first.regions)
		t.layer.Add(first.buf, nil)
	}
	return regions, nil
}

func (r *reading) read(image diskimage.Image, span disktar.Span) {
	defer close(r.done)
	r.buf, r.regions, r.err = disktar.Read(image, image.Size(), span, r.buf)
}

// end closes the tar.
func (t *tape) end() error {
	t.heads = append(t.heads, disktar.End()...)
	return t.flush(t.layer.Reserve())
}
