package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/engine"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

func TestRealAnEngineThatAnswersIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := scenetest.New(t, testbed.Docker(t))
	r.Healthy(engine.Checks())
	if e, err := r.Scene().Engine(); err != nil || !e.Local || e.Podman || e.Cgroup == "" {
		t.Errorf("%v %+v", err, e)
	}
}

// asUser runs everything as another user.
type asUser struct {
	command.Transport
	user string
}

func (a asUser) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	c.As = a.user
	return a.Transport.Start(ctx, c, stdout)
}

func TestRealASocketThatMayNotBeUsedIsNotOpenedToAll(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	r := scenetest.Over(t, asUser{command.Local(), "nobody"})
	r.Options.Docker = []string{"DOCKER_HOST=" + daemon.Host, "DOCKER_CONFIG=/nonexistent"}
	f := r.First(engine.Checks())
	if f.Code != "DC-ENG-003" || !strings.Contains(f.Evidence, "nobody") || strings.Contains(f.Fix, "chmod") {
		t.Errorf("%s %s\n%s\n%s", f.Code, f.Evidence, f.Cause.EN, f.Fix)
	}
}

func TestRealSlowADaemonThatHangsOrEndsIsToldApart(t *testing.T) {
	t.Parallel()
	daemon := testbed.OwnDocker(t)
	r := scenetest.New(t, daemon)

	daemon.Hang(t)
	began := time.Now()
	f := r.First(engine.Checks())
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("a daemon that hangs holds the doctor up for %v", took)
	}
	if f.Code != "DC-ENG-002" || !strings.Contains(f.Evidence, "state T") || !strings.HasPrefix(f.Fix, "sudo kill -CONT") {
		t.Errorf("hung: %s %s\n%s", f.Code, f.Evidence, f.Fix)
	}
	daemon.Continue(t)
	r.Healthy(engine.Checks())

	config := filepath.Join(daemon.Dir, "daemon.json")
	sound, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, append([]byte("{,"), sound[1:]...), 0o644); err != nil {
		t.Fatal(err)
	}
	if f := r.First(engine.Checks()); f.Code != "DC-ENG-006" || f.State != "warn" {
		t.Errorf("broken behind a daemon that runs: %s %s %s", f.State, f.Code, f.Evidence)
	}
	daemon.Stop(t)
	found := r.Examine(engine.Checks())
	if found[0].Code != "DC-ENG-006" || !slices.ContainsFunc(found, func(f doctor.Finding) bool { return f.Code == "DC-ENG-001" && f.By == "DC-ENG-006" }) {
		t.Errorf("stopped, with a broken daemon.json:\n%s", scenetest.Lines(found))
	}
	if err := os.WriteFile(config, sound, 0o644); err != nil {
		t.Fatal(err)
	}
	if f := r.First(engine.Checks()); f.Code != "DC-ENG-001" {
		t.Errorf("stopped: %s %s", f.Code, f.Evidence)
	}
}

func TestRealPodmansSocketIsAnEngineToo(t *testing.T) {
	t.Parallel()
	testbed.Docker(t) // root, and programs for containers
	door := command.NewDoor(command.Local())
	if _, err := door.Text(t.Context(), command.Read("podman", "--version")).String(); err != nil {
		t.Skip("no podman on this machine")
	}
	dir, err := os.MkdirTemp("", "pod") // podman takes no long path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	serve := command.Change("podman", "--root", dir+"/root", "--runroot", dir+"/run", "--storage-driver", "vfs", "system", "service", "--time=0", "unix://"+dir+"/p.sock")
	go func() { _ = door.Run(ctx, serve) }()
	wait := command.Read("sh", "-c", `for n in $(seq 100); do [ -S "$1" ] && exit; sleep 0.1; done; exit 1`, "wait", dir+"/p.sock")
	if err := door.Run(t.Context(), wait); err != nil {
		t.Skip("podman does not serve here")
	}
	r := scenetest.Over(t, command.Local())
	r.Options.Docker = []string{"DOCKER_HOST=unix://" + dir + "/p.sock"}
	e, err := r.Scene().Engine()
	if err != nil || !e.Podman {
		t.Fatalf("%v %+v", err, e)
	}
	r.Healthy(engine.Checks())
}
