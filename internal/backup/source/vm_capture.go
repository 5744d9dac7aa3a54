package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"iact-infra/internal/backup/machine"
)

// Capture implements Source.
func (v *VM) Capture(ctx context.Context, to To) (done Captured, err error) {
	host, err := v.Host(to.Door)
	if err != nil {
		return Captured{}, err
	}
	scratch, left, err := v.scratch()
	if err != nil {
		return Captured{}, err
	}
	c, err := host.Capture(ctx, v.seen, scratch)
	if err != nil {
		_ = os.Remove(scratch) // when something lies in it, the next capture cleans up
		return Captured{}, err
	}
	open := true
	end := func() error {
		if !open {
			return nil
		}
		open = false
		if err := c.Close(); err != nil { // somebody may still write there
			return fmt.Errorf("end the capture of machine %s: %w", v.Machine, err)
		}
		return os.RemoveAll(scratch)
	}
	defer func() { err = errors.Join(err, end()) }()
	// The capture has cleaned up after those that were killed.
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return Captured{}, fmt.Errorf("remove what a killed capture has left: %w", err)
		}
	}
	if err := v.lay(ctx, to, c); err != nil {
		return Captured{}, err
	}
	done = Captured{Snapshot: c.Moment.UTC(), Notes: c.Notes, Detail: v.detail(c), Files: int64(len(c.Disks) + len(c.Definition.Files) + 1)}
	return done, end()
}

// scratch makes an empty directory for a capture, beside the disks when that may
// be: what runs the machine gets there, and the space is where the machine is.
// left are those of captures that were killed.
func (v *VM) scratch() (dir string, left []string, err error) {
	prefix := ".iact-" + v.Label + "-"
	homes := []string{v.Scratch}
	if home := v.home(); home != "" {
		homes = []string{home, v.Scratch}
	}
	for _, home := range homes {
		found, err := filepath.Glob(filepath.Join(home, prefix+"*"))
		if err != nil {
			return "", nil, err
		}
		left = append(left, found...)
	}
	for i, home := range homes {
		if i == len(homes)-1 {
			if err := os.MkdirAll(home, 0o700); err != nil {
				return "", nil, fmt.Errorf("make room for a capture: %w", err)
			}
		}
		if dir, err = os.MkdirTemp(home, prefix+"*"); err != nil {
			continue
		}
		if i < len(homes)-1 { // a user of its own may run the machine
			err = os.Chmod(dir, 0o711)
		}
		return dir, left, err
	}
	return "", nil, fmt.Errorf("make room for a capture: %w", err)
}

// lay writes the machine as a tar: what describes it, its definition, its disks.
func (v *VM) lay(ctx context.Context, to To, c *machine.Capture) error {
	about := machine.Description{Seen: v.seen, Definition: c.Definition, Moment: c.Moment.UTC(), Frozen: c.Frozen, Facts: c.Facts, Files: fileNames(c.Definition)}
	for _, d := range c.Disks {
		about.Holds = append(about.Holds, machine.Held{Target: d.Target, File: machine.DiskFile(d.Target), Size: d.Size()})
	}
	text, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return fmt.Errorf("describe machine %s: %w", v.Machine, err)
	}
	t := &tape{layer: to.Layer}
	if err := t.file(machine.File, append(text, '\n'), c.Moment); err != nil {
		return err
	}
	for _, name := range about.Files {
		// The time of the capture would make it another part each time.
		if err := t.file(machine.DefinitionDir+name, c.Definition.Files[name], time.Unix(0, 0)); err != nil {
			return err
		}
	}
	for _, d := range c.Disks {
		if err := t.disk(ctx, machine.DiskFile(d.Target), d); err != nil {
			return fmt.Errorf("read disk %s of machine %s: %w", d.Target, v.Machine, err)
		}
	}
	return t.end()
}

func fileNames(d machine.Definition) []string { return slices.Sorted(maps.Keys(d.Files)) }
