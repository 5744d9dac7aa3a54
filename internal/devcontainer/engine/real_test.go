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

func TestRealAComposePluginThatCannotRunIsNamed(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	r := scenetest.New(t, daemon)
	r.Config(`{"dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": "/w"}`)
	r.Options.Docker = []string{"DOCKER_HOST=" + daemon.Host, "DOCKER_CONFIG=" + filepath.Join(r.Workspace, "docker")}
	r.Write("docker/config.json", "{}")
	plugin := r.Write("docker/cli-plugins/docker-compose", "cut off")
	if err := os.Chmod(plugin, 0o755); err != nil {
		t.Fatal(err)
	}
	f := r.First(engine.Checks())
	if f.Code != "DC-ENG-007" || !strings.Contains(f.Evidence, plugin) || !strings.Contains(f.Evidence, "exec format error") || !strings.Contains(f.Cause.EN, "cannot be run") {
		t.Errorf("%s %s\n%s", f.Code, f.Evidence, f.Cause.EN)
	}
}

func TestRealSlowADaemonThatHangsOrEndsIsToldApart(t *testing.T) {
	t.Parallel()
	daemon := testbed.OwnDocker(t)
	r := scenetest.New(t, daemon)

	r.Options.Patience = 1
	daemon.Hang(t)
	began := time.Now()
	f := r.First(engine.Checks())
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("a daemon that hangs holds the doctor up for %v", took)
	}
	if f.Code != "DC-ENG-002" || !strings.Contains(f.Evidence, "state T") || !strings.HasPrefix(f.Fix, "sudo kill -CONT") {
		t.Errorf("hung: %s %s\n%s", f.Code, f.Evidence, f.Fix)
	}
	daemon.Continue(t)
	r.Options.Patience = scenetest.Patience
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
	if err := os.WriteFile(config, []byte(`{"hosts": ["unix:///x"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if f := r.First(engine.Checks()); f.Code != "DC-ENG-006" || !strings.Contains(f.Cause.EN, "command line") {
		t.Errorf("given twice behind a daemon that runs: %s %s", f.Code, f.Evidence)
	}
	if err := os.WriteFile(config, append([]byte("{,"), sound[1:]...), 0o644); err != nil {
		t.Fatal(err)
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
