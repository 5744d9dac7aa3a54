package daemon

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// Pools are those of the wanted pools that Docker may take: they overlap no
// route and no pool before them. The error names each of the others, and its
// hint what is free in their place.
func Pools(wanted []string, routes []Route) (free []string, err error) {
	var taken, bits = []netip.Prefix{}, []int{}
	var all []error
	for _, one := range wanted {
		pool, err := netip.ParsePrefix(one)
		if err != nil {
			all = append(all, fmt.Errorf("choose address pool: %q is no network", one))
			continue
		}
		pool = pool.Masked()
		route := slices.IndexFunc(routes, func(r Route) bool { return r.Prefix.Overlaps(pool) })
		other := slices.IndexFunc(taken, pool.Overlaps)
		switch {
		case route >= 0:
			via := ""
			if routes[route].Device != "" {
				via = " through " + routes[route].Device
			}
			all = append(all, fmt.Errorf("choose address pool: %s overlaps %s, which this machine reaches%s", one, routes[route].Prefix, via))
		case other >= 0:
			all = append(all, fmt.Errorf("choose address pool: %s overlaps the pool %s", one, taken[other]))
		default:
			free = append(free, pool.String())
			taken = append(taken, pool)
			continue
		}
		if pool.Addr().Is4() {
			bits = append(bits, pool.Bits())
		}
	}
	if len(all) == 0 {
		return free, nil
	}
	hint := "choose networks that this machine does not reach"
	if instead := Free(bits, routes, taken); len(instead) > 0 {
		hint = "free is " + strings.Join(instead, ", ")
	}
	return free, fault.New(fault.Usage, hint, errors.Join(all...))
}

// Free finds private networks with the given prefix lengths that overlap no
// route, nothing that is taken and not one another. What is not to be had is
// left out.
func Free(bits []int, routes []Route, taken []netip.Prefix) []string {
	taken = slices.Clone(taken)
	for _, r := range routes {
		taken = append(taken, r.Prefix)
	}
	var free []string
	for _, length := range bits {
		for _, space := range []string{"172.16.0.0/12", "10.0.0.0/8", "192.168.0.0/16"} {
			if found, ok := firstFree(netip.MustParsePrefix(space), length, taken); ok {
				free, taken = append(free, found.String()), append(taken, found)
				break
			}
		}
	}
	return free
}

// firstFree goes through a space from one taken network to the next.
func firstFree(space netip.Prefix, length int, taken []netip.Prefix) (netip.Prefix, bool) {
	if length < space.Bits() || length > 32 {
		return netip.Prefix{}, false
	}
	at := netip.PrefixFrom(space.Addr(), length)
	for at.IsValid() && space.Contains(at.Addr()) {
		i := slices.IndexFunc(taken, at.Overlaps)
		if i < 0 {
			return at, true
		}
		// The larger of the two is left behind.
		behind := at
		if taken[i].Bits() < at.Bits() {
			behind = taken[i]
		}
		at = netip.PrefixFrom(lastOf(behind.Masked()).Next(), length)
	}
	return netip.Prefix{}, false
}

// lastOf is the last address of an IPv4 network.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		bytes[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(bytes)
}
