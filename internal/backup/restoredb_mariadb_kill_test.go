package backup_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/backup/compare"
	"iact-infra/internal/testbed"
)

// TestRealSlowAKilledMariaDBRestoreIsUndoneOrRepeated kills whole runs, safety
// set and all; every single command of the exchange is tried in package
// marialive. The live tables are the old ones or the restored ones, and
// rollback, resume and another run each leave nothing half.
func TestRealSlowAKilledMariaDBRestoreIsUndoneOrRepeated(t *testing.T) {
	t.Parallel()
	const stride = 3 // of some 60 commands; the way on changes with it
	for from := range stride {
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			t.Parallel()
			k := newMariaKiller(t)
			nth := from + 5
			for ; k.at(nth, from); nth += 2 * stride * testbed.Stride(4) {
				if nth > 300 {
					t.Fatal("the restore never gets to its end")
				}
			}
			if nth < 30 {
				t.Errorf("only %d commands were walked through", nth)
			}
		})
	}
}

// TestWholeAMariaDBRestoreKilledAroundItsSwapIsResumedOrRolledBack kills at
// every command from right before the tables change places to the end.
func TestWholeAMariaDBRestoreKilledAroundItsSwapIsResumedOrRolledBack(t *testing.T) {
	t.Parallel()
	const last = 10 // commands, of which the swap is in the middle
	for name, way := range map[string]int{"rolled back": 0, "resumed": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newMariaKiller(t)
			killed, whole := 20, 300 // the last command at which a restore can be killed is between them
			for whole-killed > 1 {
				if nth := (killed + whole) / 2; k.at(nth, way) {
					killed = nth
				} else {
					whole = nth
				}
			}
			for nth := whole - last; nth < killed; nth++ {
				if !k.at(nth, way) {
					t.Errorf("command %d: it was not killed", nth)
				}
			}
		})
	}
}

type mariaKiller struct {
	*rig
	t           *testing.T
	c           *testbed.MariaDBServer
	database    string
	good, wrong compare.Digest
	defined     [2]string // what is defined in the good and in the wrong state
}

func newMariaKiller(t *testing.T) *mariaKiller {
	t.Helper()
	r, c, database := withMariaDBAround(t)
	c.SQL(t, database, "GRANT EXECUTE ON PROCEDURE kept TO "+c.CreateUser(t, "app")+"@'%'")
	k := &mariaKiller{rig: r, t: t, c: c, database: database, good: dumped(t, c, database)}
	k.defined[0] = objects(t, c, database)
	c.SQL(t, database, "UPDATE calls SET what = 'wrong'; DROP PROCEDURE p; DROP TABLE child")
	k.wrong, k.defined[1] = dumped(t, c, database), objects(t, c, database)
	return k
}

// at kills a restore at its nth command, false when it came to its end before.
func (k *mariaKiller) at(nth, way int) (killed bool) {
	k.t.Helper()
	sets := k.held()
	end := k.runWith([]string{deadlyVariable + fmt.Sprintf("=during:%d", nth)}, "backup:restoreDB", "-yes=true", "-source=ivr")
	if end.code != 0 && end.signal != "SIGKILL" {
		k.t.Fatalf("command %d: the run was not killed but ended with %d:\n%s", nth, end.code, end.said)
	}
	runs := []string{k.lastRun()}
	switch {
	case end.code == 0:
		k.isRestored(nth)
	case way == 1:
		k.rig.good("backup:restoreDB", "-yes=true", "-source=ivr")
		k.isRestored(nth)
		runs = append(runs, k.lastRun())
	case way == 2:
		k.rig.good("procedure:resume")
		k.isRestored(nth)
		runs = append(runs, k.lastRun())
	}
	for _, run := range slices.Backward(runs) {
		back := k.run("procedure:rollback", "-run="+run)
		if back.code != 0 && !strings.Contains(back.said, "it changed nothing") {
			back.ends(0)
		}
	}
	if d := compare.Diff(k.wrong, dumped(k.t, k.c, k.database)); d != nil {
		k.t.Fatalf("command %d: after the rollback: %v", nth, d)
	}
	if got := objects(k.t, k.c, k.database); got != k.defined[1] {
		k.t.Errorf("command %d: after the rollback, what is defined was\n%s\nand is\n%s", nth, k.defined[1], got)
	}
	k.clear(nth)
	k.untouched(sets)
	return end.code != 0
}

func (k *mariaKiller) isRestored(nth int) {
	k.t.Helper()
	if d := compare.Diff(k.good, dumped(k.t, k.c, k.database)); d != nil {
		k.t.Errorf("command %d: the database is not restored: %v", nth, d)
	}
	if got := objects(k.t, k.c, k.database); got != k.defined[0] {
		k.t.Errorf("command %d: what is defined was\n%s\nand is\n%s", nth, k.defined[0], got)
	}
}

// clear makes sure that nothing half is left, and drops what is kept on purpose.
func (k *mariaKiller) clear(nth int) {
	k.t.Helper()
	for _, name := range strings.Fields(k.c.SQL(k.t, "mysql", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '"+k.database+"\\_%'")) {
		if strings.Contains(name, "_restoring_") {
			k.t.Errorf("command %d: %s is left over", nth, name)
		}
		k.c.SQL(k.t, "mysql", "DROP DATABASE "+name)
	}
}
