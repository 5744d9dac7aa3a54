package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"iact-infra/internal/command"
)

// ErrNoDisk says that no file system can be made in a file and mounted here.
var ErrNoDisk = errors.New("no mkfs.ext4 on this machine, or no root to mount a file")

// SmallDisk is a file system of its own, with so many megabytes and inodes: to fill it. Daemons that the test starts after
// that have their data on it, when TMPDIR says so. It is unmounted when the test ends, after what was started on it.
func SmallDisk(t testing.TB, megabytes, inodes int) string {
	t.Helper()
	realOnly(t)
	door := command.NewDoor(command.Local())
	dir, err := smallDisk(t.Context(), door, filepath.Join(t.TempDir(), "disk"), megabytes, inodes)
	installed(t, err, ErrNoDisk)
	t.Cleanup(func() {
		if err := door.Run(context.WithoutCancel(t.Context()), command.Change("umount", dir)); err != nil {
			t.Error(err)
		}
		_ = os.Remove(dir)
	})
	return dir
}

// smallDisk mounts it at a path that is short enough for the sockets of a daemon.
func smallDisk(ctx context.Context, door *command.Door, image string, megabytes, inodes int) (string, error) {
	dir, err := os.MkdirTemp("/var/tmp", "disk")
	if err != nil {
		return "", err
	}
	script := `truncate -s "$3"M "$1" && mkfs.ext4 -q -m 0 -N "$4" "$1" && mount -o loop "$1" "$2" && chmod 0755 "$2"`
	if err := door.Run(ctx, command.Change("sh", "-c", script, "disk", image, dir, strconv.Itoa(megabytes), strconv.Itoa(inodes))); err != nil {
		_ = os.Remove(dir)
		return "", fmt.Errorf("%w: %w", ErrNoDisk, err)
	}
	return dir, nil
}
