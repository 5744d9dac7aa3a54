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

// Find is the environments below the roots and those that the globs name, sorted
// and each once. What is inside an environment, and what a move keeps beside
// one, is not looked at; neither is a directory that this user may not read.
func Find(ctx context.Context, roots, globs []string) ([]Env, error) {
	f := finder{found: map[string]Env{}}
	for _, root := range roots {
		dir, err := filepath.EvalSymlinks(root)
		if err == nil {
			dir, err = filepath.Abs(dir)
		}
		if err == nil {
			err = f.walk(ctx, dir)
		}
		if err != nil {
			return nil, fmt.Errorf("search environments below %s: %w", root, err)
		}
	}
	for _, glob := range globs {
		matches, err := filepath.Glob(glob)
		if err != nil {
			return nil, fault.New(fault.Usage, "a pattern is like /srv/*/venv", fmt.Errorf("search environments %q: %w", glob, err))
		}
		for _, match := range matches {
			dir, err := resolve(match)
			if err != nil {
				return nil, fmt.Errorf("search environments %q: %w", glob, err)
			}
			if _, _, beside := anySibling(filepath.Base(dir)); !beside {
				f.take(dir)
			}
		}
	}
	all := make([]Env, 0, len(f.found))
	for _, env := range f.found {
		all = append(all, env)
	}
	slices.SortFunc(all, func(a, b Env) int { return cmp.Compare(a.Dir, b.Dir) })
	return all, nil
}

type finder struct{ found map[string]Env }

func (f finder) walk(ctx context.Context, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case path == root && err != nil:
			return err
		case errors.Is(err, fs.ErrNotExist): // it went while we looked
			return nil
		case errors.Is(err, fs.ErrPermission):
			return fs.SkipDir
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		}
		switch entry.Name() {
		case "node_modules", ".git", ".iact", "__pycache__", "overlay2": // that is what containers see
			return fs.SkipDir
		}
		if kind, name, beside := anySibling(entry.Name()); beside {
			if kind == was {
				f.cut(filepath.Join(filepath.Dir(path), name), path)
			}
			return fs.SkipDir
		}
		if f.take(path) {
			return fs.SkipDir
		}
		return nil
	})
}

// take says whether dir is an environment.
func (f finder) take(dir string) bool {
	env, err := read(dir)
	if err != nil {
		return false
	}
	f.found[dir] = env
	return true
}

// cut takes an environment that lost its name in the middle of a swap.
func (f finder) cut(dir, aside string) {
	if _, err := os.Lstat(dir); err == nil {
		return
	}
	if env, err := read(aside); err == nil {
		env.Dir, env.Cut = dir, true
		f.found[dir] = env
	}
}
