package backup_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// occupied is how many bytes of the disk the sets of a store take.
func occupied(t *testing.T, dir string) int64 {
	t.Helper()
	total, seen := int64(0), map[uint64]bool{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != dir && filepath.Dir(path) == dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		if path != dir && !seen[st.Ino] {
			seen[st.Ino] = true
			total += st.Blocks * 512
		}
		return nil
	}))
	return total
}

// TestSlowAFaultAtAnyChangeOfARotationHarmsNoOtherSet kills the rotation at its
// first change of the store, at its second, and so on until it comes to its end,
// and lets each of them fail as a broken and as a full disk does. A set is there
// as a whole or not at all, those that stay are untouched, and the next run ends
// what was begun.
func TestSlowAFaultAtAnyChangeOfARotationHarmsNoOtherSet(t *testing.T) {
	t.Parallel()
	base := newRig(t)
	base.inMemory()
	base.days(3)
	for _, kind := range []string{"kill", "eio", "enospc"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for nth := 1; ; nth += testbed.Stride(8) {
				if nth > 500 {
					t.Fatal("the rotation never gets to its end")
				}
				if !base.rotationFailsAt(t, kind, nth) {
					if least := map[string]int{"kill": 20, "eio": 20, "enospc": 3}[kind]; nth < least {
						t.Errorf("only %d changes were walked through", nth)
					}
					return
				}
			}
		})
	}
}

// rotationFailsAt lets the nth change fail, false when there is none.
func (r *rig) rotationFailsAt(t *testing.T, kind string, nth int) bool {
	t.Helper()
	fresh := newRig(t)
	fresh.project = r.project
	fresh.inMemory()
	fresh.configure()
	fresh.keeps("{last: 1}")
	defer os.RemoveAll(fresh.store)
	must(t, command.NewDoor(command.Local()).Run(context.Background(), command.Change("cp", "-al", r.store, fresh.store)))
	must(t, os.Remove(filepath.Join(fresh.store, ".lock")))
	before := fresh.held()
	count := filepath.Join(fresh.root, "count")
	end := fresh.runWith([]string{nowVariable + "=" + evening, hookVariable + "=" + kind + ":" + strconv.Itoa(nth), countVariable + "=" + count}, "backup:rotate")
	if end.code == 0 {
		fresh.onlySets(1)
		return false
	}
	switch {
	case kind == "kill" && end.signal != "SIGKILL":
		t.Fatalf("change %d: the run was not killed but ended with %d:\n%s", nth, end.code, end.said)
	case kind != "kill" && end.code != 1 && end.code != 4:
		end.ends(1)
	case kind != "kill":
		end.refused(end.code, map[string]string{"eio": "input/output error", "enospc": "no space left on device"}[kind], "")
	}
	for _, set := range fresh.sets() { // whole, or it is not listed
		fresh.untouched(of(before, set.ID))
	}
	fresh.runWith([]string{nowVariable + "=" + evening}, "backup:rotate").ends(0)
	fresh.onlySets(1)
	fresh.untouched(of(before, fresh.sets()[0].ID))
	fresh.good("backup:verify")
	return true
}

// of are the files of one set.
func of(files map[string]string, id string) map[string]string {
	mine := maps.Clone(files)
	maps.DeleteFunc(mine, func(path, _ string) bool { return !strings.Contains(path, id) })
	return mine
}
