package venv_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/fault"
)

// paper makes an environment that is only its pyvenv.cfg.
func (r *rig) paper(name string, lines ...string) string {
	r.t.Helper()
	dir := filepath.Join(r.dir, name)
	must(r.t, os.MkdirAll(dir, 0o755))
	text := strings.Join(append([]string{"home = /usr/bin", "version = 3.11.2"}, lines...), "\n")
	must(r.t, os.WriteFile(filepath.Join(dir, "pyvenv.cfg"), []byte(text), 0o644))
	return dir
}

func paperRig(t *testing.T) *rig {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	return rigIn(t, dir)
}

func dirs(envs []venv.Env) []string {
	var all []string
	for _, env := range envs {
		all = append(all, env.Dir)
	}
	return all
}

func TestFindKnowsAllEnvironmentsOnceAndNoLeftovers(t *testing.T) {
	t.Parallel()
	r := paperRig(t)
	for _, name := range []string{
		"a/node_modules/x", "a/.git/x", "a/__pycache__/x", "a/venv/lib/inner",
		"a/.venv.new-12345", "a/.venv.old-3.11.2-20260301T120000.000Z",
	} {
		r.paper(name)
	}
	must(t, os.WriteFile(filepath.Join(r.dir, "a", "pyvenv.cfg"), []byte("no home\n"), 0o644))
	want := []string{r.paper("a/.venv"), r.paper("a/venv"), r.paper("b/c/.venv.new-thing"), r.paper("d/venv")}
	must(t, os.Symlink("a/venv", filepath.Join(r.dir, "link")))
	got, err := venv.Find(t.Context(), []string{filepath.Join(r.dir, "a"), filepath.Join(r.dir, "b")}, []string{filepath.Join(r.dir, "*", "venv"), filepath.Join(r.dir, "link"), filepath.Join(r.dir, "a", ".venv.*"), filepath.Join(r.dir, "no", "*")})
	must(t, err)
	if !slices.Equal(dirs(got), want) {
		t.Errorf("found %q\nwant  %q", dirs(got), want)
	}
}

func TestFindSaysWhatItCannotSearch(t *testing.T) {
	t.Parallel()
	r := paperRig(t)
	if _, err := venv.Find(t.Context(), []string{filepath.Join(r.dir, "missing")}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a root that is missing: %v", err)
	}
	if _, err := venv.Find(t.Context(), nil, []string{"["}); fault.Code(err) != fault.Usage {
		t.Errorf("a pattern that is none: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := venv.Find(ctx, []string{r.dir}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestUsersAreThoseInUseThoseKeptAndThoseThatDangle(t *testing.T) {
	t.Parallel()
	r := paperRig(t)
	for _, version := range []string{"3.11.2", "3.13.5"} {
		bin := filepath.Join(r.dir, "opt", "python-"+version, "bin")
		must(t, os.MkdirAll(bin, 0o755))
		must(t, os.WriteFile(filepath.Join(bin, "python3.x"), nil, 0o755))
		must(t, os.Symlink("python3.x", filepath.Join(bin, "python3")))
	}
	must(t, os.Symlink("python-3.13.5", filepath.Join(r.dir, "opt", "python")))
	env := func(name, prefix string) string {
		dir := r.paper(name, "home = "+filepath.Join(prefix, "bin"))
		must(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
		must(t, os.Symlink("python3", filepath.Join(dir, "bin", "python")))
		must(t, os.Symlink(filepath.Join(prefix, "bin", "python3"), filepath.Join(dir, "bin", "python3")))
		return dir
	}
	used := env("venv", filepath.Join(r.dir, "opt", "python"))
	kept := env(".venv.old-3.11.2-20260301T120000.000Z", filepath.Join(r.dir, "opt", "python-3.11.2"))
	dangling := env("dangling", "/opt/python-9.9.9")
	copied := r.paper("copied", "executable = "+filepath.Join(r.dir, "opt", "python", "bin", "python3"))
	must(t, os.Mkdir(filepath.Join(copied, "bin"), 0o755))
	must(t, os.WriteFile(filepath.Join(copied, "bin", "python"), nil, 0o755))

	envs, err := venv.Find(t.Context(), []string{r.dir}, nil)
	must(t, err)
	got, err := venv.Users(envs)
	must(t, err)
	for path, want := range map[string][]string{
		filepath.Join(r.dir, "opt", "python-3.13.5", "bin", "python3.x"): {copied, used},
		filepath.Join(r.dir, "opt", "python-3.13.5", "bin"):              {used},
		filepath.Join(r.dir, "opt", "python-3.11.2", "bin", "python3.x"): {kept},
		filepath.Join(r.dir, "opt", "python-3.11.2", "bin"):              {kept},
		"/opt/python-9.9.9/bin/python3":                                  {dangling},
	} {
		if !slices.Equal(got[path], want) {
			t.Errorf("%s is used by %q, want %q", path, got[path], want)
		}
	}
}
