package network

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/scene"
)

//go:embed look.sh
var lookScript string

//go:embed probe.pl
var probe string

// place is what one place sees of the network: this machine, or a container.
type place struct {
	resolv  string // resolv.conf
	missing bool   // there is no resolv.conf
	servers []string
	hosts   map[string][]string
	noHosts bool // nobody could read them
	nss     string
	routes  []route
	listen  []listener
	links   map[string]link
	dns     map[string]answer // by "SERVER NAME"
	to      map[string]answer // by "HOST PORT"
	mtu     map[string]answer // by address
}

// link is a network interface.
type link struct {
	mtu   int
	state string // up, down, unknown
}

// answer is what came of a question to the network.
type answer struct {
	said []string // a response code and addresses; ok and an address; sizes
	why  string   // there was none
}

func (a answer) ok() bool { return a.why == "" && len(a.said) > 0 }

func (a answer) String() string {
	if a.ok() {
		return strings.Join(a.said, " ")
	}
	return a.why
}

// tells says whether a name server did its work, whether there is such a name or
// not.
func (a answer) tells() bool { return a.ok() && (a.said[0] == "NOERROR" || a.said[0] == "NXDOMAIN") }

func read(a scene.Answers) *place {
	p := &place{
		resolv: a["resolv.conf"], servers: servers(a["resolv.conf"]), hosts: hosts(a["hosts"]), nss: a["nsswitch.conf"],
		routes: routes(a["route"]), listen: append(listeners(a["tcp"]), listeners(a["tcp6"])...),
		links: map[string]link{}, dns: map[string]answer{}, to: map[string]answer{}, mtu: map[string]answer{},
	}
	p.missing = p.resolv == "! missing"
	text, asked := a["hosts"]
	p.noHosts = !asked || strings.Contains(text, "! unreadable") || strings.Contains(text, "! missing")
	for line := range strings.Lines(a["links"]) {
		file, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		name := path.Base(path.Dir(file))
		l := p.links[name]
		if path.Base(file) == "mtu" {
			l.mtu, _ = strconv.Atoi(value)
		} else {
			l.state = strings.ToLower(value)
		}
		p.links[name] = l
	}
	for line := range strings.Lines(a["answers"]) {
		p.answer(strings.Fields(line))
	}
	return p
}

// answer reads a line that begins with its question.
func (p *place) answer(f []string) {
	words := map[string]int{"dns": 3, "to": 3, "mtu": 2}
	if len(f) == 0 || words[f[0]] == 0 || len(f) <= words[f[0]] {
		return
	}
	n := words[f[0]]
	a := answer{said: f[n:]}
	if f[n] == "!" {
		a = answer{why: strings.Join(f[n+1:], " ")}
	}
	into := map[string]map[string]answer{"dns": p.dns, "to": p.to, "mtu": p.mtu}[f[0]]
	into[strings.Join(f[1:n], " ")] = a
}

// look asks questions on this machine.
func look(ctx context.Context, s *scene.Scene, questions ...string) (*place, error) {
	a, err := s.Here(ctx, lookScript, append([]string{"0", "", probe}, questions...)...)
	if _, is := a["answers"]; is {
		err = nil
	}
	return read(a), err
}

// lookInside asks in a container: from outside where that is possible, which
// needs nothing in it, else by what is there.
func lookInside(ctx context.Context, s *scene.Scene, c *scene.Container, questions ...string) (*place, error) {
	e, err := s.Engine()
	if err != nil {
		return nil, err
	}
	if e.Local && os.Geteuid() == 0 && c.State.Pid > 0 {
		a, err := s.Here(ctx, lookScript, append([]string{strconv.Itoa(c.State.Pid), c.ID, probe}, questions...)...)
		if _, is := a["answers"]; is {
			return read(a), nil
		}
		if _, apart := a["apart"]; err == nil && !apart {
			err = errors.New("it printed nothing")
		}
		if err != nil {
			return nil, fmt.Errorf("look into container %s: %w", c.Name, err)
		}
	}
	a, err := s.In(ctx, c, "", lookScript, append([]string{"0", "", probe}, questions...)...)
	if _, is := a["answers"]; !is {
		return nil, err
	}
	return read(a), nil
}

// name is what name servers are asked for: the first thing that is to be reached
// and has one.
func name(s *scene.Scene) string {
	for _, target := range s.Reach {
		if host, _, _ := cutPort(target); host != "" && strings.ContainsAny(host, "abcdefghijklmnopqrstuvwxyz") && !strings.Contains(host, ":") {
			return host
		}
	}
	return "github.com"
}

