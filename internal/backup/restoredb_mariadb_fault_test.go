package backup_test

import (
	"fmt"
	"testing"

	"iact-infra/internal/backup/compare"
)

// TestRealSlowAnErrorOfTheDiskLeavesTheLiveMariaDBDatabaseWhole lets a write of
// the safety set, or of the texts that the way back needs, fail as a broken or
// full disk does. Without its texts a restore does not touch the live database;
// without a safety set it may go on, since the old tables stay. The run after it
// comes to its end.
func TestRealSlowAnErrorOfTheDiskLeavesTheLiveMariaDBDatabaseWhole(t *testing.T) {
	t.Parallel()
	const stride = 7 // of some 50 changes; enospc fails writes only, which are fewer
	for _, kind := range []string{"eio", "enospc"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r, c, database := withMariaDBAround(t)
			good := dumped(t, c, database)
			c.SQL(t, database, "UPDATE calls SET what = 'wrong'")
			wrong := dumped(t, c, database)
			refused := 0
			for nth := 1; nth < 1+8*stride; nth += stride {
				end := r.runWith([]string{hookVariable + "=" + kind + fmt.Sprintf(":%d", nth)}, "backup:restoreDB", "-yes=true", "-source=ivr")
				want := good
				if end.code != 0 {
					want, refused = wrong, refused+1
				}
				if d := compare.Diff(want, dumped(t, c, database)); d != nil {
					t.Fatalf("change %d, exit %d: %v\n%s", nth, end.code, d, end.said)
				}
				if end.code == 0 {
					r.rolledBack()
				}
			}
			if refused == 0 {
				t.Error("no error of the disk ended a restore: the texts do not pass the hook")
			}
			r.good("backup:restoreDB", "-yes=true", "-source=ivr")
			sameData(t, "the run after it", good, dumped(t, c, database))
		})
	}
}
