package network

import (
	"context"
	_ "embed" // the script
	"net"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/scene"
)

//go:embed machine.sh
var machineScript string

// machine is what this machine does for the networks of containers. Of an engine
// elsewhere it tells nothing.
type machine struct {
	local   bool   // the rest is true of the engine's containers
	why     string // it is not
	apart   bool   // it runs here, in another network: what this machine reaches says nothing of it
	forward map[string]string
	bridged bool    // rules of the firewall hold within a bridge, too
	daemons []seen  // of this machine's network
	filter  *tables // nil: not to be had
	nat     *tables
	nft     []string
	holders []holder
	off     bool // the engine makes no rules: it was told so
}

// seen is a dockerd: whether it makes rules, and its command line.
type seen struct{ rules, command string }

// holder is a program that listens at a port.
type holder struct {
	at      string // an address, * for all
	port    int
	program string // "" when nobody tells
	pid     string
}

// ofEngine is what this machine does, once.
func (g *group) ofEngine(ctx context.Context, s *scene.Scene) (*machine, error) {
	return g.machine.ask(ctx, s, func(ctx context.Context) (*machine, error) {
		e, err := s.Engine()
		if err != nil {
			return nil, err
		}
		a, err := s.Here(ctx, machineScript)
		if err != nil && len(a) == 0 {
			return nil, err
		}
		m := &machine{forward: map[string]string{}, bridged: strings.TrimSpace(a["bridged"]) == "1", holders: holders(a["listen"])}
		for line := range strings.Lines(a["forward"]) {
			file, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			name := "" // of an interface
			if strings.HasSuffix(file, "/forwarding") {
				name = path.Base(path.Dir(file))
			}
			m.forward[name] = value
		}
		if rules, is := a["filter"]; is {
			m.filter = readTables(rules)
		}
		if rules, is := a["nat"]; is {
			m.nat = readTables(rules)
		}
		for line := range strings.Lines(a["nft"]) {
			m.nft = append(m.nft, strings.TrimSpace(strings.TrimPrefix(line, "table ")))
		}
		m.local, m.why = e.Local, "the engine runs on another machine"
		if e.Rootless {
			m.local, m.why = false, "a rootless engine has a network of its own"
		}
		m.daemon(a["daemons"], e)
		if nets, err := s.Networks(); err == nil && m.local && strings.Contains(a["daemons"], " hidden ") && m.none(nets) {
			m.local, m.apart, m.why = false, true, "the engine seems to run in a network of its own"
		}
		return m, nil
	})
}

// daemon finds the engine among those that run here. One in another network
// namespace has interfaces and rules that are not seen from here.
func (m *machine) daemon(text string, e *scene.Engine) {
	socket := strings.TrimPrefix(e.Endpoint, "unix://")
	var here, other []seen
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(f) < 4 {
			continue
		}
		d := seen{f[2], f[3] + " "}
		if f[1] != "other" {
			here = append(here, d)
		} else {
			other = append(other, d)
		}
	}
	mine := func(d seen) bool {
		return strings.Contains(d.command, socket) || strings.Contains(d.command, "--data-root "+e.Root+" ") || strings.Contains(d.command, "--data-root="+e.Root+" ")
	}
	at := slices.IndexFunc(here, mine)
	switch {
	case at >= 0:
		m.daemons = here[at : at+1]
	case slices.ContainsFunc(other, mine), len(here) == 0 && len(other) > 0:
		m.local, m.apart, m.why = false, true, "the engine runs in a network of its own"
	case len(here) == 1:
		m.daemons = here
	}
	for _, d := range m.daemons {
		m.off = d.rules == "off" || regexp.MustCompile(`--iptables(=| )false`).MatchString(d.command)
	}
}

// none says whether this machine has no bridge of any of the engine's networks.
func (m *machine) none(nets []scene.Network) bool {
	return !slices.ContainsFunc(nets, func(n scene.Network) bool {
		_, there := m.forward[device(n)]
		return n.Driver == "bridge" && there
	})
}

// holders reads ss -ltnpH.
func holders(text string) []holder {
	who := regexp.MustCompile(`\(\("([^"]*)",pid=([0-9]+)`)
	var all []holder
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		at, number, err := net.SplitHostPort(bracketed(f[3]))
		port, wrong := strconv.Atoi(number)
		if err != nil || wrong != nil {
			continue
		}
		h := holder{at: at, port: port}
		if m := who.FindStringSubmatch(line); m != nil {
			h.program, h.pid = m[1], m[2]
		}
		all = append(all, h)
	}
	return all
}

// bracketed is an address of ss as others write it: *:80, [::]:80, 127.0.0.53%lo:53.
func bracketed(at string) string {
	host, port := at[:max(0, strings.LastIndex(at, ":"))], at[strings.LastIndex(at, ":")+1:]
	host, _, _ = strings.Cut(strings.Trim(host, "[]"), "%")
	return net.JoinHostPort(host, port)
}

// cutPort parts HOST:PORT.
func cutPort(target string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(target)
	return host, port, err == nil && host != "" && port != "" && !strings.ContainsAny(host+port, " \t")
}
