package testbed

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ErrNoGroup says that no control group that bounds memory can be made here.
var ErrNoGroup = errors.New("no control group for memory can be made here: that needs root, and /sys/fs/cgroup to write to")

// SmallMemory is a control group with so many megabytes, version 1 or 2 as this machine has it. A process that writes its
// number into the file that SmallMemory returns is in it, and what it starts; of these the kernel ends one when they need
// more. The group is removed when the test ends, after what is in it.
func SmallMemory(t testing.TB, megabytes int) (procs string) {
	t.Helper()
	realOnly(t)
	dir, err := smallMemory("iact-t-"+strings.ToLower(rand.Text()[:12]), megabytes)
	installed(t, err, ErrNoGroup)
	t.Cleanup(func() {
		// The kernel counts one that has just ended for a moment more.
		for end := time.Now().Add(10 * time.Second); err == nil || errors.Is(err, syscall.EBUSY) && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if err = os.Remove(dir); err == nil {
				return
			}
		}
		t.Error(err)
	})
	return filepath.Join(dir, "cgroup.procs")
}

func smallMemory(name string, megabytes int) (dir string, err error) {
	const top = "/sys/fs/cgroup"
	bounds := strconv.Itoa(megabytes << 20)
	dir = filepath.Join(top, "memory", name)
	files := [][2]string{{"memory.limit_in_bytes", bounds}, {"memory.memsw.limit_in_bytes", bounds}}
	if _, err := os.Stat(filepath.Join(top, "cgroup.controllers")); err == nil {
		dir = filepath.Join(top, name)
		files = [][2]string{{"memory.max", bounds}, {"memory.swap.max", "0"}}
		_ = os.WriteFile(filepath.Join(top, "cgroup.subtree_control"), []byte("+memory"), 0) // else memory.max is not there
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoGroup, err)
	}
	for i, file := range files {
		// The second one is about swap, which not every kernel counts.
		if err := os.WriteFile(filepath.Join(dir, file[0]), []byte(file[1]), 0); err != nil && i == 0 {
			return "", errors.Join(fmt.Errorf("%w: %w", ErrNoGroup, err), os.Remove(dir))
		}
	}
	return dir, nil
}
