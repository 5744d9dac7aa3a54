package libvirt

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"iact-infra/internal/diskimage/nbd"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

var _ provider.Exporter = (*Provider)(nil)

// ownerFile holds the process that a capture belongs to, beside what it writes.
const ownerFile = "owner"

// Capture implements provider.Exporter. Of a machine that QEMU runs, libvirt
// serves the disks as they are at this moment, and keeps what is overwritten
// meanwhile in scratch. The disks of one that is off are served by qemu-nbd,
// which keeps others from writing to them, and ends with the last connection.
func (p *Provider) Capture(ctx context.Context, id, scratch string) (*provider.Capture, error) {
	text, err := p.ask(ctx, "dumpxml", id, "--security-info", "--inactive")
	if err != nil {
		return nil, fmt.Errorf("capture machine %s: %w", id, err)
	}
	var d domain
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		return nil, fmt.Errorf("read the definition of machine %s: %w", id, err)
	}
	c := &provider.Capture{Definition: provider.Definition{Provider: p.Name(), Domain: d.Name, Files: map[string][]byte{definitionFile: []byte(text)}}}
	if err := d.bootFiles(c.Definition.Files); err != nil {
		return nil, err
	}
	var disks []disk
	for _, one := range d.Disks {
		if why := one.leftOut(); why != "" {
			if why != removable {
				c.Notes = append(c.Notes, fmt.Sprintf("disk %s of %s is left out: %s", one.Target.Dev, d.Name, why))
			}
			continue
		}
		disks = append(disks, one)
		c.Definition.Targets = append(c.Definition.Targets, one.Target.Dev)
	}
	if len(disks) == 0 {
		return nil, fmt.Errorf("capture machine %s: it has no disk that could be captured", d.Name)
	}
	was, err := p.state(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("capture machine %s: %w", id, err)
	}
	switch was {
	case provider.Running, provider.Paused:
		err = p.captureLive(ctx, id, scratch, disks, c)
	case provider.Off, provider.Saved, provider.Crashed:
		err = p.captureOff(ctx, scratch, disks, c)
	default:
		err = fmt.Errorf("it is %s: %w", was, provider.ErrState)
	}
	if err != nil {
		return nil, fmt.Errorf("capture machine %s: %w", d.Name, err)
	}
	return c, nil
}

// captureLive begins a backup of libvirt in pull mode.
func (p *Provider) captureLive(ctx context.Context, id, scratch string, disks []disk, c *provider.Capture) (err error) {
	ended, err := p.abandoned(ctx, id)
	if err != nil {
		return err
	}
	if ended {
		c.Notes = append(c.Notes, "a backup of it that was killed still held its disks, and was ended")
	}
	if err := os.WriteFile(filepath.Join(scratch, ownerFile), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	sockets, err := socketDir(ctx)
	if err != nil {
		return err
	}
	socket := filepath.Join(sockets, "s")
	file := filepath.Join(scratch, "backup.xml")
	end := func() error {
		err := p.endJob(context.WithoutCancel(ctx), id)
		err = errors.Join(err, os.RemoveAll(sockets), os.Remove(file), os.Remove(filepath.Join(scratch, ownerFile)))
		for _, one := range disks {
			if gone := os.Remove(overlay(scratch, one)); gone != nil && !os.IsNotExist(gone) {
				err = errors.Join(err, gone)
			}
		}
		return err
	}
	if err := os.WriteFile(file, backupXML(socket, scratch, disks), 0o600); err != nil {
		return errors.Join(err, os.RemoveAll(sockets))
	}
	if c.Frozen, err = p.begin(ctx, id, file); err != nil {
		return errors.Join(err, end())
	}
	if err := p.open(ctx, disks, func(one disk) (string, string) { return socket, one.Target.Dev }, c); err != nil {
		return errors.Join(err, end())
	}
	closeDisks := c.Close
	c.Close = func() error { return errors.Join(closeDisks(), end()) }
	return nil
}

// open connects to the disks that are served.
func (p *Provider) open(ctx context.Context, disks []disk, where func(disk) (socket, export string), c *provider.Capture) error {
	c.Close = func() error {
		var err error
		for _, one := range c.Disks {
			err = errors.Join(err, one.Close())
		}
		return err
	}
	for _, one := range disks {
		socket, export := where(one)
		image, err := nbd.Open(ctx, socket, export)
		if err != nil {
			return errors.Join(err, c.Close())
		}
		c.Disks = append(c.Disks, provider.CapturedDisk{Target: one.Target.Dev, Image: image})
	}
	return nil
}

// abandoned ends a backup whose process is gone, and refuses beside another one.
func (p *Provider) abandoned(ctx context.Context, id string) (ended bool, err error) {
	said, err := p.ask(ctx, "backup-dumpxml", id)
	if err != nil {
		return false, nil //nolint:nilerr // there is no backup
	}
	var running struct {
		Scratch []struct {
			File string `xml:"file,attr"`
		} `xml:"disks>disk>scratch"`
	}
	if err := xml.Unmarshal([]byte(said), &running); err != nil || len(running.Scratch) == 0 {
		return false, locked("another backup of it runs")
	}
	dir := filepath.Dir(running.Scratch[0].File)
	owner, err := os.ReadFile(filepath.Join(dir, ownerFile))
	if _, unset := os.Stat(dir); os.IsNotExist(unset) {
		return true, p.endJob(ctx, id) // what it wrote to is gone
	}
	if err != nil {
		return false, locked("another backup of it runs")
	}
	if alive(string(owner)) {
		return false, locked("process " + string(owner) + " backs it up")
	}
	if err := p.endJob(ctx, id); err != nil {
		return false, err
	}
	for _, one := range running.Scratch {
		_ = os.Remove(one.File) // libvirt removes it, or it is in nobody's way
	}
	return true, os.Remove(filepath.Join(dir, ownerFile))
}

func locked(why string) error {
	return fault.New(fault.Locked, "try again when it has ended", fmt.Errorf("%s: %w", why, provider.ErrLocked))
}

// overlay is where what is overwritten during a backup is kept.
func overlay(scratch string, one disk) string {
	return filepath.Join(scratch, one.Target.Dev+".scratch")
}

func backupXML(socket, scratch string, disks []disk) []byte {
	var b strings.Builder
	escaped := func(s string) string {
		var e strings.Builder
		_ = xml.EscapeText(&e, []byte(s))
		return e.String()
	}
	fmt.Fprintf(&b, "<domainbackup mode='pull'>\n <server transport='unix' socket='%s'/>\n <disks>\n", escaped(socket))
	for _, one := range disks {
		fmt.Fprintf(&b, "  <disk name='%s' backup='yes' type='file' exportname='%[1]s'><scratch file='%s'/></disk>\n", one.Target.Dev, escaped(overlay(scratch, one)))
	}
	b.WriteString(" </disks>\n</domainbackup>\n")
	return []byte(b.String())
}
