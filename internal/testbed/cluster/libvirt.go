package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"iact-infra/internal/command"
)

// ErrNoLibvirt says that no virtual machine can be run here: programs are missing, or the rights of root.
var ErrNoLibvirt = errors.New("no Vagrant with libvirt and QEMU on this machine, or no root to start them")

// StartLibvirt has libvirt running until stop is called, or until this process ends without that. Unlike the other
// services there is one for the whole machine: the tests use one that runs already, and the last one that uses it stops
// what the first one started.
func StartLibvirt(ctx context.Context, door *command.Door, root string) (stop func(context.Context) error, err error) {
	pid := strconv.Itoa(os.Getpid())
	if err := libvirt(ctx, door, root, time.Minute, "up", pid); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return libvirt(ctx, door, root, time.Minute, "down", pid) }, nil
}

// VagrantBox makes the box of the tests, which takes a minute where it was never made.
func VagrantBox(ctx context.Context, door *command.Door, root string) error {
	return libvirt(ctx, door, root, 15*time.Minute, "box")
}

// VagrantHome makes a directory a home of Vagrant (VAGRANT_HOME) that has the box of the tests, debian/bookworm64, and
// settings that fit here.
func VagrantHome(ctx context.Context, door *command.Door, root, dir string) error {
	return libvirt(ctx, door, root, 15*time.Minute, "home", dir)
}

func libvirt(ctx context.Context, door *command.Door, root string, most time.Duration, args ...string) error {
	c := command.Change("bash", append([]string{script(root, "libvirt.sh")}, args...)...)
	c.Timeout = most
	err := door.Run(ctx, c)
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 4 {
		return fmt.Errorf("%w: %s", ErrNoLibvirt, command.Reason(err))
	}
	return err
}
