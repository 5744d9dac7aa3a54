package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"iact-infra/internal/command"
)

// ErrNoDocker says that no Docker daemon can be started here: its programs are missing, or the rights of root.
var ErrNoDocker = errors.New("no Docker daemon programs on this machine, or no root to start one")

// ErrNoImage says that an image of the tests cannot be made here: what it is made with is missing.
var ErrNoImage = errors.New("no programs to make the image on this machine")

// Docker is how to reach a Docker daemon.
type Docker struct {
	Host   string // for DOCKER_HOST
	Dir    string // everything of the daemon
	Client string // the path of a client program
}

// The variables that hand a running daemon to the tests.
const (
	DockerHostVariable   = "IACT_TEST_DOCKER_HOST"
	DockerDirVariable    = "IACT_TEST_DOCKER_DIR"
	DockerClientVariable = "IACT_TEST_DOCKER_CLIENT"
)

// Env is the daemon as NAME=VALUE lines.
func (d Docker) Env() []string {
	return []string{DockerHostVariable + "=" + d.Host, DockerDirVariable + "=" + d.Dir, DockerClientVariable + "=" + d.Client}
}

// DockerFromEnv reads what Env wrote. Without a host there is no daemon; with one, everything must be there.
func DockerFromEnv(getenv func(string) string) (d Docker, found bool, err error) {
	d = Docker{Host: getenv(DockerHostVariable), Dir: getenv(DockerDirVariable), Client: getenv(DockerClientVariable)}
	if d.Host == "" {
		return Docker{}, false, nil
	}
	if d.Dir == "" || d.Client == "" {
		return Docker{}, false, fmt.Errorf("read %s: %s and %s are needed too", DockerHostVariable, DockerDirVariable, DockerClientVariable)
	}
	return d, true, nil
}

// StartDocker is Start for a Docker daemon. Its directory is on a disk, which /tmp need not be.
func StartDocker(ctx context.Context, door *command.Door, root string) (d Docker, stop func(context.Context) error, err error) {
	base := os.Getenv("TMPDIR")
	if base == "" {
		base = "/var/tmp"
	}
	getenv, stop, err := launchIn(ctx, door, base, script(root, "docker.sh"), ErrNoDocker)
	if err != nil {
		return Docker{}, nil, err
	}
	d, found, err := DockerFromEnv(getenv)
	if err == nil && !found {
		err = errors.New("start a private Docker daemon: its script printed no host")
	}
	if err != nil {
		return Docker{}, nil, errors.Join(err, stop(context.WithoutCancel(ctx)))
	}
	return d, stop, nil
}

// Change asks the script of the checkout at root for one of its verbs: stop, hang, continue, or up, which starts a stopped
// daemon again with all it had.
func (d Docker) Change(ctx context.Context, door *command.Door, root, verb string) error {
	change := command.Change("bash", script(root, "docker.sh"), verb, d.Dir)
	change.Timeout = time.Minute
	return door.Run(ctx, change)
}

// Image gives the daemon one of the images that the tests know, busybox or databases, unless it has it. The databases take
// half a minute where they were never made.
func (d Docker) Image(ctx context.Context, door *command.Door, root, name string) error {
	image := command.Change("bash", script(root, "image.sh"), name, d.Dir)
	image.Timeout = 15 * time.Minute
	err := door.Run(ctx, image)
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 4 {
		return fmt.Errorf("%w: %s", ErrNoImage, name)
	}
	return err
}
