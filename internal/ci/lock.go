package ci

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/config"
	"iact-infra/internal/fault"
)

// alone refuses a second pipeline in the same project: they would take each
// other's files away. Targets of one invocation share the lock, and the first that
// changes anything takes it. The kernel lets go of it when this process ends.
// r.mu is held.
func (r *Room) alone(c *config.Config) error {
	if r.lock != nil {
		return nil
	}
	state := filepath.Join(c.Root, ".iact", "ci")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return fmt.Errorf("lock pipeline: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(state, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock pipeline: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := make([]byte, 32)
		n, _ := f.ReadAt(holder, 0)
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fault.New(fault.Locked, "wait until it has ended", fmt.Errorf("lock pipeline: another run (process %s) is at work in %s", strings.TrimSpace(string(holder[:n])), c.Project))
		}
		return fmt.Errorf("lock pipeline: %w", err)
	}
	_, _ = f.WriteAt(fmt.Appendf(nil, "%-10d\n", os.Getpid()), 0)
	r.lock = f
	return nil
}

// unlock lets go of the lock itself: a program that is being started holds the file
// for a moment as well. r.mu is held.
func (r *Room) unlock() error {
	if r.lock == nil {
		return nil
	}
	f := r.lock
	r.lock = nil
	return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
}

// claim is alone for what is done before there is a site.
func (r *Room) claim(c *config.Config) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alone(c)
}
