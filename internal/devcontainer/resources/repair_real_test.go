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

func TestRealSlowALimitIsRaisedInPlaceAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	image := daemon.Busybox(t)
	for code, test := range map[string]struct {
		option, command, format, before, after string
	}{
		"DC-RES-003": {"--memory=64m", "dd if=/dev/zero of=/dev/shm/a bs=1k count=60500; echo ready; exec sleep 600", "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}", "67108864 134217728", "134217728 268435456"},
		"DC-RES-006": {"--pids-limit=12", "for n in $(seq 11); do sleep 600 & done; echo ready; wait", "{{.HostConfig.PidsLimit}}", "12", "512"},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			rig := scenetest.New(t, daemon)
			name := rig.Run(test.option, "--shm-size=200m", image, "sh", "-c", test.command)
			settle(t, rig, name)
			typed := func(lines []string) {
				t.Helper()
				c := command.Change("sh", "-ec", strings.Join(lines, "\n"))
				c.Env = daemon.Env()
				if err := command.NewDoor(command.Local()).Run(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			is := func(want string) {
				t.Helper()
				if got := rig.Docker("inspect", "-f", test.format, name); got != want {
					t.Errorf("the limits are %s, want %s", got, want)
				}
			}
			f := rig.First(resources.Checks())
			if f.Code != code || f.Repair == nil || !f.Repair.Safe {
				t.Fatalf("no repair: %+v", f)
			}
			is(test.before)
			typed(f.Repair.Do)
			is(test.after)
			if found := rig.Examine(resources.Checks()); slices.ContainsFunc(found, doctor.Finding.Bad) {
				t.Errorf("it is still short:\n%s", scenetest.Lines(found))
			}
			typed(f.Repair.Undo)
			is(test.before)
		})
	}
}
