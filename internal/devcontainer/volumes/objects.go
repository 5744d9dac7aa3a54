package volumes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// named is a volume of the engine by its name; nil when it has none.
func (s *sightseen) named(name string) *scene.Volume {
	i := slices.IndexFunc(s.volumes, func(v scene.Volume) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &s.volumes[i]
}

// used are the volumes of the workspace's containers, and who has them.
func (s *sightseen) used() map[string]*scene.Container {
	all := map[string]*scene.Container{}
	for _, c := range s.containers {
		for _, m := range c.Mounts {
			if m.Type == "volume" {
				all[m.Name] = c
			}
		}
	}
	return all
}

// volumes judges whether those that are needed exist. One that a mount of
// devcontainer.json names is made by Docker; an external one of Compose is not.
func volumes(s *sightseen) []doctor.Finding {
	if s.unlisted != nil {
		return doctor.Unseen(s.unlisted)
	}
	var found []doctor.Finding
	composed, _ := s.Compose()
	if composed != nil {
		for _, key := range slices.Sorted(maps.Keys(composed.Volumes)) {
			v := composed.Volumes[key]
			if v.External && s.named(v.Name) == nil {
				create := command.Read("docker", "volume", "create", v.Name).String()
				found = append(found, doctor.Finding{
					State: doctor.Fail, Where: short(s.Workspace, composed.Files[0]), Evidence: fmt.Sprintf("volume %s is external, and the engine has none of that name", v.Name),
					Cause: doctor.Say("Compose no crea un volumen externo", "Compose does not make an external volume"),
					Fix:   create,
					Repair: &doctor.Repair{
						Safe: true, Do: []string{create}, Undo: []string{command.Read("docker", "volume", "rm", v.Name).String()},
						Was: command.Read("docker", "volume", "inspect", "--format", "{{.Name}}", v.Name).String(),
					},
				})
			}
		}
	}
	used := s.used()
	for _, name := range slices.Sorted(maps.Keys(used)) {
		c, v := used[name], s.named(name)
		if v == nil && s.foreign(c, name) {
			continue // its driver is missing, which hides the volume
		}
		evidence := ""
		if v == nil {
			evidence = fmt.Sprintf("%s has the volume %s, which the engine does not have", c.Name, name)
		} else if object, known := s.mountpoint(*v); known && object == nil && v.Options["device"] == "" {
			evidence = fmt.Sprintf("volume %s: %s is not there", name, v.Mountpoint)
		}
		if evidence != "" {
			found = append(found, doctor.Finding{
				State: doctor.Fail, Where: c.Name, Evidence: evidence,
				Cause: doctor.Say("el volumen se borró por debajo de Docker; sus datos ya no están", "the volume was removed behind Docker's back; its data are gone"),
				Fix:   "go tool mage backup:list   # and restore it from a backup", Explains: []string{"DC-STA-006", "DC-STA-002", "DC-VOL-005"},
			})
		}
	}
	return verdict(found, "%d volumes in use", len(used))
}

// mountpoint is the folder of a volume on this machine.
func (s *sightseen) mountpoint(v scene.Volume) (*hostObject, bool) {
	if v.Driver != "local" {
		return nil, false
	}
	return s.source(v.Mountpoint)
}

// foreign says whether the volume of a container is of a driver that the engine
// does not have.
func (s *sightseen) foreign(c *scene.Container, name string) bool {
	return slices.ContainsFunc(c.Mounts, func(m scene.Mount) bool { return m.Name == name && !s.driven(m.Driver) })
}

// driven says whether the engine has a driver. One of the old kind is loaded when it
// is first used, and before that only its file tells.
func (s *sightseen) driven(driver string) bool {
	if driver == "" || driver == "local" || len(s.plugins) == 0 || slices.Contains(s.plugins, strings.TrimSuffix(driver, ":latest")) || slices.Contains(s.plugins, driver) {
		return true
	}
	for _, name := range []string{"/run/docker/plugins/%s.sock", "/run/docker/plugins/%[1]s/%[1]s.sock", "/etc/docker/plugins/%s.spec", "/etc/docker/plugins/%s.json", "/usr/lib/docker/plugins/%s.spec", "/usr/lib/docker/plugins/%s.json"} {
		if _, err := os.Stat(fmt.Sprintf(name, driver)); err == nil {
			return true
		}
	}
	return !s.here
}

// drivers judges what has to mount the volumes.
func drivers(s *sightseen) []doctor.Finding {
	if s.unlisted != nil {
		return doctor.Unseen(s.unlisted)
	}
	type volume struct {
		name, driver, where string
		options             map[string]string
	}
	var all []volume
	used := s.used()
	for _, v := range s.volumes {
		if c := used[v.Name]; c != nil {
			all = append(all, volume{v.Name, v.Driver, c.Name, v.Options})
		}
	}
	for name, c := range used {
		for _, m := range c.Mounts {
			if m.Name == name && s.named(name) == nil {
				all = append(all, volume{name, m.Driver, c.Name, nil})
			}
		}
	}
	if composed, _ := s.Compose(); composed != nil {
		for _, v := range composed.Volumes {
			if used[v.Name] == nil && !v.External {
				all = append(all, volume{v.Name, v.Driver, short(s.Workspace, composed.Files[0]), v.Options})
			}
		}
	}
	for _, w := range s.wanted {
		if _, driver, is := strings.Cut(w.Raw, "volume-driver="); is {
			driver, _, _ = strings.Cut(driver, ",")
			all = append(all, volume{w.Source, driver, w.where, nil})
		}
	}
	slices.SortFunc(all, func(a, b volume) int { return strings.Compare(a.name, b.name) })
	var found []doctor.Finding
	for _, v := range all {
		if !s.driven(v.driver) {
			found = append(found, doctor.Finding{
				State: doctor.Fail, Where: v.where, Evidence: fmt.Sprintf("volume %s is of driver %s; the engine has %s", v.name, v.driver, strings.Join(s.plugins, ", ")),
				Cause: doctor.Say("el motor no tiene ese controlador de volúmenes", "the engine does not have that driver of volumes"),
				Fix:   command.Read("docker", "plugin", "install", v.driver).String(), Explains: []string{"DC-STA-001", "DC-STA-006", "DC-STA-002"},
			})
		} else if why := s.unmountable(v.options); why != "" {
			found = append(found, doctor.Finding{
				State: doctor.Fail, Where: v.where, Evidence: "volume " + v.name + ": " + why,
				Cause: doctor.Say("lo que el volumen monta no está al alcance", "what the volume mounts cannot be reached"),
				Fix:   command.Read("docker", "volume", "inspect", v.name).String(), Explains: []string{"DC-STA-001", "DC-STA-006", "DC-STA-002"},
			})
		}
	}
	return verdict(found, "%d volumes in use", len(all))
}

// unmountable is why the options of a local volume lead nowhere; "" when nothing
// is known against them.
func (s *sightseen) unmountable(options map[string]string) string {
	device, kind := options["device"], options["type"]
	if !s.here || device == "" {
		return ""
	}
	if kind == "" || kind == "none" || strings.Contains(options["o"], "bind") {
		if _, err := os.Stat(device); errors.Is(err, os.ErrNotExist) {
			return "device " + device + " is not there"
		}
		return ""
	}
	port := map[string]string{"nfs": "2049", "nfs4": "2049", "cifs": "445", "smb3": "445"}[kind]
	if port == "" {
		return ""
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(device, "//"), "/")
	host = strings.TrimSuffix(host, ":")
	for option := range strings.SplitSeq(options["o"], ",") {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "addr":
			host = value
		case "port":
			port = value
		}
	}
	if host == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var dialer net.Dialer
	to, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Sprintf("%s server %s: %v", kind, host, err)
	}
	_ = to.Close()
	return ""
}
