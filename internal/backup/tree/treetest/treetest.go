// Package treetest makes trees, changes them, backs them up and compares what
// comes back. It is shared by the tests of capture and restore.
package treetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/tree"
	"iact-infra/internal/command"
)

// Store keeps the sets of one tree.
type Store struct {
	dir  string
	last *Set
	n    int

	// Now is the clock of the captures; nil is the system's.
	Now func() time.Time
}

// Set is one capture.
type Set struct {
	Dir    string
	Laid   archive.Laid
	Result tree.Result
}

// NewStore makes an empty store.
func NewStore(t testing.TB) *Store { return &Store{dir: t.TempDir()} }

// Capture backs root up on top of the capture before.
func (s *Store) Capture(t testing.TB, root string) *Set {
	t.Helper()
	press, err := archive.NewPress("fast")
	if err != nil {
		t.Fatal(err)
	}
	s.n++
	set := &Set{Dir: filepath.Join(s.dir, fmt.Sprint(s.n))}
	layer, err := archive.NewLayer(context.Background(), press, disk.New(nil), set.Dir, s.shelf(), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := tree.Options{Root: root, Source: "files", Now: s.Now, Ignore: func(string, bool) bool { return false }}
	if s.last != nil {
		if o.Base, err = tree.LoadBase(s.last.Dir, s.last.Laid.Parts); err != nil {
			t.Fatal(err)
		}
	}
	if set.Result, err = tree.Capture(context.Background(), layer, press, o); err != nil {
		t.Fatal(layer.Abort(err))
	}
	if set.Laid, err = layer.Close(); err != nil {
		t.Fatal(err)
	}
	s.last = set
	return set
}

func (s *Store) shelf() archive.Shelf {
	shelf := archive.Shelf{}
	if s.last != nil {
		shelf.Add(s.last.Dir, s.last.Laid.Parts)
	}
	return shelf
}

// Reread says whether the next capture would read the file again although
// nothing about it changed.
func (s *Set) Reread(t testing.TB, path string) bool {
	t.Helper()
	settled, err := tree.Settled(s.Dir, s.Laid.Parts, path)
	if err != nil {
		t.Fatal(err)
	}
	return !settled
}

// ExtractWithTar restores a set by nothing but its parts and GNU tar.
func (s *Set) ExtractWithTar(t testing.TB) string {
	t.Helper()
	to := t.TempDir()
	stream := archive.Reader(context.Background(), s.Dir, s.Laid.Parts)
	defer stream.Close()
	tar := command.Change("tar", "-x", "-p", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-C", to)
	if err := command.NewDoor(command.Local()).Feed(context.Background(), tar, stream); err != nil {
		t.Fatal(err)
	}
	return to
}

// Settle waits until a change made now could be told by its ctime.
func Settle() { time.Sleep(30 * time.Millisecond) }

// Put writes a file.
func Put(t testing.TB, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// NewTree makes a tree with one of everything.
func NewTree(t testing.TB, random *rand.Rand) string {
	t.Helper()
	root := t.TempDir()
	for i := range 30 {
		Put(t, root, fmt.Sprintf("d%d/e%d/file-%d", i%3, i%5, i), content(random, random.IntN(9000)))
	}
	Put(t, root, "name-\xff\xfe-latin", "not UTF-8")
	Put(t, root, strings.Repeat("long-directory/", 12)+strings.Repeat("n", 140)+"\xe9", "long and odd")
	Put(t, root, strings.Repeat("deep/", 25)+"file", "split name")
	Put(t, root, "large", content(random, 6<<20))
	must(t, os.Symlink("d0/e0", filepath.Join(root, "sym")))
	must(t, os.Symlink(strings.Repeat("x/", 80), filepath.Join(root, "dangling")))
	must(t, os.Link(filepath.Join(root, "d0/e0/file-0"), filepath.Join(root, "hard-a")))
	must(t, os.Link(filepath.Join(root, "d0/e0/file-0"), filepath.Join(root, "d1/hard-b")))
	must(t, os.Chmod(filepath.Join(root, "d2"), 0o1775|os.ModeSticky))
	must(t, os.Mkdir(filepath.Join(root, "empty"), 0o700))
	must(t, unix.Setxattr(filepath.Join(root, "d1"), "user.origin", []byte("a \x00 value"), 0))
	sparse(t, filepath.Join(root, "sparse"), 9<<20)
	old := time.Date(1965, 3, 4, 5, 6, 7, 89, time.UTC)
	must(t, os.Chtimes(filepath.Join(root, "d1/hard-b"), old, old))
	return root
}

func sparse(t testing.TB, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	_, err = f.WriteAt([]byte("in the middle"), size/2)
	must(t, err)
	must(t, f.Truncate(size))
	must(t, f.Close())
}

// Mutate makes n changes of any kind.
func Mutate(t testing.TB, root string, random *rand.Rand, n int) {
	t.Helper()
	for range n {
		all := names(t, root)
		pick := func() string { return filepath.Join(root, all[random.IntN(len(all))]) }
		path := pick()
		info, err := os.Lstat(path)
		must(t, err)
		fresh := filepath.Join(root, fmt.Sprintf("new-%d", random.Uint32()))
		if info.IsDir() && random.IntN(2) == 0 {
			fresh = filepath.Join(path, filepath.Base(fresh))
		}
		switch change := random.IntN(10); {
		case change == 0:
			must(t, os.RemoveAll(path))
		case change == 1 && path != root: // another type under the same name
			must(t, os.RemoveAll(path))
			if info.IsDir() {
				must(t, os.WriteFile(path, []byte("was a directory"), 0o600))
			} else {
				must(t, os.MkdirAll(filepath.Join(path, "inside"), 0o750))
			}
		case change == 2 && !info.IsDir():
			must(t, os.Rename(path, fresh))
		case change == 3 && info.Mode().IsRegular():
			must(t, os.Link(path, fresh))
		case change == 4 && info.Mode().IsRegular():
			must(t, os.Chmod(path, os.FileMode(0o400|random.IntN(0o400))))
		case change == 5 && info.Mode().IsRegular():
			must(t, os.WriteFile(path, []byte(content(random, random.IntN(20000))), 0o644))
		case change == 6 && info.Mode().IsRegular(): // replaced, as editors do
			must(t, os.WriteFile(fresh, []byte("replaced"), 0o644))
			must(t, os.Rename(fresh, path))
		case change == 7:
			must(t, os.Symlink("somewhere", fresh))
		case change == 8:
			must(t, os.MkdirAll(filepath.Join(fresh, "a/b"), 0o755))
		default:
			must(t, os.WriteFile(fresh, []byte(content(random, random.IntN(3<<20))), 0o640))
		}
		if _, err := os.Lstat(root); err != nil {
			must(t, os.Mkdir(root, 0o755))
		}
	}
}

func content(random *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + random.IntN(20))
	}
	return string(b)
}

func names(t testing.TB, root string) []string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		all = append(all, rel)
		return err
	}))
	return all
}

