package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// movedKey is where step 7 notes the environments that it has moved.
const movedKey = "venvs"

func (r *Room) mover(c *config.Config, w *procedure.Work) *venv.Mover {
	return &venv.Mover{Door: w.Door, Wheels: c.CPython.Wheels, Now: r.o.Now}
}

// environments are those of the project, and those that the configuration names.
func environments(ctx context.Context, c *config.Config) ([]venv.Env, error) {
	return venv.Find(ctx, []string{c.Project}, c.CPython.Venvs)
}

// elsewhereThan are the environments that do not stand on an interpreter yet.
func elsewhereThan(envs []venv.Env, prefix, version string) []venv.Env {
	if as, err := filepath.EvalSymlinks(prefix); err == nil {
		prefix = as // /opt may be a link
	}
	var all []venv.Env
	for _, env := range envs {
		program, err := filepath.EvalSymlinks(filepath.Join(env.Dir, "bin", "python"))
		stands := err == nil && strings.HasPrefix(program, prefix+"/") && env.Version == version
		if !stands || env.Cut {
			all = append(all, env)
		}
	}
	return all
}

// toMove are the environments that step 7 has to move, and how many there are.
func (r *Room) toMove(ctx context.Context, w *procedure.Work) (b *build.Build, c *config.Config, move []venv.Env, found int, err error) {
	if b, c, err = r.build(w); err != nil {
		return nil, nil, nil, 0, err
	}
	envs, err := environments(ctx, c)
	return b, c, elsewhereThan(envs, b.Prefix, b.Version), len(envs), err
}

func (r *Room) venvsMoved(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	b, c, move, found, err := r.toMove(ctx, w)
	if err != nil {
		return "", err
	}
	if found == 0 {
		return procedure.Evidence("there is no virtual environment below " + c.Project), nil
	}
	if len(move) > 0 && len(w.Deferred()) == 0 {
		return "", fmt.Errorf("%w: %d of %d environments stand on another python", procedure.ErrNotDone, len(move), found)
	}
	return procedure.Evidence(fmt.Sprintf("%d of %d virtual environments stand on python %s", found-len(move), found, b.Version)), nil
}

// moveVenvs rebuilds each environment beside itself, proves it, and swaps. One
// that cannot be rebuilt stays in use as it is; the others are moved all the same.
func (r *Room) moveVenvs(ctx context.Context, w *procedure.Work) error {
	b, c, move, _, err := r.toMove(ctx, w)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(b.Prefix, build.InfoFile)); err != nil {
		return fault.New(fault.Missing, "cpython:all -version="+b.Version+" makes it", fmt.Errorf("move environments to python %s: it is not installed", b.Version))
	}
	var moved []venv.Moved
	if _, err := w.Recall(movedKey, &moved); err != nil {
		return err
	}
	mover := r.mover(c, w)
	for _, env := range move {
		w.Say.Info("rebuilding %s, which stands on python %s", env.Dir, env.Version)
		one, err := mover.Rebuild(ctx, env, filepath.Join(b.Prefix, "bin", "python3"))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			w.Defer(fmt.Errorf("move %s: %w", env.Dir, err))
			continue
		}
		moved = append(moved, one)
		if err := w.Record(movedKey, moved); err != nil {
			return err
		}
		w.Say.Info("%s stands on python %s with %d packages; the one before is kept as %s", env.Dir, one.To, len(one.Requirements), filepath.Base(one.Old))
	}
	return nil
}

// moveVenvsBack takes the environments that a run has replaced into use again.
func (r *Room) moveVenvsBack(ctx context.Context, w *procedure.Work) error {
	var moved []venv.Moved
	found, err := w.Recall(movedKey, &moved)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	var problems []error
	for _, one := range moved {
		if err := r.mover(c, w).Back(ctx, one); err != nil {
			problems = append(problems, fmt.Errorf("move %s back: %w", one.Dir, err))
		}
	}
	return errors.Join(problems...)
}

func (r *Room) venvsAreBack(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var moved []venv.Moved
	if found, err := w.Recall(movedKey, &moved); err != nil || !found {
		return "no environment was moved", err
	}
	for _, one := range moved {
		env, err := venv.Open(one.Dir)
		if err != nil {
			return "", err
		}
		if env.Version != one.From {
			return "", fmt.Errorf("%s stands on python %s, not on %s", one.Dir, env.Version, one.From)
		}
	}
	return procedure.Evidence(fmt.Sprintf("%d environments are what they were", len(moved))), nil
}

// follow lets environments follow the links: those that have a way back to the
// version take it. It takes milliseconds.
func (r *Room) follow(ctx context.Context, w *procedure.Work, c *config.Config, version string) error {
	envs, err := environments(ctx, c)
	if err != nil {
		return err
	}
	for _, env := range envs {
		kept, err := venv.Kept(env.Dir)
		if err != nil {
			return err
		}
		for _, way := range kept {
			if env.Version == version || way.From != version {
				continue
			}
			if err := r.mover(c, w).Back(ctx, way); err != nil {
				return fmt.Errorf("move %s back: %w", env.Dir, err)
			}
			w.Say.Info("%s stands on python %s again", env.Dir, version)
			break
		}
	}
	return nil
}

func (r *Room) planVenvs(ctx context.Context, w *procedure.Work) ([]string, error) {
	b, _, move, _, err := r.toMove(ctx, w)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, env := range move {
		beside := filepath.Join(filepath.Dir(env.Dir), "."+filepath.Base(env.Dir)+".new")
		all = append(all,
			filepath.Join(b.Prefix, "bin", "python3")+" -m venv "+beside,
			beside+"/bin/python -m pip install -r REQUIREMENTS # what is installed in "+env.Dir,
			beside+"/bin/python -m pip check",
			"mv --exchange "+beside+" "+env.Dir+" # the one before stays")
	}
	return all, nil
}
