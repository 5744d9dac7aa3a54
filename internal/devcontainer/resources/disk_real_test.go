package resources_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/resources"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

func TestRealSlowADiskThatIsFullStandsBeforeAllThatItCauses(t *testing.T) {
	dir := testbed.SmallDisk(t, 100, 6000)
	t.Setenv("TMPDIR", dir)
	run := func(script string) {
		t.Helper()
		if err := command.NewDoor(command.Local()).Run(t.Context(), command.Change("sh", "-c", script, "many", dir)); err != nil {
			t.Fatal(err)
		}
	}
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
	run(`mkdir "$1/many" && cd "$1/many" && seq 6000 | xargs touch 2>/dev/null; :`)
	// A daemon without inodes cannot even end in order.
	defer run(`rm -r "$1/many"`)
	first("DC-RES-002", "0 of ")
}
