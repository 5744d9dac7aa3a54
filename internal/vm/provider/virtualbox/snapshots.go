package virtualbox

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// Snapshots implements provider.Provider. VBoxManage tells neither when one was
// taken nor whether it holds a memory: the settings file does.
func (p *Provider) Snapshots(ctx context.Context, id string) ([]provider.Snapshot, error) {
	about, err := p.info(ctx, id)
	var all []kept
	if err == nil {
		all, err = snapshots(about)
	}
	if err != nil {
		return nil, fmt.Errorf("list snapshots of machine %s: %w", id, err)
	}
	var found []provider.Snapshot
	for _, one := range all {
		found = append(found, one.Snapshot)
	}
	return found, nil
}

// kept is a snapshot and what VirtualBox calls it.
type kept struct {
	provider.Snapshot
	id     string
	images []string // of its disks, by UUID
}

// settingsXML is what is read of a settings file.
type settingsXML struct {
	Machine struct {
		Current   string        `xml:"currentSnapshot,attr"`
		Snapshots []snapshotXML `xml:"Snapshot"`
	} `xml:"Machine"`
}

type snapshotXML struct {
	UUID        string        `xml:"uuid,attr"`
	Name        string        `xml:"name,attr"`
	Time        time.Time     `xml:"timeStamp,attr"`
	StateFile   string        `xml:"stateFile,attr"`
	Description string        `xml:"Description"`
	Disks       []attachedXML `xml:"Hardware>StorageControllers>StorageController>AttachedDevice"`
	Older       []attachedXML `xml:"StorageControllers>StorageController>AttachedDevice"` // before 7.0
	Children    []snapshotXML `xml:"Snapshots>Snapshot"`
}

type attachedXML struct {
	Image struct {
		UUID string `xml:"uuid,attr"`
	} `xml:"Image"`
}

// snapshots reads them from the machine's settings file, the oldest first.
func snapshots(about info) ([]kept, error) {
	file := here(about.get("CfgFile"))
	if file == "" {
		return nil, fmt.Errorf("its settings file cannot be read: %w", provider.ErrState)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var settings settingsXML
	if err := xml.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var all []kept
	var walk func(these []snapshotXML, parent string)
	walk = func(these []snapshotXML, parent string) {
		for _, one := range these {
			k := kept{id: strings.Trim(one.UUID, "{}")}
			k.Snapshot = provider.Snapshot{
				Name: one.Name, Description: one.Description, Time: one.Time.UTC(), Parent: parent,
				Current: one.UUID == settings.Machine.Current, Memory: one.StateFile != "",
			}
			if k.Memory {
				k.Size = size(filepath.Dir(file), here(one.StateFile))
			}
			for _, at := range slices.Concat(one.Disks, one.Older) {
				k.images = append(k.images, strings.Trim(at.Image.UUID, "{}"))
			}
			all = append(all, k)
			walk(one.Children, one.Name)
		}
	}
	walk(settings.Machine.Snapshots, "")
	// Parents stand before their children, which tells where seconds do not.
	slices.SortStableFunc(all, func(a, b kept) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// size is that of a file beside the settings, 0 when it cannot be told.
func size(dir, path string) int64 {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// here is a path of the host's as this system has it: under WSL VirtualBox names
// those of Windows.
func here(path string) string {
	if drive := regexp.MustCompile(`^([A-Za-z]):\\`); drive.MatchString(path) {
		return "/mnt/" + strings.ToLower(path[:1]) + "/" + strings.ReplaceAll(path[3:], `\`, "/")
	}
	return path
}

// named is the snapshot of a name. VirtualBox lets several have the same one;
// which is meant nobody can tell.
func named(all []kept, name string) (kept, error) {
	all = slices.DeleteFunc(slices.Clone(all), func(k kept) bool { return k.Name != name })
	switch len(all) {
	case 0:
		return kept{}, provider.ErrNoSnapshot
	case 1:
		return all[0], nil
	}
	return kept{}, fault.New(fault.Usage, "VBoxManage snapshot MACHINE edit "+all[1].id+" --name=ANOTHER", errors.New("several are called that"))
}
