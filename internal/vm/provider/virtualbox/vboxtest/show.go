package vboxtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// pair prints key="value" as VBoxManage does since 6.1: with quotes and
// backslashes escaped.
func (c *call) pair(key, value string, quoted bool) {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	if quoted {
		key = `"` + escaped(key) + `"`
	}
	c.say(`%s="%s"`, key, escaped(value))
}

const nano = "2006-01-02T15:04:05.000000000"

func (c *call) showvminfo(m *Machine) error {
	if !c.flag("machinereadable") {
		c.long(m)
		return nil
	}
	if m.Inaccessible {
		c.say(`name="<inaccessible>"`)
		c.say(`UUID="%s"`, m.ID)
		return nil
	}
	folder := filepath.Dir(m.File)
	c.pair("name", m.Name, false)
	c.pair("encryption", "disabled", false)
	c.pair("groups", "/", false)
	c.pair("ostype", "Debian (64-bit)", false)
	c.pair("UUID", m.ID, false)
	c.pair("CfgFile", m.File, false)
	c.pair("SnapFldr", filepath.Join(folder, "Snapshots"), false)
	c.pair("LogFldr", filepath.Join(folder, "Logs"), false)
	c.pair("hardwareuuid", m.ID, false)
	c.say("memory=%d", m.Memory)
	c.pair("pagefusion", "off", false)
	c.say("vram=8")
	c.pair("chipset", "piix3", false)
	c.pair("firmware", "BIOS", false)
	c.say("cpus=%d", m.CPUs)
	c.pair("hwvirtex", "on", false)
	c.say(`VMState="%s"`, m.State)
	c.say(`VMStateChangeTime="%s"`, m.Since.Format(nano))
	if m.StateFile != "" {
		c.say(`VMStateFile="%s"`, m.StateFile)
	}
	c.pair("graphicscontroller", "vmsvga", false)
	for i, one := range m.Controllers {
		n := string(rune('0' + i))
		c.pair("storagecontrollername"+n, one.Name, false)
		c.pair("storagecontrollertype"+n, one.Type, false)
	}
	for _, one := range m.Controllers {
		for port := range one.Ports {
			c.port(m, one, port)
		}
	}
	c.say("natnet1=%q", "nat")
	for i, nic := range m.NICs {
		n := string(rune('1' + i))
		if nic.Kind == "" {
			c.say(`nic%s="none"`, n)
			continue
		}
		if nic.Kind == "hostonly" {
			c.pair("hostonlyadapter"+n, nic.Name, false)
		}
		c.say(`macaddress%s="%s"`, n, nic.MAC)
		c.say(`cableconnected%s="on"`, n)
		c.say(`nic%s="%s"`, n, nic.Kind)
		for k, rule := range nic.Forwards {
			c.say(`Forwarding(%d)="%s"`, k, rule)
		}
	}
	if m.Description != "" {
		c.pair("description", m.Description, false)
	}
	c.tree(m, "", "")
	return nil
}

func (c *call) port(m *Machine, one Controller, port int) {
	name := one.Name + "-" + string(rune('0'+port)) + "-0"
	at := slices.IndexFunc(m.Disks, func(a Attachment) bool { return a.Controller == one.Name && a.Port == port })
	if at < 0 {
		c.pair(name, "none", true)
		return
	}
	id := m.Disks[at].Medium
	path := ""
	if medium := c.State.medium(id); medium != nil {
		path = medium.Path
	}
	c.pair(name, path, true)
	c.pair(one.Name+"-ImageUUID-"+string(rune('0'+port))+"-0", id, true)
	c.pair(one.Name+"-nonrotational-"+string(rune('0'+port))+"-0", "off", true)
}

// long is showvminfo for people, as list vms --long prints it.
func (c *call) long(m *Machine) {
	label := func(name, value string) { c.say("%-28s %s", name, value) }
	if m.Inaccessible {
		c.say("Name:            <inaccessible!>")
		c.say("UUID:            %s", m.ID)
		c.say("Config file:     %s", m.File)
		c.say("Access error details:")
		return
	}
	label("Name:", m.Name)
	label("Encryption:", "disabled")
	label("Groups:", "/")
	label("Guest OS:", "Debian (64-bit)")
	label("UUID:", m.ID)
	label("Config file:", m.File)
	label("Memory size:", "1024MB")
	for _, one := range states() {
		if one.short == m.State {
			c.say("%-28s %s (since %s)", "State:", one.long, m.Since.Format(nano))
		}
	}
	label("Graphics Controller:", "VMSVGA")
	c.say("Shared folders:")
	c.say("Name: 'vagrant', Host path: '/home/dev/vm' (machine mapping), writable")
	if m.Description != "" {
		c.say("Description:\n%s", m.Description)
	}
	c.tree(m, "", "")
}

func (c *call) list() error {
	what := c.args[len(c.args)-1]
	long := c.flag("long") || slices.Contains(c.args, "-l")
	switch what {
	case "vms", "runningvms":
		for _, m := range c.Machines {
			switch {
			case what == "runningvms" && !m.on():
			case long:
				c.long(m)
				c.say("\n")
			case m.Inaccessible:
				c.say(`"<inaccessible>" {%s}`, m.ID)
			default:
				c.say(`"%s" {%s}`, m.Name, m.ID)
			}
		}
	case "hdds":
		for _, one := range c.Media {
			c.medium(one, long)
			c.say("")
		}
	case "hostonlyifs":
		for _, n := range c.Networks {
			c.say("Name:            %s\nGUID:            786f6276-656e-4074-8000-0a0027000000\nDHCP:            Disabled\nIPAddress:       %s\nNetworkMask:     255.255.255.0", n.Name, n.IP)
			c.say("IPV6Address:     \nIPV6NetworkMaskPrefixLength: 0\nHardwareAddress: 0a:00:27:00:00:00\nMediumType:      Ethernet\nWireless:        No\nStatus:          Up\nVBoxNetworkName: HostInterfaceNetworking-%s\n", n.Name)
		}
	case "bridgedifs":
		c.say("Name:            %s\nStatus:          Up\n", bridge)
	case "systemproperties":
		c.say("%-33s %s", "Default machine folder:", filepath.Join(c.Home, "VirtualBox VMs"))
	default:
		return refuse("", "Unknown subcommand '%s'", what)
	}
	return nil
}

// medium prints a disk image as list hdds and showmediuminfo do.
func (c *call) medium(one *Medium, long bool) {
	parent, variant, state := "base", "dynamic default", "created"
	if one.Parent != "" {
		parent, variant = one.Parent, "differencing default"
	}
	c.say("UUID:           %s\nParent UUID:    %s\nState:          %s\nType:           normal (base)\nLocation:       %s\nStorage format: %s", one.ID, parent, state, one.Path, one.Format)
	if long {
		c.say("Format variant: %s", variant)
	}
	c.say("Capacity:       %d MBytes", one.Size>>20)
	if long {
		used := int64(0)
		if info, err := os.Stat(one.Path); err == nil {
			if file, is := info.Sys().(*syscall.Stat_t); is {
				used = file.Blocks * 512
			}
		}
		c.say("Size on disk:   %d MBytes", used>>20+1) // an empty image has a head
	}
	c.say("Encryption:     disabled")
	for _, m := range c.Machines {
		if long && slices.ContainsFunc(m.Disks, func(a Attachment) bool { return a.Medium == one.ID }) {
			c.say("In use by VMs:  %s (UUID: %s)", m.Name, m.ID)
		}
	}
}
