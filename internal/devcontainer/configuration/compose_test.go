package configuration_test

import (
	"strings"
	"testing"

	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/configuration"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
)

// noEngine answers as where no engine runs, and as others do.
func noEngine(t *testing.T, others ...*commandtest.Call) *commandtest.Fake {
	t.Helper()
	return commandtest.New(t, append(others,
		commandtest.Expect("docker", "context", commandtest.Rest).Prints("default unix:///nowhere\n").AnyTimes(),
		commandtest.Expect("docker", "info", commandtest.Rest).Complains("Cannot connect to the Docker daemon").Exits(1).AnyTimes(),
	)...)
}

// The texts are those of docker compose 2.40 and of docker 28.
func TestWhatComposeRefusesIsSaidWithoutSecrets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stderr, evidence string
		exit             int
		state            doctor.State
	}{
		"a key that it does not know":   {"validating /w/compose.yml: services.app additional properties 'imagee' not allowed\n", "'imagee' not allowed", 1, doctor.Fail},
		"a variable that has to be set": {"error while interpolating services.app.image: required variable NO is missing a value: set NO\n", "required variable NO", 1, doctor.Fail},
		"a file of variables":           {"env file /w/no.env not found: stat /w/no.env: no such file or directory\n", "no.env not found", 1, doctor.Fail},
		"a secret in what it says":      {"services.app.ports: invalid hostPort: hunter2hunter2\n", "invalid hostPort: ***", 1, doctor.Fail},
		"no plugin":                     {"unknown shorthand flag: 'f' in -f\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n", "no compose plugin", 125, doctor.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := noEngine(t, commandtest.Expect("docker", "compose", commandtest.Rest).Complains(c.stderr).Exits(c.exit).AnyTimes())
			rig := scenetest.Over(t, fake)
			rig.Config(`{"dockerComposeFile": "compose.yml", "service": "app"}`)
			rig.Write(".devcontainer/compose.yml", "services: {app: {image: x}}\n")
			rig.Write(".devcontainer/.env", "DB_PASSWORD=hunter2hunter2\n")
			for _, f := range rig.Examine(configuration.Checks()) {
				if f.Code == "DC-CFG-002" && (f.State != c.state || !strings.Contains(f.Evidence, c.evidence) || strings.Contains(f.Evidence, "hunter2")) {
					t.Errorf("got %s %q", f.State, f.Evidence)
				}
			}
		})
	}
}

func TestWithoutComposeFilesComposeIsNotAsked(t *testing.T) {
	t.Parallel()
	rig := scenetest.Over(t, noEngine(t))
	rig.Config(`{"image": "x"}`)
	rig.Healthy(configuration.Checks())
}
