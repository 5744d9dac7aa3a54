package venv_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/fault"
)

// untouched checks that only the environment is there, and what it was.
func (r *rig) untouched(env venv.Env, before map[string]string) {
	r.t.Helper()
	if got := r.names(); !slices.Equal(got, []string{filepath.Base(env.Dir)}) {
		r.t.Errorf("left over: %q", got)
	}
	after := tree(r.t, env.Dir)
	for path, text := range before {
		if after[path] != text {
			r.t.Errorf("%s is not what it was", path)
		}
	}
}

func TestSlowABrokenRequirementLeavesTheOldEnvironmentInUseAndIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wheel("alpha", "1.0")
	env := r.bare("venv")
	r.install(env, "alpha", "1.0", "")
	r.install(env, "gone", "3.0", "")
	before := tree(t, env.Dir)
	_, err := r.Rebuild(t.Context(), env, system)
	if err == nil {
		t.Fatal("rebuilt without one of its packages")
	}
	for _, part := range []string{"gone==3.0: ", "No matching distribution found for gone==3.0"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: does not say %q", err, part)
		}
	}
	if !strings.Contains(fault.Hint(err), r.Wheels) {
		t.Errorf("hint: %q", fault.Hint(err))
	}
	r.untouched(env, before)
}

func TestWholePackagesThatDoNotFitTogetherAreNoEnvironment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wheel("alpha", "1.0", "Requires-Dist: beta")
	r.PipArgs = []string{"--no-deps"} // else pip would not install it at all
	env := r.bare("venv")
	r.install(env, "alpha", "1.0", "")
	before := tree(t, env.Dir)
	_, err := r.Rebuild(t.Context(), env, system)
	if err == nil || !strings.Contains(err.Error(), "alpha 1.0 requires beta") || fault.Code(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	r.untouched(env, before)
}

func TestAnInterpreterThatDoesNotStartIsRefusedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	env := r.bare("venv")
	before := tree(t, env.Dir)
	_, err := r.Rebuild(t.Context(), env, "/opt/python-9.9.9/bin/python3")
	if err == nil || fault.Code(err) != fault.Missing {
		t.Errorf("got %v", err)
	}
	r.untouched(env, before)
}

func TestWholeACancelledRebuildLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 2, 3, 4, 5} { // start, venv, ensurepip, check, start in its place
		r := newRig(t)
		env := r.bare("venv")
		before := tree(t, env.Dir)
		ctx, cancel := context.WithCancel(t.Context())
		left := after
		r.Door = command.NewDoor(command.Local(), command.Observe(func(command.Event) {
			if left--; left == 0 {
				cancel()
			}
		}))
		_, err := r.Rebuild(ctx, env, system)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d commands: %v", after, err)
		}
		r.untouched(env, before)
	}
}

// onSmallDisk mounts a small file system for a test. Who may not mount runs the
// test once more where he may, in a user namespace, and then there is nothing
// left to do here.
func onSmallDisk(t *testing.T, dir, size string) (mounted bool) {
	t.Helper()
	err := unix.Mount("none", dir, "tmpfs", 0, "mode=0755,size="+size)
	if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
		must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("unshare", "-rm", os.Args[0], "-test.run=^"+t.Name()+"$")))
		return false
	}
	must(t, err)
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return true
}

func TestSlowAFullDiskLeavesTheOldEnvironmentInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if !onSmallDisk(t, dir, "4m") {
		return
	}
	r := rigIn(t, dir)
	env := r.bare("venv")
	before := tree(t, env.Dir)
	_, err := r.Rebuild(t.Context(), env, system)
	if err == nil || !strings.Contains(fault.Hint(err), "free space") {
		t.Errorf("got %v, hint %q", err, fault.Hint(err))
	}
	r.untouched(env, before)
}

func TestSlowAnEnvironmentThatDoesNotStartInItsPlaceIsTakenOutAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	env := r.bare("venv")
	before := tree(t, env.Dir)
	commands := 0
	r.Door = command.NewDoor(command.Local(), command.Observe(func(e command.Event) {
		// The check of the new one is done: from here on its pip is broken, which
		// only shows where it has to stand.
		if commands++; commands == 4 {
			found, err := filepath.Glob(filepath.Join(r.dir, ".venv.new-*", "bin", "pip"))
			must(t, err)
			must(t, os.WriteFile(found[0], []byte("#!/bin/sh\necho broken >&2\nexit 7\n"), 0o755))
		}
	}))
	_, err := r.Rebuild(t.Context(), env, system)
	if err == nil || !strings.Contains(err.Error(), "use it in its place") {
		t.Errorf("got %v", err)
	}
	r.untouched(env, before)
}

func TestTwoMovesInOneDirectoryDoNotMeet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	env := r.bare("venv")
	var second error
	r.Door = command.NewDoor(command.Local(), command.Observe(func(command.Event) {
		_, err := mover(r.dir).Rebuild(t.Context(), env, system)
		second = errors.Join(second, err)
	}))
	_, err := r.Rebuild(t.Context(), env, "/bin/false")
	if err == nil {
		t.Error("rebuilt with /bin/false")
	}
	if fault.Code(second) != fault.Locked {
		t.Errorf("the second got %v", second)
	}
}

func TestWholeANameThatScriptsSpellInAnotherWayIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	env := r.bare("it's")
	before := tree(t, env.Dir)
	_, err := r.Rebuild(t.Context(), env, system)
	if err == nil || !strings.Contains(err.Error(), "activate holds its path in another spelling") {
		t.Errorf("got %v", err)
	}
	r.untouched(env, before)
}
