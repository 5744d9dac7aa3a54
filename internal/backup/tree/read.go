package tree

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// reader opens what is below a root. It is used from several goroutines.
type reader struct {
	root  int // descriptor
	names sync.Map
}

// open opens a file below the root without following a symbolic link anywhere
// on the way, should one have taken the place of a directory meanwhile.
func (r *reader) open(path string, flags int) (*os.File, error) {
	fd, err := unix.Openat2(r.root, path, &unix.OpenHow{
		Flags:   uint64(flags | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	if err == unix.ENOSYS || err == unix.EPERM { // kernels before 5.6, some sandboxes
		fd, err = unix.Openat(r.root, path, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// link reads a symbolic link.
func (r *reader) link(path string) (string, error) {
	space := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(r.root, path, space)
	if err != nil {
		return "", &os.PathError{Op: "readlink", Path: path, Err: err}
	}
	return string(space[:n]), nil
}

// attributes reads the extended attributes of an open file, ACLs included. A
// file system without them has none.
func attributes(f *os.File) ([]attribute, error) {
	fd := int(f.Fd())
	var space [1024]byte
	list := space[:]
	n, err := unix.Flistxattr(fd, list)
	if err == unix.ERANGE {
		list = make([]byte, 64<<10)
		n, err = unix.Flistxattr(fd, list)
	}
	if err == unix.ENOTSUP || err == unix.EPERM || n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list attributes: %w", err)
	}
	var attrs []attribute
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list[:n]), "\x00"), "\x00") {
		value := make([]byte, 64<<10)
		n, err := unix.Fgetxattr(fd, name, value)
		if err == unix.ENODATA {
			continue
		}
		if err != nil {
			return attrs, fmt.Errorf("read attribute %s: %w", name, err)
		}
		attrs = append(attrs, attribute{name, string(value[:n])})
	}
	return attrs, nil
}

// owner and group are the names that tar prefers to numbers when it restores
// as root.
func (r *reader) owner(uid uint32) string {
	return r.name("u", uid, func(id string) string {
		if u, err := user.LookupId(id); err == nil {
			return u.Username
		}
		return ""
	})
}

func (r *reader) group(gid uint32) string {
	return r.name("g", gid, func(id string) string {
		if g, err := user.LookupGroupId(id); err == nil {
			return g.Name
		}
		return ""
	})
}

func (r *reader) name(kind string, id uint32, look func(string) string) string {
	key := kind + strconv.FormatUint(uint64(id), 10)
	if known, ok := r.names.Load(key); ok {
		name, _ := known.(string)
		return name
	}
	name := look(key[1:])
	if len(name) > 31 {
		name = ""
	}
	r.names.Store(key, name)
	return name
}

// segment is a piece of a sparse file that holds data.
type segment struct{ offset, length int64 }

// segments lists where a file holds data. sparse is false when it has no holes
// or the file system does not tell. The blocks that a file takes are no proof
// of a hole: some file systems keep small files elsewhere.
func segments(f *os.File, size int64) (all []segment, sparse bool) {
	covered := int64(0)
	for at := int64(0); at < size; {
		start, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		if err == unix.ENXIO {
			break
		}
		if err != nil {
			return nil, false
		}
		end, err := unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			return nil, false
		}
		end = min(end, size)
		if start >= end {
			break
		}
		all = append(all, segment{start, end - start})
		covered += end - start
		at = end
	}
	return all, covered < size
}

// sparseMap is what stands before the data of a sparse file: the number of
// segments and their places, in decimal lines, filled up to whole blocks. The
// empty segment at the end says how far the file reaches.
func sparseMap(all []segment, size int64) []byte {
	if n := len(all); n == 0 || all[n-1].offset+all[n-1].length < size {
		all = append(all, segment{size, 0})
	}
	b := fmt.Appendf(nil, "%d\n", len(all))
	for _, s := range all {
		b = fmt.Appendf(b, "%d\n%d\n", s.offset, s.length)
	}
	return pad(b, int64(len(b)))
}
