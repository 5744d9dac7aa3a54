package libvirt

import (
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/vm/provider"
)

// Where the system's libvirt of this host keeps what it notes about machines.
const (
	runDir  = "/run/libvirt/qemu"
	saveDir = "/var/lib/libvirt/qemu/save"
)

// since is when a machine came into its state. virsh does not tell, but libvirt
// leaves a file at that moment: the process id of QEMU at the start, the machine's
// status when it is paused, its memory when it is saved. It is zero where that
// cannot be known: a machine that is off leaves none, and the files of another
// host or of a user's own libvirt are not looked for.
func (p *Provider) since(name string, is provider.State) time.Time {
	if p.uri != DefaultURI {
		return time.Time{}
	}
	path := map[provider.State]string{
		provider.Running: filepath.Join(runDir, name+".pid"),
		provider.Paused:  filepath.Join(runDir, name+".xml"),
		provider.Saved:   filepath.Join(saveDir, name+".save"),
	}[is]
	info, err := os.Stat(path)
	if err != nil { // not ours to read, or just gone
		return time.Time{}
	}
	return info.ModTime()
}
