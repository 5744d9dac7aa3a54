package probe

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/verdict"
)

// names are the targets that have one, and no address.
func names(w Want) []string {
	return slices.DeleteFunc(slices.Clone(w.Outside), func(target string) bool {
		host, _, err := net.SplitHostPort(target)
		_, literal := netip.ParseAddr(host)
		return err != nil || literal == nil
	})
}

// place is a container and what it sees.
type place struct {
	name string
	Seen
}

func (f *Facts) places() []place {
	return []place{{"on the default network", f.Bridge}, {"on a network of its own", f.Own}}
}

// split tells what has an answer from what has none.
func split(targets []string, of map[string]Answer) (good, bad []string) {
	for _, target := range targets {
		if a := of[target]; a.OK() {
			good = append(good, target+" is "+a.Said)
		} else {
			bad = append(bad, target+": "+a.Why)
		}
	}
	return good, bad
}

func (f *Facts) hostNames(w Want) verdict.Finding {
	targets := names(w)
	good, bad := split(targets, f.Host.Names)
	switch {
	case f.Host.Why != "":
		return fail(f.Host.Why, "the probe did not run on the host", "look at the message")
	case len(targets) == 0:
		return fine("no name is asked for; resolvers: %s", list(f.Host.Resolvers))
	case len(bad) > 0:
		return wanted(w, list(bad)+" (resolvers: "+list(f.Host.Resolvers)+")", "the host itself does not find the name: the daemon cannot pull by it either", "resolvectl status, or /etc/resolv.conf; without a network nothing has to be done")
	}
	return fine("%s", list(good))
}

// names judges what containers find, by what the host finds.
func (f *Facts) names(w Want) verdict.Finding {
	targets := names(w)
	if len(targets) == 0 {
		return fine("no name is asked for")
	}
	var seen, lost, lame []string
	for _, p := range f.places() {
		if p.Why != "" {
			lost = append(lost, p.name+": "+p.Why)
			continue
		}
		good, bad := split(targets, p.Names)
		seen = append(seen, good...)
		for _, one := range bad {
			one = fmt.Sprintf("%s (%s, resolvers: %s)", one, p.name, list(p.Resolvers))
			if target, _, _ := strings.Cut(one, ": "); f.Host.Names[target].OK() {
				lost = append(lost, one)
			} else {
				lame = append(lame, one)
			}
		}
	}
	switch {
	case len(lost) > 0:
		return fail(list(lost), "the host finds it and containers do not: their resolver does not answer them, or they do not reach it",
			`host.daemon.dns: [an address of a resolver that containers reach], then host:daemon; without it containers get the host's, and 127.0.0.53 is replaced by 8.8.8.8`)
	case len(lame) > 0:
		return wanted(w, list(lame), "the host does not find it either", "see HN-DNS-001")
	}
	slices.Sort(seen)
	return fine("%s", list(slices.Compact(seen)))
}

func (f *Facts) hostOut(w Want) verdict.Finding {
	good, bad := split(w.Outside, f.Host.Reached)
	switch {
	case f.Host.Why != "":
		return fail(f.Host.Why, "the probe did not run on the host", "look at the message")
	case len(w.Outside) == 0:
		return fine("nothing is asked for")
	case len(bad) > 0:
		return wanted(w, list(bad), "the host itself does not get there: a firewall, a missing proxy, or no network at all", "curl -v https://HOST/ shows where it ends; host.network.outside names what is to be reached")
	}
	return fine("%s", list(good))
}

