package volumes_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
)

// composed is this machine with a Compose that says what version 2.40 said.
type composed struct {
	command.Transport
	file string
}

func (c composed) Start(ctx context.Context, run command.Command, stdout *os.File) (command.Process, error) {
	if slices.Contains(run.Args, "compose") {
		run = command.Read("cat", c.file)
	}
	return c.Transport.Start(ctx, run, stdout)
}

// compose gives the workspace a Compose file, whose text only serves for places,
// and what Compose makes of it.
func (b *bench) compose(service, volumes string) {
	b.t.Helper()
	b.Config(`{"dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": "/w"}`)
	b.Write(".devcontainer/compose.yml", "services:\n  app:\n    image: x\n    volumes:\n      - ..:/w\n      - ./none:/data\n")
	bind := `{"type": "bind", "source": "` + b.Workspace + `", "target": "/w", "bind": {"create_host_path": true}}`
	said := fmt.Sprintf(`{"name": "devcontainer", "services": {"app": {"environment": {"PASSWORD": "x"}, "volumes": [%s%s]}}, "volumes": {%s}}`, bind, service, volumes)
	file := b.file("composed.json", said)
	b.Options.Door = command.NewDoor(commandtest.ReadOnly(b.t, composed{command.Local(), file}))
}

func TestRealSlowFaultsOfComposeFilesAreNamedAtTheirLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		service, volumes string
		code             string
		state            doctor.State
		where, evidence  string
	}{
		{"a folder in the long form", `, {"type": "bind", "source": "/none/none", "target": "/data"}`, "", "DC-VOL-001", doctor.Fail, ".devcontainer/compose.yml:6", "/none/none is not there"},
		{"a folder in the short form", `, {"type": "bind", "source": "/none/none", "target": "/data", "bind": {"create_host_path": true}}`, "", "DC-VOL-001", doctor.Warn, ".devcontainer/compose.yml:6", "/none/none is not there"},
		{"an external volume", `, {"type": "volume", "source": "ext", "target": "/ext"}`, `"ext": {"name": "other-that-is-not", "external": true}`, "DC-VOL-004", doctor.Fail, ".devcontainer/compose.yml", "other-that-is-not is external"},
		{"a driver", "", `"v": {"name": "p_v", "driver": "rexray/ebs"}`, "DC-VOL-006", doctor.Fail, ".devcontainer/compose.yml", "of driver rexray/ebs"},
		{"the device of a volume", "", `"v": {"name": "p_v", "driver_opts": {"type": "none", "o": "bind", "device": "/none/none"}}`, "DC-VOL-006", doctor.Fail, ".devcontainer/compose.yml", "device /none/none is not there"},
		{"nothing", "", `"v": {"name": "p_v"}`, "", doctor.OK, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := at(t)
			b.compose(c.service, c.volumes)
			bad := scenetest.Bad(b.Examine(checks()))
			if c.code == "" && len(bad) == 0 {
				return
			}
			if len(bad) != 1 || bad[0].Code != c.code || bad[0].State != c.state || bad[0].Where != c.where || !strings.Contains(bad[0].Evidence, c.evidence) {
				t.Errorf("want %s %s at %s …%s…, got\n%s", c.state, c.code, c.where, c.evidence, scenetest.Lines(bad))
			}
		})
	}
}

func TestRealASourceThatIsMissingCanBeMadeAndTakenBack(t *testing.T) {
	t.Parallel()
	b := at(t)
	b.Config(`{"image": "x", "mounts": ["type=bind,source=` + b.dir + `/a b,target=/data"]}`)
	f := b.First(checks())
	if f.Repair == nil || !f.Repair.Safe {
		t.Fatalf("no repair: %+v", f)
	}
	door := command.NewDoor(command.Local())
	for _, step := range []struct {
		lines []string
		well  bool
	}{{f.Repair.Do, true}, {f.Repair.Undo, false}} {
		b.must(door.Run(t.Context(), command.Change("sh", "-ec", strings.Join(step.lines, "\n"))))
		if bad := scenetest.Bad(b.Examine(checks())); (len(bad) == 0) != step.well {
			t.Errorf("after %q: %s", step.lines, scenetest.Lines(bad))
		}
	}
}

func TestPathsOfAnotherMachineAreNotLookedForOnThisOne(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t,
		commandtest.Expect("docker", "context", commandtest.Rest).Prints("far tcp://far:2376\n").AnyTimes(),
		commandtest.Expect("docker", "info", commandtest.Rest).Prints(`{"ServerVersion": "28.2.2", "Name": "far", "Plugins": {"Volume": ["local"]}}`).AnyTimes(),
		commandtest.Expect("docker", "ps", commandtest.Rest).AnyTimes(),
		commandtest.Expect("docker", "volume", commandtest.Rest).AnyTimes(),
	)
	rig := scenetest.Over(t, fake)
	rig.Config(`{"image": "x", "mounts": ["type=bind,source=/none/none,target=/data"]}`)
	rig.Healthy(checks())
	for _, f := range rig.Examine(checks()) {
		if f.Code == "DC-VOL-001" && !strings.Contains(f.Evidence, "which is not this one") {
			t.Errorf("got %q", f.Evidence)
		}
	}
}
