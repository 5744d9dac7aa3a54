package devcontainer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/roomtest"
)

func TestMain(m *testing.M) {
	if code, played := roomtest.Play(nil); played {
		os.Exit(code)
	}
	m.Run()
}

const fix = "devcontainer:fix"

// ill is a workspace with one container, which shares the machine's network: the
// daemons of the testbed touch no firewall, which would be a finding of its own.
func ill(t *testing.T, option, command string) (*roomtest.Rig, string) {
	t.Helper()
	r := roomtest.New(t)
	r.Config(`{"image": "` + r.Image + `"}`)
	return r, r.Start("--network", "host", "--init", option, r.Image, "sh", "-c", command)
}

func is(r *roomtest.Rig, container, status string) {
	r.T.Helper()
	if got := r.Docker.Run(r.T, "inspect", "--format", "{{.State.Status}}", container); got != status {
		r.T.Errorf("the container is %s, want %s", got, status)
	}
}

func TestRealSlowASafeRepairIsDoneAndARollbackTakesItBack(t *testing.T) {
	t.Parallel()
	r, container := ill(t, "--tty=false", "exec sleep 600")
	r.Docker.Run(t, "pause", container)
	if said, err := r.Run(fix, devcontainer.Selection{}); err != nil {
		t.Errorf("a paused container: %v\n%s", err, said.Err)
	}
	is(r, container, "running")
	r.Rollback()
	is(r, container, "paused")
}

func TestRealSlowARepairThatWasCutOffIsTakenBack(t *testing.T) {
	t.Parallel()
	r, container := ill(t, "--tty=false", "exec sleep 600")
	r.Docker.Run(t, "pause", container)
	r.Killed(fix, devcontainer.Selection{}, "docker unpause")
	is(r, container, "running")
	r.Rollback()
	is(r, container, "paused")
}

func TestRealSlowWhatLosesSomethingIsDoneOnlyAfterAYes(t *testing.T) {
	t.Parallel()
	source := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(source, 0o755); err != nil {
		t.Fatal(err)
	}
	r, container := ill(t, "--volume="+source+":/data", "exec sleep 600")
	for _, err := range []error{os.Remove(source), os.Mkdir(source, 0o755), os.WriteFile(filepath.Join(source, "new"), nil, 0o644)} {
		r.Must(err)
	}
	began := func() string { return r.Docker.Run(t, "inspect", "--format", "{{.State.StartedAt}}", container) }
	before := began()
	said, err := r.Run(fix, devcontainer.Selection{})
	if err == nil || !strings.Contains(said.Err, "DC-VOL-009 is not repaired") || began() != before {
		t.Errorf("without a terminal: %v\n%s", err, said.Err)
	}
	if said, err = r.Run(fix, devcontainer.Selection{Yes: true}); err != nil || began() == before {
		t.Errorf("with -yes=true: %v\n%s", err, said.Err)
	}
	if seen := r.Docker.Run(t, "exec", container, "ls", "/data"); seen != "new" {
		t.Errorf("the container sees %q", seen)
	}
}

// The container undoes the repair, in its own way.
func TestRealSlowARepairThatDoesNotHelpIsTakenBack(t *testing.T) {
	t.Parallel()
	r, container := ill(t, "--tty=false", `chmod 777 /tmp; while sleep 0.05; do if [ "$(stat -c %a /tmp)" = 1777 ]; then chmod 2777 /tmp; fi; done`)
	mode := func() string { return r.Docker.Run(t, "exec", container, "stat", "-c", "%a", "/tmp") }
	before := mode()
	said, _ := r.Run(fix, devcontainer.Selection{})
	if !strings.Contains(said.Err, "is still there after its repair") {
		t.Errorf("a repair that does not help:\n%s%s", said.Out, said.Err)
	}
	if now := mode(); now != before {
		t.Errorf("the mode of /tmp is %s, and was %s", now, before)
	}
}
