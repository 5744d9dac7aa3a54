package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/release/debian"
)

// first measures a first build, from a tarball in a directory to an interpreter
// in its prefix. Of two rounds the faster one counts: what else the machine does
// only slows a build down. With a profile there is one, which takes an hour.
//
// Ours also verifies the sources, starts what it installs, syncs it to disk and
// packs it into the cache; the tests of CPython, which no peer runs, are left out.
func (t *toolchain) first(ctx context.Context) error {
	rounds := 2
	if t.profile {
		rounds = 1
	}
	var bare, unpack, pyenv, ours []float64
	for range rounds {
		unpacked, made, err := t.bare(ctx)
		if err != nil {
			return fmt.Errorf("build by hand: %w", err)
		}
		unpack, bare = append(unpack, unpacked), append(bare, unpacked+made)
		if t.pyenv != "" {
			took, err := t.buildByPyenv(ctx)
			if err != nil {
				return fmt.Errorf("build by python-build: %w", err)
			}
			pyenv = append(pyenv, took)
		}
		if err := t.nothing(); err != nil {
			return err
		}
		took, err := t.ours(ctx, "cpython:install", "cpython:use")
		if err != nil {
			return fmt.Errorf("build by ours: %w", err)
		}
		ours = append(ours, took)
		t.say("first build: by hand %.4g s (tar x is %.2g s of it), ours %.4g s, python-build so far %.4g s", unpacked+made, unpacked, took, pyenv)
	}
	name := fmt.Sprintf("CPython %s, first build%s, cpython:install cpython:use without tests against ", debian.New, t.flavour())
	t.note(fmt.Sprintf("%star x, configure, make -j%d, make install", name, t.jobs), slices.Min(ours), slices.Min(bare), mostAgainstBare, "s")
	t.say("without tar x, which takes %.2g s, by hand: ratio %.3f", slices.Min(unpack), slices.Min(ours)/(slices.Min(bare)-slices.Min(unpack)))
	if t.pyenv != "" {
		t.builds = slices.Min(pyenv)
		t.note(name+"python-build", slices.Min(ours), t.builds, 1, "s")
	}
	return nil
}

func (t *toolchain) flavour() string {
	if t.profile {
		return " with a profile"
	}
	return " without a profile"
}

// nothing makes it a first build: nothing is built, fetched or verified.
func (t *toolchain) nothing() error {
	if err := t.putAway("opt", "work", "cache"); err != nil {
		return err
	}
	pinned, err := os.ReadFile(t.path("pinned"))
	return errors.Join(err, os.WriteFile(t.path("lock"), pinned, 0o600), os.Mkdir(t.path("opt"), 0o755), t.set(t.profile))
}

// bare is what people type, with the flags of ours.
func (t *toolchain) bare(ctx context.Context) (unpacked, made float64, err error) {
	if err := t.putAway("peer/source", "peer/"+newestInterpreter); err != nil {
		return 0, 0, err
	}
	unpacked, err = t.peer(ctx, `mkdir source && tar -x -C source --strip-components=1 -f "$1"`, filepath.Join(t.sources, debian.NewTarball))
	if err != nil {
		return 0, 0, err
	}
	made, err = t.peer(ctx, fmt.Sprintf(`cd source && ./configure "$@" && make -j%d && make install`, t.jobs), t.build(t.path("peer/"+newestInterpreter)).Flags()...)
	return unpacked, made, err
}

// pythonBuild is pyenv's program, which need not be in the PATH. It has to know
// the version.
func (t *toolchain) pythonBuild(ctx context.Context) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	for _, program := range []string{"python-build", filepath.Join(home, ".pyenv/plugins/python-build/bin/python-build")} {
		path, err := t.door.Look(ctx, program)
		if err != nil {
			continue
		}
		known, err := t.door.Text(ctx, command.Read(path, "--definitions")).String()
		if err != nil {
			return "", err
		}
		if !slices.Contains(strings.Fields(known), debian.New) {
			return "", fmt.Errorf("the python-build of pyenv at %s does not know %s", path, debian.New)
		}
		return path, nil
	}
	return "", errors.New("python-build of pyenv is not installed")
}

// buildByPyenv builds by python-build's own definition, with the tarball in its
// cache of downloads. The flags are those of ours but for --prefix, which it gives.
func (t *toolchain) buildByPyenv(ctx context.Context) (float64, error) {
	prefix := t.path("pyenv/" + newestInterpreter)
	if err := t.putAway("pyenv"); err != nil {
		return 0, err
	}
	downloads := t.path("pyenv/downloads")
	if err := errors.Join(os.MkdirAll(downloads, 0o755), os.Symlink(filepath.Join(t.sources, debian.NewTarball), filepath.Join(downloads, "Python-"+debian.New+".tar.xz"))); err != nil {
		return 0, err
	}
	return t.peer(ctx, fmt.Sprintf(`TMPDIR="$1" PYTHON_BUILD_CACHE_PATH="$2" PYTHON_BUILD_SKIP_MIRROR=1 MAKE_OPTS=-j%d PYTHON_CONFIGURE_OPTS="$3" "$4" %s "$5"`, t.jobs, debian.New),
		t.path("tmp"), downloads, strings.Join(t.build(prefix).Flags()[1:], " "), t.pyenv, prefix)
}