// Same fails unless two trees are alike in everything that a backup keeps.
func Same(t testing.TB, what, want, got string) {
	t.Helper()
	a, b := describe(t, want), describe(t, got)
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			only := func(x, y []string) (out []string) {
				for _, line := range x {
					if !slices.Contains(y, line) {
						out = append(out, line)
					}
				}
				return out
			}
			t.Fatalf("%s: trees differ\nonly in the original:\n  %s\nonly in the restored one:\n  %s", what,
				strings.Join(only(a, b), "\n  "), strings.Join(only(b, a), "\n  "))
		}
	}
}

// describe lists everything about a tree, one line a name.
func describe(t testing.TB, root string) []string {
	t.Helper()
	first := map[uint64]string{}
	var lines []string
	for _, name := range names(t, root) {
		path := filepath.Join(root, name)
		var st unix.Stat_t
		must(t, unix.Lstat(path, &st))
		line := fmt.Sprintf("%q mode=%o uid=%d gid=%d mtime=%d", name, st.Mode, st.Uid, st.Gid, st.Mtim.Nano())
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			data, err := os.ReadFile(path)
			must(t, err)
			same, ok := first[st.Ino]
			if !ok {
				first[st.Ino], same = name, name
			}
			line += fmt.Sprintf(" size=%d data=%x file-of=%q sparse=%v", st.Size, sha256.Sum256(data), same, st.Blocks*512 < st.Size)
		case unix.S_IFLNK:
			to, err := os.Readlink(path)
			must(t, err)
			line += " -> " + to
		case unix.S_IFDIR:
			value := make([]byte, 100)
			if n, err := unix.Getxattr(path, "user.origin", value); err == nil {
				line += fmt.Sprintf(" user.origin=%q", value[:n])
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Extract restores a set with this program.
func (s *Set) Extract(t testing.TB) string {
	t.Helper()
	to := t.TempDir()
	stream := archive.Reader(context.Background(), s.Dir, s.Laid.Parts)
	defer stream.Close()
	done, err := tree.Extract(context.Background(), stream, to)
	must(t, err)
	if len(done.Warnings) > 0 {
		t.Errorf("restore warned: %v", done.Warnings)
	}
	return to
}

// Check lets the structure of a set be checked.
func (s *Set) Check(t testing.TB) {
	t.Helper()
	s.CheckWithout(t, -1)
}

// CheckWithout does so as if one part could not be read; the others must pass.
func (s *Set) CheckWithout(t testing.TB, bad int) {
	t.Helper()
	var c tree.Checker
	must(t, archive.Each(context.Background(), s.Dir, s.Laid.Parts, func(p manifest.Part, data []byte, err error) error {
		if err != nil {
			return err
		}
		if p.Number == bad+1 {
			c.Bad(p)
			return nil
		}
		return c.Part(p, data)
	}))
	must(t, c.End())
}
