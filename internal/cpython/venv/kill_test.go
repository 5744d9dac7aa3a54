package venv_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/testbed"
)

// childEnv makes the test binary a program that moves an environment and kills
// itself at the nth thing that it does: "rebuild N DIR" or "back N DIR".
const childEnv = "VENV_TEST_CHILD"

func TestMain(m *testing.M) {
	if order := os.Getenv(childEnv); order != "" {
		if err := child(strings.Fields(order)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(order []string) error {
	left, err := strconv.Atoi(order[1])
	if err != nil {
		return err
	}
	step := func() {
		if left--; left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	dir := order[2]
	m := mover(filepath.Dir(dir), command.Observe(func(command.Event) { step() }))
	now := m.Now
	m.Now = func() time.Time { step(); return now() }
	if order[0] == "back" {
		m.WithoutExchange(step)
		all, err := venv.Kept(dir)
		if err != nil {
			return err
		}
		return m.Back(context.Background(), all[0])
	}
	_, err = m.Rebuild(context.Background(), venv.Env{Dir: dir}, system)
	return err
}

// killed runs a child and reports whether it was killed. Otherwise it did its
// work.
func (r *rig) killed(what string, n int, dir string) bool {
	r.t.Helper()
	c := command.Change(os.Args[0])
	c.Env = []string{childEnv + "=" + what + " " + strconv.Itoa(n) + " " + dir}
	err := r.Door.Run(r.t.Context(), c)
	var failed *command.Error
	if errors.As(err, &failed) && strings.Contains(failed.Error(), "SIGKILL") {
		return true
	}
	must(r.t, err)
	return false
}

func TestSlowARebuildThatIsKilledAnywhereLeavesAnEnvironmentInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wheel("alpha", "1.0")
	env := r.bare("venv")
	r.install(env, "alpha", "1.0", "")
	n := 1
	for ; r.killed("rebuild", n, env.Dir); n += testbed.Stride(2) { // 8 is even
		r.run(filepath.Join(env.Dir, "bin", "python"), "-c", "pass")
		must(t, r.Recover(t.Context(), env.Dir))
		kept, err := venv.Kept(env.Dir)
		must(t, err)
		if want := 1 + len(kept); len(r.names()) != want {
			t.Errorf("killed at %d: left %q", n, r.names())
		}
		now := marked(t, env.Dir)
		if now != (len(kept) == 1) {
			t.Errorf("killed at %d: in use is a new one: %t, kept %+v", n, now, kept)
		}
		if now {
			if got := r.says(env, "alpha"); got != "alpha 1.0" {
				t.Errorf("killed at %d: alpha says %q", n, got)
			}
			must(t, r.Back(t.Context(), kept[0]))
			kept, err = venv.Kept(env.Dir)
			must(t, err)
			must(t, r.Remove(kept[0]))
		}
	}
	// Start, venv, ensurepip, pip, check; start and check in its place; the name.
	if n != 9 {
		t.Errorf("it was done after %d steps", n-1)
	}
	if got := r.says(env, "alpha"); got != "alpha 1.0" {
		t.Errorf("alpha says %q", got)
	}
}

func TestASwapByRenamesThatIsKilledAnywhereIsRepaired(t *testing.T) {
	t.Parallel()
	for n, back := range map[int]bool{1: false, 2: false, 3: true} {
		r := newRig(t)
		moved := r.moved("venv")
		if !r.killed("back", n, moved.Dir) {
			t.Fatalf("not killed at rename %d", n)
		}
		found, err := venv.Find(t.Context(), []string{r.dir}, nil)
		must(t, err)
		if len(found) != 1 || found[0].Dir != moved.Dir || found[0].Cut != (n == 2) {
			t.Errorf("killed at rename %d: found %+v", n, found)
		}
		must(t, r.Recover(t.Context(), moved.Dir))
		if marked(t, moved.Dir) == back || marked(t, moved.Old) != back || len(r.names()) != 2 {
			t.Errorf("killed at rename %d: %q", n, r.names())
		}
		must(t, r.Back(t.Context(), moved))
		if marked(t, moved.Dir) {
			t.Errorf("killed at rename %d: not back", n)
		}
	}
}
