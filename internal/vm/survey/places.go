package survey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"iact-infra/internal/vm/provider"
)

// places measures where the machines and the boxes are.
func places(f *Facts, w Wants) []Place {
	machines := f.Pool
	if w.Provider == provider.VirtualBox {
		machines = f.Folder
	}
	return []Place{measure(ForMachines, machines), measure(ForBoxes, filepath.Join(w.Home, "boxes"))}
}

// measure asks the file system of a folder, or of the nearest one above it that
// is there.
func measure(use Use, path string) Place {
	p := Place{What: use, Path: path}
	if !filepath.IsAbs(path) {
		p.Unknown = "nobody tells where they are"
		return p
	}
	for p.Existing = filepath.Clean(path); ; p.Existing = filepath.Dir(p.Existing) {
		if _, err := os.Stat(p.Existing); !errors.Is(err, fs.ErrNotExist) || p.Existing == "/" {
			break
		}
	}
	var disk unix.Statfs_t
	var file unix.Stat_t
	if err := errors.Join(unix.Statfs(p.Existing, &disk), unix.Stat(p.Existing, &file)); err != nil {
		p.Unknown = err.Error()
		return p
	}
	p.Device = uint64(file.Dev)
	p.Free = disk.Bavail * uint64(disk.Bsize)
	p.TotalInodes, p.Inodes = disk.Files, disk.Ffree
	return p
}
