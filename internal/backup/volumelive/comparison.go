package volumelive

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Comparison holds what a volume has against what a set has. It uses the
// contents up.
type Comparison struct {
	Entries, Files, Bytes int64
	Found                 []string // the first differences
	More                  int      // further ones

	want *Contents
	of   map[uint64]int32 // files with several names: the one of the set
}

// Same says whether there is no difference.
func (c *Comparison) Same() bool { return len(c.Found) == 0 }

func compare(want *Contents) *Comparison { return &Comparison{want: want, of: map[uint64]int32{}} }

func (c *Comparison) differs(format string, args ...any) {
	const most = 5
	if len(c.Found) == most {
		c.More++
		return
	}
	c.Found = append(c.Found, fmt.Sprintf(format, args...))
}

// see takes one name of the volume. is tells whether two names are of one file,
// links is how many names that has, 0 when nobody knows.
func (c *Comparison) see(e *entry, is uint64, links int64) {
	name := hashed(e.path)
	at, there := c.want.names[name]
	if !there {
		c.differs("%q is not in the set", e.path)
		return
	}
	delete(c.want.names, name)
	c.Entries++
	want, got := &c.want.files[at], e.print(c.want.Comparable)
	switch {
	case got.kind != want.kind:
		c.differs("%q is a %s, not a %s", e.path, kind(got.kind), kind(want.kind))
	case got.content != want.content:
		c.differs("%q: its content differs", e.path)
	case got.look != want.look:
		c.differs("%q: its mode, owner, size, time or target differs", e.path)
	case got.attrs != want.attrs:
		c.differs("%q: its extended attributes differ", e.path)
	}
	if got.kind != tar.TypeReg {
		return
	}
	if links > 0 && links != int64(want.names) {
		c.differs("%q has %d names, not %d", e.path, links, want.names)
		return
	}
	if want.is == 0 {
		want.is = is
		c.Files++
		c.Bytes += e.size
	}
	if want.names < 2 {
		return
	}
	if other, known := c.of[is]; known && other != at || want.is != is {
		c.differs("%q is not the file of which it is to be another name", e.path)
	}
	c.of[is] = at
}

func kind(flag byte) string {
	switch flag {
	case tar.TypeDir:
		return "directory"
	case tar.TypeSymlink:
		return "symbolic link"
	}
	return "file"
}

// missing names what the volume lacks. The contents know no names, so the
// stream is read once more.
func (c *Comparison) missing(ctx context.Context, again func(func(io.Reader) error) error) error {
	if len(c.want.names) == 0 {
		return nil
	}
	return again(func(stream io.Reader) error {
		return each(ctx, stream, func(e *entry) error {
			name := hashed(e.path)
			if _, is := c.want.names[name]; is && !e.special() {
				delete(c.want.names, name)
				c.differs("%q is missing", e.path)
			}
			return nil
		})
	})
}

// tar compares with a stream that the docker daemon has written.
func (c *Comparison) tar(ctx context.Context, stream io.Reader) error {
	type known struct {
		e  entry
		is uint64
	}
	several := map[nameHash]known{} // files of the set with several names
	last := uint64(0)
	return each(ctx, stream, func(e *entry) error {
		last++
		is, name := last, hashed(e.path)
		if e.special() {
			return nil
		}
		if e.kind == tar.TypeLink {
			first, there := several[hashed(e.target)]
			if !there {
				c.differs("%q is another name of %q", e.path, e.target)
				delete(c.want.names, name)
				return nil
			}
			linked := first.e
			linked.path = e.path
			e, is = &linked, first.is
		}
		if at, there := c.want.names[name]; there && c.want.files[at].names > 1 {
			several[name] = known{*e, is}
		}
		c.see(e, is, 0)
		return nil
	})
}

// tree compares with a directory of this machine. No symbolic link is followed.
func (c *Comparison) tree(ctx context.Context, root string) error {
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: root, Err: err}
	}
	top := os.NewFile(uintptr(fd), root)
	defer top.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &os.PathError{Op: "stat", Path: root, Err: err}
	}
	e := fromStat(".", &st)
	if e.attrs, err = attributes(fd); err != nil {
		return fmt.Errorf("read attributes of %s: %w", root, err)
	}
	c.see(e, st.Ino, 0)
	w := &walk{c: c, buffer: make([]byte, 1<<20)}
	return w.directory(ctx, top, "")
}

type walk struct {
	c      *Comparison
	buffer []byte
}

func (w *walk) directory(ctx context.Context, dir *os.File, prefix string) error {
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.one(ctx, int(dir.Fd()), name, prefix+name); err != nil {
			return fmt.Errorf("read back %q: %w", prefix+name, err)
		}
	}
	return nil
}

func (w *walk) one(ctx context.Context, parent int, name, path string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(parent, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	e := fromStat(path, &st)
	switch e.kind {
	case 0:
		return nil // a special file, which docker cp brings back
	case tar.TypeSymlink:
		space := make([]byte, unix.PathMax)
		n, err := unix.Readlinkat(parent, name, space)
		if err != nil {
			return err
		}
		e.target = string(space[:n])
		w.c.see(e, st.Ino, 0)
		return nil
	}
	fd, err := unix.Openat(parent, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if e.attrs, err = attributes(fd); err != nil {
		return err
	}
	if e.kind == tar.TypeDir {
		w.c.see(e, st.Ino, 0)
		return w.directory(ctx, f, path+"/")
	}
	if e.content, err = w.hash(ctx, f); err != nil {
		return err
	}
	w.c.see(e, st.Ino, int64(st.Nlink))
	return nil
}

func fromStat(path string, st *unix.Stat_t) *entry {
	e := &entry{path: path, mode: st.Mode & 0o7777, uid: st.Uid, gid: st.Gid, seconds: st.Mtim.Sec}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.kind, e.size = tar.TypeReg, st.Size
	case unix.S_IFDIR:
		e.kind = tar.TypeDir
	case unix.S_IFLNK:
		e.kind = tar.TypeSymlink
	}
	return e
}

// attributes are the extended attributes of an open file.
func attributes(fd int) (map[string]string, error) {
	list := make([]byte, 64<<10)
	n, err := unix.Flistxattr(fd, list)
	if err == unix.ENOTSUP || n == 0 && err == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list[:n]), "\x00"), "\x00") {
		value := make([]byte, 64<<10)
		n, err := unix.Fgetxattr(fd, name, value)
		if err != nil {
			return nil, err
		}
		all[name] = string(value[:n])
	}
	return all, nil
}
