package vboxtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func (c *call) clonemedium() error {
	if c.arg(1) != "disk" {
		return refuse("", "Invalid medium type '%s'", c.arg(1))
	}
	from, to, format := c.State.medium(c.arg(2)), c.arg(3), c.option("format")
	if from == nil {
		return refuse(fileError, "Could not find file for the medium '%s' (VERR_FILE_NOT_FOUND)", c.arg(2))
	}
	for _, m := range c.Machines {
		if m.on() && slices.ContainsFunc(m.Disks, func(a Attachment) bool { return a.Medium == from.ID }) {
			return refuse(invalidObject, "Medium '%s' is locked for writing by another task", from.Path)
		}
	}
	if _, err := os.Stat(to); err == nil {
		return refuse(fileError, "Could not create the medium storage unit '%s'.\nVBoxManage: error: VD: image file '%[1]s' cannot be created (VERR_ALREADY_EXISTS)", to)
	}
	c.progress()
	made, err := c.create(to, format, from.Size, from.Path)
	if err != nil {
		return err
	}
	c.say("Clone medium created in format '%s'. UUID: %s", format, made.ID)
	return nil
}

func (c *call) closemedium() error {
	what := c.State.medium(c.arg(2))
	if what == nil {
		return refuse(fileError, "Could not find file for the medium '%s' (VERR_FILE_NOT_FOUND)", c.arg(2))
	}
	for _, m := range c.Machines {
		if slices.ContainsFunc(m.Disks, func(a Attachment) bool { return a.Medium == what.ID }) {
			return refuse(inUse, "Cannot close medium '%s' because it is still attached to 1 virtual machines", what.Path)
		}
	}
	if c.flag("delete") {
		c.drop(what.ID)
		return nil
	}
	c.Media = slices.DeleteFunc(c.Media, func(m *Medium) bool { return m == what })
	return nil
}

func (c *call) convertfromraw() error {
	from, to := c.arg(1), c.arg(2)
	fmt.Fprintf(&c.err, "Converting from raw image file=%q to file=%q...\n", from, to)
	info, err := os.Stat(from)
	if err != nil {
		return refuse("", "Cannot open file \"%s\": VERR_FILE_NOT_FOUND", from)
	}
	fmt.Fprintf(&c.err, "Creating dynamic image with size %d bytes (%dMB)...\n", info.Size(), info.Size()>>20)
	if info.Size()%512 != 0 {
		return refuse("", "VD: The given disk size %d is not aligned on a sector boundary (512 bytes)\nVBoxManage: error: Cannot create the disk image \"%s\": VERR_VD_INVALID_SIZE", info.Size(), to)
	}
	if c.Written == nil {
		c.Written = map[string]string{}
	}
	c.Written[to] = c.option("uuid")
	return copied(from, to, info.Size()) // it is not registered
}

func (c *call) createvm() error {
	name, folder := c.option("name"), c.option("basefolder")
	if folder == "" {
		folder = filepath.Join(c.Home, "VirtualBox VMs")
	}
	file := filepath.Join(folder, name, name+".vbox")
	if _, err := os.Stat(file); err == nil {
		return refuse(fileError, "Machine settings file '%s' already exists", file)
	}
	m := c.add(name, folder)
	c.say("Virtual machine '%s' is created and registered.\nUUID: %s\nSettings file: '%s'", name, m.ID, m.File)
	return c.save(m)
}

func (c *call) unregistervm(m *Machine) error {
	if m.on() {
		return refuse(invalidObject, "Cannot unregister the machine '%s' while it is locked", m.Name)
	}
	c.Machines = slices.DeleteFunc(c.Machines, func(one *Machine) bool { return one == m })
	if !c.flag("delete") {
		return nil
	}
	c.progress()
	gone := slices.Clone(m.Disks)
	for _, s := range m.Snapshots {
		gone = append(gone, s.Disks...)
		_ = os.Remove(s.StateFile)
	}
	for _, at := range gone {
		c.drop(at.Medium)
	}
	_ = os.Remove(m.StateFile)
	_ = os.Remove(m.File)
	_ = os.Remove(filepath.Join(filepath.Dir(m.File), "Snapshots"))
	if filepath.Base(filepath.Dir(m.File)) == m.Name { // a directory of its own, when nothing else is in it
		_ = os.Remove(filepath.Dir(m.File))
	}
	return nil
}

func (c *call) getextradata(m *Machine) error {
	if value := m.Extra[c.arg(2)]; value != "" {
		c.say("Value: %s", value)
	} else {
		c.say("No value set!")
	}
	return nil
}

func (c *call) setextradata(m *Machine) error {
	m.Extra[c.arg(2)] = c.arg(3)
	return c.save(m)
}

// guestproperty enumerates, in the words of 6.1 or of 7.
func (c *call) guestproperty(m *Machine) error {
	for name, value := range m.Properties {
		if strings.HasPrefix(c.Version, "6.") {
			c.say("Name: %s, value: %s, timestamp: 1700000000000000000, flags: ", name, value)
		} else {
			c.say("%-45s = '%s'%s@ 2024-05-01T10:00:00.000Z", name, value, " ")
		}
	}
	return nil
}

func (c *call) network(name string) *Network {
	for _, n := range c.Networks {
		if n.Name == name {
			return n
		}
	}
	return nil
}

func (c *call) hostonlyif() error {
	switch c.arg(1) {
	case "create":
		n := 0
		for c.network(fmt.Sprintf("vboxnet%d", n)) != nil {
			n++
		}
		name := fmt.Sprintf("vboxnet%d", n)
		c.Networks = append(c.Networks, &Network{Name: name, Leases: map[string]string{}})
		c.progress()
		c.say("Interface '%s' was successfully created", name)
		return nil
	case "ipconfig", "remove":
		n := c.network(c.arg(2))
		if n == nil {
			return refuse("E_INVALIDARG (0x80070057)", "The host network interface named '%s' could not be found", c.arg(2))
		}
		if c.arg(1) == "remove" {
			c.Networks = slices.DeleteFunc(c.Networks, func(one *Network) bool { return one == n })
			c.progress()
			return nil
		}
		ip := c.option("ip")
		if !strings.HasPrefix(ip, "192.168.5") && !strings.HasPrefix(ip, "192.168.6") {
			return refuse("E_ACCESSDENIED (0x80070005)", "Code E_ACCESSDENIED (0x80070005) - Access denied (extended info not available)")
		}
		n.IP = ip
		return nil
	}
	return refuse("", "Unknown subcommand '%s'", c.arg(1))
}

func (c *call) dhcpserver() error {
	n := c.network(c.option("interface"))
	switch {
	case n == nil:
		return refuse(notFound, "DHCP server does not exist")
	case c.arg(1) == "add" && n.DHCP:
		return refuse("E_INVALIDARG (0x80070057)", "DHCP server already exists")
	case c.arg(1) == "add", c.arg(1) == "remove":
		n.DHCP = c.arg(1) == "add"
	case c.arg(1) == "findlease":
		ip := n.Leases[c.option("mac-address")]
		if ip == "" {
			return refuse(notFound, "Could not find a lease for %s", c.option("mac-address"))
		}
		c.say("IP Address:  %s\nMAC Address: %s\nState:       acked", ip, c.option("mac-address"))
	}
	return nil
}
