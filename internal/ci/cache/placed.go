package cache

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// item is what tells of a file on disk, without reading it, that it is the one that
// was saved or restored.
type item struct {
	path               string
	kind               uint32
	perm               uint32
	size, mtime, ctime int64
	inode              uint64
	read               int64 // when reading it began, in ns
	volatile           bool
}

func fromStat(name string, st *unix.Stat_t) item {
	return item{
		path: name, kind: st.Mode & unix.S_IFMT, perm: st.Mode & 0o777, size: st.Size,
		mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(), inode: st.Ino,
	}
}

// justNow is how long ago a file has to have been changed to be known by its times.
const justNow = 20 * time.Millisecond

// racy tells whether a file was changed so shortly before it was read that a change
// after that might not show: see package fingerprint.
func racy(items []item) bool {
	return slices.ContainsFunc(items, func(it item) bool {
		return it.read != 0 && max(it.mtime, it.ctime)+int64(justNow) > it.read
	})
}

// digest is the same as long as nobody has touched the files. Of a directory only
// what it holds counts: tools make and remove files of their own beside.
func digest(items []item) string {
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.path, b.path) })
	sum := sha256.New()
	var line []byte
	for _, it := range items {
		if it.volatile {
			continue
		}
		if it.kind == unix.S_IFDIR {
			it.size, it.mtime, it.ctime, it.inode = 0, 0, 0, 0
		}
		line = append(line[:0], it.path...)
		line = append(line, 0)
		for _, n := range []uint64{uint64(it.kind | it.perm), uint64(it.size), uint64(it.mtime), uint64(it.ctime), it.inode} {
			line = binary.LittleEndian.AppendUint64(line, n)
		}
		sum.Write(line)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// volatile tells whether a path within an output lies in a directory of a tool.
func volatile(rel string) bool {
	for part := range strings.SplitSeq(rel, "/") {
		if slices.Contains(Volatile(), part) {
			return true
		}
	}
	return false
}

// scan looks at outputs on disk, several directories at once.
func scan(ctx context.Context, root string, outputs []string) ([]item, error) {
	s := &scanner{ctx: ctx, root: root}
	s.group.SetLimit(2 * runtime.NumCPU())
	var errs []error
	for _, name := range outputs {
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(root, filepath.FromSlash(name)), &st); err != nil {
			errs = append(errs, err)
			continue
		}
		it := fromStat(name, &st)
		s.add(it)
		if it.kind == unix.S_IFDIR {
			errs = append(errs, s.directory(name))
		}
	}
	return s.items, errors.Join(errors.Join(errs...), s.group.Wait())
}

type scanner struct {
	ctx   context.Context
	root  string
	group errgroup.Group
	mu    sync.Mutex
	items []item
}

func (s *scanner) add(items ...item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, items...)
}

func (s *scanner) directory(dir string) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(s.root, filepath.FromSlash(dir)), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	items := make([]item, 0, len(names))
	for _, name := range names {
		if slices.Contains(Volatile(), name) {
			continue
		}
		var st unix.Stat_t
		if err := unix.Fstatat(int(f.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
		it := fromStat(dir+"/"+name, &st)
		items = append(items, it)
		if it.kind == unix.S_IFDIR && !s.group.TryGo(func() error { return s.directory(it.path) }) {
			if err := s.directory(it.path); err != nil {
				return err
			}
		}
	}
	s.add(items...)
	return nil
}

// placed is what a stamp holds.
type placed struct {
	Archive string `json:"archive"` // its hash
	Digest  string `json:"digest"`
}

func (c *Cache) stampFile(job Job) string {
	return filepath.Join(c.State, "placed", url.QueryEscape(job.Name)+".json")
}

// stamp notes that the outputs on disk are those of an entry.
func (c *Cache) stamp(job Job, h Header, items []item) error {
	text, err := json.Marshal(placed{h.Archive.SHA256, digest(items)})
	if err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	file := c.stampFile(job)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	return c.replace(file, text)
}

// untouched tells whether the outputs on disk are those of an entry.
func (c *Cache) untouched(ctx context.Context, job Job, h Header, root string) bool {
	var was placed
	text, err := os.ReadFile(c.stampFile(job))
	if err != nil || json.Unmarshal(text, &was) != nil || was.Archive != h.Archive.SHA256 {
		return false
	}
	outputs, err := job.expand(root)
	if err != nil || !slices.EqualFunc(outputs, h.Outputs, func(name string, o Output) bool { return name == o.Path }) {
		return false
	}
	items, err := scan(ctx, root, outputs)
	return err == nil && digest(items) == was.Digest
}

// unstamp forgets what is on disk, before it is changed.
func (c *Cache) unstamp(job Job) error {
	if err := c.before("remove stamp"); err != nil {
		return err
	}
	if err := os.Remove(c.stampFile(job)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stamp: %w", err)
	}
	return nil
}

// replace writes a file under another name and renames it.
func (c *Cache) replace(name string, text []byte) (err error) {
	f, err := c.spool()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = hooked{f, c.before, "write " + filepath.Base(name)}.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := c.before("name " + filepath.Base(name)); err != nil {
		return err
	}
	return rename(f.Name(), name)
}

// rename also moves a file to another file system: then by a copy beside its name.
func rename(from, to string) error {
	err := os.Rename(from, to)
	if !errors.Is(err, unix.EXDEV) {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return errors.Join(os.Rename(out.Name(), to), os.Remove(from))
}
