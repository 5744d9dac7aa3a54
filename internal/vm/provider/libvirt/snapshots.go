package libvirt

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
)

// Snapshots implements provider.Provider, by two virsh: one for the names, one
// for all that is known of them. Of a size the disks tell that of the memory.
func (p *Provider) Snapshots(ctx context.Context, id string) ([]provider.Snapshot, error) {
	all, err := p.snapshots(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("list snapshots of machine %s: %w", id, err)
	}
	return all, nil
}

func (p *Provider) snapshots(ctx context.Context, id string) ([]provider.Snapshot, error) {
	if err := known(id); err != nil {
		return nil, err
	}
	out, err := p.ask(ctx, script(
		"echo == current", "snapshot-current "+id+" --name",
		"echo == blocks", "domstats "+id+" --block --nowait",
		"echo == names", "snapshot-list "+id+" --name --topological",
	))
	if err != nil {
		return nil, err
	}
	parts := parted(out)
	var looks []string
	for _, name := range lines(parts["names"]) {
		looks = append(looks, "snapshot-dumpxml "+id+" --snapshotname "+quoted(name))
	}
	if len(looks) == 0 {
		return nil, nil
	}
	// One that went meanwhile fails, and is not among them any more.
	if out, err = p.ask(ctx, script(append(looks, "echo")...)); err != nil {
		return nil, err
	}
	var sizes map[string]int64
	for _, said := range stats(parts["blocks"]) {
		sizes = p.sizes(ctx, blocks(said))
	}
	var all []provider.Snapshot
	for _, one := range snapshotsIn(out) {
		all = append(all, provider.Snapshot{
			Name: one.Name, Description: one.Description, Time: time.Unix(one.Created, 0).UTC(), Parent: one.Parent.Name,
			Current: one.Name == strings.TrimSpace(parts["current"]), Memory: one.memory(), Size: sizes[one.Name],
		})
	}
	// virsh has parents before their children, which tells where seconds do not.
	slices.SortStableFunc(all, func(a, b provider.Snapshot) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// sizes are those of the memories in the disks, by the name of the snapshot: as
// far as qemu-img is here and the disks may be read.
func (p *Provider) sizes(ctx context.Context, disks map[string]provider.Disk) map[string]int64 {
	all := map[string]int64{}
	for _, disk := range disks {
		out, err := p.door.Text(ctx, command.Read("qemu-img", "info", "--force-share", "--output=json", disk.Path)).String()
		if err != nil {
			continue
		}
		var said struct {
			Snapshots []struct {
				Name string `json:"name"`
				Size int64  `json:"vm-state-size"`
			} `json:"snapshots"`
		}
		if json.Unmarshal([]byte(out), &said) != nil {
			continue
		}
		for _, one := range said.Snapshots {
			all[one.Name] += one.Size
		}
	}
	return all
}

type snapshotXML struct {
	XMLName     xml.Name `xml:"domainsnapshot"`
	Name        string   `xml:"name"`
	Description string   `xml:"description"`
	State       string   `xml:"state"`
	Created     int64    `xml:"creationTime"`
	Parent      struct {
		Name string `xml:"name"`
	} `xml:"parent"`
}

// memory reports whether the snapshot is of a machine that was on.
func (s snapshotXML) memory() bool { return s.State == "running" || s.State == "paused" }

// snapshotsIn reads what snapshot-dumpxml has printed, several times or once.
func snapshotsIn(out string) []snapshotXML {
	var all []snapshotXML
	for d := xml.NewDecoder(strings.NewReader(out)); ; {
		var one snapshotXML
		if d.Decode(&one) != nil {
			return all
		}
		all = append(all, one)
	}
}

// quoted is a word of a script of virsh.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
