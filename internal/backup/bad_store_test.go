package backup_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/tree/treetest"
)

func TestWrongConfigurationStopsEveryTargetAndTouchesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("backup:all")
	before := r.held()
	r.put("checkout/config/iact.yaml", "backup:\n  stoer: x\n")
	for _, target := range []string{"backup:all", "backup:config", "backup:verify", "backup:list"} {
		r.run(target).refused(2, "iact.yaml:2:3: backup.stoer", "config:check")
	}
	r.unchanged(before)
}

func TestAStoreThatCannotHoldTheBackupIsRefusedBeforeAByteIsWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	full, what := small(t, r, 24<<20, 1), "check space of "+r.store
	if full != nil {
		what = "no space left on device"
	}
	must(t, os.WriteFile(filepath.Join(r.project, "large"), noise(1, 30<<20), 0o600))
	r.runWith(full, "backup:all").refused(4, what, "backup.store")
	if left := r.held(); len(left) > 0 {
		t.Errorf("something was written: %v", left)
	}
}

func TestSlowADiskThatFillsUpHalfWayLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	full := small(t, r, 40<<20, 30)
	r.good("backup:all")
	before := r.held()
	// The estimate goes by the set before, which was small.
	must(t, os.WriteFile(filepath.Join(r.project, "large"), noise(1, 60<<20), 0o600))
	r.runWith(full, "backup:all").refused(1, "no space left on device", "")
	r.unchanged(before)
	if n := len(r.sets()); n != 1 {
		t.Errorf("%d sets are listed, want the one from before", n)
	}
	r.good("backup:verify")
	must(t, os.Remove(filepath.Join(r.project, "large")))
	r.good("backup:all")
	r.untouched(before)
	r.onlySets(2)
}

// onlySets makes sure that the store holds n sets and nothing unfinished.
func (r *rig) onlySets(n int) {
	r.t.Helper()
	entries, err := os.ReadDir(r.store)
	must(r.t, err)
	count := 0
	for _, e := range entries {
		if e.Name() != ".git" && e.Name() != ".lock" {
			count++
		}
		if strings.HasPrefix(e.Name(), ".incomplete") || strings.HasPrefix(e.Name(), ".deleting") {
			r.t.Errorf("%s is left over", e.Name())
		}
	}
	if count != n {
		r.t.Errorf("the store holds %d sets, want %d", count, n)
	}
}

// small puts the store on a file system of its own. Who may not mount gets the
// variables that let the store's nth write and all after it fail instead.
func small(t *testing.T, r *rig, size, nth int) (env []string) {
	t.Helper()
	must(t, os.Mkdir(r.store, 0o700))
	err := unix.Mount("none", r.store, "tmpfs", 0, "mode=0700,size="+strconv.Itoa(size))
	if err == nil {
		t.Cleanup(func() { must(t, unix.Unmount(r.store, unix.MNT_DETACH)) })
		return nil
	}
	return []string{hookVariable + "=enospc:" + strconv.Itoa(nth)}
}

func TestAStoreOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if os.Geteuid() == 0 {
		must(t, os.Mkdir(r.store, 0o755))
		must(t, os.Chown(r.store, 65534, 65534))
	} else {
		r.store = "/usr"
		r.configure()
	}
	r.run("backup:all").refused(4, "it belongs to user", "directory of your own")
}

func TestADirectoryWithOtherThingsDoesNotBecomeAStore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put("sets/thesis.txt", "years of work")
	r.run("backup:all").refused(2, "it holds other things (thesis.txt)", "new or an empty directory")
	r.unchanged(map[string]string{filepath.Join(r.store, "thesis.txt"): r.held()[filepath.Join(r.store, "thesis.txt")]})
}

func TestAStoreThatIsNoDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put("sets", "a file")
	r.run("backup:all").refused(2, "not a directory", "name a directory")
}

func TestTwoRunsAtOnceEndWithOneThatIsToldToWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("backup:all")
	before := r.held()
	gate := filepath.Join(r.root, "gate")
	first := make(chan ended, 1)
	go func() { first <- r.runWith([]string{hookVariable + "=wait:" + gate}, "backup:all") }()
	for at := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(gate + ".there"); err == nil {
			break
		}
		if time.Since(at) > time.Minute {
			t.Fatal("the first run never wrote into its set")
		}
	}
	r.run("backup:all").refused(11, "another run (process ", "wait until it has finished")
	// Whoever only looks need not wait.
	r.good("backup:list")
	r.good("backup:verify")
	r.unchanged(before)
	must(t, os.WriteFile(gate, nil, 0o600))
	(<-first).ends(0)
	r.untouched(before)
	r.onlySets(2)
}

func TestTheOrderOfSetsComesFromTheirNumberAndNotFromTheClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	treetest.Settle()
	r.runWith([]string{nowVariable + "=2030-01-01T00:00:00Z"}, "backup:all").ends(0)
	first := r.newest()
	before := r.held()
	r.put("project/new.txt", "new")
	r.runWith([]string{nowVariable + "=2020-01-01T00:00:00Z"}, "backup:all").ends(0)
	all := r.sets()
	if len(all) != 2 || all[1].ID != first.ID || all[0].Sequence != first.Sequence+1 || !all[0].Time.Before(first.Time) {
		t.Fatalf("the sets are %+v: want the one of 2020 first, with the next number", all)
	}
	to := filepath.Join(r.root, "restored")
	r.good("backup:restore", "-source=config", "-to="+to)
	if got := read(t, filepath.Join(to, "new.txt")); got != "new" {
		t.Errorf("the newest set is not what is restored by default: %q", got)
	}
	if one := source(t, all[0], "config"); one.New >= one.Stored {
		t.Errorf("%d of %d bytes are new: the set before was not found", one.New, one.Stored)
	}
	r.untouched(before)
}

func TestASetIDIsANameAndNeverAPath(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("backup:all")
	id := r.newest().ID
	before := r.held()
	must(t, os.Rename(filepath.Join(r.store, id), filepath.Join(r.root, id)))
	r.good("backup:all")
	for _, bad := range []string{"../" + id, "../../etc", "..", ".git", "./" + id, r.root + "/" + id, `..\` + id, ".incomplete-x"} {
		for _, target := range []string{"backup:verify", "backup:show", "backup:restore"} {
			r.run(target, "-set="+bad, "-to="+filepath.Join(r.root, "to")).refused(2, "an id is one name, without slashes", "backup:list")
		}
	}
	r.run("backup:show", "-set=2001").refused(2, `open set "2001": there is no such set`, "the newest is ")
	r.run("backup:show", "-set=2").ends(0) // the beginning of an id, when there is only one
	must(t, os.Rename(filepath.Join(r.root, id), filepath.Join(r.store, id)))
	r.run("backup:show", "-set=2").refused(2, "2 sets begin like that", "write more of the id")
	r.untouched(before)
}

func TestLookingAtAStoreWithoutSetsSaysHowToMakeOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, target := range []string{"backup:verify", "backup:show", "backup:restore"} {
		r.run(target).refused(4, "holds no set yet", "backup:all")
	}
	if out := r.runWith([]string{"IACT_FORMAT=json"}, "backup:list").ends(0).out; out != "[]\n" {
		t.Errorf("the list is %q, want an empty one", out)
	}
	if _, err := os.Stat(r.store); !os.IsNotExist(err) {
		t.Errorf("looking made a store: %v", err)
	}
}
