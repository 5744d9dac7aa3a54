package backup_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup"
)

// days makes one set a day until 23 November, the last of them today, and a
// change before each.
func (r *rig) days(n int) {
	r.t.Helper()
	for i := range n {
		r.put("project/day", fmt.Sprint("day ", i))
		must(r.t, os.WriteFile(filepath.Join(r.project, fmt.Sprint("file", i)), noise(uint64(i), 1<<16), 0o600))
		at := time.Date(2026, 11, 23-n+1+i, 2, 0, 0, 0, time.UTC).Format(time.RFC3339)
		r.runWith([]string{nowVariable + "=" + at}, "backup:all").ends(0)
	}
}

func (r *rig) rotate(args ...string) ended {
	r.t.Helper()
	return r.runWith([]string{nowVariable + "=" + evening, "IACT_FORMAT=json"}, append([]string{"backup:rotate"}, args...)...)
}

func TestRotationRemovesWhatNoRuleKeepsAndTheRestIsWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.days(5)
	before := r.sets()
	r.keeps("{last: 1, daily: 2, monthly: 1}")
	planned, err := r.room(evening).Rotate(t.Context())
	must(t, err)
	if all := r.sets(); len(all) != 5 {
		t.Fatalf("looking at it leaves %d of 5 sets", len(all))
	}
	plan := r.runWith([]string{nowVariable + "=" + evening, "IACT_PLAN=1"}, "backup:rotate").ends(0)
	for _, gone := range before[2:] {
		if !strings.Contains(plan.out, "rm -rf "+filepath.Join(r.store, gone.ID)+"\n") {
			t.Errorf("the plan does not remove %s:\n%s", gone.ID, plan.out)
		}
	}
	free := occupied(t, r.store)
	done := parse[backup.Rotation](t, r.rotate().ends(0).out)
	if len(done.Keep) != 2 || len(done.Remove) != 3 || done.Keep[0].ID != before[0].ID || done.Remove[2].ID != before[4].ID {
		t.Errorf("it kept %v and removed %v", done.Keep, done.Remove)
	}
	if really := free - occupied(t, r.store); done.Freed != really || planned.Freed != really || really == 0 {
		t.Errorf("%d bytes came free, %d were planned and %d are told", really, planned.Freed, done.Freed)
	}
	r.onlySets(2)
	for _, set := range r.sets() {
		r.good("backup:verify", "-set="+set.ID)
	}
	to := filepath.Join(r.root, "restored")
	r.good("backup:restore", "-set="+before[1].ID, "-to="+to)
	if read(t, filepath.Join(to, "day")) != "day 3" {
		t.Error("the set that stays holds another day")
	}
	for _, entry := range r.journal() {
		if entry["key"] == "remove" {
			if ids, _ := json.Marshal(entry["value"]); !strings.Contains(string(ids), before[4].ID) {
				t.Errorf("the journal says that %s were removed", ids)
			}
			if again := r.rotate().ends(0); !strings.Contains(again.out, `"remove":[],"freed_bytes":0`) {
				t.Errorf("a second rotation says %s", again.out)
			}
			r.good("backup:all") // on top of what is left
			return
		}
	}
	t.Error("the journal does not say what was removed")
}

// journal is every entry of all runs.
func (r *rig) journal() []map[string]any {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.root, "checkout", ".iact", "journal", "*.jsonl"))
	must(r.t, err)
	var all []map[string]any
	for _, file := range files {
		for line := range strings.Lines(read(r.t, file)) {
			all = append(all, parse[map[string]any](r.t, line))
		}
	}
	return all
}

func TestOneInvocationBacksUpAndRotates(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.days(2)
	r.keeps("{last: 1}")
	end := r.runWith([]string{nowVariable + "=" + evening}, "backup:all", "backup:rotate").ends(0)
	r.onlySets(1)
	if !strings.Contains(end.out, "last snapshot, newest verified set\n") || !strings.Contains(end.out, "no rule keeps it\n1 set kept, 2 removed: ") {
		t.Errorf("the table is\n%s", end.out)
	}
	// A backup that fails rotates nothing.
	r.put("project/more", "x")
	must(t, os.Rename(r.project, r.project+"-away"))
	r.runWith([]string{nowVariable + "=" + evening}, "backup:all", "backup:rotate").refused(4, "project", "correct the path")
	r.onlySets(1)
}

