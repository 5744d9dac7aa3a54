package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// untouchedVolume makes sure that a refused restore has made no volume.
func untouchedVolume(t *testing.T, d *testbed.DockerDaemon, name string) {
	t.Helper()
	if all := volumesOf(t, d, name); len(all) != 1 {
		t.Errorf("the volumes are %v, want %s alone", all, name)
	}
}

func TestRealWhatCannotBeRestoredAsAVolumeIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r, name := withVolume(t, d)
	r.good("backup:all")
	was := ask(t, listing, place(d, name))
	r.run("backup:restoreVolume", "-source=dato", "-yes=true").refused(2, "has no such source", "did you mean data?")
	r.run("backup:restoreVolume", "-source=config", "-yes=true").refused(2, "a source of kind files is no volume", "backup:restore -source=config -to=DIRECTORY")
	r.run("backup:restoreVolume", "-to=/srv/here").refused(2, "-to=/srv/here is no name of a volume", "backup:restore -source=NAME -to=DIRECTORY")
	r.run("backup:restoreVolume", "-set=20200101T000000Z-no-set", "-yes=true").refused(2, "20200101T000000Z-no-set", "backup:list")
	vanishing := d.Name(t)
	d.Run(t, "run", "--detach", "--rm", "--name", vanishing, "-v", name+":/data:ro", d.Busybox(t), "sleep", "1000")
	t.Cleanup(func() { _, _ = d.Try(t, "rm", "--force", vanishing) })
	r.run("backup:restoreVolume", "-yes=true").refused(4, "it was started with --rm, so stopping it would remove it", "-to=NAME")
	d.Run(t, "rm", "--force", vanishing)
	untouchedVolume(t, d, name)
	same(t, ask(t, listing, place(d, name)), was)

	moved := filepath.Join(d.Dir, "root", name)
	must(t, os.Rename(place(d, name), moved))
	must(t, os.Symlink(moved, place(d, name)))
	r.run("backup:restoreVolume", "-yes=true").refused(4, "is a file system of its own, or a link", "-to=NAME")
	must(t, os.Remove(place(d, name)))
	must(t, os.Rename(moved, place(d, name)))
	untouchedVolume(t, d, name)
}

func TestWholeAVolumeInMemoryOrElsewhereCanOnlyBeRestoredBeside(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	elsewhere := t.TempDir()
	must(t, os.WriteFile(filepath.Join(elsewhere, "file"), []byte("one\n"), 0o644))
	name := d.Volume(t, "--opt", "type=none", "--opt", "o=bind", "--opt", "device="+elsewhere)
	dropVolumes(t, d, name)
	d.Container(t, "-v", name+":/data", d.Busybox(t), "sleep", "1000")
	r := withDocker(t, d, volume("data", name))
	r.good("backup:volumes")
	r.run("backup:restoreVolume", "-yes=true").refused(4, "device="+elsewhere, "-to=NAME")
	r.restoredVolume("-to=" + name + "-look")
	if got := read(t, filepath.Join(place(d, name+"-look"), "file")); got != "one\n" {
		t.Errorf("the volume beside says %q", got)
	}
}

func TestRealADamagedSetOfAVolumeIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r, name := withVolume(t, d)
	was := ask(t, listing, place(d, name))
	parts, err := filepath.Glob(filepath.Join(r.store, "*", "volume-data", "*.zst"))
	must(t, err)
	part := parts[len(parts)-1]
	data, err := os.ReadFile(part)
	must(t, err)
	for what, spoiled := range map[string][]byte{
		"flipped":   append(append([]byte{}, data[:len(data)/2]...), append([]byte{data[len(data)/2] ^ 1}, data[len(data)/2+1:]...)...),
		"truncated": data[:len(data)-1],
		"missing":   nil,
	} {
		must(t, os.Remove(part))
		if spoiled != nil {
			must(t, os.WriteFile(part, spoiled, 0o400))
		}
		r.run("backup:restoreVolume", "-yes=true").refused(3, "is damaged", "backup:verify -set=")
		untouchedVolume(t, d, name)
		same(t, ask(t, listing, place(d, name)), was)
		if t.Failed() {
			t.Fatal(what)
		}
		must(t, os.WriteFile(part, nil, 0o600))
	}
}

