package survey

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/verdict"
)

// ports says which of the wanted ones are taken, and by whom.
func (f *Facts) ports(w Wants) verdict.Finding {
	var taken, free []string
	mine := true
	for _, number := range w.Ports {
		var by []string
		for _, p := range f.Ports {
			if p.Number != number {
				continue
			}
			who := p.Process
			mine = mine && who == "docker-proxy"
			if who == "" {
				who = "a process that only root may see"
			}
			if text := who + " at " + p.Address; !slices.Contains(by, text) {
				by = append(by, text)
			}
		}
		if len(by) == 0 {
			free = append(free, strconv.Itoa(number))
			continue
		}
		taken = append(taken, fmt.Sprintf("%d by %s", number, list(by)))
	}
	switch {
	case len(w.Ports) == 0:
		return fine("none is asked for; %d are in use", len(f.Ports))
	case len(taken) == 0:
		return fine("%s", list(free))
	case mine:
		return warn("taken: "+list(taken), "a container publishes them already", "docker ps shows which one; nothing to do if it is the project's")
	}
	return warn("taken: "+list(taken), "containers cannot publish them: address already in use", "stop the program (ss -ltnp shows it), or publish another port")
}

// defaultPools are the networks that Docker cuts from when nobody says otherwise,
// without 172.17.0.0/16, which docker0 takes first.
func defaultPools() []Pool {
	all := []Pool{}
	for second := 17; second < 32; second++ {
		all = append(all, Pool{netip.PrefixFrom(netip.AddrFrom4([4]byte{172, byte(second)}), 16), 16})
	}
	return append(all, Pool{netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16), 20})
}

// subnets looks for routes into the networks that Docker will make.
func (f *Facts) subnets(w Wants) verdict.Finding {
	pools := f.Daemon.Pools
	if len(pools) == 0 {
		pools = defaultPools()
	}
	var hits, wanted, odd []string
	total, masked := 0, 0
	for _, p := range pools {
		for net := range networks(p) {
			total++
			if slices.ContainsFunc(f.Routes, func(r Route) bool { return !r.docker() && r.Net.Overlaps(net) }) {
				masked++
			}
		}
	}
	for _, r := range f.Routes {
		if !r.docker() && slices.ContainsFunc(pools, func(p Pool) bool { return p.Base.Overlaps(r.Net) }) {
			hits = append(hits, r.String())
		}
	}
	for _, text := range w.Subnets {
		net, err := netip.ParsePrefix(text)
		if err != nil {
			odd = append(odd, text)
			continue
		}
		for _, r := range f.Routes {
			if !r.docker() && !r.everything() && r.Net.Overlaps(net) {
				wanted = append(wanted, text+" with "+r.String())
			}
		}
	}
	own := `let Docker use others: "default-address-pools": [{"base": "10.200.0.0/16", "size": 24}] in daemon.json, of a range that no route has`
	switch {
	case len(odd) > 0:
		return warn("no subnet: "+list(odd), "the configuration names what is no network", "write it as 172.20.0.0/16")
	case len(wanted) > 0:
		return warn(list(wanted), "a network that the configuration names and a route of this machine overlap: one of the two cannot be reached", "name others in host.daemon.pools, of a range that no route has")
	case masked > 0 && masked == total:
		return warn(few(hits), "routes (of a VPN?) take every network that Docker would use: all predefined address pools have been fully subnetted", own)
	case len(hits) > 0:
		return warn(fmt.Sprintf("%s; %d of Docker's %d networks stay free", few(hits), total-masked, total), "Docker leaves these out while they are there; a network that was made before the VPN came up hides what is behind it", own)
	}
	return fine("no route into Docker's %d networks", total)
}

// networks are those that are cut from a pool, no more than a machine would use.
func networks(p Pool) func(yield func(netip.Prefix) bool) {
	return func(yield func(netip.Prefix) bool) {
		if !p.Base.Addr().Is4() || p.Size > 32 || p.Size < p.Base.Bits() {
			return
		}
		b := p.Base.Addr().As4()
		at := uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
		for i := range uint64(1) << min(p.Size-p.Base.Bits(), 10) {
			n := at + i<<(32-p.Size)
			net := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), p.Size)
			if !yield(net) {
				return
			}
		}
	}
}

// docker reports a route to a bridge of Docker itself: docker0, docker_gwbridge,
// br- and twelve hexadecimal digits.
func (r Route) docker() bool {
	if r.Device == "docker0" || r.Device == "docker_gwbridge" {
		return true
	}
	id, isBridge := strings.CutPrefix(r.Device, "br-")
	return isBridge && len(id) == 12 && strings.Trim(id, "0123456789abcdef") == ""
}

// everything reports a default route in disguise, as VPNs set them: 0.0.0.0/1. A
// network of one's own goes before it; but daemons before 28 count it as taken
// when they choose a network.
func (r Route) everything() bool { return r.Net.Bits() < 8 }

// String is the route as a person writes it.
func (r Route) String() string {
	text := r.Net.String()
	if r.Device != "" {
		text += " dev " + r.Device
	}
	if r.Table != "" {
		text += " table " + r.Table
	}
	return text
}

// few keeps a long list readable.
func few(all []string) string {
	if len(all) > 5 {
		return list(all[:4]) + fmt.Sprintf(" and %d more", len(all)-4)
	}
	return list(all)
}

// forwarding is turned on by the daemon itself; something may turn it off again.
func (f *Facts) forwarding(Wants) verdict.Finding {
	value, known := f.Sysctl["ip_forward"]
	switch {
	case !known:
		return unknown("ip_forward", "the kernel does not show it")
	case value == "1":
		return fine("net.ipv4.ip_forward = 1")
	case f.Docker.Server != "":
		return warn("net.ipv4.ip_forward = "+value+" although a daemon runs", "something turned it off after Docker turned it on: containers reach no network", "sysctl -w net.ipv4.ip_forward=1, and take the 0 out of /etc/sysctl.conf and /etc/sysctl.d")
	}
	return fine("net.ipv4.ip_forward = %s; the daemon turns it on when it starts", value)
}
