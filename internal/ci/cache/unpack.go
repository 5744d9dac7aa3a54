package cache

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

const modeDir = unix.S_IFDIR

// mostDepth bounds how many directories are open at once.
const mostDepth = 200

// unpacker makes what a tar holds, in the order in which packer wrote it, and
// believes nothing of it. Each name is made in the directory that was opened for
// the name before it, so no path is ever resolved.
type unpacker struct {
	ctx    context.Context
	in     *tar.Reader
	header Header
	placed bool
	stages *stages
	before func(string) error

	next    int // of the outputs in the header
	current Output
	got     Output // what of the current one has come
	sum     hash.Hash
	open    []level // directories from the output down
	items   []item
	buffer  []byte

	logTemp, logTo string
}

// level is a directory that is being filled.
type level struct {
	path string // below the project
	f    *os.File
	last string // the name before: names rise
	perm uint32
	time unix.Timespec
}

// failing marks what a writer says as an error of this machine.
type failing struct{ io.Writer }

func (f failing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	return n, here(err)
}

// making tells what of a failure to make a name is the entry's fault: a name that
// no file system can have, or that this one takes for one that is there.
func making(name string, err error) error {
	err = fmt.Errorf("make %s: %w", name, err)
	if errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENAMETOOLONG) || errors.Is(err, unix.EINVAL) {
		return err
	}
	return here(err)
}

func copyInto(w io.Writer, r io.Reader) error {
	if _, err := io.Copy(w, r); err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	return nil
}

// all unpacks every output, and ends with the last one that the header names.
func (u *unpacker) all() error {
	u.buffer = make([]byte, 256<<10)
	for {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		h, err := u.in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		if err := u.entry(h); err != nil {
			return err
		}
	}
	if err := u.finish(); err != nil {
		return err
	}
	if u.next != len(u.header.Outputs) {
		return fmt.Errorf("read archive: output %s is missing", u.header.Outputs[u.next].Path)
	}
	return nil
}

func (u *unpacker) entry(h *tar.Header) error {
	name, ok := strings.CutPrefix(h.Name, prefix)
	if h.Typeflag == tar.TypeDir {
		name = strings.TrimSuffix(name, "/")
	}
	if !ok || !sound(name) {
		return fmt.Errorf("read archive: %q is not the name of an output", h.Name)
	}
	if u.next < len(u.header.Outputs) && name == u.header.Outputs[u.next].Path {
		if err := u.finish(); err != nil {
			return err
		}
		u.current, u.got, u.sum = u.header.Outputs[u.next], Output{}, sha256.New()
		u.next++
		dir, err := u.stages.at(path.Dir(name))
		if err != nil {
			return here(err)
		}
		return u.make(h, name, dir)
	}
	for len(u.open) > 0 && u.open[len(u.open)-1].path != path.Dir(name) {
		if err := u.leave(); err != nil {
			return err
		}
	}
	if len(u.open) == 0 {
		return fmt.Errorf("read archive: %q lies in no directory of an output", h.Name)
	}
	into := &u.open[len(u.open)-1]
	base := path.Base(name)
	if base <= into.last {
		return fmt.Errorf("read archive: %q is out of order", h.Name)
	}
	into.last = base
	return u.make(h, name, into.f)
}

