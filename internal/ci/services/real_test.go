package services_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/services"
	"iact-infra/internal/testbed"
)

const composed = `version: "2.4"
services:
  db:
    image: busybox:testbed
    command: ["sh", "-c", "sleep 1; echo accepting >/up; while :; do echo hello | nc -l -p 5432; done"]
    init: true
    ports: ["127.0.0.1::5432"]
    volumes: [data:/data, named:/named, /unnamed]
    healthcheck: {test: ["CMD", "cat", "/up"], interval: 1s, retries: 20}
  migrate:
    image: busybox:testbed
    command: ["true"]
  web:
    image: busybox:testbed
    command: ["sh", "-c", "while :; do echo hello | nc -l -p 80; done"]
    init: true
    ports: ["127.0.0.1::80"]
    depends_on: {db: {condition: service_healthy}}
  sick:
    image: busybox:testbed
    command: ["sh", "-c", "echo 'FATAL: no space' >&2; exec sleep 1000"]
    init: true
    healthcheck: {test: ["CMD-SHELL", "echo password=hunter22 is wrong; exit 7"], interval: 1s, retries: 2}
  broken:
    image: busybox:testbed
    command: ["sh", "-c", "echo 'config: bad key' >&2; exit 9"]
volumes:
  data: {}
  named: {name: NAMED}
`

func TestRealSlowComposeServicesComeUpByHealthAndLeaveNothingOfTheirs(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	docker.Busybox(t)
	t.Run("docker-compose", func(t *testing.T) {
		t.Parallel()
		comesUp(t, docker, docker.Env())
	})
	for _, plugin := range plugins(t) {
		t.Run("plugin", func(t *testing.T) {
			t.Parallel()
			config := t.TempDir()
			if err := errors.Join(os.Mkdir(config+"/cli-plugins", 0o700), os.Symlink(plugin, config+"/cli-plugins/docker-compose")); err != nil {
				t.Fatal(err)
			}
			comesUp(t, docker, append(docker.Env(), "DOCKER_CONFIG="+config))
		})
	}
}

// plugins is Compose as a plugin of the client, where the testbed has made it.
func plugins(t *testing.T) []string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(cache, "iact-testbed", "compose-*", "docker-compose"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func comesUp(t *testing.T, docker *testbed.DockerDaemon, client []string) {
	t.Helper()
	// It is somebody's database, although the compose file uses it.
	theirs := docker.Volume(t)
	dir, state, logs := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "compose.yml"), []byte(strings.Replace(composed, "NAMED", theirs, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	before := docker.Run(t, "volume", "ls", "--quiet")
	g := services.Group{Dir: dir, Files: []string{"compose.yml"}, Names: []string{"web", "migrate"}, Env: client, Logs: logs, Limit: time.Minute}
	r, err := services.Up(t.Context(), door(), state, g)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range r.Services {
		got = append(got, s.Name+" "+s.State+" "+strconv.Itoa(len(s.Ports)))
	}
	slices.Sort(got)
	if want := []string{"db healthy 1", "migrate done 0", "web running 1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	env := strings.Join(r.Env(), "\n")
	for _, want := range []string{"COMPOSE_PROJECT_NAME=" + r.Name, "IACT_SERVICE_DB_HOST=127.0.0.1", "IACT_SERVICE_DB_PORT_5432=", "IACT_SERVICE_WEB_PORT="} {
		if !strings.Contains(env, want) {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
	if err := r.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, kind := range [][]string{{"ps", "--all"}, {"network", "ls"}, {"volume", "ls"}} {
		if left := docker.Run(t, append(kind, "--quiet", "--filter", "label=com.docker.compose.project="+r.Name)...); left != "" {
			t.Errorf("left: %v %s", kind, left)
		}
	}
	if !strings.Contains(docker.Run(t, "volume", "ls", "--quiet"), theirs) {
		t.Errorf("their volume %s has gone; there was %s", theirs, before)
	}
	if logs, err := filepath.Glob(filepath.Join(logs, "*db*.log")); err != nil || len(logs) != 1 {
		t.Errorf("logs %v, %v", logs, err)
	}
	t.Run("and one that cannot says why", func(t *testing.T) {
		for name, want := range map[string][]string{
			"sick":   {"its health check fails with exit code 7", "password=*** is wrong", "FATAL: no space"},
			"broken": {"it ended with exit code 9", "config: bad key"},
			"nobody": {"start services of compose.yml", "nobody"},
		} {
			g.Names = []string{name}
			_, err := services.Up(t.Context(), door(), state, g)
			for _, want := range want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %v, want %q", name, err, want)
				}
			}
		}
		if left := records(t, state); len(left) > 0 {
			t.Errorf("records left: %v", left)
		}
	})
}
