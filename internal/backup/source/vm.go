package source

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"iact-infra/internal/backup/machine"
	"iact-infra/internal/command"
)

// KindVM is a virtual machine.
const KindVM = "vm"

// VM is a virtual machine: its definition and its disks, as a tar with holes.
type VM struct {
	Label   string
	Machine string // as the Vagrantfile calls it, or its provider
	// Host is what runs it.
	Host func(door *command.Door) (machine.Host, error)
	// Scratch is where a capture may write when it may not beside the disks.
	Scratch string

	seen machine.Seen
}

// Name implements Source.
func (v *VM) Name() string { return v.Label }

// Kind implements Source.
func (v *VM) Kind() string { return KindVM }

// Origin implements Source.
func (v *VM) Origin() string { return "machine " + v.Machine }

// Check implements Source.
func (v *VM) Check(ctx context.Context, door *command.Door) (check Check, err error) {
	host, err := v.Host(door)
	if err != nil {
		return Check{}, err
	}
	if v.seen, err = host.Look(ctx, v.Machine); err != nil {
		return Check{}, err
	}
	if len(v.seen.Disks) == 0 {
		return Check{}, fmt.Errorf("look at machine %s: it has no disk that could be backed up", v.Machine)
	}
	targets := map[string]bool{}
	for _, d := range v.seen.Disks {
		if targets[d.Target] || strings.ContainsAny(d.Target, "/\\\x00\n") || d.Target == "" {
			return Check{}, fmt.Errorf("look at machine %s: its disk %q cannot be told from others", v.Machine, d.Target)
		}
		targets[d.Target] = true
		check.Estimate += d.Used
	}
	return check, nil
}

// detail is what a restore has to know before it has read anything.
func (v *VM) detail(c *machine.Capture) map[string]string {
	size := int64(0)
	var targets []string
	for _, d := range c.Disks {
		size += d.Size()
		targets = append(targets, d.Target)
	}
	detail := map[string]string{
		"machine": v.Machine, "domain": c.Definition.Domain, "provider": c.Definition.Provider,
		"disks": strings.Join(targets, " "), "memory_bytes": strconv.FormatInt(v.seen.Memory, 10), "cpus": strconv.Itoa(v.seen.CPUs), "disk_bytes": strconv.FormatInt(size, 10), "home": v.home(),
		"running": strconv.FormatBool(v.seen.Running), "frozen": strconv.FormatBool(c.Frozen), "files": strings.Join(fileNames(c.Definition), " "),
	}
	for _, d := range v.seen.Disks {
		detail["path_"+d.Target] = d.Path
	}
	return detail
}

// home is the directory in which its provider keeps its machines.
func (v *VM) home() string {
	if len(v.seen.Disks) == 0 || !filepath.IsAbs(v.seen.Disks[0].Path) {
		return ""
	}
	return filepath.Dir(v.seen.Disks[0].Path)
}

// Plan implements Source.
func (v *VM) Plan(door *command.Door, dir string) string {
	show := func(words ...string) string { return door.Show(command.Change(words[0], words[1:]...)) }
	raw := func(d machine.Disk) string { return filepath.Join(dir, machine.DiskFile(d.Target)) }
	lines := []string{show("mkdir", "-p", filepath.Join(dir, machine.DefinitionDir), filepath.Join(dir, machine.DiskDir))}
	domain := v.seen.Domain
	if v.seen.Provider == "virtualbox" {
		lines = append(lines, show("VBoxManage", "snapshot", domain, "take", "iact-backup"))
		for _, d := range v.seen.Disks {
			lines = append(lines, show("VBoxManage", "clonemedium", "disk", d.Path, raw(d), "--format", "RAW"))
		}
		lines = append(lines, show("VBoxManage", "snapshot", domain, "delete", "iact-backup"))
	} else {
		lines = append(lines, show("virsh", "dumpxml", "--security-info", domain)+" > "+command.Quote(filepath.Join(dir, machine.DefinitionDir, "domain.xml")))
		still, goes := show("virsh", "suspend", domain), show("virsh", "resume", domain)
		if v.seen.Running {
			lines = append(lines, still)
		}
		for _, d := range v.seen.Disks {
			lines = append(lines, show("qemu-img", "convert", "-U", "-O", "raw", d.Path, raw(d)))
		}
		if v.seen.Running {
			lines = append(lines, goes)
		}
	}
	lines = append(lines, "tar -c -S --format=pax -C "+command.Quote(dir)+" definition disks | zstd -T0 -1 > "+command.Quote(filepath.Join(dir, "00000001.zst")),
		show("rm", "-r", filepath.Join(dir, machine.DefinitionDir), filepath.Join(dir, machine.DiskDir)))
	return strings.Join(lines, "\n")
}
