package cpython

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/compat"
	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/procedure"
)

// Fitness is the result of cpython:compat: how each environment of the project
// does on the version, compared with the one that it replaced. Its JSON is part
// of the public interface.
type Fitness struct {
	Version      string           `json:"version"`
	OK           bool             `json:"ok"`
	Environments []*compat.Report `json:"environments"`
}

// checkFit is step 8. It only reads. What does not fit is told for every
// environment; nothing is taken back by itself.
func (r *Room) checkFit(ctx context.Context, w *procedure.Work) error {
	b, c, _, _, err := r.toMove(ctx, w)
	if err != nil {
		return err
	}
	envs, err := environments(ctx, c)
	if err != nil {
		return err
	}
	result := Fitness{Version: b.Version, OK: true, Environments: []*compat.Report{}}
	for _, env := range envs {
		if len(elsewhereThan([]venv.Env{env}, b.Prefix, b.Version)) > 0 {
			w.Say.Info("%s does not stand on python %s: cpython:venvs moves it", env.Dir, b.Version)
			continue
		}
		was, err := replaced(c, env, b.Version)
		if err != nil {
			return err
		}
		w.Say.Info("checking %s", env.Dir)
		check := &compat.Checker{Door: w.Door, Project: filepath.Dir(env.Dir), Smoke: c.CPython.Smoke}
		report, err := check.Check(ctx, was, compat.Side{Name: b.Version, Env: env.Dir})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			result.OK = false
			w.Defer(err)
			continue
		}
		result.OK = result.OK && !report.Failed()
		result.Environments = append(result.Environments, report)
		w.Defer(report.Err())
	}
	w.Publish(result, result.Write)
	return nil
}

// replaced is the environment that this one took the place of, the newest of
// another version; empty when none is kept. One that was made through a link
// which leads elsewhere by now does not run as it did: it is named, and nothing
// is asked of it.
func replaced(c *config.Config, env venv.Env, version string) (compat.Side, error) {
	kept, err := venv.Kept(env.Dir)
	for _, way := range kept {
		if way.From == version {
			continue
		}
		program, gone := filepath.EvalSymlinks(filepath.Join(way.Old, "bin", "python"))
		ours := gone == nil && strings.HasPrefix(program, c.CPython.Prefix+"/")
		if ours && !strings.HasPrefix(program, prefix(c, way.From)+"/") {
			return compat.Side{Name: way.From}, err
		}
		return compat.Side{Name: way.From, Env: way.Old}, err
	}
	return compat.Side{}, err
}

// Write prints the result for people.
func (f Fitness) Write(w io.Writer) {
	if len(f.Environments) == 0 {
		fmt.Fprintf(w, "no virtual environment of the project stands on python %s\n", f.Version)
	}
	for _, report := range f.Environments {
		report.Write(w)
	}
}
