package testbed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

func TestRealContainersAndVolumesAreGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	image := docker.Busybox(t)
	var volume, container string
	t.Run("while it lasts", func(t *testing.T) {
		volume = docker.Volume(t)
		container = docker.Container(t, "--volume", volume+":/data", image, "sh", "-c", "echo kept >/data/file; exec sleep 1000")
		if got := docker.Run(t, "exec", container, "sh", "-c", "until test -s /data/file; do :; done; cat /data/file"); got != "kept" {
			t.Errorf("the container says %q", got)
		}
		mounted := docker.Run(t, "volume", "inspect", "--format", "{{.Mountpoint}}", volume)
		if mounted != filepath.Join(docker.Dir, "root", "volumes", volume, "_data") {
			t.Errorf("the volume is at %s", mounted)
		}
		if text, err := os.ReadFile(filepath.Join(mounted, "file")); string(text) != "kept\n" {
			t.Errorf("the file of the volume: %q, %v", text, err)
		}
	})
	for _, left := range []string{
		docker.Run(t, "ps", "--all", "--quiet", "--filter", "name="+container),
		docker.Run(t, "volume", "ls", "--quiet", "--filter", "name="+volume),
	} {
		if left != "" {
			t.Errorf("left: %s", left)
		}
	}
}

func TestRealDatabasesAnswerInTheirContainers(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		server := docker.Postgres(t)
		got := docker.Run(t, "exec", server, "psql", "-U", "postgres", "-Atc", "SHOW data_directory")
		if got != "/var/lib/postgresql/data" {
			t.Errorf("its data are in %s", got)
		}
		docker.Run(t, "exec", server, "sh", "-c", "pg_dump -U postgres postgres | zstd >/dev/null")
		asked, err := docker.Try(t, "exec", server, "psql", "-w", "-h", "127.0.0.1", "-U", "postgres", "-c", "SELECT 1")
		if err == nil || !strings.Contains(err.Error(), "no password supplied") {
			t.Errorf("psql over TCP without a password: %s, %v", asked, err)
		}
	})
	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		server := docker.MariaDB(t)
		if got := docker.Run(t, "exec", server, "mariadb", "-Ne", "SELECT @@datadir"); got != "/var/lib/mysql/" {
			t.Errorf("its data are in %s", got)
		}
		docker.Run(t, "exec", server, "sh", "-c", "mariadb-dump --all-databases | zstd >/dev/null")
	})
}

func TestRealDockerIsFoundByItsEnvironmentThroughAnyClient(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	ask := command.Read("docker", "info", "--format", "{{.DockerRootDir}}")
	ask.Env = docker.Env()
	out, err := command.NewDoor(command.Local()).Text(t.Context(), ask).String()
	if strings.TrimSpace(out) != filepath.Join(docker.Dir, "root") {
		t.Errorf("docker in PATH says %q, %v", out, err)
	}
}

func TestRealContainersReachOneAnotherAndAreReachedByTheirPorts(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	image := docker.Busybox(t)
	serve := "echo served >/tmp/file; exec httpd -f -h /tmp -p 80"
	server := docker.Container(t, "--publish", "127.0.0.1::80", image, "sh", "-c", serve)
	inside := docker.Run(t, "inspect", "--format", "{{.NetworkSettings.IPAddress}}", server)
	for _, address := range []string{inside + ":80", docker.Run(t, "port", server, "80/tcp")} {
		fetch := []string{"run", "--rm", "--network", "host", image}
		if strings.HasPrefix(address, inside) {
			fetch = []string{"run", "--rm", image}
		}
		fetch = append(fetch, "sh", "-c", "until wget -q -O - http://"+address+"/file; do :; done")
		if got := docker.Run(t, fetch...); got != "served" {
			t.Errorf("at %s: %q", address, got)
		}
	}
}

func TestRealDockerIsStoppedAndKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	docker := testbed.OwnDocker(t)
	volume := docker.Volume(t)
	container := docker.Container(t, "--volume", volume+":/data", docker.Busybox(t), "sh", "-c", "echo kept >/data/file; exec sleep 1000")
	docker.Run(t, "exec", container, "sh", "-c", "until test -s /data/file; do :; done")
	docker.Stop(t)
	if _, err := docker.Try(t, "ps"); err == nil || !strings.Contains(err.Error(), "Cannot connect to the Docker daemon") {
		t.Errorf("stopped: %v", err)
	}
	docker.Start(t)
	if state := docker.Run(t, "inspect", "--format", "{{.State.Status}}", container); state != "exited" {
		t.Errorf("the container is %s", state)
	}
	docker.Run(t, "start", container)
	if got := docker.Run(t, "exec", container, "cat", "/data/file"); got != "kept" {
		t.Errorf("the volume holds %q", got)
	}
}

// A daemon that is told of address pools removes docker0 when it starts for the second time.
func TestRealDockerStartedAgainLeavesTheBridgeOfAnotherAlone(t *testing.T) {
	t.Parallel()
	docker := testbed.OwnDocker(t)
	const others = "/sys/class/net/docker0"
	if _, err := os.Stat(others); err != nil {
		door := command.NewDoor(command.Local())
		if err := door.Run(t.Context(), command.Change("ip", "link", "add", "docker0", "type", "bridge")); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { door.Run(context.Background(), command.Change("ip", "link", "delete", "docker0")) })
	}
	before, err := os.ReadFile(others + "/ifindex")
	if err != nil {
		t.Fatal(err)
	}
	docker.Stop(t)
	docker.Start(t)
	docker.Run(t, "network", "create", docker.Name(t))
	if after, err := os.ReadFile(others + "/ifindex"); string(after) != string(before) {
		t.Errorf("docker0 was %q and is %q, %v", before, after, err)
	}
}

func TestRealDockerHangsWithoutAWord(t *testing.T) {
	t.Parallel()
	docker := testbed.OwnDocker(t)
	docker.Hang(t)
	ask := command.Read(docker.Program, "ps")
	ask.Env, ask.Timeout = docker.Env(), time.Second
	door := command.NewDoor(command.Local())
	var failed *command.Error
	if err := door.Run(t.Context(), ask); !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) || failed.Stderr != "" {
		t.Errorf("hanging: %v", err)
	}
	docker.Continue(t)
	ask.Timeout = time.Minute
	if err := door.Run(t.Context(), ask); err != nil {
		t.Errorf("going on: %v", err)
	}
	docker.Hang(t) // its end is the test's, too
}
