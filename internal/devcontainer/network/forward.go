package network

import (
	"context"
	"encoding/json"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// attached is about containers that were made without a network.
func attached(_ context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.c == nil:
		settings, _ := s.Settings()
		if networkArg(settings.RunArgs) == "none" {
			return none("runArgs", "runArgs: --network=none")
		}
		return doctor.Good("no container")
	case w.mode == "none":
		return none(w.c.Name, "network mode none")
	case w.mode == "host":
		return doctor.Good("network mode host: it is the machine's own")
	}
	return doctor.Good("network mode %s", w.mode)
}

func none(where, evidence string) []doctor.Finding {
	return []doctor.Finding{{
		State: doctor.Fail, Where: where, Evidence: evidence,
		Cause: doctor.Say("el contenedor se crea sin red: no hay nombres, ni salida, ni puertos", "the container is made without a network: no names, no way out, no ports"),
		Fix:   "# take --network=none out of runArgs, or network_mode: none out of the Compose file, and make the container again:\ndevcontainer up --workspace-folder . --remove-existing-container",
	}}
}

// networkArg is the network that arguments of docker run ask for.
func networkArg(args []string) string {
	got := ""
	for i, arg := range args {
		for _, flag := range []string{"--network", "--net"} {
			if value, is := strings.CutPrefix(arg, flag+"="); is {
				got = value
			} else if arg == flag && i+1 < len(args) {
				got = args[i+1]
			}
		}
	}
	return got
}

// forwarding is about the kernel, which carries packets between a container and
// the rest of the world, or not.
func (g *group) forwarding(ctx context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	w, err := wireOf(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if w.c != nil && (w.mode == "host" || w.mode == "none") {
		return doctor.Good("network mode %s needs none", w.mode)
	}
	m, err := g.ofEngine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if m.local {
		return m.forwards(w)
	}
	var info struct{ IPv4Forwarding *bool }
	if json.Unmarshal(e.Info, &info) == nil && info.IPv4Forwarding != nil && !*info.IPv4Forwarding && !e.Podman {
		return stopped("docker info: IPv4Forwarding: false", "net.ipv4.ip_forward", false)
	}
	return doctor.Good("%s, and says nothing of forwarding", m.why)
}

func (m *machine) forwards(w *wire) []doctor.Finding {
	if m.forward[""] == "0" {
		return stopped("net.ipv4.ip_forward = 0", "net.ipv4.ip_forward", true)
	}
	for _, n := range w.bridges() {
		if dev := device(n); m.forward[dev] == "0" && !n.Internal {
			return stopped("net.ipv4.conf."+dev+".forwarding = 0", "net.ipv4.conf."+dev+".forwarding", true)
		}
	}
	if m.forward[""] == "" {
		return doctor.Good("the kernel tells nothing of forwarding")
	}
	return doctor.Good("net.ipv4.ip_forward = %s", m.forward[""])
}

func stopped(evidence, key string, here bool) []doctor.Finding {
	f := doctor.Finding{
		State: doctor.Fail, Where: key, Evidence: evidence,
		Cause: doctor.Say("el núcleo no reenvía IPv4: lo que envían los contenedores no sale de la máquina",
			"the kernel does not forward IPv4: what containers send does not leave the machine"),
		Fix: "sudo sysctl -w " + key + "=1\ngrep -rn " + key + " /etc/sysctl.conf /etc/sysctl.d   # whoever sets 0 there does it again at the next start",
	}
	if here {
		f.Repair = &doctor.Repair{Safe: true, Do: []string{"sysctl -w " + key + "=1"}, Undo: []string{"sysctl -w " + key + "=0"}, Was: "sysctl -n " + key}
	}
	return []doctor.Finding{f}
}
