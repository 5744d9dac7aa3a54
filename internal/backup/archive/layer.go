package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
)

// Known is a part of an earlier set that a new one may link.
type Known struct {
	Path string // of the part's file
	Part manifest.Part
}

// Shelf finds the parts of earlier sets by the hash of their plain data.
type Shelf map[manifest.Hash]Known

// Layer lays the parts of one source down in its directory, in order. Add,
// Link and Piece are called from one goroutine; compressing and writing happen
// on all cores behind it. Close must be called, also after an error.
type Layer struct {
	press *Press
	disk  *disk.Disk
	dir   string
	shelf Shelf

	group errgroup.Group
	ctx   context.Context
	fail  context.CancelCauseFunc
	next  int

	mu     sync.Mutex
	parts  []manifest.Part
	fresh  int64
	stored int64
	tails  map[int]int
	onPart func(plain int64)
}

// NewLayer makes dir, which must not exist, and lays parts down in it. onPart,
// which may be nil, is told the plain size of every part that is done.
func NewLayer(ctx context.Context, press *Press, d *disk.Disk, dir string, shelf Shelf, onPart func(int64)) (*Layer, error) {
	if err := d.Mkdir(dir); err != nil {
		return nil, fmt.Errorf("make source directory: %w", err)
	}
	if onPart == nil {
		onPart = func(int64) {}
	}
	l := &Layer{press: press, disk: d, dir: dir, shelf: shelf, onPart: onPart, tails: map[int]int{}}
	l.ctx, l.fail = context.WithCancelCause(ctx)
	l.group.SetLimit(press.workers)
	return l, nil
}

// Context ends when laying down a part has failed.
func (l *Layer) Context() context.Context { return l.ctx }

// Buffer waits for a buffer to fill and hand to Add. At most workers + 2 are
// out at once, over all layers of the press.
func (l *Layer) Buffer() ([]byte, error) { return l.press.buffer(l.ctx) }

// TryBuffer is Buffer for whoever holds one already: nil when none is free now,
// since to wait while holding one is to wait for ever, if all do.
func (l *Layer) TryBuffer() []byte { return l.press.tryBuffer() }

// Release gives back a buffer that was not handed to Add.
func (l *Layer) Release(b []byte) { l.press.release(b) }

// Fill completes a buffer on one of the cores and returns it with the index
// that is to stand beside the part; no index when it is nil.
type Fill func(buf []byte) (filled, index []byte, err error)

// Reserve takes the next number for a part that is added later, by AddAt.
func (l *Layer) Reserve() int {
	l.next++
	return l.next
}

// Add takes over a buffer and lays it down as the next part. fill may be nil.
func (l *Layer) Add(buf []byte, fill Fill) { l.AddAt(l.Reserve(), buf, fill) }

// AddAt is Add for a number that was reserved.
func (l *Layer) AddAt(n int, buf []byte, fill Fill) {
	l.group.Go(func() (err error) {
		defer func() {
			l.press.release(buf)
			if err != nil {
				l.fail(err)
			}
		}()
		var index []byte
		if fill != nil {
			if buf, index, err = fill(buf); err != nil {
				return err
			}
		}
		return l.lay(n, buf, index)
	})
}

// Continue says that the parts after n, up to the newest one, hold the rest of
// the file whose header is in part n.
func (l *Layer) Continue(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tails[n] = l.next - n
}

// lay compresses and writes one part, or links it.
func (l *Layer) lay(n int, data, index []byte) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	part := manifest.Part{Number: n, Plain: manifest.Sum(data), PlainSize: int64(len(data))}
	fresh := int64(0)
	if known, ok := l.shelf[part.Plain]; ok && known.Part.PlainSize == part.PlainSize && l.link(known, n) {
		part.Hash, part.Size, part.ReadAt = known.Part.Hash, known.Part.Size, known.Part.ReadAt
	} else if err := l.press.press(data, func(frame []byte) error {
		part.Hash, part.Size = manifest.Sum(frame), int64(len(frame))
		fresh += part.Size
		return l.disk.Write(filepath.Join(l.dir, manifest.PartName(n)), frame, 0o400)
	}); err != nil {
		return fmt.Errorf("write part %d: %w", n, err)
	}
	stored := part.Size
	if index != nil {
		hash := manifest.Sum(index)
		part.Index = &hash
		stored += int64(len(index))
		fresh += int64(len(index))
		if err := l.disk.Write(filepath.Join(l.dir, manifest.IndexName(n)), index, 0o400); err != nil {
			return fmt.Errorf("write index %d: %w", n, err)
		}
	}
	l.record(part, stored, fresh)
	l.onPart(part.PlainSize)
	return nil
}

