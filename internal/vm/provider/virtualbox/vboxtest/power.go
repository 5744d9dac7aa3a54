package vboxtest

import (
	"os"
	"path/filepath"
	"slices"
)

// bridge is the interface of the host that others may be bridged to.
const bridge = "eth0"

// spelt is a state as messages have it.
func spelt(state string) string {
	for _, one := range states() {
		if one.short == state {
			return one.name
		}
	}
	return "Null"
}

type stateName struct{ short, long, name string }

func states() []stateName {
	return []stateName{
		{"poweroff", "powered off", "PoweredOff"}, {"saved", "saved", "Saved"}, {"aborted", "aborted", "Aborted"},
		{"aborted-saved", "aborted-saved", "AbortedSaved"}, {"running", "running", "Running"}, {"paused", "paused", "Paused"},
		{"gurumeditation", "guru meditation", "GuruMeditation"}, {"starting", "starting", "Starting"}, {"stopping", "stopping", "Stopping"},
		{"saving", "saving", "Saving"}, {"restoring", "restoring", "Restoring"}, {"livesnapshotting", "live snapshotting", "LiveSnapshotting"},
		{"deletingsnapshotlive", "deleting snapshot live", "DeletingSnapshotOnline"},
	}
}

// on says whether a process runs the machine.
func (m *Machine) on() bool {
	return !slices.Contains([]string{"poweroff", "saved", "aborted", "aborted-saved"}, m.State)
}

func (c *call) startvm(m *Machine) error {
	if m.on() {
		return refuse(invalidObject, "The machine '%s' is already locked by a session (or being locked or unlocked)", m.Name)
	}
	for _, at := range m.Disks {
		if c.State.medium(at.Medium) == nil {
			return refuse(fileError, "Could not open the medium '%s'. (VERR_FILE_NOT_FOUND)", at.Medium)
		}
	}
	for _, nic := range m.NICs {
		if nic.Kind == "hostonly" && c.network(nic.Name) == nil || nic.Kind == "bridged" && nic.Name != bridge {
			return refuse(failed, "Nonexistent host networking interface, name '%s' (VERR_INTERNAL_ERROR)", nic.Name)
		}
	}
	c.say("Waiting for VM %q to power on...", m.Name)
	c.forget(m)
	c.become(m, "running")
	c.say("VM %q has been successfully started.", m.Name)
	return c.save(m)
}

// forget removes a saved memory, unless a snapshot has it too.
func (c *call) forget(m *Machine) {
	shared := slices.ContainsFunc(m.Snapshots, func(s *Snapshot) bool { return s.StateFile == m.StateFile })
	if m.StateFile != "" && !shared {
		_ = os.Remove(m.StateFile)
	}
	m.StateFile = ""
}

// remember writes a memory to a file.
func (c *call) remember(m *Machine) (string, error) {
	file := filepath.Join(filepath.Dir(m.File), "Snapshots", m.Since.Format("2006-01-02T15-04-05.000000000Z")+"-"+newID()[:8]+".sav")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	return file, os.WriteFile(file, make([]byte, m.Memory<<10), 0o600)
}

func (c *call) controlvm(m *Machine) error {
	if !m.on() {
		return refuse("", "Machine '%s' is not currently running.", m.Name)
	}
	switch what := c.arg(2); what {
	case "pause":
		if m.State != "running" {
			return refuse(invalidState, "Invalid machine state: %s", spelt(m.State))
		}
		c.become(m, "paused")
	case "resume":
		if m.State != "paused" {
			return refuse(invalidState, "Cannot resume the machine as it is not paused (machine state: %s)", spelt(m.State))
		}
		c.become(m, "running")
	case "poweroff":
		c.progress()
		c.become(m, "poweroff")
	case "savestate":
		if m.State != "running" && m.State != "paused" {
			return refuse(invalidState, "Cannot save the execution state as the machine is not running or paused (machine state: %s)", spelt(m.State))
		}
		c.progress()
		file, err := c.remember(m)
		if err != nil {
			return err
		}
		m.StateFile = file
		c.become(m, "saved")
	case "acpipowerbutton":
		c.become(m, "poweroff") // its system takes no time
	default:
		return refuse("", "Invalid parameter '%s'", what)
	}
	return c.save(m)
}

func (c *call) discardstate(m *Machine) error {
	if m.State != "saved" && m.State != "aborted-saved" {
		return refuse(invalidState, "Cannot delete the machine state as the machine is not in the saved state (machine state: %s)", spelt(m.State))
	}
	c.forget(m)
	c.become(m, "poweroff")
	return c.save(m)
}
