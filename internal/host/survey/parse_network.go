package survey

import (
	"encoding/hex"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// readPorts reads ss -ltnp, or the kernel's own tables where there is no ss.
func readPorts(f *Facts, s *section) error {
	if len(s.lines) == 0 {
		return errEmpty("who listens")
	}
	for _, line := range s.lines[1:] {
		read := listener
		if s.lines[0] == "proc" {
			read = kernelListener
		}
		if p, ok := read(line); ok && !slices.Contains(f.Ports, p) {
			f.Ports = append(f.Ports, p)
		}
	}
	slices.SortStableFunc(f.Ports, func(a, b Port) int { return a.Number - b.Number })
	return nil
}

func listener(line string) (Port, bool) {
	row := strings.Fields(line)
	if len(row) < 5 || row[0] != "LISTEN" {
		return Port{}, false
	}
	at := strings.LastIndexByte(row[3], ':')
	if at < 0 {
		return Port{}, false
	}
	number, err := strconv.ParseUint(row[3][at+1:], 10, 16)
	if err != nil {
		return Port{}, false
	}
	p := Port{Address: strings.Trim(row[3][:at], "[]"), Number: int(number)}
	if _, users, ok := strings.Cut(line, `users:(("`); ok {
		p.Process, _, _ = strings.Cut(users, `"`)
	}
	return p, true
}

// kernelListener reads a line of /proc/net/tcp: "0: 0100007F:1538 00000000:0000 0A".
func kernelListener(line string) (Port, bool) {
	row := words(line, 4)
	address, number, ok := strings.Cut(row[1], ":")
	n, err := strconv.ParseUint(number, 16, 16)
	a, known := kernelAddress(address)
	if !ok || err != nil || !known || row[3] != "0A" {
		return Port{}, false
	}
	return Port{Address: a.String(), Number: int(n)}, true
}

// kernelAddress reads an address as the kernel prints it: words of four bytes,
// each in the order of a little-endian machine.
func kernelAddress(text string) (netip.Addr, bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b)%4 != 0 {
		return netip.Addr{}, false
	}
	for word := range slices.Chunk(b, 4) {
		slices.Reverse(word)
	}
	return netip.AddrFromSlice(b)
}

// readRoutes reads ip route, or the kernel's own table where there is no ip.
func readRoutes(f *Facts, s *section) error {
	for _, line := range s.lines {
		read := route
		if s.lines[0] == "proc" {
			read = kernelRoute
		}
		if r, ok := read(line); ok && !slices.Contains(f.Routes, r) {
			f.Routes = append(f.Routes, r)
		}
	}
	return nil
}

func route(line string) (Route, bool) {
	row := strings.Fields(line)
	if len(row) > 0 && row[0] == "unicast" {
		row = row[1:]
	}
	if len(row) == 0 {
		return Route{}, false
	}
	target := row[0]
	if !strings.Contains(target, "/") {
		target += "/32"
	}
	net, err := netip.ParsePrefix(target)
	if err != nil || !net.Addr().Is4() || net.Bits() == 0 { // default, local, broadcast…
		return Route{}, false
	}
	r := Route{Net: net.Masked()}
	for i := 1; i+1 < len(row); i++ {
		switch row[i] {
		case "dev":
			r.Device = row[i+1]
		case "table":
			r.Table = row[i+1]
		}
	}
	return r, true
}

// kernelRoute reads a line of /proc/net/route.
func kernelRoute(line string) (Route, bool) {
	row := words(line, 8)
	target, known := kernelAddress(row[1])
	mask, masked := kernelAddress(row[7])
	if !known || !masked || !target.Is4() || !mask.Is4() {
		return Route{}, false
	}
	bits := 0
	for _, b := range mask.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
	}
	if bits == 0 {
		return Route{}, false
	}
	return Route{Net: netip.PrefixFrom(target, bits).Masked(), Device: row[0]}, true
}

func readSysctl(f *Facts, s *section) error {
	f.Sysctl = map[string]string{}
	for file, value := range s.pairs() {
		f.Sysctl[path.Base(file)] = value
	}
	return nil
}

// readIptables reads "iptables v1.8.9 (nf_tables)"; before 1.8 there was no other
// kind than the old one.
func readIptables(f *Facts, s *section) error {
	for _, line := range s.lines {
		if !strings.HasPrefix(line, "iptables v") {
			continue
		}
		f.Iptables = "legacy"
		if strings.Contains(line, "nf_tables") {
			f.Iptables = "nft"
		}
		return nil
	}
	return errEmpty("its version")
}