// link says whether the known part could take its place in this set. A part
// that is gone or has another size than recorded is written anew instead.
func (l *Layer) link(known Known, n int) bool {
	info, err := os.Stat(known.Path)
	if err != nil || info.Size() != known.Part.Size {
		return false
	}
	return l.disk.Link(known.Path, filepath.Join(l.dir, manifest.PartName(n))) == nil
}

// Keep links a part of an earlier set, and its index, as the next part,
// without looking into it. dir is where the part lies.
func (l *Layer) Keep(dir string, old manifest.Part) error {
	l.next++
	part := old
	part.Number = l.next
	names := [][2]string{{manifest.PartName(old.Number), manifest.PartName(part.Number)}}
	if old.Index != nil {
		names = append(names, [2]string{manifest.IndexName(old.Number), manifest.IndexName(part.Number)})
	}
	stored := int64(0)
	for _, name := range names {
		from := filepath.Join(dir, name[0])
		info, err := os.Stat(from)
		if err != nil {
			return fmt.Errorf("keep part: %w", err)
		}
		stored += info.Size()
		if err := l.disk.Link(from, filepath.Join(l.dir, name[1])); err != nil {
			return fmt.Errorf("keep part: %w", err)
		}
	}
	l.record(part, stored, 0)
	return nil
}

func (l *Layer) record(p manifest.Part, stored, fresh int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parts = append(l.parts, p)
	l.stored += stored
	l.fresh += fresh
}

// Laid is what a layer has laid down.
type Laid struct {
	Parts  []manifest.Part
	Plain  int64 // decoded bytes
	Stored int64 // bytes of the parts and indexes
	New    int64 // of those, written by this layer
	List   manifest.Hash
}

// Wait waits for every part that was added and returns the first error.
func (l *Layer) Wait() error { return l.group.Wait() }

// Close waits for every part, writes the list of parts and says what was laid
// down. After an error of the caller, Abort is called instead.
func (l *Layer) Close() (Laid, error) {
	defer l.fail(nil)
	if err := l.group.Wait(); err != nil {
		return Laid{}, err
	}
	slices.SortFunc(l.parts, func(a, b manifest.Part) int { return a.Number - b.Number })
	laid := Laid{Parts: l.parts, Stored: l.stored, New: l.fresh}
	for i := range l.parts {
		p := &l.parts[i]
		laid.Plain += p.PlainSize
		if tail, ok := l.tails[p.Number]; ok {
			p.Tail = tail
		}
	}
	list, err := manifest.EncodeParts(l.parts)
	if err != nil {
		return Laid{}, err
	}
	laid.List = manifest.Sum(list)
	if err := l.disk.Write(filepath.Join(l.dir, manifest.PartsFile), list, 0o400); err != nil {
		return Laid{}, fmt.Errorf("write list of parts: %w", err)
	}
	return laid, nil
}

// Abort ends a layer after an error of the caller. It waits for the parts that
// are under way and returns their error when that was what led here.
func (l *Layer) Abort(cause error) error {
	l.fail(cause)
	if err := l.group.Wait(); err != nil && !errors.Is(err, context.Canceled) && errors.Is(cause, context.Canceled) {
		return err
	}
	return cause
}

// Add puts the parts of a source in an earlier set on the shelf.
func (s Shelf) Add(dir string, parts []manifest.Part) {
	for _, p := range parts {
		s[p.Plain] = Known{Path: filepath.Join(dir, manifest.PartName(p.Number)), Part: p}
	}
}
