// Package cache keeps finished CPython builds, so that the second build of the
// same thing takes seconds.
//
// An entry is two objects in a Store: a .tar.zst that plain tar and zstd
// unpack, and a JSON manifest that pins it by its SHA-256, written last. Its ID
// is a hash of all that shaped the build: sources, flags, compiler,
// distribution and architecture.
//
// The archive is reproducible: the same tree gives the same bytes whenever it
// was installed. Names are sorted, owners are 0, times are no later than that
// of the sources. Compiled modules (__pycache__) stay in: nobody but root could
// write them below /opt, and without them each start would compile. Since they
// carry the time of their source, it is set to the one that the source has in
// the archive; those that do not fit their source are left out, as the
// interpreter would not use them.
//
// An entry is bound to its prefix, because scripts and configuration data carry
// it, and to the libraries that it was linked with: both are checked before
// anything is unpacked. What does not match its manifest, its signature or its
// key is refused and set aside, never repaired: the caller builds anew.
package cache

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Why there is nothing to unpack. Whichever it is, a build helps.
var (
	// ErrNone means that the store holds no such build.
	ErrNone = errors.New("no such build in the cache")
	// ErrRefused means that the entry is not what was saved, or not by whom it
	// should have been. It was set aside.
	ErrRefused = errors.New("cache entry refused")
	// ErrForeign means that the build is sound, and that this machine has not
	// the libraries that it was linked with.
	ErrForeign = errors.New("built against other libraries")
)

// Cache saves and unpacks builds. Without Signing nothing is signed and
// signatures are not looked at.
type Cache struct {
	Store   Store
	Door    *command.Door // for ssh-keygen
	Signing Signing
	Now     func() time.Time        // nil is time.Now
	Say     func(done, total int64) // progress in bytes of the tree; may be nil
}

// Meta is what a manifest tells about a build besides its key.
type Meta struct {
	Version    string    // 3.13.5: the archive holds python-3.13.5/
	Prefix     string    // where it was configured to live
	Work       string    // the directory it was built in: nothing may need it any more
	SourceDate time.Time // no file is younger; the newest time in the source tarball
	Modules    []string  // that were seen to import
}

// Entry is one build in the cache. Problem tells why a listed one cannot be
// used; then the manifest may be empty.
type Entry struct {
	ID string
	Manifest
	SignedBy string // who signed it, where that is checked
	Problem  error
}

// List gives all entries, the newest first.
func (c *Cache) List(ctx context.Context) ([]Entry, error) {
	objects, err := c.Store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list cache: %w", err)
	}
	var entries []Entry
	for _, o := range objects {
		id, ok := strings.CutSuffix(o.Name, manifestSuffix)
		if !ok || strings.HasPrefix(id, aside) {
			continue
		}
		e, err := c.entry(ctx, id)
		if errors.Is(err, ErrNone) { // deleted since
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		e.ID, e.Problem = id, err
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return b.Created.Compare(a.Created) })
	return entries, nil
}

// Delete removes an entry and all that was set aside under its ID.
func (c *Cache) Delete(ctx context.Context, id string) error {
	objects, err := c.Store.List(ctx)
	if err != nil {
		return fmt.Errorf("list cache: %w", err)
	}
	names := []string{id + manifestSuffix} // first: without it there is no entry
	for _, o := range objects {
		name := strings.TrimPrefix(o.Name, aside)
		if o.Name != names[0] && (strings.HasPrefix(name, id+"-") || name == id+manifestSuffix) {
			names = append(names, o.Name)
		}
	}
	for _, name := range names {
		if err := c.Store.Delete(ctx, name); err != nil {
			return fmt.Errorf("delete cache entry %s: %w", id, err)
		}
	}
	return nil
}

// entry reads a manifest and believes it: its own hash fits, the signature is
// good where that is asked for, and it is the one of this ID.
func (c *Cache) entry(ctx context.Context, id string) (Entry, error) {
	e := Entry{ID: id}
	sealed, err := c.read(ctx, id)
	if err != nil {
		return e, err
	}
	if e.SignedBy, err = c.verify(ctx, sealed); err != nil {
		return e, refused(id, err)
	}
	if e.Manifest, err = sealed.open(id); err != nil {
		return e, refused(id, err)
	}
	return e, nil
}

// usable is entry for who wants its content: what is refused is set aside.
func (c *Cache) usable(ctx context.Context, id string) (Entry, error) {
	e, err := c.entry(ctx, id)
	if errors.Is(err, ErrRefused) {
		err = c.setAside(ctx, e, err)
	}
	return e, err
}

// setAside takes an entry out of use, keeps it to be looked at, and gives why
// back. A store that cannot be changed is told in the same line: the next one
// who comes will find the entry again.
func (c *Cache) setAside(ctx context.Context, e Entry, why error) error {
	ctx = context.WithoutCancel(ctx)
	names := []string{e.ID + manifestSuffix}
	if e.Archive.Name != "" {
		names = append(names, e.Archive.Name)
	}
	for _, name := range names {
		if err := c.Store.Move(ctx, name, aside+name); err != nil {
			return fmt.Errorf("%w (and it stays in the cache: %w)", why, err)
		}
	}
	return why
}

// damage is a fault of the content, in contrast to one of the disk or the way.
type damage struct{ error }

func (d damage) Unwrap() error { return d.error }

func damaged(format string, args ...any) error { return damage{fmt.Errorf(format, args...)} }

// refused makes damage an ErrRefused and passes anything else on.
func refused(id string, err error) error {
	if !isDamage(err) {
		return fmt.Errorf("read cache entry %s: %w", id, err)
	}
	return fault.New(fault.Invalid, "nothing of it was used: build anew",
		fmt.Errorf("%w: %s: %w", ErrRefused, id, err))
}

func isDamage(err error) bool {
	var d damage
	return errors.As(err, &d)
}

func (c *Cache) now() time.Time {
	if c.Now == nil {
		return time.Now().UTC()
	}
	return c.Now().UTC()
}

func (m Meta) check() error {
	if err := checkVersion(m.Version); err != nil {
		return err
	}
	if !filepath.IsAbs(m.Prefix) || filepath.Clean(m.Prefix) != m.Prefix {
		return fmt.Errorf("prefix %q is no clean absolute path", m.Prefix)
	}
	if m.SourceDate.IsZero() {
		return errors.New("the date of the sources is not given")
	}
	return nil
}

// checkVersion keeps a version that names files from naming anything else.
func checkVersion(version string) error {
	if version == "" || strings.Trim(version, "0123456789.abcrv+") != "" || strings.Contains(version, "..") {
		return fmt.Errorf("version %q is not like 3.13.5", version)
	}
	return nil
}

// within reports whether path is dir or lies below it.
func within(path, dir string) bool {
	return dir != "" && (path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/"))
}
