package tree

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Extracted says what a restore has written.
type Extracted struct {
	Entries  int64
	Bytes    int64
	Warnings []string // what could not be set: owners without root, attributes
}

// Extract restores a stream into a directory that exists and is empty. A later
// entry takes the place of an earlier one, as with tar. Whatever the stream
// names (a path with "..", a symbolic link that leads out and a file below
// it), nothing outside of the directory is touched: that is an error.
func Extract(ctx context.Context, stream io.Reader, to string) (Extracted, error) {
	root, err := os.OpenRoot(to)
	if err != nil {
		return Extracted{}, fmt.Errorf("open target: %w", err)
	}
	defer root.Close()
	x := &extractor{root: root, owners: os.Geteuid() == 0, dirs: map[string]*tar.Header{}}
	defer x.leave()
	in := tar.NewReader(stream)
	for {
		if err := ctx.Err(); err != nil {
			return x.done, err
		}
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return x.done, fmt.Errorf("read tar: %w", err)
		}
		if err := x.one(h, in); err != nil {
			return x.done, fmt.Errorf("restore %s: %w", h.Name, err)
		}
		x.done.Entries++
	}
	// Directories last, the deepest first: writing into them changed them.
	names := slices.SortedFunc(maps.Keys(x.dirs), func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		h := x.dirs[name]
		if err := x.attributes(name, h); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return x.done, fmt.Errorf("restore %s: %w", h.Name, err)
		}
	}
	return x.done, nil
}

type extractor struct {
	root   *os.Root
	owners bool
	dirs   map[string]*tar.Header // the last entry of each
	done   Extracted

	parent     *os.File // of the last entry
	parentName string
}

func clean(name string) string { return path.Clean(strings.TrimSuffix(name, "/")) }

func (x *extractor) one(h *tar.Header, content io.Reader) error {
	name := clean(h.Name)
	if h.Typeflag == tar.TypeDir {
		x.dirs[name] = h
		return x.directory(name)
	}
	if h.Typeflag == tar.TypeChar || h.Typeflag == tar.TypeBlock || h.Typeflag == tar.TypeFifo {
		// A tar of another program may hold them; none of ours does.
		if len(x.done.Warnings) < mostNotes {
			x.done.Warnings = append(x.done.Warnings, h.Name+": a device or a pipe, not made anew")
		}
		return nil
	}
	if err := x.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	if err := x.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch h.Typeflag {
	case tar.TypeReg:
		if err := x.file(name, h, content); err != nil {
			return err
		}
	case tar.TypeSymlink:
		if err := x.root.Symlink(h.Linkname, name); err != nil {
			return err
		}
	case tar.TypeLink:
		return x.root.Link(clean(h.Linkname), name) // shares everything with its file
	default:
		return fmt.Errorf("type %q is not one that a set holds", h.Typeflag)
	}
	return x.attributes(name, h)
}

func (x *extractor) directory(name string) error {
	if name == "." {
		return nil
	}
	if info, err := x.root.Lstat(name); err == nil && !info.IsDir() {
		if err := x.root.Remove(name); err != nil {
			return err
		}
	}
	return x.root.MkdirAll(name, 0o700)
}

func (x *extractor) file(name string, h *tar.Header, content io.Reader) error {
	f, err := x.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	var w io.Writer = f
	if h.PAXRecords["GNU.sparse.realsize"] != "" || h.PAXRecords["GNU.sparse.major"] != "" {
		w = &holes{f: f}
	}
	n, err := io.Copy(w, content)
	x.done.Bytes += n
	if err == nil && w != io.Writer(f) {
		err = f.Truncate(h.Size)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// holes leaves blocks of zeros out.
type holes struct {
	f  *os.File
	at int64
}

func (w *holes) Write(p []byte) (int, error) {
	const grain = 4096
	for done := 0; done < len(p); {
		n := min(grain-int(w.at%grain), len(p)-done)
		piece := p[done : done+n]
		if !allZero(piece) {
			if _, err := w.f.WriteAt(piece, w.at); err != nil {
				return done, err
			}
		}
		done += n
		w.at += int64(n)
	}
	return len(p), nil
}

func allZero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// attributes sets owner, mode, extended attributes and times, in an order in
// which none of them undoes another.
func (x *extractor) attributes(name string, h *tar.Header) error {
	parent, err := x.enter(path.Dir(name))
	if err != nil {
		return err
	}
	fd, base := int(parent.Fd()), path.Base(name)
	if x.owners {
		if err := unix.Fchownat(fd, base, h.Uid, h.Gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return fmt.Errorf("set owner: %w", err)
		}
	}
	if h.Typeflag != tar.TypeSymlink {
		// The name is a file or directory that this run has just made.
		if err := unix.Fchmodat(fd, base, uint32(h.Mode&0o7777), 0); err != nil {
			return fmt.Errorf("set mode: %w", err)
		}
		x.extended(fd, base, h)
	}
	ts := []unix.Timespec{unix.NsecToTimespec(h.ModTime.UnixNano()), unix.NsecToTimespec(h.ModTime.UnixNano())}
	if err := unix.UtimesNanoAt(fd, base, ts, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set times: %w", err)
	}
	return nil
}

func (x *extractor) extended(parent int, base string, h *tar.Header) {
	for key, value := range h.PAXRecords {
		attr, ok := strings.CutPrefix(key, "SCHILY.xattr.")
		if !ok {
			continue
		}
		path := fmt.Sprintf("/proc/self/fd/%d/%s", parent, base)
		if err := unix.Lsetxattr(path, attr, []byte(value), 0); err != nil && len(x.done.Warnings) < mostNotes {
			x.done.Warnings = append(x.done.Warnings, fmt.Sprintf("%s: attribute %s: %v", h.Name, attr, err))
		}
	}
}

// enter opens a directory below the root and keeps the last one open: entries
// of one directory follow one another.
func (x *extractor) enter(dir string) (*os.File, error) {
	if x.parent != nil && x.parentName == dir {
		return x.parent, nil
	}
	x.leave()
	f, err := x.root.Open(dir)
	if err != nil {
		return nil, err
	}
	x.parent, x.parentName = f, dir
	return f, nil
}

func (x *extractor) leave() {
	if x.parent != nil {
		_ = x.parent.Close()
		x.parent = nil
	}
}
