package testbed

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// DockerDaemon is a Docker daemon for tests. Other tests use it at the same time: a test makes its own containers, volumes
// and networks, and never lists or prunes without a filter.
type DockerDaemon struct {
	Host    string // for DOCKER_HOST
	Dir     string // everything of the daemon: root/volumes/NAME/_data is a volume, daemon.json its settings
	Program string // the client that Run uses
	daemon  cluster.Docker
	door    *command.Door
	root    string // of the checkout
	own     bool
}

// sharedDocker is what shared is for PostgreSQL.
//
//nolint:gochecknoglobals // one daemon a test process, and testing has no other place to keep it
var sharedDocker = sync.OnceValues(func() (cluster.Docker, error) {
	root, err := checkout()
	if err != nil {
		return cluster.Docker{}, err
	}
	d, _, err := cluster.StartDocker(context.Background(), command.NewDoor(command.Local()), root)
	return d, err
})

// Docker is a running Docker daemon, apart from any other on this machine.
func Docker(t testing.TB) *DockerDaemon {
	t.Helper()
	realOnly(t)
	root, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	d, found, err := cluster.DockerFromEnv(os.Getenv)
	if err == nil && !found {
		d, err = sharedDocker()
	}
	installed(t, err, cluster.ErrNoDocker)
	return dockerDaemon(d, root, false)
}

