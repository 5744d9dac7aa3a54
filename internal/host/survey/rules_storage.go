package survey

import (
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/report"
	"iact-infra/internal/verdict"
)

// size writes bytes; df never tells more than fits.
func size(n uint64) string { return report.Bytes(int64(min(n, 1<<62))) }

// memory compares with what was asked for. A machine of 8 GB shows less of it:
// the firmware and the kernel keep some, so a fourteenth may be missing.
func (f *Facts) memory(w Wants) verdict.Finding {
	m := f.Memory
	evidence := fmt.Sprintf("%s, %s of it available", size(m.Total), size(m.Available))
	if m.Total < w.Memory-w.Memory/14 {
		return fail(evidence+"; wanted: "+size(w.Memory), "containers of the project would be killed for lack of memory", "give the machine more memory, or ask for less in the configuration")
	}
	if w.Memory > 0 && m.Available > 0 && m.Available < w.Memory/8 {
		return warn(evidence, "nearly all of it is taken now", "see who takes it: ps aux --sort=-rss | head")
	}
	return fine("%s", evidence)
}

// where names the data root and its file system.
func (f *Facts) where() string {
	d := f.Data
	text := d.Root
	if d.Existing != d.Root {
		text += " (to be made; now " + d.Existing + ")"
	}
	if d.Mount != "" {
		text += " on " + d.Mount
	}
	return text
}

func (f *Facts) space(w Wants) verdict.Finding {
	evidence := fmt.Sprintf("%s free of %s: %s", size(f.Data.Free), size(f.Data.Size), f.where())
	if f.Data.Free < w.Disk {
		return fail(evidence+"; wanted: "+size(w.Disk), "images, volumes and build caches would not fit",
			"free space there, or put the data root on a larger file system (data-root in daemon.json), or ask for less in the configuration")
	}
	return fine("%s", evidence)
}

// inodes only warns: full ones stop Docker as a full disk does, but not today.
func (f *Facts) inodes(w Wants) verdict.Finding {
	d := f.Data
	if d.Inodes == 0 {
		return fine("%s has no limit", f.Data.Type)
	}
	evidence := fmt.Sprintf("%d free of %d: %s", d.FreeInodes, d.Inodes, f.where())
	if w.Inodes > 0 && d.FreeInodes < w.Inodes {
		return warn(fmt.Sprintf("%s; wanted: %d", evidence, w.Inodes), "images of many small files (node_modules) use them up: no space left on device, although df shows space", "use a file system with more inodes (mkfs.ext4 -i 8192) or without a limit (xfs, btrfs)")
	}
	return fine("%s", evidence)
}

// fileSystem asks for one on which overlay2 can lay its layers.
func (f *Facts) fileSystem(Wants) verdict.Finding {
	d := f.Data
	evidence := d.Type + ": " + f.where()
	for _, option := range []string{"ro", "noexec", "nosuid", "nodev"} {
		if !slices.Contains(d.Options, option) {
			continue
		}
		if option == "ro" || option == "noexec" {
			return fail(evidence+", mounted "+option, "containers cannot run from it", "mount it rw,exec, or put the data root elsewhere (data-root in daemon.json)")
		}
		return warn(evidence+", mounted "+option, "programs and devices of images lose their rights", "mount it without "+option+", or put the data root elsewhere (data-root in daemon.json)")
	}
	elsewhere := "put the data root on ext4 or xfs (data-root in daemon.json)"
	switch d.Type {
	case "ext4", "ext3":
		return fine("%s", evidence)
	case "xfs":
		if d.FType == "0" {
			return fail(evidence+", ftype=0", "overlay2 needs xfs with ftype=1, which only mkfs can set", "make the file system anew: mkfs.xfs -n ftype=1")
		}
		if d.FType == "" {
			return fine("%s (ftype is not told; 1 since 2015)", evidence)
		}
		return fine("%s, ftype=1", evidence)
	case "btrfs", "zfs", "f2fs", "bcachefs":
		return warn(evidence, "not the file system that overlay2 is tested on most; "+d.Type+" has had trouble of its own with it", "nothing has to be done; ext4 or xfs is the safe choice")
	case "tmpfs", "ramfs":
		return warn(evidence, "it lives in memory: images and volumes are gone after a restart", elsewhere)
	}
	if slices.Contains([]string{"overlay", "aufs", "nfs", "nfs4", "cifs", "smb3", "9p", "drvfs", "virtiofs", "vfat", "exfat", "ntfs", "ntfs3", "squashfs", "ecryptfs", "fuseblk", "vboxsf", "ceph"}, d.Type) || strings.HasPrefix(d.Type, "fuse.") {
		return fail(evidence, "overlay2 cannot lay its layers on "+d.Type, elsewhere)
	}
	return warn(evidence, "whether overlay2 works on "+d.Type+" is not known", elsewhere)
}

// dataRoot compares what was measured with what the daemon uses.
func (f *Facts) dataRoot(Wants) verdict.Finding {
	root, set := f.Data.Root, f.Daemon.Root
	if set == "" {
		set = f.Docker.Root
	}
	if set != "" && strings.TrimSuffix(set, "/") != strings.TrimSuffix(root, "/") {
		return warn(fmt.Sprintf("looked at %s; the daemon uses %s", root, set), "the space that was measured is not the daemon's, or its data will be left behind", "make the configuration say what daemon.json says; move the data with the daemon stopped")
	}
	return fine("%s", root)
}
