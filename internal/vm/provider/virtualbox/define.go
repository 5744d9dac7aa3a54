package virtualbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// made is what Define has written down in the machine itself, so that Remove
// takes away exactly that, from any process.
type made struct {
	Files   []string `json:"files"`
	Network string   `json:"network,omitempty"` // of its own
}

// madeKey is where our note lies among a machine's extra data.
const madeKey = "iact/made"

// Define implements provider.Exporter. VirtualBox reads a settings file that is
// the old one with UUIDs and addresses of its own, without the snapshots, and
// without what names the host that it comes from.
func (p *Provider) Define(ctx context.Context, d provider.Definition, as provider.Place) (string, error) {
	id, err := p.define(ctx, d, as)
	if err != nil {
		return "", fmt.Errorf("define machine %s: %w", as.Domain, err)
	}
	return id, nil
}

func (p *Provider) define(ctx context.Context, d provider.Definition, as provider.Place) (id string, err error) {
	all, err := p.Machines(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if m.Domain == as.Domain {
			return "", provider.ErrExists
		}
	}
	root, err := parseTree(d.Files[definitionFile])
	if err != nil {
		return "", err
	}
	id = newID()
	note := made{}
	defer func() {
		if err != nil {
			late := context.WithoutCancel(ctx)
			if _, known := p.info(late, id); known == nil {
				err = errors.Join(err, p.change(late, "unregistervm", id))
			}
			err = errors.Join(err, p.unmake(late, note))
		}
	}()
	machine := root.first("Machine")
	machine.set("uuid", "{"+id+"}")
	machine.set("name", as.Domain)
	machine.set("snapshotFolder", "Snapshots")
	machine.unset("stateFile", "stateKeyId", "stateKeyStore", "currentSnapshot", "currentStateModified", "aborted", "lastStateChange", "directoryIncludesUUID")
	machine.drop("Snapshot", "MediaRegistry", "UART", "NVRAM", "VideoCapture", "Recording", "USBDeviceFilters", "DeviceFilters")
	if err := p.refill(ctx, machine, as, &note); err != nil {
		return "", err
	}
	if err := p.connect(ctx, machine, as, &note); err != nil {
		return "", err
	}
	machine.keep(func(n *node) bool {
		_, gone := os.Stat(n.attr("hostPath"))
		return n.XMLName.Local != "SharedFolder" || gone == nil && !as.Isolated
	})
	file := filepath.Join(as.Dir, as.Domain+".vbox")
	note.Files = append(note.Files, file, file+"-prev")
	text, err := json.Marshal(note)
	if err != nil {
		return "", err
	}
	extra := machine.first("ExtraData")
	extra.Nodes = append(slices.DeleteFunc(extra.Nodes, func(n *node) bool { return n.attr("name") == madeKey }), element("ExtraDataItem", "name", madeKey, "value", string(text)))
	// The order of elements is VirtualBox's: its settings have extra data before hardware.
	slices.SortStableFunc(machine.Nodes, func(a, b *node) int { return rank(a) - rank(b) })
	settings, err := xml.MarshalIndent(root, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append([]byte(xml.Header), settings...), 0o600)
	}
	if err == nil {
		err = p.change(ctx, "registervm", file)
	}
	return id, err
}

func rank(n *node) int {
	order := []string{"Description", "MediaRegistry", "ExtraData"}
	if at := slices.Index(order, n.XMLName.Local); at >= 0 {
		return at
	}
	return len(order)
}

// refill gives the machine its disks: what was left out of the capture, and what
// was put in, is not plugged in.
func (p *Provider) refill(ctx context.Context, machine *node, as provider.Place, note *made) error {
	var disks []*node
	for _, controller := range machine.all("StorageController") {
		for _, device := range slices.Clone(controller.all("AttachedDevice")) {
			if device.attr("type") != "HardDisk" {
				device.Nodes = nil
				continue
			}
			port, _ := strconv.Atoi(device.attr("port"))
			unit, _ := strconv.Atoi(device.attr("device"))
			at := target(controller.attr("name"), port, unit)
			raw, ours := as.Disks[at]
			if !ours {
				controller.keep(func(n *node) bool { return n != device })
				continue
			}
			file, image := filepath.Join(as.Dir, at+".vdi"), newID()
			note.Files = append(note.Files, file)
			if err := p.change(ctx, "convertfromraw", raw, file, "--format", "VDI", "--uuid", image); err != nil {
				return err
			}
			if err := os.Remove(raw); err != nil && !p.door.Planning() {
				return err
			}
			disks = append(disks, element("HardDisk", "uuid", "{"+image+"}", "location", file, "format", "VDI", "type", "Normal"))
			device.Nodes = []*node{element("Image", "uuid", "{"+image+"}")}
		}
	}
	if len(disks) != len(as.Disks) {
		return fmt.Errorf("the definition has %d of %d disks", len(disks), len(as.Disks))
	}
	machine.first("MediaRegistry").first("HardDisks").Nodes = disks
	return nil
}

// Remove implements provider.Exporter for machines that Define has made: those of
// others are not touched.
func (p *Provider) Remove(ctx context.Context, id string) error {
	if err := p.remove(ctx, id); err != nil && !errors.Is(err, provider.ErrGone) {
		return fmt.Errorf("remove machine %s: %w", id, err)
	}
	return nil
}

func (p *Provider) remove(ctx context.Context, id string) error {
	if err := known(id); err != nil {
		return err
	}
	out, err := p.ask(ctx, "getextradata", id, madeKey)
	if err != nil {
		return err
	}
	text, is := strings.CutPrefix(strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:]), "Value: ")
	if !is {
		return fault.New(fault.Usage, "vagrant destroy takes away what vagrant has made", errors.New("it was not made by this program"))
	}
	var note made
	if err := json.Unmarshal([]byte(text), &note); err != nil {
		return err
	}
	if err := p.Stop(ctx, id); err != nil {
		return err
	}
	// The network goes first: the machine knows what is its own, and goes last.
	if err := p.sink(ctx, note.Network); err != nil {
		return err
	}
	if err := p.change(ctx, "unregistervm", id, "--delete"); err != nil {
		return err
	}
	return p.unmake(ctx, note)
}

// newID is a random UUID.
func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := hex.EncodeToString(b)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
