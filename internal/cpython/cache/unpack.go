package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

// Unpack brings a build to into, which must be its prefix and not be there yet.
// It appears by one rename, after all of it was read, found to be what was saved
// and brought to the disk. Cut off anywhere it leaves .NAME.partial-RANDOM beside
// into at most, which the next Unpack removes.
//
// ErrNone, ErrRefused and ErrForeign mean that a build helps.
func (c *Cache) Unpack(ctx context.Context, key Key, into string) (Entry, error) {
	if err := key.check(); err != nil {
		return Entry{}, err
	}
	e, err := c.usable(ctx, key.ID())
	if err != nil {
		return Entry{}, err
	}
	if filepath.Clean(into) != e.Prefix {
		return Entry{}, fault.New(fault.Usage, "unpack it to "+e.Prefix+", or build for "+into, fmt.Errorf(
			"unpack cpython %s to %s: it was built for %s, and its scripts carry that path", e.Version, into, e.Prefix))
	}
	if err := foreign(e.Machine, e.Key.Distribution, e.Libraries); err != nil {
		return Entry{}, fmt.Errorf("unpack cpython %s: %w", e.Version, err)
	}
	err = place(into, func(dir string) error {
		a, err := c.archive(ctx, e)
		if err != nil {
			return err
		}
		x := &extraction{top: e.top(), prefix: e.Prefix, most: e.Bytes, say: func(done int64) { c.say(done, e.Bytes) }}
		err = extract(ctx, a.tar, dir, x)
		return a.end(e, err, x.counted)
	})
	if isDamage(err) {
		err = c.setAside(ctx, e, refused(e.ID, err))
	}
	if err != nil {
		return Entry{}, fmt.Errorf("unpack cpython %s: %w", e.Version, err)
	}
	return e, nil
}

// place makes the new directory into of what fill puts into a hidden one.
func place(into string, fill func(dir string) error) error {
	parent := filepath.Dir(into)
	if _, err := os.Lstat(into); err == nil {
		return fault.New(fault.Usage, "move it away first", fmt.Errorf("%s is there already", into))
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return diskFault(err, parent)
	}
	p, err := newPartial(into, true)
	if err != nil {
		return diskFault(err, parent)
	}
	err = fill(p.path)
	if err == nil {
		err = unix.Syncfs(int(p.file.Fd()))
	}
	if err == nil {
		err = appear(p.path, into)
	}
	if err == nil {
		err = syncDir(parent)
	}
	return diskFault(errors.Join(err, p.drop()), parent)
}

// foreign refuses a build that could not load its libraries here.
func foreign(machine, distribution string, libraries []Library) error {
	dirs := libraryDirs()
	for _, l := range libraries {
		if lacks := l.missing(machine, dirs); lacks != "" {
			return fault.New(fault.Missing, "install that library, or build on this machine",
				fmt.Errorf("%w: it is of %s, and %s", ErrForeign, distribution, lacks))
		}
	}
	return nil
}

// archive is an entry's archive while it is read, hashed in the same pass.
type archive struct {
	tar   io.Reader
	raw   io.Reader // of the store, through the hash
	from  *source
	sum   *summing
	close func() error
}

func (c *Cache) archive(ctx context.Context, e Entry) (*archive, error) {
	object, err := c.Store.Open(ctx, e.Archive.Name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, damaged("its archive is gone")
	}
	if err != nil {
		return nil, err
	}
	a := newArchive(ctx, object)
	z, err := zstd.NewReader(a.raw, zstd.WithDecoderMaxWindow(8*window))
	if err != nil {
		return nil, errors.Join(damaged("read archive: %w", err), object.Close())
	}
	a.tar, a.close = z, func() error { z.Close(); return object.Close() }
	return a, nil
}

func newArchive(ctx context.Context, object io.Reader) *archive {
	a := &archive{from: &source{r: cancelled{ctx, object}}, sum: newSumming(io.Discard)}
	a.raw = io.TeeReader(a.from, a.sum)
	return a
}

// end reads what is left, closes, and judges: err is how using the content went.
// What could not be read is not called damaged.
func (a *archive) end(e Entry, err error, got packed) error {
	if err == nil {
		_, err = io.Copy(io.Discard, a.tar)
		if err != nil {
			err = damaged("read archive: %w", err)
		}
	}
	err = errors.Join(err, a.close())
	if a.from.err != nil {
		return fmt.Errorf("read archive: %w", a.from.err)
	}
	switch want := (packed{e.Files, e.Bytes}); {
	case err != nil:
		return err
	case a.sum.n != e.Archive.Size:
		return damaged("its archive has %d bytes, the manifest says %d", a.sum.n, e.Archive.Size)
	case a.sum.hex() != e.Archive.SHA256:
		return damaged("its archive does not have the SHA-256 that was recorded")
	case got != want:
		return damaged("its archive holds %d files with %d bytes, the manifest says %d with %d", got.files, got.bytes, want.files, want.bytes)
	}
	return nil
}

// cancelled ends a reader with its context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
