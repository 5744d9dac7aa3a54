package network

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// smallest is what IPv6 needs, and what every way on the net carries.
const smallest = 1280

// mtu is about packets of full size. That those of a container are larger than
// those of the way out is no fault by itself: a router says so, and they are made
// smaller. It is one when that message does not come back.
func (g *group) mtu(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.why() != "" || !w.own():
		return doctor.Good("no network of its own")
	}
	here, err := g.ofMachine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	inside, err := g.ofContainer(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	beyond, err := g.outside(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	for _, t := range reached(s, here) {
		out, found := way(here.routes, addr(t.address))
		full, after := sizes(beyond.mtu[t.address])
		most := here.links[out.dev].mtu
		if !found || full == 0 || most == 0 || full <= most || after < full || !beyond.got(t).ok() {
			continue
		}
		return []doctor.Finding{{
			State: doctor.Fail, Where: w.c.Name, Evidence: fmt.Sprintf("MTU %d inside, %d on the way out (%s); no message of a router comes back", full, most, out.dev),
			Cause: doctor.Say("los paquetes grandes del contenedor se pierden sin aviso: las conexiones se abren y luego se cuelgan (TLS handshake timeout)",
				"large packets of the container are lost without a word: connections open and then hang (TLS handshake timeout)"),
			Fix: fmt.Sprintf("# in /etc/docker/daemon.json: {\"mtu\": %d}; in networks of compose.yaml:\n#   driver_opts: {com.docker.network.driver.mtu: \"%d\"}\n# then: docker network rm the old one, and make the container again", most, most),
		}}
	}
	return odd(w, here, inside)
}

// odd is about sizes that are wrong whatever the way out is.
func odd(w *wire, here, inside *place) []doctor.Finding {
	told := "unknown"
	for _, n := range w.bridges() {
		bridge := here.links[device(n)].mtu
		for name, l := range inside.links {
			if len(name) < 4 || name[:3] != "eth" || l.mtu == 0 {
				continue
			}
			told = strconv.Itoa(l.mtu)
			evidence := fmt.Sprintf("%s inside: MTU %d; the bridge %s: %d", name, l.mtu, device(n), bridge)
			fix := "# in daemon.json \"mtu\", or in the network's driver_opts com.docker.network.driver.mtu: \"1400\" to \"1500\""
			switch {
			case l.mtu < smallest:
				return []doctor.Finding{{
					State: doctor.Warn, Where: w.c.Name, Evidence: evidence, Fix: fix,
					Cause: doctor.Say("los paquetes son demasiado pequeños: todo va lento, IPv6 no funciona y algunos programas fallan", "packets are far too small: everything is slow, IPv6 does not work and some programs fail"),
				}}
			case len(w.nets) == 1 && bridge > 0 && l.mtu > bridge && l.mtu > 1500:
				return []doctor.Finding{{
					State: doctor.Fail, Where: w.c.Name, Evidence: evidence, Fix: fix,
					Cause: doctor.Say("la interfaz del contenedor envía paquetes mayores de los que pasa el puente: se pierden", "the container's interface sends larger packets than the bridge carries: they are lost"),
				}}
			}
		}
	}
	return doctor.Good("MTU %s", told)
}

// sizes reads the answer to a question of mtu.
func sizes(a answer) (full, after int) {
	if !a.ok() || len(a.said) < 2 || slices.Contains(a.said, "!") {
		return 0, 0
	}
	full, _ = strconv.Atoi(a.said[0])
	after, _ = strconv.Atoi(a.said[1])
	return full, after
}
