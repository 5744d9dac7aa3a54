package performance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

func mount(_ context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	in, err := s.Interior()
	if in == nil {
		if c == nil || !c.State.Running {
			return doctor.Good("no container runs")
		}
		return doctor.Unseen(err)
	}
	folder, _ := s.Mounted(c)
	if folder == "" || in.Workspace.Files == 0 {
		return doctor.Good("no files of the workspace are mounted")
	}
	if m, err := s.Machine(); err == nil && m.Pressure["cpu"].Some10 > crowded {
		return doctor.Good("not judged: the machine's processors are busy (pressure some avg10=%.0f %%)", m.Pressure["cpu"].Some10)
	}
	return slower(folder, kind(in, folder), in.Workspace, in.Image)
}

// crowded is a pressure of processors, in percent, under which a time says nothing
// of a disk.
const crowded = 60

// fewFiles cannot be measured: a single look that had to wait would stand for all.
const fewFiles = 50

// kind is the type of the file system that a path is on.
func kind(in *scene.Interior, path string) string {
	best := scene.Disk{}
	for _, d := range in.Disks {
		below := d.Mount == "/" || path == d.Mount || strings.HasPrefix(path, d.Mount+"/")
		if below && len(d.Mount) >= len(best.Mount) {
			best = d
		}
	}
	return best.Type
}

// remote are the file systems by which a machine's files come to a virtual machine
// or over a network: each look at a file is a question to somebody else.
func remote() []string {
	return []string{"9p", "virtiofs", "fuse.grpcfuse", "fakeowner", "drvfs", "nfs", "nfs4", "cifs", "smb3", "vboxsf", "fuse.sshfs", "prl_fs", "osxfs", "fuse.vmhgfs-fuse"}
}

// slower judges the time that a look for a file of the workspace takes: by what a
// person feels, not by what kind of file system it is. A container that has little
// time is slow with the image's files, too.
func slower(folder, kind string, work, image scene.Speed) []doctor.Finding {
	said := fmt.Sprintf("%s (%s): %s for 1000 files, the image %s", folder, kind, milli(work), milli(image))
	limit := 500 * time.Microsecond
	if slices.Contains(remote(), kind) {
		limit = 200 * time.Microsecond
	}
	if work.Files < fewFiles || work.Each() < limit || work.Took < 10*image.Each()*time.Duration(work.Files) {
		return doctor.Good("%s", said)
	}
	return []doctor.Finding{{
		State: doctor.Warn, Where: folder, Evidence: said,
		Cause: doctor.Say("los archivos del espacio de trabajo llegan por un sistema de archivos lento: git, npm e indexadores tardan un múltiplo",
			"the workspace's files come by a slow file system: git, npm and indexers take a multiple of the time"),
		Fix: "# keep the code in a volume: \"workspaceMount\": \"source=code,target=/workspaces,type=volume\" and \"workspaceFolder\": \"/workspaces/NAME\"\n# or only what has many files: \"mounts\": [\"source=node_modules,target=" + folder + "/node_modules,type=volume\"]\n# on Windows: clone inside of WSL, not below /mnt/c",
	}}
}

func milli(s scene.Speed) string {
	return fmt.Sprintf("%.1f ms", float64(s.Each())*1000/float64(time.Millisecond))
}
