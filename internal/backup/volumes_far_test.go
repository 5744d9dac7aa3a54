package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestWholeAVolumeIsReadByTheDockerOfAnotherPlace, which is a container with the
// docker client and the socket of the daemon: in one it sees the mount points,
// and in one it does not.
func TestWholeAVolumeIsReadByTheDockerOfAnotherPlace(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	mounts := []string{"-v", d.Program + ":/usr/bin/docker:ro", "-v", filepath.Join(d.Dir, "docker.sock") + ":/var/run/docker.sock"}
	volumes := filepath.Join(d.Dir, "root/volumes")
	for way, options := range map[string][]string{
		"at its mount point": append([]string{"-v", volumes + ":" + volumes + ":ro"}, mounts...),
		"by docker cp":       mounts,
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			name := d.Volume(t)
			busy := user(t, d, name)
			fill(t, d, name, `umask 027; mkdir /data/deep; echo one >/data/deep/file; ln -s deep/file /data/soft; chown 999:998 /data/deep /data
				dd if=/dev/urandom of=/data/large bs=1M count=32 2>/dev/null`)
			client := d.Container(t, append(append([]string{"--init"}, options...), d.Databases(t), "sleep", "1000000")...)
			r := newRig(t, volume("data", name, "mode: stop", "via: docker:"+client))
			r.env = d.Env() // of the transport; the client in the container has its own
			end := r.good("backup:all")
			if is := state(t, d, busy); is != "running" || !strings.Contains(r.inSet(t, "data", "said"), "ended") {
				t.Errorf("the container is %s, and had it ended when its volume was read?\n%s", is, end.said)
			}
			to := filepath.Join(r.root, "restored")
			r.good("backup:restore", "-source=data", "-to="+to)
			place := d.Run(t, "volume", "inspect", "--format", "{{.Mountpoint}}", name)
			listing := `cd "$1" && find . ! -name said -printf '%P %y %m %U %G %n %l\n' | sort && find . -type f ! -name said -print0 | sort -z | xargs -0 sha256sum`
			same(t, ask(t, listing, to), ask(t, listing, place))
			r.good("backup:volumes")
			second := source(t, r.newest(), "data")
			if second.New > 17<<20 {
				t.Errorf("the second backup wrote %d bytes anew", second.New)
			}
			recipe := read(t, filepath.Join(r.store, r.newest().ID, "RESTORE.md"))
			if !strings.Contains(recipe, "read "+way+"\n") {
				t.Errorf("it was not read %s:\n%s", way, recipe)
			}
			r.good("backup:verify")
			r.nothingPromised()
		})
	}
}

// overSSH makes the server's sessions find the daemon.
func (r *rig) overSSH(s *testbed.SSHServer, d *testbed.DockerDaemon) {
	r.t.Helper()
	own := filepath.Join(r.root, "ssh-config")
	must(r.t, os.WriteFile(own, []byte(strings.ReplaceAll(read(r.t, s.ConfigFile), "  HostName ", "  SetEnv "+d.Env()[0]+"\n  HostName ")), 0o600))
	path := filepath.Join(r.root, "checkout/config/iact.yaml")
	must(r.t, os.WriteFile(path, []byte(read(r.t, path)+"ssh: {config: "+own+"}\n"), 0o600))
}

func TestWholeAVolumeOfAnotherHostIsBackedUpAndBroughtBackOverSSH(t *testing.T) {
	t.Parallel()
	d, s := testbed.Docker(t), testbed.SSHD(t)
	name := d.Volume(t)
	dropVolumes(t, d, name)
	ask(t, odd, place(d, name))
	busy := user(t, d, name)
	r := newRig(t, volume("data", name, "mode: stop", "via: ssh:"+testbed.SSHAlias))
	r.overSSH(s, d)
	end := r.good("backup:all")
	if is := state(t, d, busy); is != "running" {
		t.Errorf("the container is %s\n%s", is, end.said)
	}
	if held := source(t, r.newest(), "data"); held.State != "verified" || !strings.HasPrefix(held.Origin, "ssh:"+testbed.SSHAlias+" docker volume ") {
		t.Errorf("the source is %+v", held)
	}
	d.Run(t, "rm", "--force", busy)
	was := ask(t, listing, place(d, name))
	reader := d.Container(t, "-v", name+":/data:ro", d.Busybox(t), "sleep", "1000")
	fill(t, d, name, "rm -r /data/deep /data/large; echo wrong >/data/wrong")

	done := r.restoredVolume("-source=data", "-yes=true")
	if done.Docker != "docker at ssh:"+testbed.SSHAlias || len(done.Stopped) != 1 || state(t, d, reader) != "running" {
		t.Errorf("the result is %+v, the container is %s", done, state(t, d, reader))
	}
	now := ask(t, listing, place(d, name))
	for _, lost := range []string{"said", "wrong"} { // said changed when its writer was stopped
		now, was = without(now, lost), without(was, lost)
	}
	same(t, now, was)
	if kept := ask(t, listing, place(d, done.Old)); !strings.Contains(kept, "wrong") {
		t.Errorf("the kept volume holds\n%s", kept)
	}
	r.nothingPromised()
	r.good("procedure:rollback", "-run="+done.Run)
	if back := ask(t, listing, place(d, name)); !strings.Contains(back, "wrong") {
		t.Errorf("after a rollback it holds\n%s", back)
	}
}

