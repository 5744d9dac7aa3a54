package volumes

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// workspace judges whether the workspace is where the tools will look for it.
func workspace(s *sightseen) []doctor.Finding {
	c := s.main
	if c == nil {
		return doctor.Good("no container")
	}
	folder, named := s.Folder(c)
	if folder == "" {
		return doctor.Good("nothing says where it belongs")
	}
	mounted, is := s.Mounted(c)
	there := s.path(folder)
	switch {
	case there == "none" || there == "file" || there == "" && !is && s.byTools(c):
		return s.absent(folder, mounted, named, there)
	case there == "":
		return doctor.Good("%s; nobody can look inside", folder)
	}
	if f := s.elsewhere(c, folder); f != nil {
		return []doctor.Finding{*f}
	}
	return doctor.Good("%s", folder)
}

// byTools says whether the devcontainers tools made a container: then it has the
// workspace, unless something is wrong.
func (s *sightseen) byTools(c *scene.Container) bool { return c.Label(scene.LabelMetadata) != "" }

// absent is a folder that the container does not have.
func (s *sightseen) absent(folder, mounted string, named bool, there string) []doctor.Finding {
	if !named && !s.byTools(s.main) {
		return doctor.Good("%s is not there; the tools did not make this container", folder)
	}
	f := doctor.Finding{
		State: doctor.Fail, Where: s.main.Name, Evidence: "the container has no folder " + folder,
		Cause: doctor.Say("el espacio de trabajo no está montado", "the workspace is not mounted"),
		Fix:   s.rebuild(),
	}
	if there == "file" {
		f.Evidence = folder + " is a file in the container"
	}
	if settings, _ := s.Settings(); settings.Service != "" {
		f.Fix = fmt.Sprintf("# give the service %s the volume ..:%s\n%s", settings.Service, folder, s.rebuild())
	}
	if mounted != "" && named {
		config, _ := s.ConfigPath()
		settings, _ := s.Settings()
		f.Where = fmt.Sprintf("%s:%s", config, settings.Where("workspaceFolder"))
		f.Evidence += "; the workspace is mounted at " + mounted
		f.Cause = doctor.Say("workspaceFolder no es donde está montado", "workspaceFolder is not where it is mounted")
		f.Fix = fmt.Sprintf("# in %s: \"workspaceFolder\": %q", config, mounted)
	}
	return []doctor.Finding{f}
}

// elsewhere is a folder that is there, and holds something else.
func (s *sightseen) elsewhere(c *scene.Container, folder string) *doctor.Finding {
	f := &doctor.Finding{
		State: doctor.Warn, Where: c.Name,
		Fix: s.rebuild(),
	}
	m := over(c, folder)
	ours, err := os.ReadDir(s.Workspace)
	full := err == nil && len(ours) > 0
	switch {
	case c.HostConfig.Tmpfs[folder] != "" || m != nil && m.Type == "tmpfs":
		f.Evidence = folder + " is a tmpfs"
		f.Cause = doctor.Say("lo que se escribe allí se pierde al parar el contenedor", "what is written there is lost when the container stops")
	case m != nil && m.Type == "bind" && s.here && !s.holds(m, folder):
		f.State = doctor.Fail
		f.Evidence = fmt.Sprintf("%s is %s, and not %s", folder, filepath.Join(m.Source, strings.TrimPrefix(folder, m.Destination)), s.Workspace)
		f.Cause = doctor.Say("está montado otro directorio: lo que se edita aquí no es lo que se ejecuta allí", "another directory is mounted: what is edited here is not what runs there")
	case s.path(folder) == "empty" && full && s.here && m != nil:
		f.Evidence = fmt.Sprintf("%s is empty in the container, and %s holds %d names", folder, s.Workspace, len(ours))
		f.Cause = doctor.Say("el espacio de trabajo está en un volumen vacío", "the workspace is on an empty volume")
	default:
		return nil
	}
	return f
}

// holds says whether a bind shows the workspace, a folder around it, one in it,
// or at least one that has its configuration.
func (s *sightseen) holds(m *scene.Mount, folder string) bool {
	source, err := filepath.EvalSymlinks(m.Source)
	here, unreal := filepath.EvalSymlinks(s.Workspace)
	if err != nil || unreal != nil || within(here, source) || within(source, here) {
		return true
	}
	config, _ := s.ConfigPath()
	shown := filepath.Join(source, strings.TrimPrefix(folder, m.Destination), config)
	_, err = os.Stat(shown)
	return config != "" && err == nil
}

