package cache

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/ci/fingerprint"
)

// Restore puts the outputs of a job back below root, and its log into the file log,
// unless that is "". ErrMiss: there is no entry that this run may use, and nothing
// was changed. Killed at any point, each output is the old one or the new one; the
// next Restore ends what this one began.
func (c *Cache) Restore(ctx context.Context, key fingerprint.Key, job Job, root, log string) (Restored, error) {
	var broken []error
	for _, level := range c.Level.Reads() {
		name := entry(level, key)
		h, err := c.header(ctx, name)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err == nil {
			err = h.fits(key, level, job)
		}
		untouched := false
		if err == nil {
			untouched, err = c.place(ctx, name, h, job, root, log)
		}
		if err == nil {
			c.use(name)
			return Restored{Header: h, Untouched: untouched, Broken: broken}, nil
		}
		var ours *placeError
		if ctx.Err() != nil || errors.As(err, &ours) {
			return Restored{Broken: broken}, fmt.Errorf("restore %s: %w", job.Name, err)
		}
		broken = append(broken, fmt.Errorf("entry %s of %s: %w", name, job.Name, err))
		if level == c.Level {
			broken = append(broken, c.discard(ctx, name, h)...)
		}
	}
	return Restored{}, &MissError{Broken: broken}
}

// placeError is a failure of this machine, not of the entry: a full disk.
type placeError struct{ err error }

func (e *placeError) Error() string { return e.err.Error() }
func (e *placeError) Unwrap() error { return e.err }

func here(err error) error {
	if err == nil {
		return nil
	}
	return &placeError{err}
}

// discard removes an entry that is broken, its header first.
func (c *Cache) discard(ctx context.Context, name string, h Header) []error {
	var errs []error
	names := []string{headerName(name)}
	if h.Archive.SHA256 != "" {
		names = append(names, archiveName(name, h.Archive.SHA256))
	}
	for _, object := range names {
		if err := c.Store.Remove(ctx, object); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (c *Cache) place(ctx context.Context, name string, h Header, job Job, root, log string) (untouched bool, err error) {
	stages, err := c.newStages(root)
	if err != nil {
		return false, here(err)
	}
	defer stages.close()
	if c.untouched(ctx, job, h, root) && c.readLog(ctx, name, h, log) == nil {
		stages.sweep(h.Outputs)
		return true, nil
	}
	items, err := c.unpack(ctx, name, h, job, stages, log)
	if err != nil {
		return false, err
	}
	return false, here(c.swap(ctx, h, job, root, stages, items))
}

// swap puts what is verified in the place of what is there.
func (c *Cache) swap(ctx context.Context, h Header, job Job, root string, stages *stages, items []item) error {
	if err := c.unstamp(job); err != nil {
		return err
	}
	before, err := job.expand(root)
	if err != nil {
		return err
	}
	now := map[string]bool{}
	for _, o := range h.Outputs {
		now[o.Path] = true
		if err := stages.swap(o.Path); err != nil {
			return err
		}
	}
	for _, name := range before { // what the job would not have made
		if !now[name] {
			if err := stages.remove(name); err != nil {
				return err
			}
		}
	}
	// A rename changes the ctime of what it renames, and nothing below.
	for i := range items {
		if it := &items[i]; now[it.path] && it.kind != modeDir {
			top, err := scan(ctx, root, []string{it.path})
			if err != nil {
				return err
			}
			if len(top) == 0 || top[0].inode != it.inode || top[0].mtime != it.mtime {
				return nil // somebody is quick: the next run looks again
			}
			it.ctime = top[0].ctime
		}
	}
	return c.stamp(job, h, items)
}

// archive opens the archive of an entry.
func (c *Cache) archive(ctx context.Context, name string, h Header) (io.ReadCloser, error) {
	in, err := c.Store.Get(ctx, archiveName(name, h.Archive.SHA256))
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	return in, nil
}

func decoder(in io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(in, zstd.WithDecoderMaxWindow(window), zstd.WithDecoderMaxMemory(4*window))
}

// unpack brings the archive into the stages and verifies it.
func (c *Cache) unpack(ctx context.Context, name string, h Header, job Job, stages *stages, log string) ([]item, error) {
	in, err := c.archive(ctx, name, h)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	sum := sha256.New()
	whole := &counted{Writer: sum}
	tee := io.TeeReader(cancellable{ctx, in}, whole)
	plain, err := decoder(tee)
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	defer plain.Close()
	u := &unpacker{ctx: ctx, in: tar.NewReader(plain), header: h, placed: job.Placed, stages: stages, before: c.before}
	defer u.abort()
	if err := u.log(c, log); err != nil {
		return nil, err
	}
	if err := u.all(); err != nil {
		return nil, err
	}
	// The padding after the tar, and what else may stand in the file.
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != h.Archive.SHA256 || whole.n != h.Archive.SizeBytes {
		return nil, errors.New("read archive: it is not what was written")
	}
	return u.items, u.publish()
}

// readLog brings the log alone: it is the first file of the archive.
func (c *Cache) readLog(ctx context.Context, name string, h Header, log string) error {
	if log == "" || h.Log == nil {
		return nil
	}
	in, err := c.archive(ctx, name, h)
	if err != nil {
		return err
	}
	defer in.Close()
	plain, err := decoder(cancellable{ctx, in})
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	defer plain.Close()
	u := &unpacker{ctx: ctx, in: tar.NewReader(plain), header: h, before: c.before}
	defer u.abort()
	if err := u.log(c, log); err != nil {
		return err
	}
	return u.publish()
}

// log reads the first file of the archive and verifies it. It gets its name when
// all is verified.
func (u *unpacker) log(c *Cache, to string) error {
	if u.header.Log == nil {
		return nil
	}
	h, err := u.in.Next()
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	if h.Name != logName || h.Typeflag != tar.TypeReg || h.Size != u.header.Log.SizeBytes {
		return errors.New("read archive: its log is missing")
	}
	out := io.Discard
	if to != "" {
		f, err := c.spool()
		if err != nil {
			return here(err)
		}
		defer f.Close()
		u.logTemp, u.logTo, out = f.Name(), to, f
	}
	sum := sha256.New()
	if err := copyInto(io.MultiWriter(failing{out}, sum), u.in); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != u.header.Log.SHA256 {
		return errors.New("read archive: its log is not what was written")
	}
	return nil
}

// publish gives the log its name.
func (u *unpacker) publish() error {
	if u.logTo == "" {
		return nil
	}
	err := rename(u.logTemp, u.logTo)
	if err == nil {
		u.logTemp = ""
	}
	return here(err)
}
