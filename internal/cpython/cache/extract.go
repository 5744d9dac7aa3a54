package cache

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Small files are read from the archive in order and written by several at
// once: making files is what takes the time.
const (
	smallFile = 256 << 10
	writers   = 4
)

// extraction unpacks one archive into one new directory. Whatever the archive
// says, nothing outside the directory is touched: names are local, every file is
// opened below an os.Root, files are only ever made, and links come last, so
// that nothing is written through one.
type extraction struct {
	root    *os.Root
	top     string // the one name that all members lie below
	prefix  string // where the tree is to live
	most    int64  // bytes that files may hold together
	say     func(done int64)
	seen    map[string]byte // type by name
	dirs    []*tar.Header
	links   []*tar.Header // hard and symbolic ones, in order
	counted packed
}

// extract unpacks the tar stream r into dir, an empty directory.
func extract(ctx context.Context, r io.Reader, dir string, x *extraction) (err error) {
	if x.root, err = os.OpenRoot(dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.root.Close()) }()
	x.seen = map[string]byte{"": tar.TypeDir}
	x.dirs = []*tar.Header{{Name: ".", Mode: 0o755, ModTime: time.Now()}} // unless the archive says otherwise
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	in := tar.NewReader(r)
	for running.Err() == nil && err == nil {
		var h *tar.Header
		if h, err = in.Next(); errors.Is(err, io.EOF) {
			err = nil
			break
		} else if err != nil {
			err = damaged("read archive: %w", err)
			break
		}
		err = x.member(h, in, g)
	}
	// A writer that failed ended the loop: its error is the first one.
	if err := errors.Join(g.Wait(), err, ctx.Err()); err != nil {
		return err
	}
	return x.finish()
}

// member makes one member, or puts it off to the end.
func (x *extraction) member(h *tar.Header, in io.Reader, g *errgroup.Group) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := x.local(h.Name)
	if err != nil {
		return err
	}
	if name == "" {
		if h.Typeflag != tar.TypeDir {
			return damaged("member %q is no directory", h.Name)
		}
		x.dirs[0] = h
		h.Name = "."
		return nil
	}
	if _, twice := x.seen[name]; twice {
		return damaged("member %q is there twice", h.Name)
	}
	if err := x.parents(name); err != nil {
		return err
	}
	h.Name = name
	x.seen[name] = h.Typeflag
	x.counted.files++
	switch h.Typeflag {
	case tar.TypeDir:
		x.dirs = append(x.dirs, h)
		return x.root.Mkdir(name, 0o700)
	case tar.TypeReg:
		return x.regular(h, in, g)
	case tar.TypeSymlink:
		if !stays(name, h.Linkname, x.prefix) {
			return damaged("member %q is a link to %q, out of the tree", name, h.Linkname)
		}
		x.links = append(x.links, h)
		return nil
	case tar.TypeLink:
		if h.Linkname, err = x.local(h.Linkname); err != nil {
			return err
		}
		if x.seen[h.Linkname] != tar.TypeReg {
			return damaged("member %q is a link to %q, which is no file before it", name, h.Linkname)
		}
		x.links = append(x.links, h)
		return nil
	}
	return damaged("member %q is neither a file nor a directory nor a link", name)
}

// local is a member's name below the top directory.
func (x *extraction) local(name string) (string, error) {
	clean := strings.TrimSuffix(name, "/")
	rest, below := strings.CutPrefix(clean, x.top+"/")
	switch {
	case clean == x.top:
		return "", nil
	case !below || path.Clean(clean) != clean || !filepath.IsLocal(rest) || strings.ContainsRune(clean, 0):
		return "", damaged("member %q does not lie in %s/", name, x.top)
	}
	return rest, nil
}

// parents makes what an archive did not list.
func (x *extraction) parents(name string) error {
	dir := path.Dir(name)
	if dir == "." {
		return nil
	}
	if kind, there := x.seen[dir]; there {
		if kind != tar.TypeDir {
			return damaged("member %q lies in something that is no directory", name)
		}
		return nil
	}
	if err := x.parents(dir); err != nil {
		return err
	}
	x.seen[dir] = tar.TypeDir
	return x.root.Mkdir(dir, 0o755)
}

func (x *extraction) regular(h *tar.Header, in io.Reader, g *errgroup.Group) error {
	x.counted.bytes += h.Size
	if x.counted.bytes > x.most {
		return damaged("files hold more than the %d bytes that they should", x.most)
	}
	x.say(x.counted.bytes)
	if h.Size > smallFile {
		return x.make(h, in)
	}
	data := make([]byte, h.Size)
	if _, err := io.ReadFull(in, data); err != nil {
		return damaged("read archive: %w", err)
	}
	g.Go(func() error { return x.make(h, bytes.NewReader(data)) })
	return nil
}

// make makes one file.
func (x *extraction) make(h *tar.Header, data io.Reader) error {
	f, err := x.root.OpenFile(h.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	from := &source{r: data}
	_, err = io.Copy(f, from)
	if from.err != nil {
		err = damaged("read archive: %w", from.err)
	}
	if err == nil {
		err = f.Chmod(h.FileInfo().Mode().Perm())
	}
	if err == nil {
		err = unix.Futimes(int(f.Fd()), []unix.Timeval{unix.NsecToTimeval(h.ModTime.UnixNano()), unix.NsecToTimeval(h.ModTime.UnixNano())})
	}
	return errors.Join(err, f.Close())
}

// finish makes the links, and gives directories their modes and times, the
// deepest first.
func (x *extraction) finish() error {
	for _, h := range x.links {
		var err error
		if h.Typeflag == tar.TypeLink {
			err = x.root.Link(h.Linkname, h.Name)
		} else {
			err = x.root.Symlink(h.Linkname, h.Name)
		}
		if err != nil {
			return err
		}
	}
	for _, h := range slices.Backward(x.dirs) {
		if err := x.root.Chmod(h.Name, h.FileInfo().Mode().Perm()|0o700); err != nil {
			return err
		}
		if err := x.root.Chtimes(h.Name, h.ModTime, h.ModTime); err != nil {
			return fmt.Errorf("set time: %w", err)
		}
	}
	return nil
}

// source remembers that reading failed, apart from writing.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
