package network

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// joined asks of each container of the workspace whether it is in the network
// that it was made for, and whether that is still there.
func joined(_ context.Context, s *scene.Scene) []doctor.Finding {
	mine, err := s.Containers()
	if err != nil {
		return doctor.Unseen(err)
	}
	if e, err := s.Engine(); err == nil && e.Podman {
		return doctor.Good("podman has other network modes")
	}
	nets, err := s.Networks()
	if err != nil {
		return doctor.Unseen(err)
	}
	all, err := s.Everyone()
	if err != nil {
		return doctor.Unseen(err)
	}
	if len(mine) == 0 {
		return wanted(s, nets)
	}
	var bad []doctor.Finding
	for _, c := range mine {
		if f := missing(c, nets, all); f != nil {
			bad = append(bad, *f)
		}
	}
	if len(bad) > 0 {
		return bad
	}
	return doctor.Good("containers in their networks: %d", len(mine))
}

// wanted is the network that a container still to be made asks for.
func wanted(s *scene.Scene, nets []scene.Network) []doctor.Finding {
	settings, _ := s.Settings()
	if name := projectOf(s).outsider(nets); name != "" {
		return absent("Compose", "external network "+name+": there is no such network", name)
	}
	name := networkArg(settings.RunArgs)
	if name == "" || builtIn(name) || strings.Contains(name, ":") || strings.Contains(name, "=") || strings.Contains(name, "$") || known(nets, name) {
		return doctor.Good("no container")
	}
	return absent("runArgs", "--network="+name+": there is no such network", name)
}

func absent(where, evidence, name string) []doctor.Finding {
	return []doctor.Finding{{
		State: doctor.Fail, Where: where, Evidence: evidence, Explains: []string{"DC-STA-001"}, Fix: "docker network create " + name,
		Cause: doctor.Say("la red que pide la configuración no existe: el contenedor no puede crearse", "the network that the configuration asks for does not exist: the container cannot be made"),
		Repair: &doctor.Repair{
			Safe: true, Do: []string{"docker network create " + name}, Undo: []string{"docker network rm " + name},
			Was: "docker network inspect --format '{{.Name}}' " + name,
		},
	}}
}

func builtIn(name string) bool {
	return slices.Contains([]string{"bridge", "host", "none", "default"}, name)
}

func known(nets []scene.Network, name string) bool {
	return slices.ContainsFunc(nets, func(n scene.Network) bool { return n.Name == name || strings.HasPrefix(n.ID, name) })
}

// missing is about one container; nil when it is well.
func missing(c *scene.Container, nets []scene.Network, all []*scene.Container) *doctor.Finding {
	m := mode(c)
	if other, shared := strings.CutPrefix(m, "container:"); shared {
		return lender(c, other, all)
	}
	if m == "host" || m == "none" {
		return nil
	}
	gone := regexp.MustCompile(`network (\S+) not found`).FindStringSubmatch(c.State.Error)
	if !known(nets, m) || gone != nil && !c.State.Running && !known(nets, gone[1]) {
		name := m
		if known(nets, m) {
			name = gone[1]
		}
		return noNetwork(c, name)
	}
	if _, is := c.NetworkSettings.Networks[m]; is || !c.State.Running || len(c.NetworkSettings.Networks) > 0 {
		return nil
	}
	connect := m + " " + c.Name
	if service := c.Label(scene.LabelService); service != "" && !builtIn(m) {
		connect = "--alias " + service + " " + connect
	}
	return &doctor.Finding{
		State: doctor.Fail, Where: c.Name, Evidence: c.Name + " is in no network; it was made for " + m, Fix: "docker network connect " + connect,
		Explains: []string{"DC-NET-004", "DC-NET-005", "DC-NET-009", "DC-NET-012"},
		Cause:    doctor.Say("alguien desconectó el contenedor de su red", "somebody has disconnected the container from its network"),
		Repair: &doctor.Repair{
			Safe: true, Do: []string{"docker network connect " + connect}, Undo: []string{"docker network disconnect " + m + " " + c.Name},
			Was: c.Shows("range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end"),
		},
	}
}

// noNetwork is a container whose network has gone. One of Compose is made again
// by Compose, with its labels.
func noNetwork(c *scene.Container, name string) *doctor.Finding {
	f := &doctor.Finding{
		State: doctor.Fail, Where: c.Name, Evidence: "there is no network " + name, Explains: []string{"DC-STA-006", "DC-STA-002"},
		Cause: doctor.Say("la red para la que se creó el contenedor ya no existe: no arranca", "the network that the container was made for has gone: it does not start"),
		Fix:   "docker network create " + name + " && docker start " + c.Name,
	}
	if c.State.Error != "" {
		f.Evidence += "; " + line(c.State.Error)
	}
	if c.Label(scene.LabelProject) != "" {
		f.Fix = "docker compose --project-name " + c.Label(scene.LabelProject) + " up --detach --force-recreate"
	}
	if c.State.Running {
		return nil // an engine does not remove a network that is in use
	}
	return f
}

// lender is the container whose network another one shares.
func lender(c *scene.Container, other string, all []*scene.Container) *doctor.Finding {
	at := slices.IndexFunc(all, func(o *scene.Container) bool { return strings.HasPrefix(o.ID, other) || o.Name == other })
	f := &doctor.Finding{State: doctor.Fail, Where: c.Name, Explains: []string{"DC-STA-006", "DC-STA-002", "DC-NET-004", "DC-NET-005"}}
	switch {
	case at < 0:
		f.Evidence = "network mode container:" + other[:min(12, len(other))] + ": there is no such container"
		f.Cause = doctor.Say("usa la red de un contenedor que ya no existe", "it uses the network of a container that has gone")
		f.Fix = "# make it again, so that it finds the new one:\ndocker compose up --detach --force-recreate"
	case !all[at].State.Running:
		f.Evidence = "it uses the network of " + all[at].Name + ", which is " + all[at].State.Status
		f.Cause = doctor.Say("usa la red de otro contenedor, que no corre", "it uses the network of another container, which does not run")
		f.Fix = "docker start " + all[at].Name + " && docker restart " + c.Name
	default:
		return nil
	}
	return f
}
