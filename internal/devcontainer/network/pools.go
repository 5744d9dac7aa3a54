package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// pool is a range of addresses of which the engine makes networks.
type pool struct {
	base netip.Prefix
	size int
}

// poolsOf are those of the engine: as it tells, or Docker's own.
func poolsOf(e *scene.Engine) []pool {
	var info struct {
		DefaultAddressPools []struct {
			Base string
			Size int
		}
	}
	_ = json.Unmarshal(e.Info, &info) // what cannot be read is not there
	var all []pool
	for _, p := range info.DefaultAddressPools {
		if base, err := netip.ParsePrefix(p.Base); err == nil && base.Addr().Is4() && p.Size >= base.Bits() && p.Size <= 30 {
			all = append(all, pool{base.Masked(), p.Size})
		}
	}
	if len(info.DefaultAddressPools) > 0 {
		return all
	}
	for _, p := range []struct {
		base string
		size int
	}{{"172.17.0.0/16", 16}, {"172.18.0.0/16", 16}, {"172.19.0.0/16", 16}, {"172.20.0.0/14", 16}, {"172.24.0.0/14", 16}, {"172.28.0.0/14", 16}, {"192.168.0.0/16", 20}} {
		all = append(all, pool{netip.MustParsePrefix(p.base), p.size})
	}
	return all
}

// enough is how many free networks nobody counts any further.
const enough = 8

// free counts the networks that can still be made, and says who has the others.
func free(pools []pool, taken []netip.Prefix) int {
	n := 0
	for _, p := range pools {
		at := p.base.Addr()
		for range 1 << min(p.size-p.base.Bits(), 16) {
			one := netip.PrefixFrom(at, p.size)
			if !slices.ContainsFunc(taken, one.Overlaps) {
				if n++; n >= enough {
					return n
				}
			}
			b := at.As4()
			next := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
			next += 1 << (32 - p.size)
			at = netip.AddrFrom4([4]byte{byte(next >> 24), byte(next >> 16), byte(next >> 8), byte(next)})
		}
	}
	return n
}

// subnets are those of IPv4 that networks have.
func subnets(nets []scene.Network) []netip.Prefix {
	var all []netip.Prefix
	for _, n := range nets {
		for _, c := range n.IPAM.Config {
			if p, err := netip.ParsePrefix(c.Subnet); err == nil && p.Addr().Is4() {
				all = append(all, p.Masked())
			}
		}
	}
	return all
}

