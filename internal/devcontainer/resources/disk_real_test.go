package resources_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/resources"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

// small mounts a file system of 100 MB with few inodes, and makes it the one on which daemons of the test have their data.
func small(t *testing.T) (dir string, run func(script string)) {
	t.Helper()
	door := command.NewDoor(command.Local())
	image := filepath.Join(t.TempDir(), "disk")
	dir, err := os.MkdirTemp("/var/tmp", "small") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	run = func(script string) {
		t.Helper()
		if err := door.Run(t.Context(), command.Change("sh", "-c", script, "small", image, dir)); err != nil {
			t.Fatal(err)
		}
	}
	if err := door.Run(t.Context(), command.Change("sh", "-c", `truncate -s 100M "$1" && mkfs.ext4 -q -m 0 -N 6000 "$1" && mount -o loop "$1" "$2" && chmod 755 "$2"`, "small", image, dir)); err != nil {
		t.Skipf("no file system can be made and mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := door.Run(context.WithoutCancel(t.Context()), command.Change("umount", dir)); err != nil {
			t.Error(err)
		}
		_ = os.Remove(dir)
	})
	t.Setenv("TMPDIR", dir)
	return dir, run
}

func TestRealSlowADiskThatIsFullStandsBeforeAllThatItCauses(t *testing.T) {
	dir, run := small(t)
	daemon := testbed.OwnDocker(t)
	image := daemon.Busybox(t)
	rig := scenetest.New(t, daemon)
	first := func(code, evidence string) doctor.Finding {
		t.Helper()
		f := rig.First(resources.Checks())
		if f.Code != code || f.State != doctor.Fail || !strings.Contains(f.Evidence, evidence) || !strings.HasPrefix(f.Where, dir) {
			t.Fatalf("want %s with %q, got\n%s", code, evidence, scenetest.Lines(rig.Examine(resources.Checks())))
		}
		return f
	}
	name := rig.Run("--volume="+rig.Workspace+":/work", image, "sh", "-c", "echo begin; dd if=/dev/zero of=/fill bs=64k; dd if=/dev/zero of=/rest bs=1k; exit 1")
	rig.Wait(name, "{{.State.Status}}", "exited")
	if f := first("DC-RES-001", "100 % used"); !slices.Contains(f.Explains, "DC-STA-*") {
		t.Errorf("a container that says so did not end for want of space: %+v", f)
	}
	rig.Docker("rm", name)

	rig.Run(image, "sh", "-c", "sleep 600")
	if f := rig.Examine(resources.Checks()); f[0].Code == "DC-RES-001" && f[0].State == doctor.Fail {
		t.Errorf("the disk has room again:\n%s", scenetest.Lines(f))
	}
	run(`mkdir "$2/many" && cd "$2/many" && seq 6000 | xargs touch 2>/dev/null; :`)
	// A daemon without inodes cannot even end in order.
	defer run(`rm -r "$2/many"`)
	first("DC-RES-002", "0 of ")
}