func TestAnEmptyStoreIsRotatedWithoutMakingOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	same(t, r.rotate().ends(0).out, `{"keep":[],"remove":[],"freed_bytes":0}`+"\n")
	if _, err := os.Lstat(r.store); err == nil {
		t.Error("there is a store now")
	}
	must(t, os.WriteFile(r.store, nil, 0o600))
	r.rotate().refused(2, "not a directory", "let backup.store name a directory")
}

func TestTheSetOfTheFutureIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1}")
	r.days(2)
	r.runWith([]string{nowVariable + "=2035-01-01T00:00:00Z"}, "backup:all").ends(0)
	said := r.rotate().ends(0).said
	if !strings.Contains(said, "says that it was made on 2035-01-01 00:00:00 UTC, and it is 2026-11-23 20:00:00 UTC now: it stays") {
		t.Errorf("it says\n%s", said)
	}
	r.onlySets(2)
}

func TestRotationIsRefusedWhileAnotherRunHoldsTheStore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.days(2)
	r.keeps("{last: 1}")
	stand := filepath.Join(r.root, "go-on")
	done := make(chan ended)
	go func() {
		done <- r.runWith([]string{nowVariable + "=" + evening, hookVariable + "=wait:" + stand}, "backup:all")
	}()
	for _, err := os.Stat(stand + ".there"); err != nil; _, err = os.Stat(stand + ".there") {
		time.Sleep(5 * time.Millisecond)
	}
	r.rotate().refused(11, "another run", "wait until it has finished")
	must(t, os.WriteFile(stand, nil, 0o600))
	(<-done).ends(0)
	if all := r.sets(); len(all) != 3 {
		t.Errorf("there are %d sets", len(all))
	}
	r.rotate().ends(0)
	r.onlySets(1)
}

func TestASetWithATagStaysAsLongAsTheTagIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.runWith([]string{nowVariable + "=2026-11-01T02:00:00Z", "IACT_TAGS=golden, before 2.0"}, "backup:all").ends(0)
	golden := r.newest()
	r.days(3)
	r.keeps("{last: 1, tags: [golden]}")
	done := parse[backup.Rotation](t, r.rotate().ends(0).out)
	if len(done.Keep) != 2 || done.Keep[1].ID != golden.ID || !strings.Contains(strings.Join(done.Keep[1].Reasons, ";"), "config: has tags [golden]") {
		t.Errorf("it kept %+v", done.Keep)
	}
	r.keeps("{last: 1}")
	if done = parse[backup.Rotation](t, r.rotate().ends(0).out); len(done.Remove) != 1 || done.Remove[0].ID != golden.ID {
		t.Errorf("without the rule it removed %+v", done.Remove)
	}
}

func TestAPolicyThatKeepsNothingIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.days(2)
	r.keeps("{last: 0, within: 0d}")
	r.rotate().refused(2, "iact.yaml:5:27: backup.keep: every rule is off: no set would be kept", "config:check")
	r.keeps("{within: 1w}")
	r.rotate().refused(2, `iact.yaml:5:18: backup.keep.within: got "1w"; the units are y, m (months), d and h; write 7d`, "config:check")
	r.keeps("{daily: -7}")
	r.rotate().refused(2, "iact.yaml:5:17: backup.keep.daily: got the number -7; wants a whole number from 0", "config:check")
	r.keeps("{tags: [golden]}")
	r.rotate().refused(2, "backup.keep.tags [golden] is the only rule: every set without a tag would go", "such as last: 3")
	if all := r.sets(); len(all) != 2 {
		t.Errorf("there are %d sets", len(all))
	}
}
