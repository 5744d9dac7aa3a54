package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"iact-infra/internal/testbed"
)

// volumeKiller restores a volume that a container uses, again and again.
type volumeKiller struct {
	*rig
	t    *testing.T
	d    *testbed.DockerDaemon
	name string
	busy string
	old  uint64 // the inode of the live data
	sets map[string]string
}

func newVolumeKiller(t *testing.T, d *testbed.DockerDaemon) *volumeKiller {
	t.Helper()
	name := d.Volume(t)
	dropVolumes(t, d, name)
	fill(t, d, name, "mkdir /data/deep; echo right >/data/deep/file; ln /data/deep/file /data/hard; head -c 5000000 /dev/zero >/data/large")
	r := withDocker(t, d, volume("data", name))
	r.good("backup:volumes")
	k := &volumeKiller{rig: r, t: t, d: d, name: name, sets: r.held()}
	fill(t, d, name, "echo wrong >/data/deep/file")
	k.busy = user(t, d, name)
	k.old = inode(t, place(d, name))
	return k
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	st, _ := info.Sys().(*syscall.Stat_t)
	return st.Ino
}

// lastVolumeRun is the newest run that restores the volume.
func (r *rig) lastVolumeRun() string {
	r.t.Helper()
	all, err := filepath.Glob(filepath.Join(r.root, "checkout/.iact/journal/*.jsonl"))
	must(r.t, err)
	slices.Sort(all)
	last, when := "", int64(0)
	for _, one := range all {
		text := read(r.t, one)
		info, err := os.Stat(one)
		must(r.t, err)
		first, _, _ := strings.Cut(text, "\n")
		if !strings.Contains(first, `"undoes"`) && strings.Contains(text, "backup:restoreVolume") && info.ModTime().UnixNano() > when {
			last, when = strings.TrimSuffix(filepath.Base(one), ".jsonl"), info.ModTime().UnixNano()
		}
	}
	return last
}

// content is what the file of the live volume says.
func (k *volumeKiller) content() string {
	k.t.Helper()
	return strings.TrimSpace(read(k.t, filepath.Join(place(k.d, k.name), "deep/file")))
}

// others are the volumes that restores have made beside the live one.
func (k *volumeKiller) others(kind string) []string {
	k.t.Helper()
	var all []string
	for one := range strings.FieldsSeq(k.d.Run(k.t, "volume", "ls", "--quiet", "--filter", "name="+k.name)) {
		if strings.HasPrefix(one, k.name+"_"+kind) {
			all = append(all, one)
		}
	}
	return all
}

// whole makes sure that the name has the old data or the restored, and that the
// old is not lost.
func (k *volumeKiller) whole(deadly string) {
	k.t.Helper()
	now := inode(k.t, place(k.d, k.name))
	switch content := k.content(); {
	case now == k.old && content == "wrong":
	case now != k.old && content == "right":
		if !slices.ContainsFunc(k.others("before"), func(one string) bool { return inode(k.t, place(k.d, one)) == k.old }) {
			k.t.Errorf("%s: the old data is lost: %v", deadly, k.others(""))
		}
	default:
		k.t.Errorf("%s: the live volume says %s, is %d, was %d", deadly, content, now, k.old)
	}
}

// runs makes sure that the container is up and sees what the name has now.
func (k *volumeKiller) runs(deadly string) {
	k.t.Helper()
	if is := state(k.t, k.d, k.busy); is != "running" {
		k.t.Errorf("%s: the container is %s", deadly, is)
		return
	}
	if saw := k.d.Run(k.t, "exec", k.busy, "cat", "/data/deep/file"); saw != k.content() {
		k.t.Errorf("%s: the container sees %s, the volume says %s", deadly, saw, k.content())
	}
	k.nothingPromised()
}

func (k *volumeKiller) isRestored(deadly string) {
	k.t.Helper()
	if k.content() != "right" || k.others("restoring") != nil {
		k.t.Errorf("%s: it is not restored: %v", deadly, k.others(""))
	}
	k.runs(deadly)
}

// isOld makes sure that everything is as it was, and removes what a rollback
// keeps on purpose.
func (k *volumeKiller) isOld(deadly string) {
	k.t.Helper()
	if inode(k.t, place(k.d, k.name)) != k.old || k.content() != "wrong" || k.others("restoring") != nil || k.others("before") != nil {
		k.t.Fatalf("%s: it is not as it was: %v", deadly, k.others(""))
	}
	k.runs(deadly)
	for _, one := range k.others("undone") {
		k.d.Run(k.t, "volume", "rm", one)
	}
	k.untouched(k.sets)
}

