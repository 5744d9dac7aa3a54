package daemon

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// Route is a network that a machine reaches, and through what.
type Route struct {
	Prefix netip.Prefix
	Device string
}

// Routes are the networks that Docker has to keep off, those of a VPN among
// them: the routes in all tables, without the default one, without the addresses
// of the machine itself and without Docker's own networks.
func (d *Daemon) Routes(ctx context.Context) ([]Route, error) {
	var routes []Route
	for _, family := range []string{"-4", "-6"} {
		text, err := d.text(ctx, command.Read("ip", "-j", family, "route", "show", "table", "all"))
		var missing *command.NotFound
		if errors.As(err, &missing) {
			text, err = d.text(ctx, command.Read("cat", "/proc/net/route"))
			if err != nil {
				return nil, fmt.Errorf("read routes: %w", err)
			}
			if routes, err = ParseProcRoutes(text); err != nil {
				return nil, err
			}
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read routes: %w", err)
		}
		more, err := ParseRoutes([]byte(text))
		if err != nil {
			return nil, err
		}
		routes = append(routes, more...)
	}
	own := d.networks(ctx)
	return slices.DeleteFunc(routes, func(r Route) bool { return slices.Contains(own, r.Prefix) }), nil
}

// ParseRoutes reads what `ip -j route` prints.
func ParseRoutes(text []byte) ([]Route, error) {
	var lines []struct {
		Type, Dst, Dev string
	}
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(text, &lines); err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	var routes []Route
	for _, line := range lines {
		if slices.Contains([]string{"local", "broadcast", "multicast", "anycast"}, line.Type) || line.Dst == "default" {
			continue
		}
		prefix, err := netip.ParsePrefix(line.Dst)
		if err != nil {
			// One host is printed without its 32 bits.
			address, err := netip.ParseAddr(line.Dst)
			if err != nil {
				return nil, fmt.Errorf("read routes: %q is no network", line.Dst)
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		routes = appendRoute(routes, Route{prefix.Masked(), line.Dev})
	}
	return routes, nil
}

// ParseProcRoutes reads /proc/net/route, which every Linux has.
func ParseProcRoutes(text string) ([]Route, error) {
	var routes []Route
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fields := strings.Fields(line)
		if i == 0 || len(fields) == 0 {
			continue
		}
		if len(fields) < 8 {
			return nil, fmt.Errorf("read routes: %q has too few columns", line)
		}
		destination, err := hex.DecodeString(fields[1])
		mask, err2 := hex.DecodeString(fields[7])
		if err := errors.Join(err, err2); err != nil || len(destination) != 4 || len(mask) != 4 {
			return nil, fmt.Errorf("read routes: %q is no network", line)
		}
		// The kernel writes its words, the last byte first.
		slices.Reverse(destination)
		bits := 0
		for m := binary.LittleEndian.Uint32(mask); m != 0; m &= m - 1 {
			bits++
		}
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte(destination)), bits)
		routes = appendRoute(routes, Route{prefix.Masked(), fields[0]})
	}
	return routes, nil
}

// appendRoute leaves out the default route, also where a VPN has put two halves
// in its place, Docker's bridges, and what every link has.
func appendRoute(routes []Route, r Route) []Route {
	docker := regexp.MustCompile(`^(docker[0-9]+|docker_gwbridge|br-[0-9a-f]{12})$`)
	if r.Prefix.Bits() <= 1 || docker.MatchString(r.Device) || r.Prefix.Addr().IsLinkLocalUnicast() || r.Prefix.Addr().IsMulticast() || slices.Contains(routes, r) {
		return routes
	}
	return append(routes, r)
}
