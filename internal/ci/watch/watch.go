// Package watch tells which files of a project change, as ci:watch asks it.
//
// A change is what is different afterwards, not what happened in between: events
// are gathered until the project is quiet, and a file that came and went is none.
// So an editor that writes beside a file and renames has changed one file. What a
// directory holds that was made just now has changed as well, whoever was quicker.
// What is ignored is not watched at all: a node_modules would take all watches that
// the kernel gives.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// ErrGone says that the project is not there any more.
const ErrGone = command.Sentinel("the directory is gone")

// Batch is what has changed since the batch before.
type Batch struct {
	// Paths are below the project, with slashes, in order: files, and directories
	// that went away with all that they held.
	Paths []string
	// All says that more happened than could be told: anything may have changed.
	All bool
}

// Watcher watches a project from Open to Close. It is for one goroutine.
type Watcher struct {
	root   string
	ignore func(path string) bool
	kernel *fsnotify.Watcher
	// dirs are those that are watched. known is all that was there before the coming
	// batch, so that a file that comes and goes is told from one that goes.
	dirs, known map[string]bool
	changed     map[string]bool // the coming batch
	all         bool
}

// Open begins to watch: what changes from here on is in a batch. ignore is asked
// for paths below the project, with slashes; .git, .iact and node_modules are
// ignored wherever they are.
func Open(root string, ignore func(path string) bool) (*Watcher, error) {
	place, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	kernel, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, limited(root, err)
	}
	w := &Watcher{root: place, ignore: ignore, kernel: kernel, dirs: map[string]bool{}, known: map[string]bool{}, changed: map[string]bool{}}
	if err := w.add(place, false); err != nil {
		return nil, errors.Join(err, kernel.Close())
	}
	return w, nil
}

// Close ends it.
func (w *Watcher) Close() error { return w.kernel.Close() }

// Next waits for a change, and then until there was none for as long as quiet, but
// not for ever: a file that is written to all the time does not hold back others.
func (w *Watcher) Next(ctx context.Context, quiet time.Duration) (Batch, error) {
	const patience = 20
	var pause, enough <-chan time.Time
	for {
		more, err := false, error(nil)
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case event, open := <-w.kernel.Events:
			more, err = w.note(event, open)
		case missed, open := <-w.kernel.Errors:
			more, err = true, w.missed(missed, open)
		case <-pause:
			enough = nil
		case <-enough:
			enough = nil
		}
		if err != nil {
			return Batch{}, err
		}
		if more {
			pause = time.After(quiet)
			if enough == nil {
				enough = time.After(patience * quiet)
			}
		}
		if pause == nil || enough != nil {
			continue // nothing yet, or not all of it
		}
		pause = nil
		if batch := w.take(); batch.All || len(batch.Paths) > 0 {
			return batch, nil
		}
	}
}

// take ends a batch. Of directories those count that are gone: what they held is.
func (w *Watcher) take() Batch {
	batch := Batch{All: w.all}
	for _, name := range slices.Sorted(maps.Keys(w.changed)) {
		info, err := os.Lstat(filepath.Join(w.root, filepath.FromSlash(name)))
		if gone := err != nil; gone && w.known[name] || !gone && !info.IsDir() {
			batch.Paths = append(batch.Paths, name)
		}
		if w.known[name] = err == nil; !w.known[name] {
			delete(w.known, name)
		}
	}
	clear(w.changed)
	w.all = false
	return batch
}

// note takes an event into the coming batch, and tells whether it belongs there.
func (w *Watcher) note(event fsnotify.Event, open bool) (more bool, err error) {
	name, below := w.name(event.Name)
	made, went := event.Has(fsnotify.Create), event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
	switch {
	case !open:
		return false, fs.ErrClosed
	case !below && went:
		return false, fmt.Errorf("watch %s: %w", w.root, ErrGone)
	// Indexers and backups touch what they do not change.
	case !below || event.Op == fsnotify.Chmod || w.ignored(name):
		return false, nil
	}
	w.changed[name] = true
	if went && w.dirs[event.Name] {
		w.forget(event.Name)
	}
	if info, there := os.Lstat(event.Name); made && there == nil && info.IsDir() {
		return true, w.add(event.Name, true)
	}
	return true, nil
}

// missed takes what the kernel could not tell. Directories may be among it.
func (w *Watcher) missed(err error, open bool) error {
	switch {
	case !open:
		return fs.ErrClosed
	case errors.Is(err, fsnotify.ErrEventOverflow):
		w.all = true
		return w.add(w.root, false)
	}
	return limited(w.root, err)
}

// add watches a directory and those in it, each before it is read: what is made
// meanwhile is seen in one way or the other. Links are not followed.
func (w *Watcher) add(dir string, made bool) error {
	return filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		name, below := w.name(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
			return nil // gone again, or nothing that the pipeline could read
		case err != nil:
			return fmt.Errorf("watch %s: %w", at, err)
		case below && w.ignored(name):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case made:
			w.changed[name] = true
		default:
			w.known[name] = true
		}
		if !entry.IsDir() {
			return nil
		}
		if err := w.kernel.Add(at); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return limited(at, err)
		}
		w.dirs[at] = true
		return nil
	})
}

// forget ends the watches of a directory that went away: where it went to, it is
// added again, or is none of ours.
func (w *Watcher) forget(dir string) {
	inside := func(at string) bool { return at == dir || strings.HasPrefix(at, dir+string(filepath.Separator)) }
	for other := range w.dirs {
		if inside(other) {
			delete(w.dirs, other)
			// The kernel may have been quicker.
			if err := w.kernel.Remove(other); err != nil && !errors.Is(err, fsnotify.ErrNonExistentWatch) {
				w.all = true
			}
		}
	}
	for name := range w.known {
		if at := filepath.Join(w.root, filepath.FromSlash(name)); at != dir && inside(at) {
			delete(w.known, name)
		}
	}
}

// name is a path below the project, with slashes.
func (w *Watcher) name(at string) (name string, below bool) {
	name, err := filepath.Rel(w.root, at)
	return filepath.ToSlash(name), err == nil && name != "."
}

func (w *Watcher) ignored(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case ".git", ".iact", "node_modules":
			return true
		}
	}
	return w.ignore != nil && w.ignore(name)
}

// limited says of the kernel's limits what they are: the error that it gives is
// that of a full disk.
func limited(at string, err error) error {
	const hint = "sudo sysctl -w %s=%s (on the host, if this is a container), and that line in /etc/sysctl.d/60-inotify.conf"
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fault.New(fault.Failed, fmt.Sprintf(hint, "fs.inotify.max_user_watches", "524288"), fmt.Errorf("watch %s: inotify watch limit reached: %w", at, err))
	case errors.Is(err, syscall.EMFILE):
		return fault.New(fault.Failed, fmt.Sprintf(hint, "fs.inotify.max_user_instances", "1024"), fmt.Errorf("watch %s: inotify instance limit reached: %w", at, err))
	}
	return fmt.Errorf("watch %s: %w", at, err)
}
