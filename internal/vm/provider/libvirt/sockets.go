package libvirt

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/diskimage/nbd"
)

// socketPrefix begins the name of a directory for the sockets of a capture. The
// process that made it follows.
const socketPrefix = "iact-vm-"

// socketDir makes a directory for the sockets of a capture, where their paths are
// short, and takes those away that killed processes have left.
func socketDir(ctx context.Context) (string, error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), socketPrefix+"*-*"))
	if err != nil {
		return "", err
	}
	for _, dir := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), socketPrefix), "-")
		if _, err := strconv.Atoi(owner); err == nil && !alive(owner) {
			released(ctx, dir)
			_ = os.RemoveAll(dir) // that of another user stays
		}
	}
	return os.MkdirTemp("", socketPrefix+strconv.Itoa(os.Getpid())+"-*")
}

// released connects to whatever still serves a disk there, and leaves again: a
// qemu-nbd that nobody had come to yet ends by that, and lets go of the disk.
func released(ctx context.Context, dir string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	all, _ := os.ReadDir(dir)
	for _, one := range all {
		if image, err := nbd.Open(ctx, filepath.Join(dir, one.Name()), ""); err == nil {
			_ = image.Close()
		}
	}
}

// alive says whether there is a process of that number.
func alive(pid string) bool {
	_, err := os.Stat("/proc/" + pid)
	return err == nil
}
