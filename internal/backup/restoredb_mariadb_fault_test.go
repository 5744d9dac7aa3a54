package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/compare"
	"iact-infra/internal/testbed"
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
			for nth := 1; nth < 1+8*stride; nth += stride * testbed.Stride(2) {
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

// TestWholeMariaDBRestoreOnAFullDiskSaysSoOnce fills the disk of the journal, or
// lets one write fail where that takes rights that are lacking here.
func TestWholeMariaDBRestoreOnAFullDiskSaysSoOnce(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDBAround(t)
	c.SQL(t, database, "UPDATE calls SET what = 'wrong'")
	wrong := dumped(t, c, database)
	state := filepath.Join(r.root, "checkout", ".iact")
	failed := 0
	for pages := 1; ; pages += 2 {
		said, ok := r.onFullDisk(state, pages)
		if ok {
			break
		}
		failed++
		told := map[string]int{}
		for line := range strings.Lines(said) {
			if _, what, found := strings.Cut(line, "write "); found {
				told[what]++
			}
		}
		if len(told) == 0 {
			t.Errorf("%d pages of room: a full disk is not told:\n%s", pages, said)
		}
		for what, n := range told {
			if n > 1 {
				t.Errorf("%d pages of room: told %d times: write %s\n%s", pages, n, what, said)
			}
		}
		sameData(t, "after a full disk", wrong, dumped(t, c, database))
	}
	if failed == 0 {
		t.Error("no run had too little room")
	}
	r.good("backup:restoreDB", "-yes=true", "-source=ivr")
	if left := c.SQL(t, "mysql", "SHOW DATABASES LIKE '"+database+"\\_restoring%'"); left != "" {
		t.Errorf("%s is left", left)
	}
}

// onFullDisk restores with some pages of room for what the program writes down.
func (r *rig) onFullDisk(state string, pages int) (said string, ok bool) {
	r.t.Helper()
	var hook []string
	if err := unix.Mount("none", state, "tmpfs", 0, fmt.Sprintf("mode=0700,size=%d", pages*os.Getpagesize())); err == nil {
		defer func() { must(r.t, unix.Unmount(state, unix.MNT_DETACH)) }()
	} else {
		hook = []string{hookVariable + "=enospc:" + strconv.Itoa(pages)}
	}
	end := r.runWith(hook, "backup:restoreDB", "-yes=true", "-source=ivr")
	return end.said, end.code == 0
}
