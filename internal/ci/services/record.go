package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

const suffix = ".json"

// saved is what has to be known to take a group down without the run that
// brought it up.
type saved struct {
	Name    string   `json:"name"`
	Compose bool     `json:"compose"`
	Docker  []string `json:"docker,omitempty"` // which daemon: lines of its client's environment
}

// record is a group's name on disk, locked while its run lives: the kernel gives
// the lock back when that dies, however it does.
type record struct {
	file *os.File
}

func open(state string, s saved) (*record, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	// It is locked and whole before it has the name by which Sweep finds it.
	path := filepath.Join(state, s.Name+suffix)
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	r := &record{file: file}
	if err = lock(file); err == nil {
		_, err = file.Write(text)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("note services: %w", err), os.Remove(path+".new"), file.Close())
	}
	return r, nil
}

func lock(file *os.File) error { return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// close forgets the group: it has been taken down.
func (r *record) close() error {
	return errors.Join(os.Remove(strings.TrimSuffix(r.file.Name(), ".new")), r.file.Close())
}

// daemonOf are the lines of an environment that choose a Docker daemon.
func daemonOf(env []string) []string {
	var lines []string
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"} {
		if value := os.Getenv(name); value != "" {
			lines = append(lines, name+"="+value)
		}
		for _, line := range env {
			if strings.HasPrefix(line, name+"=") {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// Sweep takes down the groups whose run has died, and tells their names. Groups
// of runs that live, and all that no record names, stay.
func Sweep(ctx context.Context, door *command.Door, state string) ([]string, error) {
	entries, err := os.ReadDir(state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var swept []string
	var failed []error
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), suffix) {
			continue
		}
		name, err := sweep(ctx, door, filepath.Join(state, entry.Name()))
		if err != nil {
			failed = append(failed, fmt.Errorf("take down services of a run that died: %w", err))
		} else if name != "" {
			swept = append(swept, name)
		}
	}
	return swept, errors.Join(failed...)
}

func sweep(ctx context.Context, door *command.Door, path string) (name string, err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) { // another run was faster
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := lock(file); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return "", nil
		}
		return "", err
	}
	var s saved
	if err := json.NewDecoder(file).Decode(&s); err != nil {
		return "", fault.New(fault.Failed, "remove it: rm "+path, fmt.Errorf("read record %s: %w", path, err))
	}
	if s.Name+suffix != filepath.Base(path) {
		return "", fault.New(fault.Failed, "remove it: rm "+path, fmt.Errorf("read record %s: it names %s", path, s.Name))
	}
	if !door.Planning() {
		if err := leftover.End(ctx, leftover.Find(leftover.Mark(s.Name))); err != nil {
			return "", err
		}
	}
	if s.Compose {
		if err := docker(door, s.Docker, s.Name).Remove(ctx, 0); err != nil {
			return "", err
		}
	}
	if door.Planning() {
		return s.Name, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return s.Name, nil
}
