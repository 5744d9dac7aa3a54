package backup_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/machine"
	"iact-infra/internal/command"
	"iact-infra/internal/diskimage"
	"iact-infra/internal/fault"
)

const (
	machinesVariable = "BACKUP_TEST_MACHINES" // the directory of what the fake runs
	illVariable      = "BACKUP_TEST_ILL"      // capture, prove, define: what fails; forgets: what is proved has lost data
)

// fakeHost keeps machines as files, so that they outlive the process. It refuses
// what a provider refuses, and every change of it passes the hook.
type fakeHost struct {
	dir  string
	hook disk.Hook
}

// fakeMachine is one of them.
type fakeMachine struct {
	machine.Seen
	Files    map[string][]byte
	Isolated bool
	Held     bool // a capture is open
}

func fakeMachines(hook disk.Hook) func(*command.Door) (machine.Host, error) {
	dir := os.Getenv(machinesVariable)
	if dir == "" {
		return nil
	}
	return func(*command.Door) (machine.Host, error) { return fakeHost{dir, hook}, nil }
}

func (f fakeHost) path(domain string) string { return filepath.Join(f.dir, domain+".json") }

// change is a change of the provider; a kill comes before or after it.
func (f fakeHost) change(what string, do func() error) error {
	if err := f.hook(disk.Op{Name: "machine", Path: what}); err != nil {
		return err
	}
	if os.Getenv(illVariable) == what {
		return fmt.Errorf("%s: the provider does not answer", what)
	}
	if err := do(); err != nil {
		return err
	}
	return f.hook(disk.Op{Name: "machine", Path: what + " is done"})
}

func (f fakeHost) load(domain string) (*fakeMachine, error) {
	data, err := os.ReadFile(f.path(domain))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	var m fakeMachine
	return &m, json.Unmarshal(data, &m)
}

func (f fakeHost) save(m *fakeMachine) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	temp := f.path(m.Domain) + ".tmp"
	return errors.Join(os.WriteFile(temp, data, 0o600), os.Rename(temp, f.path(m.Domain)))
}

// all are the machines there are.
func (f fakeHost) all() (all []*fakeMachine) {
	files, _ := filepath.Glob(f.path("*"))
	for _, file := range files {
		if m, err := f.load(filepath.Base(file[:len(file)-len(".json")])); err == nil {
			all = append(all, m)
		}
	}
	return all
}

func (f fakeHost) Look(_ context.Context, name string) (machine.Seen, error) {
	for _, m := range f.all() {
		if m.Name == name || m.Domain == name {
			return m.Seen, nil
		}
	}
	return machine.Seen{}, fault.New(fault.Missing, "vm:up makes it", fmt.Errorf("find machine %s: it was never made", name))
}

func (f fakeHost) Find(_ context.Context, _, domain string) (*machine.Seen, error) {
	m, err := f.load(domain)
	if m == nil {
		return nil, err
	}
	return &m.Seen, err
}

func (f fakeHost) Capture(_ context.Context, seen machine.Seen, scratch string) (*machine.Capture, error) {
	left, err := os.ReadDir(scratch)
	if err != nil || len(left) > 0 {
		return nil, errors.Join(err, fmt.Errorf("scratch is to be an empty directory, and holds %v", left))
	}
	m, err := f.load(seen.Domain)
	if err != nil {
		return nil, err
	}
	c := &machine.Capture{
		Definition: machine.Definition{Provider: m.Provider, Domain: m.Domain, Files: m.Files},
		Moment:     time.Now(), Frozen: true,
	}
	err = f.change("capture", func() error {
		m.Held = true // also when one that was killed has left it so
		if err := os.WriteFile(filepath.Join(scratch, "held"), nil, 0o600); err != nil {
			return err
		}
		return f.save(m)
	})
	if err != nil {
		return nil, err
	}
	for _, d := range m.Disks {
		file, err := os.Open(d.Path)
		if err != nil {
			return nil, err
		}
		sum, err := sumOf(d.Path)
		if err != nil {
			return nil, err
		}
		c.Definition.Targets = append(c.Definition.Targets, d.Target)
		c.Disks = append(c.Disks, machine.Image{Target: d.Target, Image: rawImage{file, d.Size}})
		c.Facts = append(c.Facts, machine.Fact{Name: "sum of " + d.Target, Value: sum})
	}
	c.Close = func() error {
		for _, d := range c.Disks {
			_ = d.Close()
		}
		return f.change("close", func() error {
			m.Held = false
			return f.save(m)
		})
	}
	return c, nil
}

func (f fakeHost) Define(_ context.Context, d machine.Definition, as machine.Place) (string, error) {
	m := &fakeMachine{Seen: machine.Seen{Domain: as.Domain, Provider: d.Provider, ID: "id-of-" + as.Domain}, Files: d.Files, Isolated: as.Isolated}
	return m.ID, f.change("define", func() error {
		if old, err := f.load(as.Domain); old != nil || err != nil {
			return fmt.Errorf("define %s: the name is taken", as.Domain)
		}
		for _, target := range d.Targets {
			info, err := os.Stat(as.Disks[target])
			if err != nil {
				return err
			}
			m.Disks = append(m.Disks, machine.Disk{Target: target, Path: as.Disks[target], Size: info.Size()})
		}
		for name, data := range d.Files {
			if err := os.WriteFile(filepath.Join(as.Dir, name), data, 0o600); err != nil {
				return err
			}
		}
		return f.save(m)
	})
}

func (f fakeHost) Remove(_ context.Context, _, id string) error {
	for _, m := range f.all() {
		if m.ID != id {
			continue
		}
		return f.change("remove", func() error {
			for _, d := range m.Disks {
				if err := os.Remove(d.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
			}
			return os.Remove(f.path(m.Domain))
		})
	}
	return nil
}

func (f fakeHost) Prove(ctx context.Context, r machine.Restored) ([]machine.Check, error) {
	m, err := f.load(r.As.Domain)
	if err != nil || m == nil || m.ID != r.ID || !m.Isolated {
		return nil, fmt.Errorf("prove %+v: there is no such machine, or it is not isolated: %w", m, err)
	}
	var checks []machine.Check
	err = f.change("prove", func() error {
		m.Running = true
		for _, fact := range r.Facts {
			is, err := sumOf(r.As.Disks[fact.Name[len("sum of "):]])
			if err != nil {
				return err
			}
			checks = append(checks, machine.Check{Name: fact.Name, OK: is == fact.Value && os.Getenv(illVariable) != "forgets", Found: is})
		}
		return f.save(m)
	})
	return checks, errors.Join(err, ctx.Err())
}

// sumOf is the hash of a file.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return fmt.Sprintf("%x", hash.Sum(nil)), err
}

// rawImage is a file as a disk.
type rawImage struct {
	*os.File
	size int64
}

func (i rawImage) Size() int64 { return i.size }

func (i rawImage) Extents(context.Context) (all []diskimage.Extent, err error) {
	for end := int64(0); end < i.size; {
		at, err := unix.Seek(int(i.Fd()), end, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break
		}
		if err != nil {
			return nil, err
		}
		if end, err = unix.Seek(int(i.Fd()), at, unix.SEEK_HOLE); err != nil {
			return nil, err
		}
		all = append(all, diskimage.Extent{Offset: at, Length: end - at})
	}
	return slices.Clip(all), nil
}