// readOnly judges the mounts that have to be written.
func readOnly(s *sightseen) []doctor.Finding {
	var found []doctor.Finding
	add := func(state doctor.State, c *scene.Container, evidence string, cause procedure.Text, fix string, explains ...string) {
		found = append(found, doctor.Finding{State: state, Where: c.Name, Evidence: evidence, Cause: cause, Fix: fix, Explains: explains})
	}
	for _, c := range s.containers {
		for _, m := range c.Mounts {
			point := at(s.kernel[c.ID], m.Destination)
			switch {
			case m.RW && !s.needed(c, m): // a system may well keep its own files from everybody
			case m.RW && point != nil && slices.Contains(point.super, "ro"):
				add(doctor.Fail, c, fmt.Sprintf("%s: the file system %s on %s is read-only", m.Destination, point.fs, point.device),
					doctor.Say("el sistema de archivos de la máquina pasó a solo lectura", "the machine's file system went read-only"),
					"sudo dmesg | grep -i 'remount\\|I/O error'\nsudo mount -o remount,rw "+command.Read(point.device).String(), "DC-PRM-*", "DC-STA-*", "DC-VOL-007")
			case m.RW && point != nil && slices.Contains(point.options, "ro"):
				add(doctor.Fail, c, m.Destination+" was to be written, and its mount is read-only",
					doctor.Say("en la máquina está montado en solo lectura", "on the machine it is mounted read-only"),
					"findmnt -T "+command.Read(m.Source).String()+"   # and mount it to be written", "DC-PRM-*")
			case m.RW:
			case c == s.main && s.isWorkspace(m):
				add(doctor.Fail, c, fmt.Sprintf("%s is mounted read-only (%s)", m.Destination, m.Source),
					doctor.Say("el espacio de trabajo está montado en solo lectura", "the workspace is mounted read-only"),
					"# take readonly (or :ro) out of its mount\n"+s.rebuild(), "DC-PRM-002", "DC-PRM-008", "DC-STA-011")
			case s.databases[c.ID].dir != "" && within(s.databases[c.ID].dir, m.Destination):
				add(doctor.Fail, c, fmt.Sprintf("%s is mounted read-only (%s)", m.Destination, m.Source),
					doctor.Say("una base de datos tiene que escribir sus archivos", "a database has to write its files"),
					"# take :ro out of the mount at "+m.Destination+"\n"+s.rebuild(), "DC-VOL-005", "DC-STA-002", "DC-STA-003", "DC-STA-005", "DC-STA-015")
			case m.Type == "volume" && c == s.main && s.unwritten(m):
				add(doctor.Warn, c, fmt.Sprintf("volume %s at %s is empty, read-only, and written by no container", m.Name, m.Destination),
					doctor.Say("nadie puede escribir en ese volumen", "nobody can write to that volume"),
					"# take readonly (or :ro) out of the mount at "+m.Destination+"\n"+s.rebuild())
			}
		}
	}
	return verdict(found, "all of them")
}

// needed says whether a mount is one that has to be written: the workspace, a
// volume, the folder of a database, or one whose file system is made for that.
func (s *sightseen) needed(c *scene.Container, m scene.Mount) bool {
	point := at(s.kernel[c.ID], m.Destination)
	return m.Type == "volume" || c == s.main && s.isWorkspace(m) || s.databases[c.ID].dir != "" && within(s.databases[c.ID].dir, m.Destination) ||
		point != nil && !slices.Contains(point.options, "ro") && slices.Contains([]string{"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs"}, point.fs)
}

// isWorkspace says whether a mount is the one that holds the workspace.
func (s *sightseen) isWorkspace(m scene.Mount) bool {
	folder, _ := s.Folder(s.main)
	best := over(s.main, folder)
	return folder != "" && best != nil && best.Destination == m.Destination
}

// unwritten says whether a volume is empty and no container at all may write it.
func (s *sightseen) unwritten(m scene.Mount) bool {
	everyone, err := s.Everyone()
	return err == nil && s.path(m.Destination) == "empty" && !slices.ContainsFunc(everyone, func(c *scene.Container) bool {
		return slices.ContainsFunc(c.Mounts, func(o scene.Mount) bool { return o.Name == m.Name && o.RW })
	})
}

// passing says whether nobody misses what an image has in a folder.
func passing(name string) bool {
	return slices.ContainsFunc([]string{"/tmp", "/run", "/var/tmp", "/var/run", "/var/log", "/var/cache", "/var/lib/apt"}, func(folder string) bool { return within(name, folder) })
}

// hidden judges mounts over what the image installed. A volume takes that over
// when it is new; a bind never does.
func hidden(s *sightseen) []doctor.Finding {
	var found []doctor.Finding
	for _, c := range s.containers {
		for _, m := range c.Mounts {
			o, known := s.source(m.Source)
			if m.Type != "bind" || !known || o == nil || !o.IsDir() || passing(m.Destination) {
				continue
			}
			brings := s.brings(c, m.Destination).names
			if o.empty && len(brings) > 0 && s.judgeMade(c, m, o) == nil {
				found = append(found, doctor.Finding{
					State: doctor.Warn, Where: c.Name, Evidence: fmt.Sprintf("%s is empty, and hides %s of the image at %s", m.Source, few(brings), m.Destination),
					Cause: doctor.Say("un directorio vacío tapa lo que la imagen trae allí", "an empty directory hides what the image brings there"),
					Fix:   "# use a volume there, which takes over what the image has, or take the mount out\n" + s.rebuild(), Explains: []string{"DC-STA-002", "DC-STA-003", "DC-STA-008"},
				})
				continue
			}
			for _, tree := range []string{"node_modules", ".venv", "venv", "vendor"} {
				if !slices.Contains(brings, tree) || over(c, path.Join(m.Destination, tree)).Destination != m.Destination {
					continue
				}
				if _, err := os.Lstat(filepath.Join(m.Source, tree)); os.IsNotExist(err) {
					found = append(found, doctor.Finding{
						State: doctor.Warn, Where: c.Name, Evidence: fmt.Sprintf("the image has %s, and %s has no %s", path.Join(m.Destination, tree), m.Source, tree),
						Cause: doctor.Say("el montaje tapa las dependencias que la imagen instaló", "the mount hides the dependencies that the image installed"),
						Fix:   "# mount a volume at " + path.Join(m.Destination, tree) + ", or install them after the start: postCreateCommand\n" + s.rebuild(), Explains: []string{"DC-STA-002", "DC-STA-003", "DC-STA-011"},
					})
				}
			}
		}
	}
	return verdict(found, "none")
}
