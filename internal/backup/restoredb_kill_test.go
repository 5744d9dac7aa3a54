package backup_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestRealSlowAKilledRestoreLeavesTheLiveDatabaseWholeAndCanBeUndoneOrRepeated
// ends the program with SIGKILL while its first command runs, then after it,
// while its second one runs, and so on until it comes to its end. Each time the
// live database is the old one or the restored one, and each of three ways on
// leaves nothing behind: rollback, resume, and another run.
func TestRealSlowAKilledRestoreLeavesTheLiveDatabaseWholeAndCanBeUndoneOrRepeated(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"during", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			k := newRestoreKiller(t)
			nth := 1
			for ; k.at(fmt.Sprintf("%s:%d", when, nth), nth); nth += testbed.Stride(8) { // all three ways in turn
				if nth > 200 {
					t.Fatal("the restore never gets to its end")
				}
			}
			if nth < 15 {
				t.Errorf("only %d commands were walked through", nth)
			}
		})
	}
}

// TestRealSlowARestoreThatIsAskedToEndLeavesNothingBehind sends SIGTERM at
// every third command. A run that ends after its swap leaves that as it is, to
// be resumed or rolled back. One that is cut off in the swap, which the server
// may have done by then, goes back and says what stays: others may have written
// to it in between.
func TestRealSlowARestoreThatIsAskedToEndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	k := newRestoreKiller(t)
	for nth := 2; ; nth += 3 * testbed.Stride(2) {
		end := k.runWith([]string{deadlyVariable + "=term:" + fmt.Sprint(nth)}, "backup:restoreDB", "-yes=true")
		if end.code == 0 {
			if nth < 14 {
				t.Errorf("only %d commands were walked through", nth)
			}
			k.good("procedure:rollback", "-run="+k.lastRun())
			return
		}
		if end.ends(143); nth > 200 {
			t.Fatal("the restore never gets to its end")
		}
		if family(t, k.c, k.database)[k.database] != k.number {
			k.isRestored(fmt.Sprint("term:", nth))
			k.good("procedure:rollback", "-run="+k.lastRun())
		} else {
			want := []string{k.database}
			if _, said, swapped := strings.Cut(end.said, "the restored database stays as "); swapped {
				name, _, _ := strings.Cut(said, ";")
				want = append(want, name)
			}
			only(t, k.c, k.database, want...)
		}
		k.isOld(fmt.Sprint("term:", nth))
	}
}

type restoreKiller struct {
	*rig
	t        *testing.T
	c        *testbed.Cluster
	database string
	number   string // of the live database
	sets     map[string]string
}

func newRestoreKiller(t *testing.T) *restoreKiller {
	t.Helper()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	c.SQL(t, database, "UPDATE calls SET what = 'wrong'")
	return &restoreKiller{rig: r, t: t, c: c, database: database, number: family(t, c, database)[database], sets: r.held()}
}

// at kills a restore, false when it came to its end before.
func (k *restoreKiller) at(deadly string, way int) (killed bool) {
	k.t.Helper()
	end := k.runWith([]string{deadlyVariable + "=" + deadly}, "backup:restoreDB", "-yes=true")
	if end.code != 0 && end.signal != "SIGKILL" {
		k.t.Fatalf("%s: the run was not killed but ended with %d:\n%s", deadly, end.code, end.said)
	}
	k.whole(deadly)
	runs := []string{k.lastRun()}
	switch way % 3 {
	case 1:
		k.good("backup:restoreDB", "-yes=true")
		k.isRestored(deadly)
		runs = append(runs, k.lastRun())
	case 2:
		if end.code != 0 {
			k.good("procedure:resume")
			k.isRestored(deadly)
			runs = append(runs, k.lastRun())
		}
	}
	for _, run := range slices.Backward(runs) {
		back := k.run("procedure:rollback", "-run="+run)
		if back.code != 0 && !strings.Contains(back.said, "it changed nothing") { // a resumed run that was at its end
			back.ends(0)
		}
		if family(k.t, k.c, k.database)[k.database] == k.number {
			break
		}
	}
	k.isOld(deadly)
	k.untouched(k.sets)
	return end.code != 0
}

// whole makes sure that the name is that of one database or the other.
func (k *restoreKiller) whole(deadly string) {
	k.t.Helper()
	all := family(k.t, k.c, k.database)
	switch wrong := k.c.SQL(k.t, k.database, "SELECT count(*), count(*) FILTER (WHERE what = 'wrong') FROM calls"); {
	case wrong == "20000|20000" && all[k.database] == k.number:
	case wrong == "20000|0" && all[k.database] != k.number:
		for name, number := range all {
			if strings.HasPrefix(name, k.database+"_before_") && number == k.number {
				return
			}
		}
		k.t.Errorf("%s: the old database is lost: %v", deadly, all)
	default:
		k.t.Errorf("%s: the live database holds %s of %v, the old one is %s", deadly, wrong, all, k.number)
	}
}

