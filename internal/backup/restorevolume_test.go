package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"iact-infra/internal/backup"
	"iact-infra/internal/testbed"
)

// odd fills a directory with all that a file system can hold.
const odd = `set -e; cd "$1"
mkdir -p deep/er empty; echo one >deep/file; ln deep/file hard; ln hard deep/er/third; ln -s ../deep/file soft; ln -s /etc/passwd out; ln -s nowhere dangling
truncate -s 20M holes; printf end | dd of=holes bs=1 seek=9000000 conv=notrunc status=none
printf x >"$(printf 'not\377utf8')"; printf x >"$(printf 'new\nline')"; printf x >' -leading'
long=$(printf 'L%.0s' $(seq 250)); mkdir "$long"; echo deep >"$long/$(printf 'M%.0s' $(seq 250))"
head -c 12M /dev/urandom >large; : >nothing
setfattr -n user.note -v hello deep/file; setfattr -n user.dir -v there deep
chown 1234:2345 deep/er; chown -h 77:88 soft; chmod 4755 large; chmod 2750 deep; chmod 1777 empty; chmod 000 nothing
touch -d '2001-02-03 04:05:06.789' deep/er nothing; touch -h -d '1999-12-31 23:59:59' soft
chown 999:998 .; chmod 0700 .; touch -d '2005-05-05 05:05:05' deep empty .`

// listing is all about a directory that has to come back.
const listing = `cd "$1" && find . -printf '%P|%y|%m|%U|%G|%s|%n|%l|%Ts\0' | sort -z | tr '\n\0' '?\n' | sed '/|d|/s/|[0-9]*|[0-9]*|\(|[0-9]*\)$/\1/' &&
find . -type f -print0 | sort -z | xargs -0 sha256sum && getfattr -R -h -d -m - . 2>/dev/null | cat`

// place is the directory of a volume.
func place(d *testbed.DockerDaemon, volume string) string {
	return filepath.Join(d.Dir, "root", "volumes", volume, "_data")
}

// restoredVolume runs backup:restoreVolume and reads its result.
func (r *rig) restoredVolume(args ...string) backup.RestoredVolume {
	r.t.Helper()
	end := r.runWith([]string{"IACT_FORMAT=json"}, append([]string{"backup:restoreVolume"}, args...)...).ends(0)
	return parse[backup.RestoredVolume](r.t, end.out)
}

// volumesOf are the volumes of a restore, by what was added to the name.
func volumesOf(t *testing.T, d *testbed.DockerDaemon, name string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for one := range strings.FieldsSeq(d.Run(t, "volume", "ls", "--quiet", "--filter", "name="+name)) {
		kind := strings.Trim(regexp.MustCompile(`_[0-9]{14}$`).ReplaceAllString(strings.TrimPrefix(one, name), ""), "_")
		if all[kind] != "" {
			t.Errorf("two volumes of %s are %s: %s and %s", name, kind, all[kind], one)
		}
		all[kind] = one
	}
	return all
}

// dropVolumes removes all of them but the first when the test ends.
func dropVolumes(t *testing.T, d *testbed.DockerDaemon, name string) {
	t.Helper()
	t.Cleanup(func() {
		for one := range strings.FieldsSeq(d.Run(t, "volume", "ls", "--quiet", "--filter", "name="+name)) {
			_, _ = d.Try(t, "volume", "rm", "--force", one)
		}
	})
}

// withVolume is a rig with a set of a volume that holds odd files.
func withVolume(t *testing.T, d *testbed.DockerDaemon, more ...string) (r *rig, name string) {
	t.Helper()
	name = d.Volume(t)
	dropVolumes(t, d, name)
	ask(t, odd, place(d, name))
	r = withDocker(t, d, volume("data", name, more...))
	r.good("backup:volumes")
	return r, name
}

func TestRealAVolumeComesBackUnderItsNameWithEverythingInIt(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r, name := withVolume(t, d)
	was := ask(t, listing, place(d, name))
	busy, reader := user(t, d, name), d.Container(t, "-v", name+":/data:ro", d.Busybox(t), "sleep", "1000")
	idle := d.Container(t, "-v", name+":/data", d.Busybox(t), "true")
	d.Run(t, "wait", idle)
	fill(t, d, name, "rm -r /data/deep /data/large; echo wrong >/data/wrong")
	wrong := ask(t, listing, place(d, name))
	began := d.Run(t, "inspect", "--format", "{{.State.StartedAt}}", busy, reader)

	done := r.restoredVolume("-yes=true")
	if all := volumesOf(t, d, name); len(all) != 2 || all["before"] != done.Old {
		t.Errorf("the volumes are %v, kept is %s", all, done.Old)
	}
	for container, want := range map[string]string{busy: "running", reader: "running", idle: "exited"} {
		if is := state(t, d, container); is != want {
			t.Errorf("container %s is %s, want %s", container, is, want)
		}
	}
	if d.Run(t, "inspect", "--format", "{{.State.StartedAt}}", busy, reader) == began || len(done.Stopped) != 2 || done.Downtime <= 0 {
		t.Errorf("stopped were %v for %v s", done.Stopped, done.Downtime)
	}
	d.Run(t, "exec", busy, "sh", "-c", "until grep -q began /data/said; do sleep 0.05; done; test -e /data/large")
	d.Run(t, "exec", reader, "test", "-e", "/data/large")
	d.Run(t, "rm", "--force", busy, reader)
	ask(t, `rm "$1/said"; touch -d '2005-05-05 05:05:05' "$1"`, place(d, name))
	same(t, ask(t, listing, place(d, name)), was)
	kept := ask(t, listing, place(d, done.Old))
	if !strings.Contains(kept, "wrong") || strings.Contains(kept, "large") || !strings.Contains(wrong, "wrong") {
		t.Errorf("the kept volume holds\n%s", kept)
	}
	if blocks := strings.TrimSpace(ask(t, `stat -c %b "$1"`, filepath.Join(place(d, name), "holes"))); len(blocks) > 3 {
		t.Errorf("the file with holes takes %s blocks", blocks)
	}
	if done.Compared.Files == 0 || done.Compared.Entries < 18 || done.Volume != name || done.Way != "mountpoint" || done.Run == "" || done.Drop != "docker volume rm "+done.Old {
		t.Errorf("the result is %+v", done)
	}
	r.nothingPromised()

	back := r.good("procedure:rollback", "-run="+done.Run)
	all := volumesOf(t, d, name)
	if len(all) != 2 || all["undone"] == "" || !strings.Contains(back.said, "docker volume rm "+all["undone"]) {
		t.Errorf("after the rollback the volumes are %v:\n%s", all, back.said)
	}
	if got := ask(t, listing, place(d, name)); !strings.Contains(got, "wrong") || strings.Contains(got, "large") {
		t.Errorf("after the rollback the volume holds\n%s", got)
	}
	same(t, ask(t, listing, place(d, all["undone"])), was)
}

