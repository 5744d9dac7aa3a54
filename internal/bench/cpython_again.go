package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/release/debian"
)

// archive measures what a build takes in the cache.
func (t *toolchain) archive(ctx context.Context) error {
	if _, err := t.peer(ctx, `tar czf tree.tgz -C "$1" `+newestInterpreter, t.path("opt")); err != nil {
		return err
	}
	theirs, err := size(t.path("peer/tree.tgz"))
	if err != nil {
		return err
	}
	kept, err := os.ReadDir(t.path("cache"))
	if err != nil {
		return err
	}
	var ours float64 // the archive, and what describes it
	for _, file := range kept {
		n, err := size(filepath.Join(t.path("cache"), file.Name()))
		if err != nil {
			return err
		}
		ours += n
	}
	t.note("CPython: size in the cache against tar czf", ours, theirs, mostArchive, "B")
	return nil
}

// again measures how an interpreter comes back when its prefix and all that it
// was built in are gone. Ours ends when it is on disk, so tar is made to.
func (t *toolchain) again(ctx context.Context) error {
	var plain []float64
	round := 0
	lost := func() error {
		return errors.Join(t.putAway("opt", "work"), os.Mkdir(t.path("opt"), 0o755))
	}
	if err := t.compare(ctx, pair{
		name: "CPython: cpython:install out of the cache against tar xzf, both synced to disk", most: 1, reset: lost,
		ours: func(ctx context.Context) (float64, error) { return t.ours(ctx, "cpython:install") },
		peer: func(ctx context.Context) (float64, error) {
			round++
			took, err := t.peer(ctx, fmt.Sprintf("mkdir tree-%d && tar xzf tree.tgz -C tree-%d", round, round))
			if err != nil {
				return 0, err
			}
			plain = append(plain, took)
			began := time.Now()
			err = t.door.Run(ctx, command.Change("sync", "-f", t.path("peer")))
			return took + time.Since(began).Seconds(), err
		},
	}); err != nil {
		return err
	}
	t.say("tar xzf without syncing takes %.3g s", median(plain))
	var all []float64
	for range rounds {
		if err := lost(); err != nil {
			return err
		}
		took, err := t.ours(ctx, "cpython:all")
		if err != nil {
			return err
		}
		all = append(all, took)
	}
	const name = "CPython: reinstall, cpython:all out of the cache"
	t.note(name, median(all), mostReinstall, 1, "s")
	if t.builds > 0 {
		t.note(name+" against python-build, which builds again"+t.flavour(), median(all), t.builds, 1.0/leastReinstall, "s")
	}
	return nil
}

// back measures how long it takes to have the version before in use again, and
// the virtual environment that was moved from it.
func (t *toolchain) back(ctx context.Context) error {
	if err := t.set(false); err != nil {
		return err
	}
	t.say("building %s, the version before", debian.Old)
	if _, err := t.ours(ctx, "cpython:install", "-version="+debian.Old, "-verify=pinned", "cpython:use", "-version="+debian.Old); err != nil {
		return fmt.Errorf("build %s: %w", debian.Old, err)
	}
	if err := t.set(t.profile); err != nil {
		return err
	}
	before := "python-" + debian.Old
	if err := t.door.Run(ctx, command.Change(t.path("opt/"+before+"/bin/python3"), "-m", "venv", t.path("checkout/venv"))); err != nil {
		return fmt.Errorf("make a virtual environment: %w", err)
	}
	var all []float64
	for range rounds {
		if _, err := t.ours(ctx, "cpython:use", "cpython:venvs"); err != nil {
			return err
		}
		took, err := t.ours(ctx, "cpython:rollback")
		if err != nil {
			return err
		}
		to, err := os.Readlink(t.path("opt/python"))
		if err != nil {
			return err
		}
		if to != before {
			return fmt.Errorf("roll back: python is %s, not %s", to, before)
		}
		all = append(all, took)
	}
	t.note("CPython: cpython:rollback from "+debian.New+" to "+debian.Old+", with a virtual environment", median(all), mostRollback, 1, "s")
	return nil
}
