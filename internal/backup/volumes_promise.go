package backup

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/config"
)

// promise is what a run has to bring back although it may be killed before it
// comes to that: containers that it is about to stop, to pause or to remove. It
// is on disk before the first of them is touched, and its file is locked as long
// as the process lives that made it. Who can lock it keeps it: see keepPromises.
type promise struct {
	Run     string        `json:"run"` // the set that was being made
	Written time.Time     `json:"written"`
	Via     string        `json:"via"` // the place of the docker client, local here
	As      string        `json:"as,omitempty"`
	Env     []string      `json:"env,omitempty"` // which daemon that client speaks to
	Items   []promiseItem `json:"containers"`    // in the order in which they are touched
}

// promiseItem is one container.
type promiseItem struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Action string  `json:"action"`                  // start, unpause or remove
	Grace  float64 `json:"grace_seconds,omitempty"` // how long it may take to stop
}

const (
	actStart   = "start"
	actUnpause = "unpause"
	actRemove  = "remove"
)

// promises is the directory of those that are not kept yet.
func promises(c *config.Config) string { return filepath.Join(stateDir(c), "stopped") }

// dockerEnv is what of the environment chooses the daemon of a local client.
func dockerEnv(getenv func(string) string) []string {
	var env []string
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"} {
		if value := getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// make writes a promise down, synced, and returns the function that strikes it
// out. It is locked before it has its name.
func (p promise) make(dir string) (kept func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("note what is stopped: %w", err)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return nil, fmt.Errorf("note what is stopped: %w", err)
	}
	name := filepath.Join(dir, p.Run+"-"+strings.ToLower(rand.Text()[:6])+".json")
	if err := p.write(f, name); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("note what is stopped: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return func() {
		_ = os.Remove(name)
		_ = syncDir(dir)
		_ = f.Close()
	}, nil
}

func (p promise) write(f *os.File, name string) error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	out := json.NewEncoder(f)
	out.SetIndent("", "  ")
	if err := out.Encode(p); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	dir := filepath.Dir(name)
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// broken is a promise that nobody lives to keep.
type broken struct {
	promise
	path string
	file *os.File // locked
}

// brokenPromises are those of processes that have ended. Whoever gets them has
// them locked, and lets each of them go.
func brokenPromises(dir string) ([]*broken, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*broken
	var unread []error
	for _, name := range names {
		one, err := takeOver(name)
		if err != nil {
			unread = append(unread, err)
		} else if one != nil {
			all = append(all, one)
		}
	}
	return all, errors.Join(unread...)
}

// takeOver locks a promise; nil when its process lives, or when it was kept in
// this moment.
func takeOver(name string) (*broken, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // it was kept
	}
	if err != nil {
		return nil, fmt.Errorf("read what a run has stopped: %w", err)
	}
	b := &broken{path: name, file: f}
	var st unix.Stat_t
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		err = unix.Fstat(int(f.Fd()), &st)
	}
	if errors.Is(err, unix.EWOULDBLOCK) || err == nil && st.Nlink == 0 {
		_ = f.Close()
		return nil, nil //nolint:nilnil // it is somebody's
	}
	if err == nil {
		err = json.NewDecoder(f).Decode(&b.promise)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("read what a run has stopped, %s: %w", name, err)
	}
	return b, nil
}

// leave lets go of a promise that could not be kept.
func (b *broken) leave() { _ = b.file.Close() }

// kept strikes it out.
func (b *broken) kept() {
	_ = os.Remove(b.path)
	_ = syncDir(filepath.Dir(b.path))
	_ = b.file.Close()
}
