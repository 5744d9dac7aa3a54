package backup_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// volume is a source of the configuration.
func volume(name, volume string, more ...string) string {
	return "{" + strings.Join(append([]string{"name: " + name, "kind: volume", "volume: " + volume}, more...), ", ") + "}"
}

// withDocker is a rig whose programs find the daemon.
func withDocker(t *testing.T, d *testbed.DockerDaemon, more ...string) *rig {
	t.Helper()
	r := newRig(t, more...)
	r.env = append(r.env, d.Env()...)
	return r
}

// fill runs a shell line with a volume at /data, and waits for its end.
func fill(t *testing.T, d *testbed.DockerDaemon, volume, line string) {
	t.Helper()
	d.Run(t, "run", "--rm", "-v", volume+":/data", d.Busybox(t), "sh", "-c", line)
}

// user starts a container that writes to a volume until it is told to stop.
func user(t *testing.T, d *testbed.DockerDaemon, volume string, options ...string) string {
	t.Helper()
	const work = `trap 'echo ended >>/data/said; exit 0' TERM; echo began >>/data/said; while :; do sleep 1 & wait $!; done`
	name := d.Container(t, append(options, "-v", volume+":/data", d.Busybox(t), "sh", "-c", work)...)
	d.Run(t, "exec", name, "sh", "-c", "until [ -s /data/said ]; do sleep 0.05; done")
	return name
}

// state is the state of a container: running, paused or exited.
func state(t *testing.T, d *testbed.DockerDaemon, container string) string {
	t.Helper()
	return d.Run(t, "inspect", "--format", "{{.State.Status}}", container)
}

func TestRealAVolumeInUseIsBackedUpLiveAndRestoredAsItIs(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	busy := user(t, d, name)
	fill(t, d, name, `umask 077; mkdir /data/deep; echo one >/data/deep/file; ln /data/deep/file /data/hard; ln -s deep/file /data/soft; chown 999:998 /data/deep /data; chmod 2750 /data
		dd if=/dev/zero of=/data/holes bs=1 count=1 seek=50M 2>/dev/null; dd if=/dev/urandom of=/data/large bs=1M count=12 2>/dev/null`)
	r := withDocker(t, d, volume("data", name))
	r.good("backup:all")
	first := source(t, r.newest(), "data")
	if first.State != "verified" || first.Kind != "volume" || first.Size < 12<<20 {
		t.Errorf("the source is %+v: want it verified", first)
	}
	if was := state(t, d, busy); was != "running" || d.Run(t, "inspect", "--format", "{{.RestartCount}}", busy) != "0" {
		t.Errorf("the container is %s after a live backup, want it left alone", was)
	}
	fill(t, d, name, "echo two >/data/second")
	r.good("backup:volumes")
	second := source(t, r.newest(), "data")
	if second.New > 64<<10 || second.State != "written" && second.State != "verified" {
		t.Errorf("the second backup wrote %d bytes anew (%s), want what has changed", second.New, second.State)
	}
	to := filepath.Join(r.root, "restored")
	r.good("backup:restore", "-source=data", "-to="+to)
	place := d.Run(t, "volume", "inspect", "--format", "{{.Mountpoint}}", name)
	listing := `cd "$1" && find . -printf '%P %y %m %U %G %s %n %l %T@\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum`
	same(t, ask(t, listing, to), ask(t, listing, place))
	if os.Geteuid() == 0 {
		holes := filepath.Join(to, "holes")
		if blocks := ask(t, `stat -c %b "$1"`, holes); len(strings.TrimSpace(blocks)) > 3 {
			t.Errorf("the file with a hole takes %s blocks", blocks)
		}
	}
}

func TestRealContainersStandStillWhileTheirVolumeIsReadAndComeBack(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	for _, test := range []struct{ mode, meanwhile string }{{"stop", "exited"}, {"pause", "paused"}} {
		t.Run(test.mode, func(t *testing.T) {
			t.Parallel()
			name, other := d.Volume(t), d.Volume(t)
			first := user(t, d, name)
			second := user(t, d, name, "--restart", "always", "-v", other+":/other")
			reader := d.Container(t, "-v", name+":/data:ro", d.Busybox(t), "sleep", "1000")
			down := d.Container(t, "-v", name+":/data", d.Busybox(t), "true")
			d.Run(t, "wait", down)
			r := withDocker(t, d, volume("data", name, "mode: "+test.mode), volume("other", other, "mode: "+test.mode))
			stand := filepath.Join(r.root, "go-on")
			done := make(chan ended)
			go func() { done <- r.runWith([]string{hookVariable + "=wait:" + stand}, "backup:volumes") }()
			ask(t, `until [ -e "$1.there" ]; do sleep 0.02; done`, stand)
			// The first write to the set comes when the containers are still up:
			// its directory. Whoever looks now sees a run at work and leaves it alone.
			must(t, os.WriteFile(stand, nil, 0o600))
			end := (<-done).ends(0)
			for container, want := range map[string]string{first: "running", second: "running", reader: "running", down: "exited"} {
				if is := state(t, d, container); is != want {
					t.Errorf("container %s is %s after the backup, want %s\n%s", container, is, want, end.said)
				}
			}
			began := strings.Count(r.inSet(t, "data", "said"), "ended")
			if want := map[string]int{"stop": 2, "pause": 0}[test.mode]; began != want {
				t.Errorf("%d containers had ended when the volume was read, want %d", began, want)
			}
			if policy := d.Run(t, "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", second); policy != "always" {
				t.Errorf("the restart policy is %s", policy)
			}
			r.nothingPromised()
		})
	}
}

