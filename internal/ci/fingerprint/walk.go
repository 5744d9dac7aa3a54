package fingerprint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"iact-infra/internal/ignore"
)

// stat is what of a file changes when its content does.
type stat struct {
	size, mtime, ctime int64
	inode              uint64
}

// found is a file that a walk met.
type found struct {
	path string
	kind Kind // 0: a directory, or what is no input
	stat stat

	sum   [32]byte
	known bool
	gone  bool  // it vanished before it was read
	read  int64 // when reading it began, in ns; 0: the hash is the index's
}

// scope is a .gitignore and those above it.
type scope struct {
	above *scope
	dir   string // that it lies in, "" for the project, "../" more for what is above
	list  *ignore.List
}

// ignores asks the deepest file first, as git does.
func (s *scope) ignores(name string, dir bool) bool {
	for ; s != nil; s = s.above {
		switch s.list.Judge(strings.TrimPrefix(name, s.dir), dir) {
		case ignore.Out:
			return true
		case ignore.Back:
			return false
		default:
		}
	}
	return false
}

// scopes are the .gitignore files between the top of the repository and the
// project, for a project that is a part of a repository.
func scopes(root string) *scope {
	top := root
	for !exists(filepath.Join(top, ".git")) {
		if filepath.Dir(top) == top {
			return nil
		}
		top = filepath.Dir(top)
	}
	var s *scope
	for dir := top; dir != root; {
		way, err := filepath.Rel(dir, root)
		if err != nil {
			return s
		}
		if list := gitignore(dir); list != nil {
			s = &scope{above: s, dir: "", list: list.Below(filepath.ToSlash(way))}
		}
		next, _, _ := strings.Cut(filepath.ToSlash(way), "/")
		dir = filepath.Join(dir, next)
	}
	return s
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func gitignore(dir string) *ignore.List {
	text, err := os.ReadFile(filepath.Join(dir, ".gitignore"))
	if err != nil {
		return nil
	}
	list, err := ignore.Compile(strings.Split(string(text), "\n"))
	if err != nil {
		return nil // git too takes a pattern that it can't read for none
	}
	return list
}

// walk lists the files below a directory, several directories at once: most of the
// time is the kernel's.
type walk struct {
	ctx   context.Context
	root  string
	group errgroup.Group

	mu    sync.Mutex
	files []*found
	dirs  []string
}

func newWalk(ctx context.Context, root string) *walk {
	w := &walk{ctx: ctx, root: root}
	w.group.SetLimit(2 * runtime.NumCPU())
	return w
}

func (w *walk) run(dir string, s *scope) error {
	err := w.directory(path.Clean(dir), s, dir == ".")
	return errors.Join(err, w.group.Wait())
}

// directory lists one directory; s is nil where nothing is ignored.
func (w *walk) directory(dir string, s *scope, honour bool) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(w.root, dir), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) && dir != "." {
		return nil // gone since it was listed
	}
	if err != nil {
		return fmt.Errorf("list inputs: %w", err)
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return fmt.Errorf("list inputs: %w", err)
	}
	prefix := ""
	if dir != "." {
		prefix = dir + "/"
	}
	if honour {
		for _, e := range entries {
			if e.Name() == ".gitignore" && e.Type().IsRegular() {
				if list := gitignore(f.Name()); list != nil {
					s = &scope{above: s, dir: prefix, list: list}
				}
			}
		}
	}
	files := make([]*found, 0, len(entries))
	for _, e := range entries {
		name := prefix + e.Name()
		if ours(e.Name()) || s.ignores(name, e.IsDir()) {
			continue
		}
		if e.IsDir() {
			if !w.group.TryGo(func() error { return w.directory(name, s, honour) }) {
				if err := w.directory(name, s, honour); err != nil {
					return err
				}
			}
			continue
		}
		var st unix.Stat_t
		if err := unix.Fstatat(int(f.Fd()), e.Name(), &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			continue // gone since it was listed
		}
		if one := fromStat(name, &st); one.kind != 0 {
			files = append(files, one)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = append(w.files, files...)
	w.dirs = append(w.dirs, dir)
	return nil
}

// ours tells what is never an input: git's and the toolkit's own state, wherever in
// the project the toolkit lies, and what a restore has under way beside an output.
func ours(last string) bool {
	return last == ".git" || last == ".iact" || strings.HasPrefix(last, ".iact-restore-")
}

func lstat(root, name string) (*found, error) {
	var st unix.Stat_t
	if err := unix.Lstat(filepath.Join(root, filepath.FromSlash(name)), &st); err != nil {
		return nil, &fs.PathError{Op: "look at", Path: name, Err: err}
	}
	return fromStat(name, &st), nil
}

func fromStat(name string, st *unix.Stat_t) *found {
	f := &found{path: name, stat: stat{size: st.Size, mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(), inode: st.Ino}}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		f.kind = Plain
		if st.Mode&0o111 != 0 {
			f.kind = Executable
		}
	case unix.S_IFLNK:
		f.kind = Link
	}
	return f
}
