package network

import (
	"context"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// wish is a port of the machine that a container is to have.
type wish struct {
	ip    string // "" is any
	port  int
	proto string
	by    string // who asks for it
}

// wishOf reads an entry of ports in a Compose file.
func wishOf(n *yaml.Node) []wish {
	if n.Kind == yaml.ScalarNode {
		return published(n.Value)
	}
	var in struct {
		Published, Protocol string
		HostIP              string `yaml:"host_ip"`
	}
	if n.Decode(&in) != nil || in.Published == "" {
		return nil
	}
	return wishes(in.HostIP, in.Published, in.Protocol)
}

// published reads the value of docker run -p: [IP:]HOST:CONTAINER[/PROTO]. Without
// a port of the machine nothing is asked for.
func published(text string) []wish {
	text, proto, _ := strings.Cut(text, "/")
	parts := strings.Split(text, ":")
	if len(parts) < 2 {
		return nil
	}
	ip := strings.Trim(strings.Join(parts[:len(parts)-2], ":"), "[]")
	return wishes(ip, parts[len(parts)-2], proto)
}

// wishes are those of a port, or of a range of them.
func wishes(ip, ports, proto string) []wish {
	from, to, open := strings.Cut(ports, "-")
	a, err := strconv.Atoi(from)
	b, wrong := strconv.Atoi(to)
	if !open {
		b, wrong = a, nil
	}
	if err != nil || wrong != nil || a < 1 || b > 65535 || b-a > 1000 {
		return nil
	}
	if proto == "" {
		proto = "tcp"
	}
	var all []wish
	for port := a; port <= b; port++ {
		all = append(all, wish{ip: ip, port: port, proto: proto})
	}
	return all
}

// arguments are the ports that docker run is asked for.
func arguments(args []string) []wish {
	var all []wish
	for i, arg := range args {
		value := ""
		for _, flag := range []string{"-p", "--publish"} {
			if arg == flag && i+1 < len(args) {
				value = args[i+1]
			} else if rest, is := strings.CutPrefix(arg, flag+"="); is {
				value = rest
			}
		}
		if value == "" && strings.HasPrefix(arg, "-p") && len(arg) > 2 && !strings.HasPrefix(arg, "-p=") {
			value = arg[2:]
		}
		all = append(all, published(value)...)
	}
	return all
}

// wanting are the ports that containers of the workspace would need to start:
// those that run have theirs.
func wanting(s *scene.Scene) ([]wish, error) {
	mine, err := s.Containers()
	if err != nil {
		return nil, err
	}
	var all []wish
	made := map[string]bool{}
	for _, c := range mine {
		made[c.Label(scene.LabelService)] = true
		if c.State.Running {
			continue
		}
		for port, binds := range c.HostConfig.PortBindings {
			_, proto, _ := strings.Cut(port, "/")
			for _, b := range binds {
				for _, one := range wishes(b.HostIP, b.HostPort, proto) {
					one.by = c.Name
					all = append(all, one)
				}
			}
		}
	}
	settings, _ := s.Settings()
	p := projectOf(s)
	for _, service := range slices.Sorted(maps.Keys(p.services)) {
		if !made[service] && (len(settings.RunServices) == 0 || service == settings.Service || slices.Contains(settings.RunServices, service)) {
			for _, one := range p.services[service] {
				one.by = "service " + service
				all = append(all, one)
			}
		}
	}
	if len(mine) == 0 && len(settings.ComposeFiles) == 0 {
		for _, port := range settings.AppPort {
			if !strings.Contains(port, ":") {
				port += ":" + port
			}
			for _, one := range published(port) {
				one.by = "appPort"
				all = append(all, one)
			}
		}
		for _, one := range arguments(settings.RunArgs) {
			one.by = "runArgs"
			all = append(all, one)
		}
	}
	return all, nil
}

// clash says whether two addresses of the machine cannot be listened at at once.
func clash(a, b string) bool {
	x, y := wildcard(a), wildcard(b)
	switch {
	case x == "" && y == "":
		return true
	case x == "" || y == "":
		one := addr(x + y)
		v6 := strings.Contains(a+b, "::") && !strings.Contains(a+b, ".")
		return one.Is4() || !one.IsValid() || v6
	}
	return x == y
}

// wildcard is "" for all addresses.
func wildcard(at string) string {
	if slices.Contains([]string{"", "*", "0.0.0.0", "::"}, at) {
		return ""
	}
	if parsed, err := netip.ParseAddr(at); err == nil {
		return parsed.Unmap().String()
	}
	return at
}

// refusal is what a container's error says of a port.
func refusal(text string) (port int, byContainer, byProgram bool) {
	m := regexp.MustCompile(`(?:Bind for \S+?:|listen (?:tcp|udp)[46]? \S*:|exposing port (?:TCP|UDP) \S*:|bind host port for \S*?:)([0-9]+)`).FindStringSubmatch(text)
	if m == nil {
		return 0, false, false
	}
	port, _ = strconv.Atoi(m[1])
	return port, strings.Contains(text, "port is already allocated"),
		strings.Contains(text, "address already in use") || strings.Contains(text, "Ports are not available") || strings.Contains(text, "Only one usage of each socket address")
}

// portsOfContainers is about ports that another container publishes.
func (g *group) portsOfContainers(_ context.Context, s *scene.Scene) []doctor.Finding {
	all, err := wanting(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	var bad []doctor.Finding
	for _, one := range all {
		by, err := publisher(s, one)
		if err != nil {
			return doctor.Unseen(err)
		}
		if by == nil {
			continue
		}
		who, stop := "container "+by.Name, "docker stop "+by.Name
		f := taken(s, one, who, stop+"   # or take another port of the machine")
		f.Repair = &doctor.Repair{
			Do: []string{stop}, Undo: []string{"docker start " + by.Name}, Was: by.Shows(".State.Running"),
			Loses: doctor.Say("%s deja de correr", "%s runs no longer", who),
		}
		if refusedBefore(s, one.by) { // and would not start by itself
			f.Repair.Do = append(f.Repair.Do, "docker start "+one.by)
			f.Repair.Undo = slices.Insert(f.Repair.Undo, 0, "docker stop "+one.by)
		}
		bad = append(bad, f)
	}
	if len(bad) > 0 {
		return distinct(bad)
	}
	return g.refused(s, true)
}

// refusedBefore says whether a container of the workspace could not be started.
func refusedBefore(s *scene.Scene, name string) bool {
	mine, _ := s.Containers() // those that are not known cannot be started
	return slices.ContainsFunc(mine, func(c *scene.Container) bool { return c.Name == name && c.State.Error != "" && !c.State.Running })
}

// publisher is the running container that has a port; nil when none has.
func publisher(s *scene.Scene, one wish) (*scene.Container, error) {
	everyone, err := s.Everyone()
	if err != nil {
		return nil, err
	}
	for _, c := range everyone {
		if !c.State.Running || c.Name == one.by {
			continue
		}
		for port, binds := range c.NetworkSettings.Ports {
			_, proto, _ := strings.Cut(port, "/")
			if proto == one.proto && slices.ContainsFunc(binds, func(b scene.Port) bool { return b.HostPort == strconv.Itoa(one.port) && clash(b.HostIP, one.ip) }) {
				return c, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// portsOfPrograms is about ports at which a program of this machine listens.
func (g *group) portsOfPrograms(ctx context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	all, err := wanting(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	m, err := g.ofEngine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	here, err := g.ofMachine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if !m.local && !e.Desktop && !e.Rootless {
		return g.refused(s, false)
	}
	var bad []doctor.Finding
	for _, one := range all {
		by, err := publisher(s, one)
		if err != nil {
			return doctor.Unseen(err)
		}
		if h := holding(m, here, one); h != nil && by == nil && one.proto == "tcp" {
			who, stop := h.who()
			bad = append(bad, taken(s, one, who, stop))
		}
	}
	if len(bad) > 0 {
		return distinct(bad)
	}
	if f := forwarded(s, m); f != nil {
		return f
	}
	return g.refused(s, false)
}

// holding is the program that listens at a port; nil when none does.
func holding(m *machine, here *place, one wish) *holder {
	for i, h := range m.holders {
		if h.port == one.port && clash(h.at, one.ip) {
			return &m.holders[i]
		}
	}
	for _, l := range here.listen {
		if l.port == one.port && clash(l.at.String(), one.ip) {
			return &holder{at: l.at.String(), port: l.port}
		}
	}
	return nil
}

// who names a program, and how it is asked to let go.
func (h *holder) who() (who, stop string) {
	if h.pid == "" {
		return "a program of this machine", "sudo ss -ltnp 'sport = :" + strconv.Itoa(h.port) + "'   # shows which; stop it, or take another port"
	}
	return h.program + " (pid " + h.pid + ")", "sudo kill " + h.pid + "   # ends " + h.program + "; a service: sudo systemctl stop … ; or take another port of the machine"
}

func taken(s *scene.Scene, one wish, who, stop string) doctor.Finding {
	port := strconv.Itoa(one.port)
	f := doctor.Finding{
		State: doctor.Fail, Where: one.by, Evidence: "port " + port + " is held by " + who, Fix: stop, Explains: []string{"DC-STA-001", "DC-STA-006"},
		Cause: doctor.Say("%s tiene el puerto %s de la máquina: el contenedor que lo pide no arranca", "%s has port %s of the machine: the container that asks for it does not start", who, port),
	}
	if mine, err := s.Containers(); err == nil {
		for _, c := range mine {
			if c.Name != one.by {
				continue
			}
			if c.State.Error != "" {
				f.Evidence += "; " + line(c.State.Error)
				f.Explains = append(f.Explains, "DC-STA-002")
			} else if c.State.Status != "created" {
				f.State = doctor.Warn // it ended for another reason
			}
		}
	}
	return f
}

// distinct leaves each finding in once: a port is bound for IPv4 and for IPv6.
func distinct(all []doctor.Finding) []doctor.Finding {
	var some []doctor.Finding
	for _, f := range all {
		if !slices.ContainsFunc(some, func(o doctor.Finding) bool { return o.Where == f.Where && o.Evidence == f.Evidence }) {
			some = append(some, f)
		}
	}
	return some
}

// refused is a container that could not be started for a port that is free by
// now, or whose holder nobody sees.
func (g *group) refused(s *scene.Scene, containers bool) []doctor.Finding {
	mine, err := s.Containers()
	if err != nil {
		return doctor.Unseen(err)
	}
	for _, c := range mine {
		port, byContainer, byProgram := refusal(c.State.Error)
		if c.State.Running || containers && !byContainer || !containers && !byProgram {
			continue
		}
		return []doctor.Finding{{
			State: doctor.Fail, Where: c.Name, Evidence: line(c.State.Error), Explains: []string{"DC-STA-002", "DC-STA-006"},
			Cause: doctor.Say("el puerto %d estaba ocupado cuando arrancó; ahora no se ve a nadie en él", "port %d was taken when it started; nobody is seen there now", port),
			Fix:   "docker start " + c.Name,
			Repair: &doctor.Repair{
				Safe: true, Do: []string{"docker start " + c.Name}, Undo: []string{"docker stop " + c.Name}, Was: c.Shows(".State.Running"),
			},
		}}
	}
	return doctor.Good("the ports that it asks for are free, or its own")
}