// inSet is a file of a source as the newest set has it.
func (r *rig) inSet(t *testing.T, source, file string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "restored")
	r.good("backup:restore", "-source="+source, "-to="+to)
	return read(t, filepath.Join(to, file))
}

// nothingPromised makes sure that no container waits to be brought back.
func (r *rig) nothingPromised() {
	r.t.Helper()
	left, err := filepath.Glob(filepath.Join(r.root, "checkout/.iact/stopped/*"))
	must(r.t, err)
	if len(left) > 0 {
		r.t.Errorf("%v is left over", left)
	}
}

func TestRealGlobsAndLabelsChooseVolumes(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	run := strings.ToLower(d.Name(t))
	create := func(suffix string, options ...string) string {
		name := run + suffix
		d.Run(t, append(append([]string{"volume", "create"}, options...), name)...)
		t.Cleanup(func() { d.Run(t, "volume", "rm", "--force", name) })
		fill(t, d, name, "echo "+suffix+" >/data/file")
		return name
	}
	plain, cache := create("_plain"), create("_cache")
	create("_not", "--label", "iact.backup=false")
	stop := create("_stop", "--label", "iact.backup=stop")
	wanted := create("_wanted_cache", "--label", "iact.backup=true")
	odd := create("_odd", "--label", "iact.backup=maybe")
	used := user(t, d, stop)
	r := withDocker(t, d)
	r.put("checkout/config/iact.yaml", fmt.Sprintf(`backup:
  store: %s
  volumes: {match: ["%s*"], except: ["*_cache"]}
  sources:
    - {name: config, kind: files, path: %s}
    - {name: listed, kind: volume, volume: %s}
`, r.store, run, r.project, plain))
	end := r.good("backup:all")
	set := r.newest()
	var names []string
	for _, s := range set.Sources {
		names = append(names, s.Name)
		if s.State != "verified" {
			t.Errorf("source %s is %s", s.Name, s.State)
		}
	}
	want := []string{"config", odd, stop, wanted, "listed"}
	same(t, inOrder(names), inOrder(want))
	for _, line := range []string{
		"volume " + cache + " is among backup.volumes.except: it is left out",
		"volume " + run + "_not has the label iact.backup=false: it is left out",
		"volume " + odd + " has the label iact.backup=maybe, which is none of true, false, live, pause, stop: it is backed up with mode: live",
	} {
		if !strings.Contains(end.said, line) {
			t.Errorf("nothing says %q:\n%s", line, end.said)
		}
	}
	if said := r.inSet(t, stop, "said"); !strings.Contains(said, "ended") || state(t, d, used) != "running" {
		t.Errorf("the volume with the label stop was read with %q in it, and its container is %s", said, state(t, d, used))
	}
}

func TestRealAMistypedVolumeIsNamedAndNotMade(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	wrong := name[:len(name)-1] + "_"
	r := withDocker(t, d, volume("data", wrong))
	r.run("backup:volumes").refused(4, "find volume "+wrong+": docker has no such volume", "did you mean "+name+"?")
	if out, err := d.Try(t, "volume", "inspect", wrong); err == nil {
		t.Errorf("the volume was made: %s", out)
	}
	r.configure()
	r.run("backup:volumes").refused(4, "back up volumes: there is none to back up", "docker volume ls")
}

func TestWholeAVolumeOfADatabaseIsWarnedAboutWithTheLineForItsDump(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name, maria := d.Volume(t), d.Volume(t)
	pg := d.Postgres(t, "-v", name+":/var/lib/postgresql/data", "-e", "POSTGRES_DB=callcenter_db")
	db := d.MariaDB(t, "-v", maria+":/var/lib/mysql", "-e", "MARIADB_DATABASE=callcenter_legacy")
	r := withDocker(t, d, volume("data", name, "mode: pause"), volume("legacy", maria))
	end := r.good("backup:volumes")
	for _, line := range []string{
		"container " + pg + " keeps a database of PostgreSQL in it: a dump is the safer backup; add to backup.sources: {name: " + pg +
			", kind: postgres, via: docker:" + pg + ", database: callcenter_db, user: postgres} (as files only mode: stop is consistent, this is mode: pause)",
		"container " + db + " keeps a database of MariaDB in it: a dump is the safer backup; add to backup.sources: {name: " + db +
			", kind: mariadb, via: docker:" + db + ", database: callcenter_legacy, user: root, password_file: FILE}",
	} {
		if !strings.Contains(end.said, line) {
			t.Errorf("nothing says %q:\n%s", line, end.said)
		}
	}
	d.Run(t, "rm", "--force", pg)
	if end := r.good("backup:volumes"); !strings.Contains(end.said, "the files of PostgreSQL are in it: a dump is the safer backup, by a source of kind postgres") {
		t.Errorf("nothing says that the files of a database are in the volume:\n%s", end.said)
	}
}

// ask runs a shell line with one argument.
func ask(t *testing.T, line, argument string) string {
	t.Helper()
	c := command.Change("sh", "-c", line, "sh", argument)
	c.Timeout = time.Minute
	out, err := command.NewDoor(command.Local()).Text(context.Background(), c).String()
	must(t, err)
	return out
}

func inOrder(words []string) string {
	slices.Sort(words)
	return strings.Join(words, " ")
}
