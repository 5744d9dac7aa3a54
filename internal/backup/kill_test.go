package backup_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"iact-infra/internal/backup"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestRealSlowKillAtAnyWriteLosesNothing ends the program with SIGKILL at its
// first write to the store, at its second, and so on until it comes to its end:
// for the first backup of a store, and for one on top of another set. What was
// there stays whole, the set under way is not listed, and the next run uses
// every part that the killed one had finished.
func TestRealSlowKillAtAnyWriteLosesNothing(t *testing.T) {
	t.Parallel()
	c := testbed.Postgres(t)
	database := c.CreateDatabase(t)
	c.SQL(t, database, "CREATE TABLE dense AS SELECT n, sha512(n::text::bytea) AS a, sha512((-n)::text::bytea) AS b FROM generate_series(1, 18000) AS n")
	k := &killer{sources: []string{postgres(c, "iact", database)}, path: "PATH=" + c.Bin + ":" + os.Getenv("PATH")}
	k.base = k.rig(t)
	for i, name := range []string{"a", "b"} {
		must(t, os.WriteFile(filepath.Join(k.base.project, name), noise(uint64(i), 5<<19), 0o600))
	}
	t.Run("in the first backup", k.everywhere)
	k.base.good("backup:all")
	k.earlier = 1
	must(t, os.Remove(filepath.Join(k.base.project, "a")))
	must(t, os.WriteFile(filepath.Join(k.base.project, "c"), noise(7, 5<<19), 0o600))
	c.SQL(t, database, "INSERT INTO dense SELECT n, sha512(n::text::bytea), sha512((-n)::text::bytea) FROM generate_series(18001, 22000) AS n")
	t.Run("in the second backup", k.everywhere)
	k.base.good("backup:verify") // its set, which every copy shared and none has changed
}

// inMemory moves the store to memory where the machine has some: a loop over
// writes is not about what a disk forgets, and each run syncs the file system.
func (r *rig) inMemory() {
	r.t.Helper()
	var st unix.Statfs_t
	if unix.Statfs("/dev/shm", &st) != nil || int64(st.Bavail)*st.Bsize < 1<<30 {
		return
	}
	dir, err := os.MkdirTemp("/dev/shm", "iact-store-")
	must(r.t, err)
	r.t.Cleanup(func() { must(r.t, os.RemoveAll(dir)) })
	r.store = filepath.Join(dir, "sets")
	r.configure()
}

// killer kills runs over copies of a store.
type killer struct {
	base    *rig
	earlier int // sets in its store
	sources []string
	path    string
	reused  atomic.Int64
}

func (k *killer) rig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.inMemory()
	r.env = []string{k.path}
	if k.base != nil {
		r.project = k.base.project
	}
	r.configure(k.sources...)
	return r
}

func (k *killer) everywhere(t *testing.T) {
	stride := int64(testbed.Stride(9))
	var nth, last atomic.Int64
	k.reused.Store(0)
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			for last.Load() == 0 {
				n := 1 + stride*(nth.Add(1)-1)
				t.Run(strconv.FormatInt(n, 10), func(t *testing.T) {
					if !k.at(t, n) {
						last.Store(n)
					}
				})
			}
			return nil
		})
	}
	_ = group.Wait()
	if last.Load() < 50 {
		t.Errorf("only %d writes were walked through", last.Load())
	}
	t.Logf("%d writes, %d bytes reused", last.Load(), k.reused.Load())
	if k.reused.Load() == 0 {
		t.Error("no run found a part of a killed one: the test does not try what it should")
	}
}

// at kills a run at its nth write, false when it came to its end before.
func (k *killer) at(t *testing.T, nth int64) (killed bool) {
	r := k.rig(t)
	defer os.RemoveAll(r.store)
	if k.earlier > 0 {
		must(t, command.NewDoor(command.Local()).Run(context.Background(), command.Change("cp", "-al", k.base.store, r.store)))
		must(t, os.Remove(filepath.Join(r.store, ".lock")))
	}
	before := r.held()
	end := r.runWith([]string{hookVariable + "=kill:" + strconv.FormatInt(nth, 10)}, "backup:all")
	if end.code == 0 {
		return false
	}
	if end.signal != "SIGKILL" {
		t.Fatalf("write %d: the run was not killed but ended with %d:\n%s", nth, end.code, end.said)
	}
	r.untouched(before)
	whole := r.finished()
	sets := r.sets()
	switch fresh := len(sets) - k.earlier; {
	case fresh == 1 && len(whole) == 0: // it was killed after the set had its name
	case fresh != 0:
		t.Errorf("write %d: %d sets are listed, %d were there before", nth, len(sets), k.earlier)
	}
	for _, set := range sets[:len(sets)-k.earlier] {
		r.good("backup:verify", "-set="+set.ID)
	}
	r.good("backup:all")
	r.untouched(before)
	r.onlySets(len(sets) + 1)
	for _, s := range r.sets()[0].Sources {
		k.reuses(t, nth, s, whole[s.Kind+"-"+s.Name])
	}
	return true
}

// reuses makes sure that a source was not written where a whole part was.
func (k *killer) reuses(t *testing.T, nth int64, s backup.SourceView, whole int64) {
	t.Helper()
	k.reused.Add(whole)
	if s.State != "verified" || s.New > s.Stored-whole {
		t.Errorf("write %d: source %s is %s, %d of %d bytes are new, although %d lay finished in the killed set", nth, s.Name, s.State, s.New, s.Stored, whole)
	}
}

// finished adds up the finished parts of an unfinished set, by source. The
// first part of a dump is none that a later one could use: pg_dump writes the
// time into it.
func (r *rig) finished() map[string]int64 {
	r.t.Helper()
	sizes := map[string]int64{}
	parts, err := filepath.Glob(filepath.Join(r.store, ".incomplete-*", "*", "[0-9]*.zst"))
	must(r.t, err)
	for _, part := range parts {
		source := filepath.Base(filepath.Dir(part))
		info, err := os.Stat(part)
		must(r.t, err)
		if filepath.Base(part) != "00000001.zst" || source == "files-config" {
			sizes[source] += info.Size()
		}
	}
	return sizes
}
