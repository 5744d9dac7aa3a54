package venv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"iact-infra/internal/fault"
)

// Back takes the environment that was replaced into use again, and keeps the
// other under the name that this one had. Nothing is started. Once it went back,
// Back with the same Moved has nothing to do.
func (m *Mover) Back(_ context.Context, moved Moved) error {
	unlock, err := lock(moved.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := m.files.repair(moved.Dir); err != nil {
		return err
	}
	now, err := between(moved.Dir, moved.Old)
	if err != nil {
		return fmt.Errorf("go back: %w", err)
	}
	switch {
	case now.Token == moved.Before && now.Before == moved.Token:
		return nil
	case now.Token != moved.Token || now.Before != moved.Before:
		return fault.New(fault.Missing, "choose another one that is kept", fmt.Errorf("go back: %s was moved again since", moved.Dir))
	}
	return m.files.swap(moved.Dir, moved.Old)
}

// between is the move that dir and a kept environment amount to.
func between(dir, kept string) (Moved, error) {
	to, err := read(dir)
	if err != nil {
		return Moved{}, err
	}
	from, err := read(kept)
	if errors.Is(err, fs.ErrNotExist) {
		return Moved{}, fault.New(fault.Missing, "rebuild it with the interpreter that you want", fmt.Errorf("%s is gone", kept))
	}
	if err != nil {
		return Moved{}, err
	}
	after, err := token(dir)
	if err != nil {
		return Moved{}, err
	}
	before, err := token(kept)
	return Moved{Dir: dir, Old: kept, From: from.Version, To: to.Version, Token: after, Before: before}, err
}

// Kept are the ways back for the environment in dir, the newest first. Their
// versions are read from the environments; the name of one says what was in it
// when it was put there.
func Kept(dir string) ([]Moved, error) {
	dir, err := resolve(dir)
	if err != nil {
		return nil, err
	}
	found, err := siblings(dir, old)
	if err != nil {
		return nil, fmt.Errorf("list what is kept of %s: %w", dir, err)
	}
	var all []Moved
	for _, path := range found {
		moved, err := between(dir, path)
		if err != nil {
			return nil, fmt.Errorf("list what is kept of %s: %w", dir, err)
		}
		all = append(all, moved)
	}
	stamp := func(m Moved) string { return m.Old[len(m.Old)-len(stampLayout):] }
	slices.SortFunc(all, func(a, b Moved) int { return cmp.Compare(stamp(b), stamp(a)) })
	return all, nil
}

// Remove gives a way back up. The directory loses its name first: what is
// removed by halves is nothing to go back to.
func (m *Mover) Remove(moved Moved) error {
	unlock, err := lock(moved.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if _, name, ok := anySibling(filepath.Base(moved.Old)); !ok || name != filepath.Base(moved.Dir) || filepath.Dir(moved.Old) != filepath.Dir(moved.Dir) {
		return fault.New(fault.Usage, "Kept names what can be removed", fmt.Errorf("remove %s: nothing of %s is kept there", moved.Old, moved.Dir))
	}
	empty, err := os.MkdirTemp(filepath.Dir(moved.Dir), "."+filepath.Base(moved.Dir)+"."+fresh+"-*")
	if err != nil {
		return writable(err, filepath.Dir(moved.Dir))
	}
	// Only its name was wanted, and os.Rename replaces no directory.
	if err := os.Remove(empty); err != nil {
		return err
	}
	if err := m.files.move(moved.Old, empty); err != nil {
		return err
	}
	return removeAll(empty)
}