// back rolls runs back, the newest first, until the old data has its name.
func (k *volumeKiller) back(runs ...string) {
	k.t.Helper()
	for _, run := range slices.Backward(runs) {
		end := k.run("procedure:rollback", "-run="+run)
		if end.code != 0 && !strings.Contains(end.said, "it changed nothing") {
			end.ends(0)
		}
	}
}

// at kills a restore, false when it came to its end before.
func (k *volumeKiller) at(deadly string, way int) (killed bool) {
	k.t.Helper()
	end := k.runWith([]string{deadlyVariable + "=" + deadly}, "backup:restoreVolume", "-yes=true")
	if end.code != 0 && end.signal != "SIGKILL" {
		k.t.Fatalf("%s: the run was not killed but ended with %d:\n%s", deadly, end.code, end.said)
	}
	k.whole(deadly)
	runs := []string{k.lastVolumeRun()}
	switch way % 3 {
	case 1:
		k.good("backup:restoreVolume", "-yes=true")
		k.isRestored(deadly)
		if again := k.lastVolumeRun(); again != runs[0] {
			runs = append(runs, again)
		}
	case 2:
		if end.code != 0 && runs[0] != "" {
			k.good("procedure:resume")
			k.isRestored(deadly)
			runs = append(runs, k.lastVolumeRun())
		}
	}
	k.back(slices.DeleteFunc(runs, func(run string) bool { return run == "" })...)
	if end.code != 0 && k.lastVolumeRun() == "" {
		k.good("backup:verify") // which brings back what was stopped
	}
	k.isOld(deadly)
	return end.code != 0
}

// TestRealSlowAKilledRestoreOfAVolumeLosesNothing ends the program with SIGKILL
// while its first command runs, then after it, while its second one runs, and so
// on to its end. Each time the name has the old data or the restored, and each
// of three ways on leaves nothing behind: rollback, resume, and another run.
func TestRealSlowAKilledRestoreOfAVolumeLosesNothing(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	for _, when := range []string{"during", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			k := newVolumeKiller(t, d)
			nth := 1
			for ; k.at(fmt.Sprintf("%s:%d", when, nth), nth); nth += testbed.Stride(16) { // all three ways in turn
				if nth > 200 {
					t.Fatal("the restore never gets to its end")
				}
			}
			if nth < 20 {
				t.Errorf("only %d commands were walked through", nth)
			}
			t.Logf("%d commands", nth)
		})
	}
}

// TestWholeAKilledRollbackOfAVolumeCanBeTypedAgain kills the way back.
func TestWholeAKilledRollbackOfAVolumeCanBeTypedAgain(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	k := newVolumeKiller(t, d)
	for nth := 1; ; nth += testbed.Stride(7) { // in turn during and after
		deadly := fmt.Sprintf("after:%d", nth)
		if nth%2 == 0 {
			deadly = fmt.Sprintf("during:%d", nth)
		}
		k.good("backup:restoreVolume", "-yes=true")
		run := k.lastVolumeRun()
		end := k.runWith([]string{deadlyVariable + "=" + deadly}, "procedure:rollback", "-run="+run)
		k.wholeWay(deadly)
		k.good("procedure:rollback", "-run="+run)
		k.isOld(deadly)
		if end.code == 0 {
			if nth < 15 {
				t.Errorf("only %d commands were walked through", nth)
			}
			return
		}
		if nth > 200 {
			t.Fatal("the rollback never gets to its end")
		}
	}
}

// wholeWay is whole for a way back.
func (k *volumeKiller) wholeWay(deadly string) {
	k.t.Helper()
	if inode(k.t, place(k.d, k.name)) == k.old {
		if k.content() != "wrong" {
			k.t.Errorf("%s: the live volume says %s", deadly, k.content())
		}
		return
	}
	k.whole(deadly)
}

// TestWholeARestoreOfAVolumeThatIsAskedToEndLeavesNothingBehind sends SIGTERM
// at every third command.
func TestWholeARestoreOfAVolumeThatIsAskedToEndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	k := newVolumeKiller(t, d)
	for nth := 2; ; nth += 3 * testbed.Stride(2) {
		deadly := "term:" + fmt.Sprint(nth)
		end := k.runWith([]string{deadlyVariable + "=" + deadly}, "backup:restoreVolume", "-yes=true")
		if end.code == 0 {
			k.isRestored(deadly)
			k.back(k.lastVolumeRun())
			k.isOld(deadly)
			if nth < 14 {
				t.Errorf("only %d commands were walked through", nth)
			}
			return
		}
		end.ends(143)
		k.whole(deadly)
		k.runs(deadly)
		if k.content() == "right" {
			k.back(k.lastVolumeRun())
		}
		k.isOld(deadly)
		if nth > 200 {
			t.Fatal("the restore never gets to its end")
		}
	}
}
