package volumes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// replaced judges binds of containers that run: what the container has there is
// to be what the path leads to now.
func replaced(s *sightseen) []doctor.Finding {
	var found []doctor.Finding
	binds := 0
	for _, c := range s.containers {
		if s.kernel[c.ID] == nil {
			continue
		}
		for _, m := range c.Mounts {
			if m.Type != "bind" {
				continue
			}
			binds++
			if f := s.judgeReplaced(c, m); f != nil {
				f.Where, f.Code = c.Name, "DC-VOL-009"
				f.Fix = command.Read("docker", "restart", c.Name).String()
				f.Repair = again(c)
				if now, known := s.source(m.Source); known && now == nil {
					f.Fix, f.Repair = command.Read("mkdir", "-p", m.Source).String()+"   # or put it back\n"+f.Fix, nil
				}
				if c == s.main && s.isWorkspace(m) && f.State == doctor.Fail {
					f.Explains = []string{"DC-VOL-007", "DC-PRM-002", "DC-PRM-008", "DC-STA-011"}
				}
				found = append(found, *f)
			}
		}
	}
	return verdict(found, "%d binds of containers that run", binds)
}

func (s *sightseen) judgeReplaced(c *scene.Container, m scene.Mount) *doctor.Finding {
	point := at(s.kernel[c.ID], m.Destination)
	if point == nil { // /var/run is a link to /run in most images
		point = at(s.kernel[c.ID], strings.TrimPrefix(m.Destination, "/var"))
	}
	if point == nil {
		return nil
	}
	now, known := s.source(m.Source)
	switch {
	case point.gone:
		return removed(point, m, now)
	case known && now == nil:
		return &doctor.Finding{
			State: doctor.Fail, Evidence: fmt.Sprintf("%s is not there; %s has %s", m.Source, m.Destination, point.root),
			Cause: doctor.Say("el origen cambió de nombre mientras el contenedor corre", "the source was renamed while the container runs"),
		}
	case !known || !s.local: // another system numbers its files otherwise
		return nil
	}
	return s.swapped(c, m, point, now)
}

// removed is a source that the kernel marks as deleted; now is what stands there.
func removed(point *mounted, m scene.Mount, now *hostObject) *doctor.Finding {
	f := &doctor.Finding{State: doctor.Fail, Evidence: fmt.Sprintf("mountinfo: %s//deleted at %s", point.root, m.Destination)}
	switch {
	case now == nil:
		f.Cause = doctor.Say("el origen se borró mientras el contenedor corre", "the source was removed while the container runs")
	case now.Mode().IsRegular():
		f.State = doctor.Warn
		f.Evidence += fmt.Sprintf("; %s is another file now", m.Source)
		f.Cause = savedAnew()
	default:
		f.Evidence += fmt.Sprintf("; another %s is there now", m.Source)
		f.Cause = doctor.Say("el origen se borró y se creó otro: el contenedor sigue con el borrado", "the source was removed and made again: the container still has the removed one")
	}
	return f
}

// swapped compares what the container has with what the path leads to now.
func (s *sightseen) swapped(c *scene.Container, m scene.Mount, point *mounted, now *hostObject) *doctor.Finding {
	has, asked := s.has(c, m, point)
	if !asked || has.dev == now.dev && has.ino == now.ino {
		return nil
	}
	if now.Mode().IsRegular() && int64(has.size) == now.Size() && int64(has.time) == now.ModTime().Unix() {
		return nil
	}
	f := doctor.Finding{
		State: doctor.Fail, Evidence: fmt.Sprintf("%s is file number %d, and %s in the container %d", m.Source, now.ino, m.Destination, has.ino),
		Cause: doctor.Say("el origen se sustituyó (renombrado, git clean, otro sistema de archivos encima): el contenedor sigue con el anterior", "the source was replaced (renamed, git clean, another file system over it): the container still has the one before"),
	}
	if now.Mode().IsRegular() {
		f.State = doctor.Warn
		f.Cause = savedAnew()
	}
	return &f
}

// savedAnew is how editors and git write a file: a new one takes its name. A bind
// stays with the old one.
func savedAnew() procedure.Text {
	return doctor.Say("el archivo se guardó como uno nuevo: el contenedor ve el contenido anterior", "the file was saved as a new one: the container sees its old text")
}

// has is what the container has at a mount: by its own word, or as the kernel
// shows it to root. The point of a mount is a path without links.
func (s *sightseen) has(c *scene.Container, m scene.Mount, point *mounted) (identity, bool) {
	if c == s.main {
		if is, known := s.identity(m.Destination); known {
			return is, true
		}
	}
	info, err := os.Lstat(filepath.Join(fmt.Sprintf("/proc/%d/root", c.State.Pid), point.point))
	if err != nil {
		return identity{}, false
	}
	known, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false
	}
	return identity{uint64(known.Dev), known.Ino, uint64(known.Size), uint64(info.ModTime().Unix())}, true
}
