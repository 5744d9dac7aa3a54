package cache_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// The variables by which a test has its own binary save or restore, and be killed.
const (
	playVariable = "CACHE_TEST_PLAY" // save or restore
	killVariable = "CACHE_TEST_KILL" // at the Nth change to a disk
	rootVariable = "CACHE_TEST_ROOT"
	dirVariable  = "CACHE_TEST_STORE"
)

func TestMain(m *testing.M) {
	if os.Getenv(playVariable) == "" {
		os.Exit(m.Run())
	}
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play is a process of its own, which kills itself.
func play() error {
	r := &rig{t: nil, root: os.Getenv(rootVariable), store: &cache.DirStore{Dir: os.Getenv(dirVariable)}}
	last, err := strconv.Atoi(os.Getenv(killVariable))
	if err != nil {
		return err
	}
	n := 0
	hook := func(string) error {
		if n++; n == last {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}
	r.store.Hook = hook
	c := &cache.Cache{Store: r.store, Level: cache.Level{Trust: cache.Local}, State: r.at(".iact/ci"), Hook: hook}
	job := cache.Job{Name: "ui:build", Outputs: []string{"ui/dist", "ui/version.txt", "ui/reports/*.xml"}}
	if os.Getenv(playVariable) == "save" {
		m := meta()
		m.Log = r.at("job.log")
		_, err = c.Save(context.Background(), key(1), job, m, r.root)
		return err
	}
	_, err = c.Restore(context.Background(), key(1), job, r.root, r.at("restored.log"))
	return err
}

// killed runs a process and tells whether it was killed; else it came to its end.
func (r *rig) killed(what string, nth int) bool {
	r.t.Helper()
	self, err := os.Executable()
	r.must(err)
	c := command.Change(self)
	c.Env = []string{playVariable + "=" + what, killVariable + "=" + strconv.Itoa(nth), rootVariable + "=" + r.root, dirVariable + "=" + r.store.Dir}
	err = command.NewDoor(command.Local()).Run(context.Background(), c)
	var failed *command.Error
	if err != nil && (!errors.As(err, &failed) || failed.Signal == "") {
		r.t.Fatalf("%s, killed at %d: %v", what, nth, err)
	}
	return err != nil
}

func TestSlowASaveKilledAtAnyWriteMakesNoEntryOrAWholeOne(t *testing.T) {
	t.Parallel()
	for nth := 1; ; nth += testbed.Stride(3) {
		r := newRig(t)
		r.build("one")
		r.must(os.WriteFile(r.at("job.log"), []byte("log of 1\n"), 0o600))
		want := r.seen()
		killed := r.killed("save", nth)
		r.looks("after the kill", want)
		o := r.other()
		o.put("ui/reports/kept.txt", "no output")
		got, err := o.restore(1)
		var miss *cache.MissError
		switch {
		case err == nil && len(got.Broken) == 0:
			o.looks(fmt.Sprintf("killed at %d", nth), want)
		case !killed || !errors.As(err, &miss) || len(miss.Broken) > 0:
			t.Errorf("killed at %d: %+v, %v", nth, got, err)
		}
		r.save(1)
		o.restored(1)
		o.looks(fmt.Sprintf("saved again after %d", nth), want)
		if !killed {
			if nth < 9 {
				t.Errorf("only %d writes", nth)
			}
			return
		}
	}
}

func TestSlowARestoreKilledAtAnyWriteLeavesOldOrNew(t *testing.T) {
	t.Parallel()
	source := newRig(t)
	source.build("new")
	source.save(1)
	fresh := source.seen()
	for nth := 1; ; nth += testbed.Stride(3) {
		r := source.other()
		r.build("old")
		r.put("ui/dist/only-old", "")
		old := r.seen()
		killed := r.killed("restore", nth)
		for _, output := range []string{"ui/dist", "ui/version.txt", "ui/reports/junit.xml"} {
			now := only(r.seen(), output)
			if now != only(old, output) && now != only(fresh, output) {
				t.Errorf("killed at %d: %s is neither old nor new:\n%s", nth, output, now)
			}
		}
		if got := r.restored(1); len(got.Broken) > 0 {
			t.Errorf("killed at %d: %v", nth, got.Broken)
		}
		r.looks(fmt.Sprintf("restored after %d", nth), fresh)
		r.clean(killed)
		if !killed {
			if nth < 20 {
				t.Errorf("only %d writes", nth)
			}
			return
		}
	}
}

// only is what is seen of one output.
func only(seen, output string) string {
	var all []string
	for line := range strings.Lines(seen) {
		if name, _, _ := strings.Cut(line, " "); name == output || strings.HasPrefix(name, output+"/") {
			all = append(all, line)
		}
	}
	return strings.Join(all, "")
}

// TestSlowAFullDiskIsSaidAndLosesNothing has every write fail, one after the other.
func TestSlowAFullDiskIsSaidAndLosesNothing(t *testing.T) {
	t.Parallel()
	full := func(nth int) func(string) error {
		n := 0
		return func(string) error {
			if n++; n == nth {
				return syscall.ENOSPC
			}
			return nil
		}
	}
	for _, what := range []string{"save", "restore", "restore without exchange"} {
		for nth := 1; ; nth += testbed.Stride(3) {
			r := newRig(t)
			r.build("new")
			fresh := r.seen()
			if what != "save" {
				r.save(1)
				r = r.other()
				r.build("old")
			}
			if what == "restore without exchange" {
				r.cache.WithoutExchange()
			}
			old := r.seen()
			hook := full(nth)
			r.cache.Hook, r.store.Hook = hook, hook
			var err error
			if what == "save" {
				_, err = r.cache.Save(context.Background(), key(1), r.job, meta(), r.root)
				r.looks("after a save", old)
			} else {
				_, err = r.restore(1)
			}
			r.cache.Hook, r.store.Hook = nil, nil
			if err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s, write %d: %v", what, nth, err)
			}
			for _, output := range []string{"ui/dist", "ui/version.txt", "ui/reports/junit.xml"} {
				if now := only(r.seen(), output); now != only(old, output) && now != only(fresh, output) {
					t.Errorf("%s, write %d: %s is neither old nor new:\n%s", what, nth, output, now)
				}
			}
			if what == "save" {
				r.save(1)
			}
			if got := r.restored(1); len(got.Broken) > 0 {
				t.Errorf("%s, write %d: %v", what, nth, got.Broken)
			}
			r.looks(fmt.Sprintf("%s, write %d", what, nth), fresh)
			r.clean()
			if err == nil && nth > 30 {
				break
			}
		}
	}
}