// pools is about addresses: whether a network can still be made, and whether
// those that are there collide with ways of the machine.
func (g *group) pools(ctx context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	nets, err := s.Networks()
	if err != nil {
		return doctor.Unseen(err)
	}
	w, err := wireOf(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	var here *place
	m, err := g.ofEngine(ctx, s)
	if err == nil && m.local {
		here, err = g.ofMachine(ctx, s)
	}
	if err != nil {
		return doctor.Unseen(err)
	}
	project := projectOf(s)
	if here != nil {
		if f := stolen(w, here); f != nil {
			return f
		}
		if f := covers(w, nets, here, s); f != nil {
			return f
		}
	}
	if f := project.overlap(w, nets); f != nil {
		return f
	}
	taken := subnets(nets)
	if here != nil {
		for _, r := range here.routes {
			if r.to.Bits() > 0 {
				taken = append(taken, r.to.Masked())
			}
		}
	}
	pools := poolsOf(e)
	if len(pools) == 0 || e.Podman {
		return doctor.Unseen(errors.New("the engine tells of no pools"))
	}
	return left(pools, free(pools, taken), len(nets), project.wants(w, nets), w)
}

// named are the ranges for a sentence.
func named(pools []pool) string {
	var all []string
	for _, p := range pools {
		all = append(all, fmt.Sprintf("%s (/%d each)", p.base, p.size))
	}
	return strings.Join(all, ", ")
}

func left(pools []pool, n, count int, wants string, w *wire) []doctor.Finding {
	said := w.c != nil && (strings.Contains(w.c.State.Error, "fully subnetted") || strings.Contains(w.c.State.Error, "non-overlapping"))
	f := doctor.Finding{
		State: doctor.Warn, Where: "engine", Evidence: fmt.Sprintf("free networks: %d of %s; networks of the engine: %d", n, named(pools), count),
		Cause: doctor.Say("los rangos de direcciones del motor están casi agotados: la próxima red no podrá crearse", "the engine's address pools are nearly used up: the next network cannot be made"),
		Fix:   "docker network prune   # removes the networks that no container uses\n# or more of them in daemon.json: {\"default-address-pools\": [{\"base\": \"10.201.0.0/16\", \"size\": 24}]}",
	}
	switch {
	case n == 0 && (wants != "" || said):
		f.State, f.Explains = doctor.Fail, []string{"DC-NET-013", "DC-STA-001", "DC-STA-002", "DC-STA-006"}
		f.Evidence += "; network " + wants + " is needed and is not there"
		f.Cause = doctor.Say("los rangos de direcciones del motor están agotados: la red del proyecto no puede crearse (all predefined address pools have been fully subnetted)",
			"the engine's address pools are used up: the project's network cannot be made (all predefined address pools have been fully subnetted)")
	case n >= 2:
		if n >= enough {
			return doctor.Good("free networks: %d and more", enough)
		}
		return doctor.Good("free networks: %d", n)
	}
	f.Repair = &doctor.Repair{
		Do: []string{"docker network prune --force"}, Loses: doctor.Say("las redes que ningún contenedor usa ahora; Compose las vuelve a crear", "the networks that no container uses now; Compose makes them again"),
	}
	return []doctor.Finding{f}
}

// stolen is a container whose address another way of the machine leads to: a VPN
// that covers its network.
func stolen(w *wire, here *place) []doctor.Finding {
	for _, n := range w.bridges() {
		at, dev := addr(w.address(n)), device(n)
		if _, there := here.links[dev]; !at.IsValid() || !there || here.off(dev) {
			continue
		}
		r, found := way(here.routes, at)
		if !found || r.dev == dev {
			continue
		}
		return []doctor.Finding{{
			State: doctor.Fail, Where: "network " + n.Name, Evidence: fmt.Sprintf("ip route: %s dev %s covers %s (%s)", r.to, r.dev, at, dev),
			Cause: doctor.Say("una ruta de la máquina (¿una VPN?) se lleva lo que va al contenedor: las respuestas no le llegan", "a route of the machine (a VPN?) takes away what goes to the container: answers do not reach it"),
			Fix:   "# give Docker other addresses in daemon.json: {\"default-address-pools\": [{\"base\": \"10.201.0.0/16\", \"size\": 24}]}; then make the network again\nsudo ip route del " + r.to.String() + " dev " + r.dev + "   # when the route is not needed",
		}}
	}
	return nil
}

// covers is a network of the engine that hides what the machine or the container
// needs: a name server, a proxy.
func covers(w *wire, nets []scene.Network, here *place, s *scene.Scene) []doctor.Finding {
	needed := slices.Clone(here.servers)
	if w.c != nil {
		needed = append(needed, w.c.HostConfig.DNS...)
	}
	for _, p := range proxies(s, w.c) {
		if host, port, ok := cutPort(p); ok && !here.to[host+" "+port].ok() {
			needed = append(needed, host)
		}
	}
	for _, n := range nets {
		if f := hidesGateway(n, here); f != nil {
			return f
		}
		for _, one := range needed {
			at := addr(one)
			for _, subnet := range subnets([]scene.Network{n}) {
				if !at.IsValid() || !subnet.Contains(at) || holds(n, at) || here.dns[one+" "+name(s)].ok() {
					continue
				}
				return []doctor.Finding{{
					State: doctor.Fail, Where: "network " + n.Name, Evidence: fmt.Sprintf("%s has %s, in which %s lies", n.Name, subnet, one),
					Cause: doctor.Say("una red de Docker tapa una dirección que hace falta (servidor de nombres o proxy)", "a network of Docker hides an address that is needed (a name server or a proxy)"),
					Fix:   "docker network rm " + n.Name + "   # and make it with another --subnet, or other default-address-pools in daemon.json",
				}}
			}
		}
	}
	return nil
}

// hidesGateway is a network of the engine in which the machine's own way out
// lies: packets for it go to the bridge.
func hidesGateway(n scene.Network, here *place) []doctor.Finding {
	for _, r := range here.routes {
		if r.to.Bits() != 0 || !r.gateway.IsValid() {
			continue
		}
		taken, found := way(here.routes, r.gateway)
		if !found || taken.dev == r.dev || taken.dev != device(n) {
			continue
		}
		return []doctor.Finding{{
			State: doctor.Fail, Where: "network " + n.Name, Evidence: fmt.Sprintf("it has %s, in which %s lies, the machine's gateway of %s", taken.to, r.gateway, r.dev),
			Cause: doctor.Say("una red de Docker tiene las direcciones de la red de la máquina y le tapa su puerta de enlace: ni la máquina sale", "a network of Docker has the addresses of the machine's own network, and hides its gateway: not even the machine gets out"),
			Fix:   "docker network rm " + n.Name + "   # once no container is in it; make it again with another --subnet",
		}}
	}
	return nil
}

// addr is an address, or an invalid one.
func addr(text string) netip.Addr {
	at, _ := netip.ParseAddr(text)
	return at
}

// holds says whether somebody of the network itself has an address: its gateway,
// or a container.
func holds(n scene.Network, at netip.Addr) bool {
	for _, c := range n.IPAM.Config {
		if addr(c.Gateway) == at {
			return true
		}
	}
	for _, c := range n.Containers {
		if p, err := netip.ParsePrefix(c.IPv4Address); err == nil && p.Addr() == at {
			return true
		}
	}
	return false
}
