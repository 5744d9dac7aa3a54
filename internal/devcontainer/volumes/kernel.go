package volumes

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/scene"
)

// mounted is a mount as the kernel has it: a line of mountinfo.
type mounted struct {
	root    string // of the file system, from which it is mounted
	point   string
	options []string // of the mount
	fs      string
	device  string
	super   []string // of the file system
	gone    bool     // its root was removed
}

// mountinfo are the mounts that a container has now; nil when nobody can tell.
func (s *sightseen) mountinfo(c *scene.Container) []mounted {
	if c == s.main && s.inside["mounts"] != "" {
		return parseMounts(s.inside["mounts"])
	}
	if !s.local || !c.State.Running {
		return nil
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.State.Pid))
	// The number may be that of another machine's process, or of a later one.
	if err != nil || !strings.Contains(string(text), c.ID) {
		return nil
	}
	return parseMounts(string(text))
}

// parseMounts reads mountinfo. Lines that are none are left out.
func parseMounts(text string) []mounted {
	var all []mounted
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		dash := slices.Index(fields, "-")
		if dash < 6 || len(fields) < dash+4 {
			continue
		}
		m := mounted{
			root: plain(fields[3]), point: plain(fields[4]), options: strings.Split(fields[5], ","),
			fs: fields[dash+1], device: plain(fields[dash+2]), super: strings.Split(fields[dash+3], ","),
		}
		m.root, m.gone = strings.CutSuffix(m.root, "//deleted")
		all = append(all, m)
	}
	return all
}

// plain takes back how the kernel writes spaces: \040.
func plain(field string) string {
	var b strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] == '\\' && i+3 < len(field) {
			if code, err := strconv.ParseUint(field[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		b.WriteByte(field[i])
	}
	return b.String()
}

// at is the mount at a point, the last one where several lie over each other.
func at(all []mounted, point string) *mounted {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].point == path.Clean(point) {
			return &all[i]
		}
	}
	return nil
}

// over is the mount of a container that a path lies in; nil when that is the
// container's own file system.
func over(c *scene.Container, name string) *scene.Mount {
	var best *scene.Mount
	for i, m := range c.Mounts {
		if within(name, m.Destination) && (best == nil || len(m.Destination) > len(best.Destination)) {
			best = &c.Mounts[i]
		}
	}
	return best
}

// within says whether a path is the folder or lies in it.
func within(name, folder string) bool {
	name, folder = path.Clean(name), path.Clean(folder)
	return name == folder || folder == "/" || strings.HasPrefix(name, folder+"/")
}
