package survey

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// readPorts reads ss -ltnp, or lsof where there is no ss.
func readPorts(f *Facts, s *section) error {
	for _, line := range s.lines {
		p, ok := listener(line)
		if !ok {
			p, ok = macListener(line)
		}
		if ok && !slices.Contains(f.Listens, p) {
			f.Listens = append(f.Listens, p)
		}
	}
	return nil
}

// listener reads a line of ss: LISTEN 0 128 127.0.0.1:15432 0.0.0.0:* users:(("ssh",pid=917,fd=4)).
func listener(line string) (Port, bool) {
	row := strings.Fields(line)
	if len(row) < 5 || row[0] != "LISTEN" {
		return Port{}, false
	}
	p, ok := endpoint(row[3])
	if who := regexp.MustCompile(`users:\(\("([^"]*)",pid=(\d+)`).FindStringSubmatch(line); ok && who != nil {
		p.Process = who[1]
		p.PID, _ = strconv.Atoi(who[2])
	}
	return p, ok
}

// macListener reads a line of lsof: postgres 512 ana 7u IPv4 0x… 0t0 TCP 127.0.0.1:5432 (LISTEN).
func macListener(line string) (Port, bool) {
	row := strings.Fields(line)
	if len(row) < 10 || row[len(row)-1] != "(LISTEN)" {
		return Port{}, false
	}
	p, ok := endpoint(row[len(row)-2])
	p.Process = row[0]
	p.PID, _ = strconv.Atoi(row[1])
	return p, ok
}

// endpoint reads ADDRESS:PORT; every address is "".
func endpoint(text string) (Port, bool) {
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return Port{}, false
	}
	number, err := strconv.ParseUint(text[at+1:], 10, 16)
	if err != nil {
		return Port{}, false
	}
	address, _, _ := strings.Cut(strings.Trim(text[:at], "[]"), "%")
	if address == "*" || address == "0.0.0.0" || address == "::" {
		address = ""
	}
	return Port{Address: address, Number: int(number)}, true
}

// readRoutes reads ip route. The default route is no network, and what is to the
// host itself begins with a word.
func readRoutes(f *Facts, s *section) error {
	for _, line := range s.lines {
		row := strings.Fields(line)
		if len(row) == 0 {
			continue
		}
		target := row[0]
		if !strings.Contains(target, "/") {
			target += "/32"
		}
		net, err := netip.ParsePrefix(target)
		if err != nil || net.Bits() == 0 {
			continue
		}
		r := Route{Net: net.Masked()}
		for i := 1; i+1 < len(row); i++ {
			if row[i] == "dev" {
				r.Device = row[i+1]
			}
		}
		if !slices.Contains(f.Routes, r) {
			f.Routes = append(f.Routes, r)
		}
	}
	return nil
}

// readAllowed reads /etc/vbox/networks.conf: "* 10.0.0.0/8 192.168.0.0/16". A line
// without the asterisk allows nothing.
func readAllowed(f *Facts, s *section) error {
	f.Allowed = []netip.Prefix{}
	for _, line := range s.lines {
		row := strings.Fields(line)
		if len(row) < 2 || row[0] != "*" {
			continue
		}
		for _, text := range row[1:] {
			if net, err := netip.ParsePrefix(strings.TrimSuffix(text, ",")); err == nil {
				f.Allowed = append(f.Allowed, net)
			}
		}
	}
	return nil
}