// make makes one name in a directory.
func (u *unpacker) make(h *tar.Header, name string, dir *os.File) error {
	if err := u.before("unpack"); err != nil {
		return here(err)
	}
	base, fd := path.Base(name), int(dir.Fd())
	rel := strings.TrimPrefix(name, u.current.Path)
	perm := uint32(h.Mode) & 0o777
	times := []unix.Timespec{unix.NsecToTimespec(h.ModTime.UnixNano()), unix.NsecToTimespec(h.ModTime.UnixNano())}
	var kind, sum string
	switch h.Typeflag {
	case tar.TypeDir:
		kind = kindDir
		if err := u.enter(fd, name, base, perm, times[0]); err != nil {
			return err
		}
	case tar.TypeSymlink:
		kind, sum = kindLink, hashOf(h.Linkname)
		if err := linkStays(name, h.Linkname, u.placed); err != nil {
			return fmt.Errorf("read archive: %q: %w", name, err)
		}
		if err := unix.Symlinkat(h.Linkname, fd, base); err != nil {
			return making(name, err)
		}
		u.got.Files++
	case tar.TypeReg:
		kind = kindFile
		var err error
		if sum, err = u.file(fd, name, base, perm, h.Size); err != nil {
			return err
		}
		u.got.Files, u.got.SizeBytes = u.got.Files+1, u.got.SizeBytes+h.Size
	default:
		return fmt.Errorf("read archive: %q is of a type that no output has", h.Name)
	}
	if u.got.Files > u.current.Files {
		return fmt.Errorf("read archive: output %s has more files than the header says", u.current.Path)
	}
	if rel == "" {
		u.got.Kind, u.got.SHA256 = kind, sum
	}
	writeLine(u.sum, kind, int64(perm), sum, rel)
	if kind == kindDir {
		u.items = append(u.items, item{path: name, kind: modeDir, perm: perm, volatile: volatile(rel)})
		return nil
	}
	if err := unix.UtimesNanoAt(fd, base, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return making(name, err)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(fd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return making(name, err)
	}
	it := fromStat(name, &st)
	it.volatile = volatile(rel)
	u.items = append(u.items, it)
	return nil
}

func (u *unpacker) enter(fd int, name, base string, perm uint32, mtime unix.Timespec) error {
	if len(u.open) >= mostDepth {
		return fmt.Errorf("read archive: %q lies deeper than %d directories", name, mostDepth)
	}
	if err := unix.Mkdirat(fd, base, 0o700); err != nil {
		return making(name, err)
	}
	below, err := unix.Openat(fd, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return making(name, err)
	}
	u.open = append(u.open, level{path: name, f: os.NewFile(uintptr(below), name), perm: perm, time: mtime})
	return nil
}

// leave gives a directory its mode and time, now that nothing more comes into it.
func (u *unpacker) leave() error {
	last := u.open[len(u.open)-1]
	u.open = u.open[:len(u.open)-1]
	defer last.f.Close()
	if err := unix.Fchmod(int(last.f.Fd()), last.perm); err != nil {
		return making(last.path, err)
	}
	times := []unix.Timespec{last.time, last.time}
	if err := unix.UtimesNanoAt(int(last.f.Fd()), ".", times, 0); err != nil {
		return making(last.path, err)
	}
	return nil
}

func (u *unpacker) file(fd int, name, base string, perm uint32, size int64) (string, error) {
	if size > u.current.SizeBytes-u.got.SizeBytes {
		return "", fmt.Errorf("read archive: %q is larger than the header says", name)
	}
	out, err := unix.Openat(fd, base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return "", making(name, err)
	}
	f := os.NewFile(uintptr(out), name)
	defer f.Close()
	sum := sha256.New()
	to := io.MultiWriter(failing{hooked{f, u.before, "write output"}}, sum)
	if _, err := io.CopyBuffer(to, struct{ io.Reader }{u.in}, u.buffer); err != nil {
		return "", fmt.Errorf("read archive: %s: %w", name, err)
	}
	if err := unix.Fchmod(out, perm); err != nil {
		return "", making(name, err)
	}
	if err := f.Close(); err != nil {
		return "", making(name, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// finish ends an output and compares it with what the header says.
func (u *unpacker) finish() error {
	for len(u.open) > 0 {
		if err := u.leave(); err != nil {
			return err
		}
	}
	if u.next == 0 {
		return nil
	}
	if u.got.Kind == kindDir {
		u.got.SHA256 = hex.EncodeToString(u.sum.Sum(nil))
	}
	u.got.Path = u.current.Path
	if u.got != u.current {
		return fmt.Errorf("read archive: output %s is not what was written", u.current.Path)
	}
	return nil
}

// abort closes what a failure has left open, and removes a log without a name.
func (u *unpacker) abort() {
	for _, l := range u.open {
		_ = l.f.Close()
	}
	u.open = nil
	if u.logTemp != "" {
		_ = os.Remove(u.logTemp)
	}
}