// ofMachine is what this machine sees, once.
func (g *group) ofMachine(ctx context.Context, s *scene.Scene) (*place, error) {
	return g.here.ask(ctx, s, func(ctx context.Context) (*place, error) {
		questions := []string{"dns * " + name(s)}
		w, err := wireOf(s)
		if err != nil {
			return nil, err
		}
		if w.c != nil {
			for _, server := range w.c.HostConfig.DNS {
				questions = append(questions, "dns "+server+" "+name(s))
			}
		}
		for _, target := range append(slices.Clone(s.Reach), proxies(s, w.c)...) {
			if host, port, ok := cutPort(target); ok {
				questions = append(questions, "to "+host+" "+port)
			}
		}
		slices.Sort(questions)
		here, err := look(ctx, s, slices.Compact(questions)...)
		if m, wrong := g.ofEngine(ctx, s); err == nil && wrong == nil && m.apart {
			here.servers, here.dns, here.to = nil, nil, nil
		}
		return here, err
	})
}

// ofContainer is what the devcontainer sees by itself, once.
func (g *group) ofContainer(ctx context.Context, s *scene.Scene) (*place, error) {
	return g.inside.ask(ctx, s, func(ctx context.Context) (*place, error) {
		w, err := wireOf(s)
		if err != nil {
			return nil, err
		}
		questions := []string{"dns * " + name(s)}
		for _, target := range proxies(s, w.c) {
			if host, port, ok := cutPort(target); ok {
				questions = append(questions, "to "+host+" "+port)
			}
		}
		peers, err := peersOf(s, w)
		if err != nil {
			return nil, err
		}
		for _, p := range peers {
			questions = append(questions, "dns * "+p.service)
		}
		return twice(ctx, s, w, questions, func(p *place) bool {
			here, err := g.ofMachine(ctx, s)
			return err != nil || len(p.servers) == 0 || answering(s, here) == "" || p.dns[p.servers[0]+" "+name(s)].tells() &&
				!slices.ContainsFunc(peers, func(o peer) bool { return !p.dns[p.servers[0]+" "+o.service].ok() })
		})
	})
}

// outside is what the devcontainer reaches of what this machine reaches, once:
// by addresses, so that name servers have no part in it. It is empty when this
// machine reaches nothing.
func (g *group) outside(ctx context.Context, s *scene.Scene) (*place, error) {
	return g.beyond.ask(ctx, s, func(ctx context.Context) (*place, error) {
		w, err := wireOf(s)
		if err != nil {
			return nil, err
		}
		here, err := g.ofMachine(ctx, s)
		if err != nil {
			return nil, err
		}
		var questions []string
		for _, target := range reached(s, here) {
			questions = append(questions, target.question, "mtu "+target.address)
		}
		if len(questions) == 0 {
			return read(nil), nil
		}
		return twice(ctx, s, w, questions, func(p *place) bool {
			return slices.ContainsFunc(reached(s, here), func(t target) bool { return p.got(t).ok() })
		})
	})
}

// twice asks again when nothing was well: a machine that is busy answers late.
func twice(ctx context.Context, s *scene.Scene, w *wire, questions []string, well func(*place) bool) (*place, error) {
	p, err := lookInside(ctx, s, w.net, questions...)
	if err == nil && !well(p) {
		if again, err := lookInside(ctx, s, w.net, questions...); err == nil {
			return again, nil
		}
	}
	return p, err
}

// target is something outside that this machine reaches.
type target struct{ name, address, question string }

func reached(s *scene.Scene, here *place) []target {
	var all []target
	for _, one := range s.Reach {
		host, port, ok := cutPort(one)
		if a := here.to[host+" "+port]; ok && a.ok() && len(a.said) > 1 && !loopback(a.said[1]) && !strings.Contains(a.said[1], ":") {
			all = append(all, target{one, a.said[1], "to " + a.said[1] + " " + port})
		}
	}
	for _, server := range here.servers {
		if !loopback(server) && !strings.Contains(server, ":") && here.dns[server+" "+name(s)].tells() {
			all = append(all, target{"name server " + server, server, "dns " + server + " " + name(s)})
		}
	}
	return all
}

// got is the answer to a target's question.
func (p *place) got(t target) answer {
	if rest, is := strings.CutPrefix(t.question, "to "); is {
		return p.to[rest]
	}
	return p.dns[strings.TrimPrefix(t.question, "dns ")]
}

// answering is a name server of a place that works; "" when none does.
func answering(s *scene.Scene, p *place) string {
	for _, server := range p.servers {
		if p.dns[server+" "+name(s)].tells() {
			return server
		}
	}
	return ""
}
