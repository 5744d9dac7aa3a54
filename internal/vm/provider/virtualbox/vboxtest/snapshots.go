package vboxtest

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

func (c *call) snapshot(m *Machine) error {
	switch verb := c.arg(2); verb {
	case "take":
		return c.take(m)
	case "list":
		return c.listSnapshots(m)
	case "restore", "delete", "restorecurrent":
		want := c.arg(3)
		if verb == "restorecurrent" {
			want = m.Current
		}
		s := m.snapshot(want)
		if s == nil {
			return refuse(notFound, "Could not find a snapshot named '%s'", want)
		}
		if verb == "delete" {
			return c.delete(m, s)
		}
		return c.restore(m, s)
	default:
		return refuse("", "Invalid parameter '%s'", verb)
	}
}

// snapshot is the first of an id or a name.
func (m *Machine) snapshot(id string) *Snapshot {
	for _, s := range m.Snapshots {
		if s.ID == id || s.Name == id {
			return s
		}
	}
	return nil
}

func (m *Machine) children(id string) []*Snapshot {
	var all []*Snapshot
	for _, s := range m.Snapshots {
		if s.Parent == id {
			all = append(all, s)
		}
	}
	return all
}

// branch lets the machine go on in copies of its disks, named as its new ones.
func (c *call) branch(m *Machine, from []Attachment) error {
	var next []Attachment
	for _, at := range from {
		frozen := c.State.medium(at.Medium)
		if frozen.WriteThrough {
			next = append(next, at)
			continue
		}
		path := filepath.Join(filepath.Dir(m.File), "Snapshots", "{"+newID()+"}.vdi")
		made, err := c.create(path, frozen.Format, frozen.Size, frozen.Path)
		if err != nil {
			return err
		}
		made.Parent = frozen.ID
		at.Medium = made.ID
		next = append(next, at)
	}
	m.Disks = next
	return nil
}

func (c *call) take(m *Machine) error {
	switch m.State {
	case "poweroff", "saved", "aborted", "aborted-saved", "running", "paused":
	default:
		return refuse(invalidState, "Cannot take a snapshot of the machine while it is changing the state (machine state: %s)", spelt(m.State))
	}
	s := &Snapshot{ID: newID(), Name: c.arg(3), Description: c.option("description"), Parent: m.Current, Time: time.Now().UTC(), Disks: slices.Clone(m.Disks)}
	c.progress()
	switch {
	case m.on():
		file, err := c.remember(m)
		if err != nil {
			return err
		}
		s.StateFile = file
	case m.StateFile != "":
		s.StateFile = m.StateFile
	}
	if err := c.branch(m, m.Disks); err != nil {
		return err
	}
	m.Snapshots = append(m.Snapshots, s)
	m.Current = s.ID
	c.say("Snapshot taken. UUID: %s", s.ID)
	return c.save(m)
}

func (c *call) restore(m *Machine, s *Snapshot) error {
	c.say("Restoring snapshot '%s' (%s)", s.Name, s.ID)
	if m.on() {
		return refuse(invalidState, "Cannot delete the current state of the running machine (machine state: %s)", spelt(m.State))
	}
	c.progress()
	old := m.Disks
	if err := c.branch(m, s.Disks); err != nil {
		return err
	}
	for _, at := range old {
		if !slices.Contains(m.Disks, at) {
			c.drop(at.Medium)
		}
	}
	c.forget(m)
	m.Current = s.ID
	c.become(m, "poweroff")
	if s.StateFile != "" {
		m.StateFile = s.StateFile
		c.become(m, "saved")
	}
	return c.save(m)
}

func (c *call) delete(m *Machine, s *Snapshot) error {
	c.say("Deleting snapshot '%s' (%s)", s.Name, s.ID)
	below := m.children(s.ID)
	if len(below) > 1 {
		return refuse(invalidObject, "Snapshot '%s' of the machine '%s' cannot be deleted, because it has %d child snapshots, which is more than the one snapshot allowed for deletion", s.Name, m.Name, len(below))
	}
	if m.Current == s.ID && len(below) > 0 {
		return refuse(invalidObject, "Snapshot '%s' of the machine '%s' cannot be deleted, because it is the current snapshot and has one child snapshot", s.Name, m.Name)
	}
	c.progress()
	for _, at := range s.Disks {
		gone := c.State.medium(at.Medium)
		if gone.WriteThrough {
			continue
		}
		for _, child := range c.Media {
			if child.Parent != gone.ID {
				continue
			}
			if child.Parent = gone.Parent; gone.Parent == "" { // what was written since is merged into the first image
				if err := os.Rename(child.Path, gone.Path); err != nil {
					return err
				}
				child.Path, gone.Path = gone.Path, ""
			}
		}
		c.drop(gone.ID)
	}
	for _, child := range below {
		child.Parent = s.Parent
	}
	if m.Current == s.ID {
		m.Current = s.Parent
	}
	m.Snapshots = slices.DeleteFunc(m.Snapshots, func(one *Snapshot) bool { return one == s })
	shared := s.StateFile == m.StateFile || slices.ContainsFunc(m.Snapshots, func(one *Snapshot) bool { return one.StateFile == s.StateFile })
	if s.StateFile != "" && !shared {
		_ = os.Remove(s.StateFile)
	}
	return c.save(m)
}

func (c *call) listSnapshots(m *Machine) error {
	if len(m.Snapshots) == 0 {
		c.say("This machine does not have any snapshots")
		return failure{}
	}
	c.tree(m, "", "")
	return nil
}

// tree prints the snapshots below one, with the numbers of --machinereadable.
func (c *call) tree(m *Machine, parent, prefix string) {
	for i, s := range m.children(parent) {
		at := prefix
		if parent != "" {
			at += "-" + strconv.Itoa(i+1)
		}
		if !c.flag("machinereadable") {
			mark := ""
			if s.ID == m.Current {
				mark = " *"
			}
			c.say("   %sName: %s (UUID: %s)%s", prefix, s.Name, s.ID, mark)
			if s.Description != "" {
				c.say("   %sDescription: %s", prefix, s.Description)
			}
			c.tree(m, s.ID, prefix+"   ")
			continue
		}
		c.say(`SnapshotName%s="%s"`, at, s.Name)
		c.say(`SnapshotUUID%s="%s"`, at, s.ID)
		if s.Description != "" {
			c.say(`SnapshotDescription%s="%s"`, at, s.Description)
		}
		if s.ID == m.Current {
			c.say(`CurrentSnapshotName="%s"`, s.Name)
			c.say(`CurrentSnapshotUUID="%s"`, s.ID)
			c.say(`CurrentSnapshotNode="SnapshotName%s"`, at)
		}
		c.tree(m, s.ID, at)
	}
}