func TestWholeAVolumeIsRestoredBesideAndAgainstItsRollback(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r, name := withVolume(t, d)
	was := ask(t, listing, place(d, name))
	beside := name + "-look"
	dropVolumes(t, d, beside)
	done := r.restoredVolume("-source=data", "-to="+beside)
	same(t, ask(t, listing, place(d, beside)), was)
	same(t, ask(t, listing, place(d, name)), was)
	if len(volumesOf(t, d, beside)) != 1 || done.Old != "" || done.Use != fmt.Sprintf("volumes: {%s: {external: true, name: %s}}", name, beside) {
		t.Errorf("beside there are %v: %+v", volumesOf(t, d, beside), done)
	}
	r.run("backup:restoreVolume", "-to="+beside).refused(2, "there is a volume "+beside+" already", "let -to name a new volume")
	used := user(t, d, beside)
	r.run("procedure:rollback", "-run="+done.Run).refused(1, "containers "+used+" use it", "docker rm --force "+used)
	d.Run(t, "rm", "--force", used)
	r.good("procedure:rollback", "-run="+done.Run)
	if all := volumesOf(t, d, beside); len(all) != 1 || all["undone"] == "" {
		t.Errorf("after the rollback there are %v", all)
	}
}

func TestRealALostVolumeComesBackAsItWasMade(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t, "--label", "com.docker.compose.volume=data", "--label", "kept=yes")
	dropVolumes(t, d, name)
	ask(t, odd, place(d, name))
	was := ask(t, listing, place(d, name))
	r := withDocker(t, d, volume("data", name))
	r.good("backup:volumes")
	d.Run(t, "volume", "rm", name)
	r.configure() // the volume is not even listed any more
	done := r.restoredVolume("-yes=true")
	same(t, ask(t, listing, place(d, name)), was)
	if labels := d.Run(t, "volume", "inspect", "--format", "{{json .Labels}}", name); labels != `{"com.docker.compose.volume":"data","kept":"yes"}` {
		t.Errorf("its labels are %s", labels)
	}
	if all := volumesOf(t, d, name); len(all) != 1 || done.Old != "" {
		t.Errorf("the volumes are %v: %+v", all, done)
	}
	r.good("procedure:rollback", "-run="+done.Run)
	if all := volumesOf(t, d, name); len(all) != 1 || all["undone"] == "" {
		t.Errorf("after the rollback there are %v", all)
	}
}

func TestWholeAVolumeThatIsNotConfirmedStaysAsItIs(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r, name := withVolume(t, d)
	busy := user(t, d, name)
	r.run("backup:restoreVolume").refused(2, "volume "+name+" would take the live name, and nobody is at a terminal", "-yes=true")
	no := r.runWith([]string{answersVariable + "=n\n"}, "backup:restoreVolume")
	no.refused(1, "not confirmed", "-to=NAME")
	if !strings.Contains(no.said, "volume "+name+" gets the state of set") || !strings.Contains(no.said, "1 container is stopped and started again ("+busy+")") {
		t.Errorf("the question is\n%s", no.said)
	}
	if all := volumesOf(t, d, name); len(all) != 1 {
		t.Errorf("the volumes are %v", all)
	}
	r.runWith([]string{answersVariable + "=y\n"}, "backup:restoreVolume").ends(0)
	if state(t, d, busy) != "running" {
		t.Error("the container does not run")
	}
}

func TestWholeAPlanOfAVolumeChangesNothing(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r, name := withVolume(t, d)
	busy := user(t, d, name)
	plan := r.runWith([]string{"IACT_PLAN=1"}, "backup:restoreVolume", "-yes=true").ends(0)
	for _, line := range []string{"docker volume create " + name + "_restoring_", "docker stop " + busy, "docker start " + busy, "mv -T "} {
		if !strings.Contains(plan.out, line) {
			t.Errorf("the plan does not say %q:\n%s", line, plan.out)
		}
	}
	if len(volumesOf(t, d, name)) != 1 {
		t.Error("the plan made a volume")
	}
	if _, err := os.Stat(filepath.Join(r.root, "checkout/.iact/journal")); err == nil && strings.Contains(fmt.Sprint(os.ReadDir(filepath.Join(r.root, "checkout/.iact/journal"))), "restore") {
		t.Error("the plan wrote a journal")
	}
}
