package libvirt

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// made is what Define has written down in the machine itself, so that Remove
// takes away exactly that, from any process.
type made struct {
	Files   []string `json:"files"`
	Network string   `json:"network,omitempty"` // of its own
}

// madeSpace is the name space of our note in a domain's metadata.
const madeSpace = "https://iact.invalid/machine/1"

// Define implements provider.Exporter. The machine gets a UUID and addresses of
// its own, and nothing in it names the host that it comes from. Its disks become
// qcow2, which snapshots need; those of an isolated one are used as they are.
func (p *Provider) Define(ctx context.Context, d provider.Definition, as provider.Place) (id string, err error) {
	if _, err := p.ask(ctx, "domuuid", as.Domain); err == nil {
		return "", fmt.Errorf("define machine %s: %w", as.Domain, provider.ErrExists)
	} else if !errors.Is(err, provider.ErrGone) {
		return "", fmt.Errorf("define machine %s: %w", as.Domain, err)
	}
	root, err := parseNode(d.Files[definitionFile])
	if err != nil {
		return "", fmt.Errorf("define machine %s: %w", as.Domain, err)
	}
	note := made{}
	defer func() {
		if err != nil {
			late := context.WithoutCancel(ctx)
			err = fmt.Errorf("define machine %s: %w", as.Domain, errors.Join(err, p.unmake(late, note)))
		}
	}()
	root.unset("id")
	root.first("name").Text = as.Domain
	root.drop("uuid", "seclabel", "resource")
	if err := p.disks(ctx, root, as, &note); err != nil {
		return "", err
	}
	if err := boot(root, d, as, &note); err != nil {
		return "", err
	}
	if as.Isolated {
		note.Network = as.Domain + "-net"
	}
	if err := p.devices(ctx, root, as, note.Network); err != nil {
		return "", err
	}
	if err := annotate(root, note); err != nil {
		return "", err
	}
	text, err := root.text()
	if err != nil {
		return "", err
	}
	file := filepath.Join(as.Dir, definitionFile)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(file) }()
	if err := p.change(ctx, "define", file); err != nil {
		return "", err
	}
	// From here on the note is in the machine. What is made later can be taken away
	// after a kill as well.
	if as.Isolated {
		if err := p.island(ctx, note.Network); err != nil {
			return "", errors.Join(err, p.undefine(context.WithoutCancel(ctx), as.Domain))
		}
	}
	out, err := p.ask(ctx, "domuuid", as.Domain)
	return strings.TrimSpace(out), err
}

// disks puts each disk into its place.
func (p *Provider) disks(ctx context.Context, root *node, as provider.Place, note *made) error {
	devices := root.first("devices")
	kept := devices.Nodes[:0:0]
	for _, child := range devices.Nodes {
		if child.XMLName.Local != "disk" {
			kept = append(kept, child)
			continue
		}
		target := child.first("target").attr("dev")
		file, ours := as.Disks[target]
		if !ours {
			if child.attr("device") == "cdrom" {
				child.drop("source", "backingStore", "alias")
				kept = append(kept, child)
			}
			continue // it was left out of the capture
		}
		format := "raw"
		if !as.Isolated {
			raw := file
			file, format = filepath.Join(as.Dir, target+".qcow2"), "qcow2"
			note.Files = append(note.Files, file)
			if err := p.door.Run(ctx, command.Change("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, file)); err != nil {
				return err
			}
			if err := os.Remove(raw); err != nil {
				return err
			}
		} else {
			note.Files = append(note.Files, file)
		}
		child.become("file")
		child.drop("source", "backingStore", "encryption", "auth", "mirror") // by its alias Vagrant knows a disk of the box
		driver := child.first("driver")
		driver.become(format)
		driver.unset("io") // io=native goes with cache=none alone
		child.Nodes = append(child.Nodes, &node{XMLName: xml.Name{Local: "source"}, Attrs: []xml.Attr{{Name: xml.Name{Local: "file"}, Value: file}}})
		kept = append(kept, child)
	}
	devices.Nodes = kept
	return nil
}

// boot writes what QEMU starts the machine with.
func boot(root *node, d provider.Definition, as provider.Place, note *made) error {
	system := root.first("os")
	for element, name := range map[string]string{"kernel": kernelFile, "initrd": initrdFile} {
		if len(system.all(element)) == 0 {
			continue
		}
		text, there := d.Files[name]
		if !there {
			return fmt.Errorf("the definition lacks %s", name)
		}
		path := filepath.Join(as.Dir, name)
		note.Files = append(note.Files, path)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
		system.first(element).Text = path
	}
	for _, nvram := range system.all("nvram") {
		nvram.Text = "" // libvirt makes a new one from its template
		nvram.unset("template")
	}
	return nil
}

// devices takes out what belongs to another host, and puts the machine into the
// network of its own if it has one.
func (p *Provider) devices(ctx context.Context, root *node, as provider.Place, network string) error {
	devices := root.first("devices")
	for _, emulator := range devices.all("emulator") {
		if _, err := os.Stat(emulator.Text); err != nil {
			path, err := p.door.Look(ctx, filepath.Base(emulator.Text))
			if err != nil {
				return fault.New(fault.Missing, "apt-get install qemu-system", fmt.Errorf("find %s: %w", emulator.Text, err))
			}
			emulator.Text = path
		}
	}
	for _, channel := range devices.all("channel", "source") {
		channel.unset("path")
	}
	for _, kind := range []string{"serial", "console", "parallel"} {
		for _, one := range devices.all(kind) {
			if one.attr("type") != "pty" {
				one.become("pty")
				one.drop("source", "log", "alias")
			}
		}
	}
	devices.drop("hostdev")
	var gone []*node
	for _, share := range devices.all("filesystem") {
		if dir := share.first("source").attr("dir"); dir != "" {
			if _, err := os.Stat(dir); err != nil || as.Isolated {
				gone = append(gone, share)
			}
		}
	}
	for _, share := range gone {
		devices.Nodes = without(devices.Nodes, share)
	}
	for _, card := range devices.all("interface") {
		card.drop("mac", "target", "alias", "bandwidth")
		if network == "" {
			continue
		}
		card.become("network")
		card.drop("source", "virtualport", "filterref", "vlan")
		card.Nodes = append(card.Nodes, &node{XMLName: xml.Name{Local: "source"}, Attrs: []xml.Attr{{Name: xml.Name{Local: "network"}, Value: network}}})
	}
	return nil
}

func without(all []*node, one *node) []*node {
	var rest []*node
	for _, n := range all {
		if n != one {
			rest = append(rest, n)
		}
	}
	return rest
}

// annotate leaves the note in the machine.
func annotate(root *node, note made) error {
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	meta := root.first("metadata")
	meta.drop("made")
	meta.Nodes = append(meta.Nodes, &node{XMLName: xml.Name{Space: madeSpace, Local: "made"}, Text: string(text)})
	return nil
}
