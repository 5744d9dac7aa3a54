package venv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Rebuild lets env stand on python, with the same packages. The environment
// stays in use until the new one is proven, and again when that does not hold in
// its place; then nothing is left of the new one. What was in use stays beside
// it, as Moved.Old.
func (m *Mover) Rebuild(ctx context.Context, env Env, python string) (Moved, error) {
	moved, err := m.rebuild(ctx, env.Dir, python)
	if err != nil {
		return Moved{}, fmt.Errorf("rebuild %s: %w", env.Dir, err)
	}
	return moved, nil
}

func (m *Mover) rebuild(ctx context.Context, dir, python string) (Moved, error) {
	dir, err := resolve(dir)
	if err != nil {
		return Moved{}, err
	}
	unlock, err := lock(dir)
	if err != nil {
		return Moved{}, err
	}
	defer unlock()
	if err := m.recover(ctx, dir); err != nil {
		return Moved{}, err
	}
	env, err := read(dir)
	if err != nil {
		return Moved{}, err
	}
	version, err := m.usable(ctx, dir, python)
	if err != nil {
		return Moved{}, err
	}
	requirements, err := Freeze(dir)
	if err != nil {
		return Moved{}, err
	}
	made, err := m.make(ctx, env, python, requirements)
	if err != nil {
		return Moved{}, errors.Join(err, discard(dir, made))
	}
	if err := m.take(ctx, env, made, version); err != nil {
		return Moved{}, errors.Join(err, discard(dir, made))
	}
	return m.commit(dir, made, requirements)
}

// make makes the new environment beside env, and proves it there. Its directory
// is returned even when that fails.
func (m *Mover) make(ctx context.Context, env Env, python string, requirements []string) (string, error) {
	dir, err := os.MkdirTemp(filepath.Dir(env.Dir), "."+filepath.Base(env.Dir)+"."+fresh+"-*")
	if err != nil {
		return "", writable(err, filepath.Dir(env.Dir))
	}
	if err := like(env.Dir, dir); err != nil {
		return dir, err
	}
	_, _, token, _ := takeApart(filepath.Base(dir))
	file := filepath.Join(dir, MarkFile)
	text := markStart + token + "\n" + strings.Join(requirements, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return dir, writable(err, filepath.Dir(dir))
	}
	if err := m.create(ctx, env, python, dir); err != nil {
		return dir, err
	}
	if err := m.install(ctx, env, dir, file, requirements); err != nil {
		return dir, err
	}
	there, err := read(dir)
	if err != nil {
		return dir, err
	}
	if err := m.check(ctx, there, command.Read(there.python(), "-m", "pip")); err != nil {
		return dir, err
	}
	if err := rename(dir, filepath.Base(env.Dir)); err != nil {
		return dir, writable(err, filepath.Dir(dir))
	}
	return dir, flush(dir)
}

// take swaps the new environment in, and back out when it does not hold there.
func (m *Mover) take(ctx context.Context, env Env, made, version string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := m.files.swap(env.Dir, made); err != nil {
		return errors.Join(err, m.files.repair(env.Dir))
	}
	err := m.prove(ctx, env.Dir, version)
	if err == nil {
		return nil
	}
	// Not under ctx: the way back is open to a caller who is stopped, too.
	return errors.Join(fmt.Errorf("use it in its place: %w", err), m.files.swap(env.Dir, made))
}

// prove lets the environment in dir start from its place: the interpreter, and a
// script that has to find it. version is the one to expect, "" any.
func (m *Mover) prove(ctx context.Context, dir, version string) error {
	env, err := read(dir)
	if err != nil {
		return err
	}
	about, err := m.start(ctx, dir, env.python(), "")
	if err != nil {
		return stopped(ctx, err)
	}
	if version != "" && about.version != version {
		return fault.New(fault.Invalid, "", fmt.Errorf("%s is Python %s, not %s", env.python(), about.version, version))
	}
	here, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if there, err := os.Stat(about.prefix); err != nil || !os.SameFile(here, there) {
		return fault.New(fault.Invalid, "", fmt.Errorf("%s works in %s", env.python(), about.prefix))
	}
	if pip := filepath.Join(dir, "bin", "pip"); isFile(pip) {
		return m.check(ctx, env, command.Read(pip))
	}
	// ensurepip adds none to what the interpreter has for all.
	return m.check(ctx, env, command.Read(env.python(), "-m", "pip"))
}

// commit gives what was replaced the name that it is kept under. Until then a
// recovery would still doubt the new one.
func (m *Mover) commit(dir, replaced string, requirements []string) (Moved, error) {
	from, err := read(replaced)
	if err != nil {
		return Moved{}, err
	}
	var kept string
	for at := m.Now().UTC(); ; at = at.Add(time.Millisecond) {
		kept = beside(dir, old, strings.ReplaceAll(from.Version, "-", "")+"-"+at.Format(stampLayout))
		if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err := m.files.move(replaced, kept); err != nil {
		return Moved{}, err
	}
	moved, err := between(dir, kept)
	moved.Requirements = requirements
	return moved, err
}
