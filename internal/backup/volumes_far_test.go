package backup_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestRealAVolumeIsReadByTheDockerOfAnotherPlace, which is a container with the
// docker client and the socket of the daemon: in one it sees the mount points,
// and in one it does not.
func TestRealAVolumeIsReadByTheDockerOfAnotherPlace(t *testing.T) {
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

func TestRealATarOfDockerThatIsCutShortIsNoBackup(t *testing.T) {
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
