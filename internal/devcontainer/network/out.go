package network

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// out is about what this machine reaches and the devcontainer does not. Where
// this machine reaches nothing only what is certainly missing counts: a route, an
// interface.
func (g *group) out(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.why() != "":
		return doctor.Good("%s", w.why())
	case w.mode != "host" && len(w.net.NetworkSettings.Networks) == 0:
		return doctor.Good("in no network: see DC-NET-013")
	case w.internal():
		return []doctor.Finding{{
			State: doctor.Warn, Where: "network " + w.nets[0].Name, Evidence: w.nets[0].Name + ": internal: true", Explains: []string{"DC-NET-004"},
			Cause: doctor.Say("el contenedor solo está en redes internas, que no tienen salida: no llegan paquetes, extensiones ni imágenes de fuera",
				"the container is only in internal networks, which have no way out: no packages and no extensions come from outside"),
			Fix: "# take internal: true out of the network, or give the container another one:\ndocker network connect bridge " + w.c.Name,
		}}
	}
	here, err := g.ofMachine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	inside, err := g.ofContainer(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	m, err := g.ofEngine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if f := broken(w, m, here, inside); f != nil {
		return f
	}
	if m.apart {
		return doctor.Unseen(errors.New(m.why))
	}
	beyond, err := g.outside(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	return compare(w, m, s, here, beyond)
}

// broken is what is missing between the container and the machine.
func broken(w *wire, m *machine, here, inside *place) []doctor.Finding {
	if !w.own() {
		return nil
	}
	for _, n := range w.bridges() {
		dev := device(n)
		at, there := here.links[dev]
		switch {
		case !m.local || len(here.links) == 0:
		case !there:
			return wrong("network "+n.Name, "no interface "+dev+" on the machine",
				doctor.Say("el puente de la red ya no está: alguien lo borró con Docker en marcha", "the bridge of the network has gone: somebody deleted it while Docker ran"),
				"sudo systemctl restart docker   # makes it again\ndocker restart "+w.c.Name, nil)
		case at.state == "down" && here.off(dev):
			return wrong("network "+n.Name, dev+" is down",
				doctor.Say("el puente de la red está apagado", "the bridge of the network is switched off"), "sudo ip link set "+dev+" up",
				&doctor.Repair{
					Safe: true, Do: []string{"ip link set " + dev + " up"}, Undo: []string{"ip link set " + dev + " down"},
					Was: "cat /sys/class/net/" + dev + "/flags",
				})
		}
	}
	if len(inside.links) == 0 {
		return nil
	}
	if len(inside.links) == 1 && inside.links["lo"].mtu > 0 {
		return wrong(w.c.Name, "no interface but lo inside",
			doctor.Say("el contenedor perdió su interfaz de red", "the container has lost its interface"), "docker restart "+w.c.Name, nil)
	}
	for name, l := range inside.links {
		if strings.HasPrefix(name, "eth") && l.state == "down" {
			return wrong(w.c.Name, name+" is down inside",
				doctor.Say("la interfaz del contenedor está apagada", "the container's interface is switched off"), "docker restart "+w.c.Name, nil)
		}
	}
	outside := netip.MustParseAddr("203.0.113.1")
	if _, found := way(inside.routes, outside); !found && w.gateway() {
		return wrong(w.c.Name, "no default route inside",
			doctor.Say("el contenedor no tiene ruta por defecto: solo llega a su propia red", "the container has no default route: it reaches its own network only"),
			"docker restart "+w.c.Name, nil)
	}
	return nil
}

// off says whether an interface was switched off: a bridge is down as well when
// nothing hangs on it. The kernel has no routes over one that is off.
func (p *place) off(dev string) bool {
	return !slices.ContainsFunc(p.routes, func(r route) bool { return r.dev == dev })
}

// gateway says whether the engine gave the container a way out.
func (w *wire) gateway() bool {
	for _, n := range w.nets {
		if !n.Internal && w.net.NetworkSettings.Networks[n.Name].Gateway != "" {
			return true
		}
	}
	return false
}

func wrong(where, evidence string, cause procedure.Text, fix string, repair *doctor.Repair) []doctor.Finding {
	return []doctor.Finding{{State: doctor.Fail, Where: where, Evidence: evidence, Cause: cause, Fix: fix, Repair: repair}}
}

// compare holds what the container reaches against what this machine does.
func compare(w *wire, m *machine, s *scene.Scene, here, beyond *place) []doctor.Finding {
	targets := reached(s, here)
	if len(targets) == 0 {
		return doctor.Good("this machine itself reaches nothing of %s", strings.Join(s.Reach, ", "))
	}
	var good, bad []string
	for _, t := range targets {
		a := beyond.got(t)
		switch {
		case a.ok():
			good = append(good, t.name)
		case a.why != "":
			bad = append(bad, t.name+" ("+t.address+"): "+a.why)
		}
	}
	switch {
	case len(good)+len(bad) == 0:
		return doctor.Unseen(errors.New("the container has no program to try it with (perl, nc, bash)"))
	case len(bad) == 0:
		return doctor.Good("reached: %s", strings.Join(good, ", "))
	case len(good) > 0:
		return doctor.Good("reached: %s; not: %s", strings.Join(good, ", "), strings.Join(bad, ", "))
	}
	f := wrong(w.c.Name, strings.Join(bad, "; "),
		doctor.Say("la máquina llega y el contenedor no: entre los dos hay reglas de otro cortafuegos, o su red no se reenvía",
			"this machine gets there and the container does not: between them are rules of another firewall, or its network is not forwarded"),
		"sudo iptables -S FORWARD; sudo nft list ruleset   # what stops it?\nsudo systemctl restart docker   # makes Docker's own rules again", nil)
	if len(m.nft) > 0 {
		f[0].Evidence += "; tables of nftables: " + strings.Join(m.nft, ", ")
	}
	return f
}