// without are the lines that do not speak of a file.
func without(listing, file string) string {
	var left []string
	for line := range strings.Lines(listing) {
		if !strings.HasPrefix(line, file+"|") && !strings.HasSuffix(line, "./"+file+"\n") {
			left = append(left, line)
		}
	}
	return strings.Join(left, "")
}

func TestRealAConnectionThatIsCutWhileContainersAreStoppedBringsThemBackAllTheSame(t *testing.T) {
	t.Parallel()
	d, s := testbed.Docker(t), testbed.OwnSSHD(t)
	name := d.Volume(t)
	fill(t, d, name, "dd if=/dev/urandom of=/data/large bs=1M count=64 2>/dev/null")
	busy := user(t, d, name)
	r := newRig(t, volume("data", name, "mode: stop", "retries: 0", "via: ssh:"+testbed.SSHAlias))
	r.overSSH(s, d)
	gate := filepath.Join(r.root, "gate")
	ran := make(chan ended)
	go func() { ran <- r.runWith([]string{hookVariable + "=hold:" + gate}, "backup:all") }()
	waitFor(t, gate+".there")
	if is := state(t, d, busy); is != "exited" {
		t.Errorf("while its volume is read the container is %s", is)
	}
	s.Drop(t)
	must(t, os.WriteFile(gate, nil, 0o600))
	end := (<-ran).ends(1)
	if is := state(t, d, busy); is != "running" || !strings.Contains(end.said, "lost the connection to ssh:"+testbed.SSHAlias) {
		t.Errorf("the container is %s\n%s", is, end.said)
	}
	if held := source(t, r.newest(), "data"); held.State != "failed" {
		t.Errorf("the source is %+v", held)
	}
	r.nothingPromised()
}

// TestRealTheRecipeBringsAVolumeBackByHand runs the lines of RESTORE.md.
func TestRealTheRecipeBringsAVolumeBackByHand(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t, "--label", "kept=as it is")
	fill(t, d, name, `umask 077; mkdir /data/deep; echo one >/data/deep/file; chown 999:998 /data/deep /data; chmod 2750 /data
		dd if=/dev/zero of=/data/holes bs=1 count=1 seek=5M 2>/dev/null; echo two >/data/gone`)
	r := withDocker(t, d, volume("data", name))
	r.good("backup:all")
	fill(t, d, name, "echo three >/data/deep/more; rm /data/gone")
	r.good("backup:all")
	t.Cleanup(func() { d.Run(t, "volume", "rm", "--force", name+"_restored") })
	set := filepath.Join(r.store, r.newest().ID)
	var lines []string
	for line := range strings.Lines(read(t, filepath.Join(set, "RESTORE.md"))) {
		if line, is := strings.CutPrefix(line, "    "); is {
			lines = append(lines, strings.Replace(strings.TrimSpace(line), " debian tar", " "+d.Databases(t)+" tar", 1))
		}
	}
	place := d.Run(t, "volume", "inspect", "--format", "{{.Mountpoint}}", name)
	want := ask(t, `cd "$1" && find . -printf '%P %y %m %U %G %s %n\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum`, place)
	restored := 0
	for i, line := range lines {
		if !strings.Contains(line, "find volume-data") {
			continue
		}
		create := lines[len(lines)-3]
		if i != len(lines)-2 && i != len(lines)-1 || !strings.HasPrefix(create, "docker volume create") {
			t.Fatalf("the recipe has other lines than before:\n%s", strings.Join(lines, "\n"))
		}
		script := "set -euo pipefail; cd \"$1\"; export " + strings.Join(d.Env(), " ") + "; " + create + " >/dev/null; " + line
		c := command.Change("bash", "-c", script, "bash", set)
		c.Timeout = time.Minute
		must(t, command.NewDoor(command.Local()).Run(t.Context(), c))
		there := d.Run(t, "volume", "inspect", "--format", "{{.Mountpoint}}", name+"_restored")
		same(t, ask(t, `cd "$1" && find . -printf '%P %y %m %U %G %s %n\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum`, there), want)
		if label := d.Run(t, "volume", "inspect", "--format", "{{.Labels.kept}}", name+"_restored"); label != "as it is" {
			t.Errorf("its label is %q", label)
		}
		d.Run(t, "volume", "rm", name+"_restored")
		restored++
	}
	if restored != 2 {
		t.Errorf("%d ways of the recipe were tried, want both", restored)
	}
}

func TestWholeATarOfDockerThatIsCutShortIsNoBackup(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	fill(t, d, name, "dd if=/dev/zero of=/data/zeros bs=1M count=3 2>/dev/null")
	r := withDocker(t, d, volume("data", name))
	readableByAll(t)
	r.asNobody("0")
	r.runWith(r.shim(d, "cp", `"$real" "$@" | head -c 1000000; exit 0`), "backup:volumes").refused(1, "the tar of docker ends too early", "mode: pause or stop")
	r.runWith(r.shim(d, "cp", `"$real" "$@" | head -c 1000000; echo "error during connect: EOF" >&2; exit 1`), "backup:volumes").refused(4, "back up data: read volume "+name+": docker: exit 1", "systemctl start docker")
	if left := d.Run(t, "ps", "--all", "--quiet", "--filter", "volume="+name); left != "" {
		t.Errorf("container %s is left over", left)
	}
	r.nothingPromised()
	r.good("backup:all")
}
