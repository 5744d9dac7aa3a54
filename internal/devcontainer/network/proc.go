package network

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// route is one of the kernel's main table, of IPv4.
type route struct {
	dev     string
	to      netip.Prefix
	gateway netip.Addr // invalid when it is on the link
}

// routes reads /proc/net/route.
func routes(text string) []route {
	var all []route
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 || f[0] == "Iface" {
			continue
		}
		to, gateway, mask := hexAddress(f[1]), hexAddress(f[2]), hexAddress(f[7])
		flags, err := strconv.ParseUint(f[3], 16, 32)
		if err != nil || !to.Is4() || !mask.Is4() || flags&1 == 0 { // 1: it is up
			continue
		}
		bits := 0
		for _, b := range mask.As4() {
			for ; b != 0; b <<= 1 {
				bits++
			}
		}
		r := route{dev: f[0], to: netip.PrefixFrom(to, bits)}
		if flags&2 != 0 { // 2: it has a gateway
			r.gateway = gateway
		}
		all = append(all, r)
	}
	return all
}

// way is the route that a packet takes: the most specific one. False when there
// is none.
func way(all []route, to netip.Addr) (route, bool) {
	best, found := route{}, false
	for _, r := range all {
		if r.to.Contains(to) && (!found || r.to.Bits() > best.to.Bits()) {
			best, found = r, true
		}
	}
	return best, found
}

// listener is a socket that waits for connections.
type listener struct {
	at   netip.Addr
	port int
}

// listeners reads /proc/net/tcp or tcp6.
func listeners(text string) []listener {
	const listens = "0A"
	var all []listener
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != listens {
			continue
		}
		host, port, found := strings.Cut(f[1], ":")
		n, err := strconv.ParseUint(port, 16, 16)
		if at := hexAddress(host); found && err == nil && at.IsValid() {
			all = append(all, listener{at, int(n)})
		}
	}
	return all
}

// hexAddress reads an address as /proc writes it: words of 32 bits in the order
// of the machine, which is little-endian wherever Docker is used.
func hexAddress(text string) netip.Addr {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.Addr{}
	}
	for i := 0; i < len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.LittleEndian.Uint32(raw[i:]))
	}
	at, _ := netip.AddrFromSlice(raw)
	return at.Unmap()
}

// hosts reads a hosts file: the addresses of each name.
func hosts(text string) map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		for i := 1; i < len(f); i++ {
			if !slices.Contains(all[f[i]], f[0]) {
				all[f[i]] = append(all[f[i]], f[0])
			}
		}
	}
	return all
}

// servers reads a resolv.conf.
func servers(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			all = append(all, f[1])
		}
	}
	return all
}

// loopback says whether an address leads to the place that asks.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	at, err := netip.ParseAddr(host)
	return err == nil && at.IsLoopback()
}
