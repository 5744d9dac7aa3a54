package venv

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Recover ends what a killed move has left of the environment in dir: a cut-off
// swap is repaired, a new one that was exchanged is proven or taken out again,
// and one that was not is removed. Rebuild begins with it.
func (m *Mover) Recover(ctx context.Context, dir string) error {
	dir, err := resolve(dir)
	if err != nil {
		return err
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	return m.recover(ctx, dir)
}

func (m *Mover) recover(ctx context.Context, dir string) error {
	if err := m.files.repair(dir); err != nil {
		return err
	}
	left, err := siblings(dir, fresh)
	if err != nil {
		return err
	}
	for t, path := range left {
		in, err := token(dir)
		if err != nil {
			return err
		}
		if in == t {
			if err := m.settle(ctx, dir, path); err != nil {
				return err
			}
			continue
		}
		if err := removeAll(path); err != nil {
			return err
		}
	}
	return nil
}

// settle keeps an environment that was exchanged when it proves itself, and else
// takes it out again.
func (m *Mover) settle(ctx context.Context, dir, replaced string) error {
	err := m.prove(ctx, dir, "")
	switch {
	case ctx.Err() != nil:
		return stopped(ctx, err)
	case err != nil:
		return errors.Join(m.files.swap(dir, replaced), discard(dir, replaced))
	}
	_, err = m.commit(dir, replaced, nil)
	return err
}

// discard removes a new environment, unless it is the one in use: then the other
// one is at its place, and the next Recover decides.
func discard(dir, made string) error {
	if made == "" {
		return nil
	}
	in, err := token(dir)
	if _, _, t, _ := takeApart(filepath.Base(made)); err != nil || in == t {
		return err
	}
	return removeAll(made)
}

// removeAll removes a tree, even when a program that was just ended wrote to it.
func removeAll(dir string) error {
	var err error
	for range 3 {
		if err = os.RemoveAll(dir); !errors.Is(err, unix.ENOTEMPTY) {
			break
		}
	}
	return err
}