func TestWholeAVolumeIsRestoredThroughDockerWhereItsFilesCannotBeReached(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r, name := withVolume(t, d)
	was := ask(t, listing, place(d, name))
	busy := user(t, d, name)
	fill(t, d, name, "rm -r /data/deep /data/large; echo wrong >/data/wrong")
	must(t, os.RemoveAll(filepath.Join(r.root, "checkout/.iact")))
	ask(t, `chown -R 65534 "$1"`, r.root)
	readableByAll(t)
	r.asNobody("0")

	beside := name + "-look"
	dropVolumes(t, d, beside)
	looked := r.restoredVolume("-to=" + beside)
	same(t, ask(t, listing, place(d, beside)), was)
	if looked.Way != "docker cp" || len(looked.Warnings) != 1 || !strings.Contains(looked.Warnings[0], "extended attributes of 2 files could not be compared") {
		t.Errorf("the result is %+v", looked)
	}

	done := r.restoredVolume("-yes=true")
	if state(t, d, busy) != "running" || len(done.Stopped) != 1 {
		t.Errorf("the container is %s, stopped were %v", state(t, d, busy), done.Stopped)
	}
	d.Run(t, "exec", busy, "test", "-e", "/data/large")
	if all := volumesOf(t, d, name); all["before"] != done.Old || all["restoring"] != "" || done.Old == "" {
		t.Errorf("the volumes are %v: %+v", all, done)
	}
	if kept := ask(t, listing, place(d, done.Old)); !strings.Contains(kept, "wrong") {
		t.Errorf("the kept volume holds\n%s", kept)
	}
	r.good("procedure:rollback", "-run="+done.Run)
	if now := ask(t, listing, place(d, name)); !strings.Contains(now, "wrong") || state(t, d, busy) != "running" {
		t.Errorf("after the rollback the volume holds\n%s", now)
	}
	r.good("procedure:rollback", "-run="+looked.Run)
	if left, err := d.Try(t, "volume", "inspect", beside); err == nil {
		t.Errorf("after the rollback there is still %s", left)
	}
	if left := d.Run(t, "ps", "--all", "--quiet", "--filter", "volume="+name); len(strings.Fields(left)) != 1 {
		t.Errorf("containers %q have the volume", left)
	}
	d.Run(t, "rm", "--force", busy) // now no image is known that has sh
	r.run("backup:restoreVolume", "-yes=true").refused(4, "cannot change places", "external: true, name: NAME")
}

// tiny lets the new volumes of a daemon lie on a file system of some megabytes,
// which goes when the daemon stops, and returns where that is mounted.
func tiny(t *testing.T, d *testbed.DockerDaemon, size string) string {
	t.Helper()
	volumes := filepath.Join(d.Dir, "root", "volumes")
	must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("mount", "-t", "tmpfs", "-o", "mode=0711,size="+size, "tmpfs", volumes)))
	return volumes
}

func TestRealAFullDiskLeavesTheLiveVolumeAndNothingElse(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	small := tiny(t, d, "24m")
	name := d.Volume(t)
	// A file of one byte takes a page there, and a quarter of that in a set.
	ask(t, `mkdir "$1/many"; for n in $(seq 3000); do echo >"$1/many/$n"; done`, place(d, name))
	busy := user(t, d, name)
	r := withDocker(t, d, volume("data", name))
	r.good("backup:volumes")
	ask(t, `head -c 4500000 /dev/zero >"$1/rest"`, place(d, name))
	full := r.run("backup:restoreVolume", "-yes=true")
	full.refused(4, "no space left on device", "docker system df")
	untouchedVolume(t, d, name)
	if state(t, d, busy) != "running" {
		t.Error("the container does not run")
	}
	ask(t, `head -c 3000000 /dev/zero >>"$1/rest"`, place(d, name))
	r.run("backup:restoreVolume", "-yes=true").refused(4, "are free where docker has its volumes", "docker system df")
	untouchedVolume(t, d, name)
	ask(t, `mount -o remount,ro "$1"`, small)
	r.run("backup:restoreVolume", "-yes=true").refused(4, "read-only file system", "mount -o remount,rw")
	ask(t, `mount -o remount,rw "$1"`, small)
}

func TestWholeADaemonThatStopsInTheMiddleLosesNothing(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	k := newVolumeKiller(t, d)
	root, err := filepath.Abs("../..")
	must(t, err)
	down := fmt.Sprintf("bash %s/scripts/testbed/docker.sh stop %s >/dev/null 2>&1", root, d.Dir)
	for _, verb := range []string{"volume", "stop", "start"} {
		end := k.runWith(k.shim(d, verb, down), "backup:restoreVolume", "-yes=true")
		if end.code == 0 || !strings.Contains(end.said, "Cannot connect to the Docker daemon") || !strings.Contains(end.said, "systemctl start docker") {
			t.Errorf("%s: exit %d\n%s", verb, end.code, end.said)
		}
		d.Start(t)
		k.whole(verb)
		k.good("backup:verify") // which brings back what was stopped
		if run := k.lastVolumeRun(); run != "" {
			k.back(run)
		}
		if verb == "volume" { // nothing was stopped by us
			d.Run(t, "start", k.busy)
		}
		k.isOld(verb)
	}
	d.Stop(t)
	k.run("backup:restoreVolume", "-yes=true").refused(4, "Cannot connect to the Docker daemon", "systemctl start docker")
	d.Start(t)
}

func TestWholeAHungDaemonEndsARestoreInTime(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	k := newVolumeKiller(t, d)
	d.Hang(t)
	k.run("backup:restoreVolume", "-yes=true").refused(4, "its daemon does not answer", "systemctl restart docker")
	d.Continue(t)
	k.isOld("hung at once")
	env := k.shim(d, "stop", "kill -STOP $(cat "+filepath.Join(d.Dir, "docker.pid")+")")
	end := k.runWith(env, "backup:restoreVolume", "-yes=true")
	if end.code == 0 || !strings.Contains(end.said, "timeout") {
		t.Errorf("exit %d\n%s", end.code, end.said)
	}
	d.Continue(t)
	k.good("backup:verify")
	k.back(k.lastVolumeRun())
	k.isOld("hung in the middle")
}
