package scenetest_test

import (
	"strings"
	"testing"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/devcontainer/state"
	"iact-infra/internal/testbed"
)

func TestRealAContainerOfTheRigIsThatOfItsWorkspace(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	rig := scenetest.New(t, daemon)
	rig.Config(`{"image": "busybox:testbed"}`)
	name := rig.Run("--init", daemon.Busybox(t), "sleep", "600")
	main, err := rig.Scene().Main()
	if err != nil || main == nil || main.Name != name {
		t.Fatalf("the workspace's container is %+v (%v), want %s", main, err, name)
	}
	rig.Healthy(state.Checks())
	if all, err := scenetest.New(t, daemon).Scene().Containers(); err != nil || len(all) != 0 {
		t.Errorf("another workspace has %d containers (%v)", len(all), err)
	}
}

func TestRealAContainerThatCannotStartIsLeftForTheChecks(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	rig := scenetest.New(t, daemon)
	name, said := rig.Fail(daemon.Busybox(t), "no-such-program")
	main, err := rig.Scene().Main()
	if err != nil || main == nil || main.Name != name || main.State.Running {
		t.Fatalf("the workspace's container is %+v (%v), want %s", main, err, name)
	}
	if !strings.Contains(said, "127") {
		t.Errorf("docker said %q", said)
	}
}

func TestOnlyFindingsThatNothingExplainsAreBad(t *testing.T) {
	t.Parallel()
	found := []doctor.Finding{
		{Code: "DC-X-001", State: doctor.Fail}, {Code: "DC-X-002", State: doctor.Warn, By: "DC-X-001"}, {Code: "DC-X-003", State: doctor.OK},
		{Code: "DC-X-004", State: doctor.Unknown},
	}
	if got := strings.Join(scenetest.Codes(scenetest.Bad(found)), " "); got != "DC-X-001" {
		t.Errorf("bad are %s", got)
	}
}
