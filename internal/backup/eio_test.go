package backup_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestSlowAnErrorOfTheDiskAtAnyWriteIsNeverSilent lets the first write to the
// store fail, then the second, and so on, for a backup on top of another set.
// The run says so, unless all that was lost is what it knows about a set that
// is whole; no set is harmed, and the next run succeeds.
func TestSlowAnErrorOfTheDiskAtAnyWriteIsNeverSilent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"eio", "enospc"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			base := newRig(t)
			base.inMemory()
			must(t, os.WriteFile(filepath.Join(base.project, "a"), noise(1, 1<<18), 0o600))
			base.good("backup:all")
			must(t, os.WriteFile(filepath.Join(base.project, "b"), noise(2, 1<<18), 0o600))
			for nth := 1; ; nth += testbed.Stride(8) {
				if nth > 500 {
					t.Fatal("the run never gets to its end")
				}
				if !base.failsAt(t, kind, nth) {
					if nth < 25 {
						t.Errorf("only %d writes were walked through", nth)
					}
					return
				}
			}
		})
	}
}

// failsAt lets the nth write fail, false when there is none.
func (r *rig) failsAt(t *testing.T, kind string, nth int) bool {
	t.Helper()
	fresh := newRig(t)
	fresh.project = r.project
	fresh.inMemory()
	fresh.configure()
	defer os.RemoveAll(fresh.store)
	must(t, command.NewDoor(command.Local()).Run(context.Background(), command.Change("cp", "-al", r.store, fresh.store)))
	must(t, os.Remove(filepath.Join(fresh.store, ".lock")))
	before := fresh.held()
	count := filepath.Join(fresh.root, "count")
	end := fresh.runWith([]string{hookVariable + "=" + kind + ":" + strconv.Itoa(nth), countVariable + "=" + count}, "backup:all")
	if writes, err := strconv.Atoi(read(t, count)); err != nil || writes < nth {
		end.ends(0)
		return false
	}
	fresh.untouched(before)
	sets := fresh.sets()
	reason := map[string]string{"eio": "input/output error", "enospc": "no space left on device"}[kind]
	switch {
	case end.code == 0 && (len(sets) != 2 || !strings.Contains(end.said, reason)):
		t.Errorf("write %d: exit 0 and %d sets:\n%s", nth, len(sets), end.said)
	case end.code != 0 && end.code != 1 && end.code != 4:
		end.ends(1)
	case end.code != 0:
		end.refused(end.code, reason, "")
	}
	for _, set := range sets {
		fresh.good("backup:verify", "-set="+set.ID)
	}
	fresh.good("backup:all")
	fresh.untouched(before)
	fresh.onlySets(len(sets) + 1)
	return true
}
