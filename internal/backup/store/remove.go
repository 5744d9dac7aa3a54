package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

// Remove takes sets away. All of them lose their names first, and that is made
// durable: from then on none of them is listed, and what a crash or an error
// leaves of them is cleared by Prepare. The caller holds the lock.
func (s *Store) Remove(ctx context.Context, ids ...string) error {
	const hint = "run it again: it goes on where it stopped; the sets that stay were not touched"
	form := idForm()
	for _, id := range ids {
		if !form.MatchString(id) {
			return fault.New(fault.Usage, "backup:list shows the ids", fmt.Errorf("remove set %q: that is no id of a set", id))
		}
	}
	for _, id := range ids {
		if err := s.disk.Rename(filepath.Join(s.dir, id), filepath.Join(s.dir, deleting+id)); err != nil {
			return fault.New(0, hint, fmt.Errorf("remove set %s: %w", id, err))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := s.disk.SyncPath(s.dir); err != nil {
		return fault.New(0, hint, fmt.Errorf("sync store: %w", err))
	}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return fault.New(0, hint, fmt.Errorf("remove set %s: %w", id, err))
		}
		if err := s.disk.RemoveAll(filepath.Join(s.dir, deleting+id)); err != nil {
			return fault.New(0, hint, fmt.Errorf("remove set %s: %w", id, err))
		}
	}
	return nil
}

// Freed is how many bytes of the disk come free when these sets go together:
// those of every file all of whose names lie in them. A file that another set
// links keeps its place.
func (s *Store) Freed(ids ...string) (int64, error) {
	var mu sync.Mutex
	names, freed := map[inode]uint64{}, int64(0)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, id := range ids {
		group.Go(func() error {
			files, err := filesOf(filepath.Join(s.dir, id))
			if err != nil {
				return fmt.Errorf("measure set %s: %w", id, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, st := range files {
				file := inode{uint64(st.Dev), st.Ino}
				names[file]++
				if st.Mode&unix.S_IFMT == unix.S_IFDIR || names[file] == uint64(st.Nlink) {
					freed += st.Blocks * block
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return freed, err
}

// inode is a file under all of its names.
type inode struct{ device, number uint64 }

// block is the unit of Stat_t.Blocks, on every file system.
const block = 512

// filesOf lists what lies in a directory, itself included. What is removed
// meanwhile is passed over.
func filesOf(dir string) ([]unix.Stat_t, error) {
	var files []unix.Stat_t
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil {
			err = unix.Lstat(path, &st)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files = append(files, st)
		return err
	})
	return files, err
}
