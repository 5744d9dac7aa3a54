package cache

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"iact-infra/internal/fault"
)

// tree is an installed build as it lies on the disk, in the order of its
// archive: names sorted within each directory, a directory before its content.
type tree struct {
	dir    string
	nodes  []node
	byName map[string]node
	bytes  int64
}

// node is one name in a tree.
type node struct {
	name  string // with slashes, relative; "" is the tree itself
	info  fs.FileInfo
	link  string // of a symbolic link
	first string // the earlier name of the same file
}

// readTree lists a tree. What no archive of a build holds is refused.
func readTree(dir string) (*tree, error) {
	t := &tree{dir: dir, byName: map[string]node{}}
	type inode struct{ dev, ino uint64 }
	seen := map[inode]string{}
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		n := node{info: info}
		if file != dir {
			n.name = filepath.ToSlash(strings.TrimPrefix(file, dir+string(filepath.Separator)))
		}
		switch mode := info.Mode(); {
		case mode.IsDir():
		case mode.IsRegular():
			st, ok := info.Sys().(*syscall.Stat_t)
			if ok && st.Nlink > 1 {
				id := inode{uint64(st.Dev), uint64(st.Ino)}
				n.first = seen[id]
				if n.first == "" {
					seen[id] = n.name
				}
			}
			if n.first == "" {
				t.bytes += info.Size()
			}
		case mode&fs.ModeSymlink != 0:
			if n.link, err = os.Readlink(file); err != nil {
				return err
			}
		default:
			return unfit(n.name, "is neither a file nor a directory nor a link (%s)", mode.Type())
		}
		t.nodes = append(t.nodes, n)
		t.byName[n.name] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	if !t.nodes[0].info.IsDir() {
		return nil, fmt.Errorf("read tree: %s is no directory", dir)
	}
	return t, nil
}

func (t *tree) path(n node) string { return filepath.Join(t.dir, filepath.FromSlash(n.name)) }

// mtime is the time that a node has in the archive.
func (n node) mtime(latest time.Time) time.Time {
	at := n.info.ModTime().Truncate(time.Second)
	if at.After(latest) {
		at = latest.Truncate(time.Second)
	}
	return at.UTC()
}

// stays reports whether a symbolic link leads to something in the tree, or
// absolutely into its prefix. "..", after a name, might go through another link
// and lead anywhere.
func stays(name, target, prefix string) bool {
	if path.IsAbs(target) {
		return path.Clean(target) == target && within(target, prefix)
	}
	rest, up := target, 0
	for rest == ".." || strings.HasPrefix(rest, "../") {
		rest = strings.TrimPrefix(rest[2:], "/")
		up++
	}
	return target != "" && up <= strings.Count(name, "/") && !strings.Contains("/"+rest+"/", "/../")
}

// unfit is something in a tree that would not work from the cache.
func unfit(name, why string, args ...any) error {
	return fault.New(fault.Invalid, "build it again with that mended; the build itself can be used as it is",
		fmt.Errorf("%s %s", name, fmt.Sprintf(why, args...)))
}
