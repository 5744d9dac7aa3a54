package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/procedure"
)

// removedKey is where step 10 notes what it is about to remove.
const removedKey = "removed"

// kept says that there is nothing to clean up.
func (r *Room) kept(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	e, err := r.excess(ctx, w)
	if err != nil {
		return "", err
	}
	if !e.none() {
		return "", fmt.Errorf("%w: %d interpreters, %d build trees and %d replaced environments are not needed", procedure.ErrNotDone, len(e.interpreters), len(e.trees), len(e.ways))
	}
	return procedure.Evidence(strings.Join(append([]string{"nothing is left that is not needed"}, e.stay...), "; ")), nil
}

// clean removes it. A build tree that another run works in stays.
func (r *Room) clean(ctx context.Context, w *procedure.Work) error {
	e, err := r.excess(ctx, w)
	if err != nil {
		return err
	}
	for _, line := range e.stay {
		w.Say.Info("%s", line)
	}
	if err := w.Record(removedKey, e.interpreters); err != nil {
		return err
	}
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	// What could not be removed is told, and takes nothing else back.
	for _, one := range e.interpreters {
		if err := take(c.CPython.Prefix, one); err != nil {
			w.Defer(err)
			continue
		}
		w.Say.Info("removed %s; cpython:install -version=%s brings it back from the cache", one.Prefix, one.Version)
	}
	for _, b := range e.trees {
		if err := r.fell(b); err != nil {
			w.Defer(err)
			continue
		}
		w.Say.Info("removed the build tree %s", b.Source())
	}
	for _, way := range e.ways {
		if err := r.mover(c, w).Remove(way); err != nil {
			w.Defer(err)
			continue
		}
		w.Say.Info("removed %s, which was replaced long ago", way.Old)
	}
	return ctx.Err()
}

// take removes an interpreter and the links to it, which must not dangle.
func take(dir string, one removal) error {
	gone := map[string]string{}
	for name := range one.Links {
		gone[name] = ""
	}
	if err := point(dir, gone); err != nil {
		return err
	}
	return discard(one.Prefix)
}

// fell removes the tree of a build, and its stamps first: what is half removed
// was not built.
func (r *Room) fell(b *build.Build) (err error) {
	r.mu.Lock()
	held := r.release != nil && r.holds == b.Work // by this process
	r.mu.Unlock()
	if !held {
		release, err := b.Hold()
		if err != nil {
			return err
		}
		defer release()
	}
	return b.Fell()
}

// cleaned proves that what a run has removed is gone.
func (r *Room) cleaned(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	if len(w.Deferred()) > 0 {
		return "what nobody works in is removed", nil
	}
	return r.kept(ctx, w)
}

func (r *Room) planClean(ctx context.Context, w *procedure.Work) ([]string, error) {
	e, err := r.excess(ctx, w)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, line := range e.stay {
		all = append(all, "# "+line)
	}
	for _, one := range e.interpreters {
		all = append(all, "rm -r "+one.Prefix)
	}
	for _, b := range e.trees {
		all = append(all, "rm -r "+b.Source())
	}
	for _, way := range e.ways {
		all = append(all, "rm -r "+way.Old)
	}
	return all, nil
}

// bringBack unpacks the interpreters that a run has removed.
func (r *Room) bringBack(ctx context.Context, w *procedure.Work) error {
	var removed []removal
	if found, err := w.Recall(removedKey, &removed); err != nil {
		return err
	} else if !found || len(removed) == 0 {
		return procedure.ErrNothingToUndo
	}
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	entries, err := r.cache(c, w.Door).List(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, one := range removed {
		err := r.bringOneBack(ctx, w, c, entries, one)
		if err != nil {
			err = fmt.Errorf("bring python %s back: %w", one.Version, err)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (r *Room) bringOneBack(ctx context.Context, w *procedure.Work, c *config.Config, entries []cache.Entry, one removal) error {
	if _, err := os.Lstat(one.Prefix); err != nil {
		at := slices.IndexFunc(entries, func(e cache.Entry) bool { return e.ID == one.Cached })
		if at < 0 {
			return fmt.Errorf("its build %s is gone from the cache", one.Cached)
		}
		if _, err := r.cache(c, w.Door).Unpack(ctx, entries[at].Key, one.Prefix); err != nil {
			return err
		}
	}
	for name, to := range one.Links {
		if is, err := leads(filepath.Join(c.CPython.Prefix, name)); err == nil && is == "" { // no other one has it since
			if err := point(c.CPython.Prefix, map[string]string{name: to}); err != nil {
				return err
			}
		}
	}
	return nil
}

// cameBack proves that the interpreters are there again, and start.
func (r *Room) cameBack(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var removed []removal
	if _, err := w.Recall(removedKey, &removed); err != nil {
		return "", err
	}
	said := []string{"every interpreter that was removed is there"}
	for _, one := range removed {
		line, err := (&build.Build{Door: w.Door, Version: one.Version}).Imports(ctx, filepath.Join(one.Prefix, "bin", "python3"))
		if err != nil {
			return "", err
		}
		said = append(said, line)
	}
	return procedure.Evidence(strings.Join(said, "; ")), nil
}