// OwnDocker is a daemon that only this test uses: to stop it, to hang it, to change its settings.
func OwnDocker(t testing.TB) *DockerDaemon {
	t.Helper()
	realOnly(t)
	root, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	d, stop, err := cluster.StartDocker(t.Context(), command.NewDoor(command.Local()), root)
	installed(t, err, cluster.ErrNoDocker)
	t.Cleanup(func() {
		if err := stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return dockerDaemon(d, root, true)
}

func dockerDaemon(d cluster.Docker, root string, own bool) *DockerDaemon {
	return &DockerDaemon{
		Host: d.Host, Dir: d.Dir, Program: d.Client,
		daemon: d, door: command.NewDoor(command.Local()), root: root, own: own,
	}
}

// Env is the environment by which every docker program finds the daemon, as NAME=VALUE lines: without the contexts, the
// logins and the plugins of the one who runs the tests.
func (d *DockerDaemon) Env() []string {
	return []string{"DOCKER_HOST=" + d.Host, "DOCKER_CONFIG=" + filepath.Join(d.Dir, "config")}
}

// Run runs the docker client and returns what it prints, without the last newline. When it fails, so does the test.
func (d *DockerDaemon) Run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := d.Try(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Try is Run for a command that may fail. It does not end with the test's context: clean-ups use it, too.
func (d *DockerDaemon) Try(t testing.TB, args ...string) (string, error) {
	t.Helper()
	client := command.Change(d.Program, args...)
	client.Env = d.Env()
	client.Timeout = 2 * time.Minute
	out, err := d.door.Text(context.WithoutCancel(t.Context()), client).String()
	return strings.TrimSuffix(out, "\n"), err
}

// Name is a name for a container, a volume or a network that no other test uses.
func (d *DockerDaemon) Name(t testing.TB) string {
	t.Helper()
	return "iact-t-" + strings.ToLower(rand.Text()[:12])
}

// Volume makes an empty volume with a name of its own and removes it when the test ends; options are those of `docker
// volume create`.
func (d *DockerDaemon) Volume(t testing.TB, options ...string) string {
	t.Helper()
	name := d.Name(t)
	d.Run(t, append(append([]string{"volume", "create"}, options...), name)...)
	d.remove(t, "volume", "rm", "--force", name)
	return name
}

// Container starts a container with a name of its own and removes it when the test ends, with its unnamed volumes. The
// arguments are those of `docker run`: options, the image, and what to run in it.
func (d *DockerDaemon) Container(t testing.TB, args ...string) string {
	t.Helper()
	name := d.Name(t)
	d.remove(t, "rm", "--force", "--volumes", name)
	d.Run(t, append([]string{"run", "--detach", "--name", name}, args...)...)
	return name
}

// remove runs a command when the test ends. A daemon of the test's own ends then, with all it has.
func (d *DockerDaemon) remove(t testing.TB, args ...string) {
	t.Helper()
	if d.own {
		return
	}
	t.Cleanup(func() {
		if _, err := d.Try(t, args...); err != nil && !strings.Contains(err.Error(), "No such") {
			t.Error(err)
		}
	})
}

// Busybox is an image of two megabytes with a shell and its programs.
func (d *DockerDaemon) Busybox(t testing.TB) string { t.Helper(); return d.image(t, "busybox") }

// Databases is a Debian image that holds PostgreSQL, MariaDB, an OpenSSH server and zstd, and runs none of them.
func (d *DockerDaemon) Databases(t testing.TB) string { t.Helper(); return d.image(t, "databases") }

func (d *DockerDaemon) image(t testing.TB, name string) string {
	t.Helper()
	installed(t, d.daemon.Image(t.Context(), d.door, d.root, name), cluster.ErrNoImage)
	return name + ":testbed"
}

// Postgres starts a container with a PostgreSQL server, superuser postgres, which needs no password at the socket inside
// and one over TCP. It answers when Postgres returns. Options are those of `docker run`.
//
// Like the images that people use, it is called postgres:testbed, has its data in an unnamed volume at
// /var/lib/postgresql/data, and runs as process 1.
func (d *DockerDaemon) Postgres(t testing.TB, options ...string) string {
	t.Helper()
	d.Databases(t)
	name := d.Container(t, append(options, "postgres:testbed")...)
	d.answers(t, name, "psql -U postgres -c 'SELECT 1'")
	return name
}

// MariaDB starts a container with a MariaDB server, where root needs no password at the socket inside. It answers when
// MariaDB returns. Options are those of `docker run`.
//
// Like the images that people use, it is called mariadb:testbed, has its data in an unnamed volume at /var/lib/mysql, and
// runs as process 1.
func (d *DockerDaemon) MariaDB(t testing.TB, options ...string) string {
	t.Helper()
	d.Databases(t)
	name := d.Container(t, append(options, "mariadb:testbed")...)
	d.answers(t, name, "mariadb -e 'SELECT 1'")
	return name
}

// answers waits inside of a container until a shell command succeeds there. Should the container end, so does the wait.
func (d *DockerDaemon) answers(t testing.TB, container, ask string) {
	t.Helper()
	wait := "for n in $(seq 600); do " + ask + " >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1"
	if _, err := d.Try(t, "exec", container, "sh", "-c", wait); err != nil {
		logs, _ := d.Try(t, "logs", "--tail", "20", container)
		t.Fatalf("start a server in %s: %v\n%s", container, err, logs)
	}
}

// Stop ends the daemon in order, as a service is stopped, and with it its containers.
func (d *DockerDaemon) Stop(t testing.TB) { t.Helper(); d.change(t, "stop") }

// Start starts a stopped daemon again, with its images, volumes and stopped containers.
func (d *DockerDaemon) Start(t testing.TB) { t.Helper(); d.change(t, "up") }

// Hang makes the daemon answer nobody, without a word. Its containers go on.
func (d *DockerDaemon) Hang(t testing.TB) { t.Helper(); d.change(t, "hang") }

// Continue ends what Hang began.
func (d *DockerDaemon) Continue(t testing.TB) { t.Helper(); d.change(t, "continue") }

func (d *DockerDaemon) change(t testing.TB, verb string) {
	t.Helper()
	if !d.own {
		t.Fatal("other tests use this daemon, too: ask testbed.OwnDocker for one of your own")
	}
	if err := d.daemon.Change(context.WithoutCancel(t.Context()), d.door, d.root, verb); err != nil {
		t.Fatal(err)
	}
}