// isRestored makes sure that the database is back and nothing half is left.
func (k *restoreKiller) isRestored(deadly string) {
	k.t.Helper()
	if k.c.SQL(k.t, k.database, "SELECT count(*), count(*) FILTER (WHERE what = 'wrong') FROM calls") != "20000|0" {
		k.t.Errorf("%s: the database is not restored", deadly)
	}
	k.noneHalf(deadly)
}

// isOld makes sure that everything is as it was, and removes what a rollback
// keeps on purpose.
func (k *restoreKiller) isOld(deadly string) {
	k.t.Helper()
	all := family(k.t, k.c, k.database)
	if all[k.database] != k.number || k.c.SQL(k.t, k.database, "SELECT count(*) FROM calls WHERE what = 'wrong'") != "20000" {
		k.t.Fatalf("%s: the live database is not the one that it was (%s): %v", deadly, k.number, all)
	}
	k.noneHalf(deadly)
	for name := range all {
		if name != k.database {
			k.c.SQL(k.t, "postgres", "DROP DATABASE "+name)
		}
	}
}

func (k *restoreKiller) noneHalf(deadly string) {
	k.t.Helper()
	for name := range family(k.t, k.c, k.database) {
		if strings.Contains(name, "_restoring_") {
			k.t.Errorf("%s: %s is left over", deadly, name)
		}
	}
}

// hammer connects again and again until it is told to stop, and counts what it
// sees.
type hammer struct {
	old, restored, refused, backwards int
}

func (h *hammer) strike(c *testbed.Cluster, database string, stop <-chan struct{}) {
	psql := command.Read(c.Program("psql"), "-X", "-A", "-t", "-q", "-d", database, "-c", "SELECT count(*) FILTER (WHERE what = 'wrong') FROM calls")
	psql.Env = c.Client()
	door := command.NewDoor(command.Local())
	for {
		select {
		case <-stop:
			return
		default:
		}
		out, err := door.Text(context.Background(), psql).String()
		switch {
		case err != nil:
			h.refused++
		case strings.TrimSpace(out) == "0":
			h.restored++
		default:
			h.old++
			if h.restored > 0 {
				h.backwards++
			}
		}
	}
}

func TestRealSlowClientsThatConnectInALoopSeeTheOldDatabaseOrTheRestoredOne(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	c.SQL(t, database, "UPDATE calls SET what = 'wrong'")
	stop := make(chan struct{})
	var group sync.WaitGroup
	hammers := make([]hammer, 6)
	for i := range hammers {
		group.Go(func() { hammers[i].strike(c, database, stop) })
	}
	began := time.Now() // what one command of psql takes, beside the clients
	const asked = 5
	for range asked {
		c.SQL(t, "postgres", "SELECT 1")
	}
	busy := time.Since(began).Seconds() / asked
	done := r.restored("-yes=true")
	time.Sleep(300 * time.Millisecond) // the clients go on for a moment
	close(stop)
	group.Wait()
	var all hammer
	for _, h := range hammers {
		all.old, all.restored, all.refused, all.backwards = all.old+h.old, all.restored+h.restored, all.refused+h.refused, all.backwards+h.backwards
	}
	t.Logf("%+v, the swap took %.3f s, psql %.3f s", all, done.Phases["swap_seconds"], busy)
	if all.old == 0 || all.restored == 0 || all.backwards > 0 {
		t.Errorf("the clients saw %+v", all)
	}
	if most := max(1, 20*busy); done.Phases["swap_seconds"] > most {
		t.Errorf("the swap took %.1f s, and may take %.1f s", done.Phases["swap_seconds"], most)
	}
}

func TestRealSessionsThatDoNotEndByThemselvesAreEnded(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	ended := make(chan error, 1)
	sleep := command.Read(c.Program("psql"), "-X", "-d", database, "-c", "BEGIN; DELETE FROM calls; SELECT pg_sleep(60)")
	sleep.Env = c.Client()
	go func() { ended <- command.NewDoor(command.Local()).Run(context.Background(), sleep) }()
	for c.SQL(t, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+database+"' AND query LIKE '%pg_sleep(60)%'") != "1" {
		time.Sleep(5 * time.Millisecond)
	}
	end := r.runWith([]string{answersVariable + "=y\n"}, "backup:restoreDB").ends(0)
	if !strings.Contains(end.said, "1 session is ended") {
		t.Errorf("the question does not speak of the session:\n%s", end.said)
	}
	if err := <-ended; err == nil {
		t.Error("the session was not ended")
	}
}
