package resources_test

import (
	"os"
	"slices"
	"testing"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/extensions"
	"iact-infra/internal/devcontainer/performance"
	"iact-infra/internal/devcontainer/resources"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

// checks are those of steps 6, 7 and 8.
func checks() []doctor.Check {
	return slices.Concat(resources.Checks(), performance.Checks(), extensions.Checks())
}

func TestRealSlowAHealthyContainerRaisesNothing(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	image := daemon.Busybox(t)
	for _, test := range []struct {
		name    string
		options []string
		command string
	}{
		{"one that sleeps", nil, "echo ready; exec sleep 600"},
		{"a user who is not root", []string{"--user=1000:1000"}, "echo ready; exec sleep 600"},
		{"a root that is read-only", []string{"--read-only", "--tmpfs=/tmp:size=1m"}, "echo ready; exec sleep 600"},
		{"a first process that buries the dead", []string{"--init"}, "(true & true & true &); echo ready; exec sleep 600"},
		{"the network of the machine", []string{"--network=host"}, "echo ready; exec sleep 600"},
		{"limits with room in them", []string{"--memory=256m", "--cpus=1", "--pids-limit=100", "--ulimit=nofile=1024:4096"}, "dd if=/dev/zero of=/dev/shm/a bs=1M count=20; echo ready; exec sleep 600"},
		{"a cache of files that fills the limit", []string{"--memory=48m"}, "dd if=/dev/zero of=/big bs=1M count=90; cat /big >/dev/null; cat /big >/dev/null; echo ready; exec sleep 600"},
		{"a compilation of a second", []string{"--cpus=1", "--cpu-shares=2"}, "for n in 1 2; do timeout 1 sh -c 'while :; do :; done' & done; echo ready; exec sleep 600"},
		{"many volumes", []string{"--volume=/data", "--volume=/cache", "--tmpfs=/run:size=64k"}, "echo ready; exec sleep 600"},
		{"a few zombies", nil, "(for n in 1 2 3; do true & done; exec sleep 600) & sleep 0.1; echo ready; exec sleep 600"},
		{"a log that may be large", []string{"--log-opt=max-size=10m"}, "yes | head -n 100000; echo ready; exec sleep 600"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rig := scenetest.New(t, daemon)
			rig.Config(`{"image": "busybox:testbed", "hostRequirements": {"cpus": 1, "memory": "48mb"}, "customizations": {"vscode": {"extensions": ["ms-python.python"]}}}`)
			settle(t, rig, rig.Run(append(append(test.options, "--volume="+rig.Workspace+":/work", image), "sh", "-c", test.command)...))
			rig.Healthy(checks())
		})
	}
}

func TestRealSlowWhatDoesNotRunOrHasNoShellRaisesNothing(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	image := daemon.Busybox(t)
	t.Run("no container", func(t *testing.T) {
		t.Parallel()
		scenetest.New(t, daemon).Healthy(checks())
	})
	t.Run("one that has ended, and one that is paused", func(t *testing.T) {
		t.Parallel()
		rig := scenetest.New(t, daemon)
		rig.Run(image, "true")
		rig.Docker("pause", rig.Run(image, "sleep", "600"))
		rig.Healthy(checks())
	})
	t.Run("no shell", func(t *testing.T) {
		t.Parallel()
		rig := scenetest.New(t, daemon)
		rig.Docker("rm", "--force", rig.Run("--entrypoint=/bin/rm", image, "-f", "/bin/sh"))
		name := rig.Run(image, "sh", "-c", "rm /bin/sh; exec sleep 600")
		rig.Healthy(checks())
		for _, f := range rig.Examine(resources.Checks()) {
			if f.Code == "DC-RES-003" && f.State != doctor.OK {
				t.Errorf("the memory of %s was not seen from outside: %+v", name, f)
			}
		}
	})
	t.Run("two services of a project", func(t *testing.T) {
		t.Parallel()
		rig := scenetest.New(t, daemon)
		for _, service := range []string{"app", "db"} {
			rig.Run("--label="+scene.LabelProject+"="+rig.Workspace[len(os.TempDir()):], "--label="+scene.LabelService+"="+service, image, "sleep", "600")
		}
		rig.Healthy(checks())
	})
}
