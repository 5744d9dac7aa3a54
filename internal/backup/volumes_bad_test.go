package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// asNobody lets the program run as a user who is nothing here, but of a group.
func (r *rig) asNobody(group string) {
	r.t.Helper()
	r.as = []string{"setpriv", "--reuid=65534", "--regid=" + group, "--clear-groups"}
	for _, dir := range []string{filepath.Dir(r.root), r.root, filepath.Join(r.root, "checkout")} {
		must(r.t, os.Chmod(dir, 0o777))
	}
}

func TestRealAVolumeIsReadThroughDockerWhereItsFilesCannotBe(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	busy := user(t, d, name)
	fill(t, d, name, `umask 077; mkdir /data/deep; echo one >/data/deep/file; ln /data/deep/file /data/hard; ln -s deep/file /data/soft; mkfifo /data/pipe
		chown 999:998 /data/deep /data; chmod 2750 /data; dd if=/dev/urandom of=/data/large bs=1M count=12 2>/dev/null; : >/data/empty`)
	r := withDocker(t, d, volume("data", name, "mode: pause"))
	readableByAll(t)
	r.asNobody("0") // of the socket, and no more
	r.good("backup:all")
	r.good("backup:volumes")
	r.as = nil
	r.good("backup:verify")
	if again := source(t, r.newest(), "data"); again.New > 6<<20 || again.Size < 12<<20 {
		t.Errorf("the second backup of the same wrote %d of %d bytes anew", again.New, again.Size)
	}
	to := filepath.Join(r.root, "restored")
	end := r.good("backup:restore", "-source=data", "-to="+to)
	if !strings.Contains(end.out, "pipe: a device or a pipe, not made anew") {
		t.Errorf("nothing says that a pipe was left out:\n%s", end.out)
	}
	place := d.Run(t, "volume", "inspect", "--format", "{{.Mountpoint}}", name)
	listing := `cd "$1" && find . ! -name pipe -printf '%P %y %m %U %G %n %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum`
	same(t, ask(t, listing, to), ask(t, listing, place))
	if left := d.Run(t, "ps", "--all", "--quiet", "--filter", "volume="+name); len(strings.Fields(left)) != 1 || state(t, d, busy) != "running" {
		t.Errorf("containers %q have the volume, want only the one that runs: it is %s", left, state(t, d, busy))
	}
	r.nothingPromised()
}

func TestRealTheContainerOfAKilledReaderIsRemovedByTheNextCommand(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	fill(t, d, name, "echo one >/data/file")
	r := withDocker(t, d)
	readableByAll(t)
	r.asNobody("0")
	r.good("backup:all")
	r.configure(volume("data", name))
	if end := r.runWith(r.shim(d, "cp", die9), "backup:volumes"); end.signal != "SIGKILL" {
		t.Fatalf("the run was not killed: exit %d\n%s", end.code, end.said)
	}
	if left := d.Run(t, "ps", "--all", "--quiet", "--filter", "volume="+name); left == "" {
		t.Error("there is no container to remove: the test does not try what it should")
	}
	r.good("backup:verify")
	if left := d.Run(t, "ps", "--all", "--quiet", "--filter", "volume="+name); left != "" {
		t.Errorf("container %s is left over", left)
	}
	r.nothingPromised()
}

func TestRealAMissingImageIsNamed(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	r := withDocker(t, d, volume("data", name, "image: no-such-image"))
	readableByAll(t)
	r.asNobody("0")
	r.run("backup:volumes").refused(4, "read volume "+name+": docker has no image no-such-image", "docker pull no-such-image")
	r.configure(volume("data", name, "image: "+d.Busybox(t)))
	r.good("backup:volumes")
}

func TestRealADockerThatMayNotBeUsedIsRefusedWithTheGroup(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	r := withDocker(t, d, volume("data", d.Volume(t)))
	readableByAll(t)
	r.asNobody("65534")
	r.run("backup:volumes").refused(4, "permission denied while trying to connect to the Docker daemon socket", "usermod -aG docker $USER")
	r.run("backup:all").refused(4, "permission denied", "usermod -aG docker $USER")
	if set := r.newest(); source(t, set, "config").State != "verified" || source(t, set, "data").State != "failed" {
		t.Errorf("the set is %+v: want the files sealed and the volume named", set)
	}
}

func TestWholeAStoppedDaemonFailsTheVolumesAlone(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	name := d.Volume(t)
	fill(t, d, name, "echo one >/data/file")
	r := withDocker(t, d)
	found := "backup:\n  store: " + r.store + "\n  volumes: {match: ['" + name + "']}\n  sources:\n    - {name: config, kind: files, path: " + r.project + "}\n"
	d.Stop(t)
	r.put("checkout/config/iact.yaml", found)
	if end := r.good("backup:all"); !strings.Contains(end.said, "volumes are left out: ") || !strings.Contains(end.said, "Cannot connect to the Docker daemon") {
		t.Errorf("nothing says that volumes are left out:\n%s", end.said)
	}
	r.run("backup:volumes").refused(4, "list Docker volumes: docker: exit 1: Cannot connect to the Docker daemon", "systemctl start docker")
	d.Start(t)
	r.good("backup:all")
	d.Stop(t)
	// Now sets hold a volume, so its absence is a failure.
	r.run("backup:all").refused(4, "find source "+name+" (docker volume "+name+"): docker: exit 1: Cannot connect to the Docker daemon", "systemctl start docker")
	if set := r.newest(); source(t, set, "config").State != "verified" || source(t, set, name).State != "failed" {
		t.Errorf("the set is %+v: want the files sealed and the volume named", set)
	}
	r = withDocker(t, d, volume("data", name))
	r.run("backup:volumes").refused(4, "check data: docker: exit 1: Cannot connect to the Docker daemon", "systemctl start docker")
}

func TestWholeAHungDaemonEndsInTimeAndContainersComeBackLater(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	name := d.Volume(t)
	busy := user(t, d, name)
	r := withDocker(t, d, volume("data", name, "mode: pause"))
	d.Hang(t)
	r.run("backup:volumes").refused(4, "ask docker: its daemon does not answer: ", "systemctl restart docker")
	d.Continue(t)
	env := r.shim(d, "unpause", "kill -STOP $(cat "+filepath.Join(d.Dir, "docker.pid")+")")
	r.runWith(env, "backup:volumes").refused(1, "bring back containers "+busy, "docker unpause "+busy)
	d.Continue(t)
	r.good("backup:verify")
	if is := state(t, d, busy); is != "running" {
		t.Errorf("the container is %s", is)
	}
	r.nothingPromised()
}

func TestAMachineWithoutDockerHasNoVolumes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put("checkout/config/iact.yaml", "backup:\n  store: "+r.store+"\n  volumes: {mode: live}\n  sources:\n    - {name: config, kind: files, path: "+r.project+"}\n")
	sh, err := command.NewDoor(command.Local()).Look(t.Context(), "sh")
	must(t, err)
	r.put("bin/none", "")
	must(t, os.Symlink(sh, filepath.Join(r.root, "bin/sh")))
	r.env = append(r.env, "PATH="+filepath.Join(r.root, "bin"))
	if end := r.good("backup:all"); !strings.Contains(end.said, "volumes are left out: find program docker: not in PATH") {
		t.Errorf("nothing says that there is no Docker:\n%s", end.said)
	}
	r.run("backup:volumes").refused(4, "list Docker volumes: find program docker: not in PATH", "apt-get install docker.io")
}