func (f *Facts) out(w Want) verdict.Finding {
	if len(w.Outside) == 0 {
		return fine("nothing is asked for")
	}
	var seen, lost, lame []string
	for _, p := range f.places() {
		if p.Why != "" {
			lost = append(lost, p.name+": "+p.Why)
			continue
		}
		good, bad := split(w.Outside, p.Reached)
		seen = append(seen, good...)
		for _, one := range bad {
			target, _, _ := strings.Cut(one, ": ")
			if one += " (" + p.name + ")"; f.Host.Reached[target].OK() {
				lost = append(lost, one)
			} else {
				lame = append(lame, one)
			}
		}
	}
	switch {
	case len(lost) > 0 && f.Host.Forward == "0":
		return fail(list(lost)+"; net.ipv4.ip_forward = 0", "IPv4 forwarding is disabled: what containers send does not leave the host", "sysctl -w net.ipv4.ip_forward=1, and take the 0 out of /etc/sysctl.conf and /etc/sysctl.d; restarting Docker sets it as well")
	case len(lost) > 0:
		return fail(list(lost), "the host gets there and containers do not: rules of a firewall have gone or came in between (iptables -F, firewalld, ufw), or the network of containers is also one of a VPN", "systemctl restart docker makes its rules again; iptables -S FORWARD shows them; host.daemon.pools gives other networks")
	case len(lame) > 0:
		return wanted(w, list(lame), "the host does not get there either", "see HN-OUT-001")
	}
	slices.Sort(seen)
	return fine("%s", list(slices.Compact(seen)))
}

func (f *Facts) peer(Want) verdict.Finding {
	switch {
	case f.Network != "":
		return fail(f.Network, "Docker makes no network", "docker network prune removes those that nobody uses; host.daemon.pools gives others")
	case !f.Peer.OK():
		return fail(f.Peer.Why, "two containers of one network do not speak by name", "look for a firewall between containers (iptables -S, icc in daemon.json); systemctl restart docker makes Docker's rules again")
	}
	return fine("64 KiB came whole from a container that was called by its name, %s", f.Peer.Said)
}

func (f *Facts) published(Want) verdict.Finding {
	if !f.Published.OK() {
		return fail(f.Published.Why, "the host does not reach a port that a container publishes", "systemctl restart docker makes its rules again; with userland-proxy: false also look for net.ipv4.conf.all.route_localnet")
	}
	return fine("64 KiB came whole by %s", f.Published.Said)
}

func (f *Facts) ports(w Want) verdict.Finding {
	var good, bad []string
	for _, port := range slices.Sorted(maps.Keys(f.Ports)) {
		if a := f.Ports[port]; a.OK() {
			good = append(good, a.Said)
		} else {
			bad = append(bad, strconv.Itoa(port)+": "+a.Why)
		}
	}
	switch {
	case len(w.Ports) == 0:
		return fine("none is configured")
	case len(bad) > 0:
		if len(good) > 0 {
			bad = append(bad, "well are "+list(good))
		}
		return fail(list(bad), "a container cannot publish it, or is not reached there: another program has it", "ss -ltnp shows which; stop that one, or take another port (host.ports)")
	}
	return fine("published and reached: %s", list(good))
}

// anywhere stands for what is out there, where nothing is named: an address that
// nobody has (RFC 5737).
const anywhere = "203.0.113.1:9"

// mtu compares the largest packet of a container with that of the host's way.
func (f *Facts) mtu(Want) verdict.Finding {
	var told, cut []string
	least := 0
	for _, p := range f.places() {
		for _, target := range slices.Sorted(maps.Keys(p.Sizes)) {
			host, inside := f.Host.Sizes[target], p.Sizes[target]
			if host.First == 0 || inside.First == 0 {
				continue
			}
			way := min(host.First, host.Way)
			text := fmt.Sprintf("%s: %d of the host, %d of a container %s", strings.Replace(target, anywhere, "the way out", 1), way, inside.First, p.name)
			if told = append(told, text); inside.First > way {
				if inside.Way < inside.First {
					text += fmt.Sprintf(", which learns %d from a router", inside.Way)
				}
				cut = append(cut, text)
				if least == 0 || way < least {
					least = way
				}
			}
		}
	}
	fix := fmt.Sprintf(`"mtu": %d in daemon.json, and com.docker.network.driver.mtu: %d in driver_opts of networks in compose.yaml`, least, least)
	switch {
	case len(cut) > 0:
		return warn(list(cut), "packets of full size of a container are too large for the way (a VPN?): where the message of a router does not come back, connections open and then hang (TLS handshake timeout)", fix)
	case len(told) == 0:
		return warn("unknown: there is no way out", "nothing could be compared", "run it again when there is a network")
	}
	return fine("%s", list(told))
}
