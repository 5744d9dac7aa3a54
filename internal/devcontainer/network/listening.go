package network

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// young is a container that may still be about to listen.
const young = 15 * time.Second

// listening is about ports that the devcontainer publishes. That nobody listens
// there yet is the usual state of one in which people work; that somebody listens
// where the port cannot lead is not.
func (g *group) listening(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.why() != "" || !w.own():
		return doctor.Good("it publishes no port")
	}
	ports := map[int]string{} // of the container, and of the machine
	for port, binds := range w.c.NetworkSettings.Ports {
		number, proto, _ := strings.Cut(port, "/")
		if n, err := strconv.Atoi(number); err == nil && proto == "tcp" && len(binds) > 0 {
			ports[n] = binds[0].HostPort
		}
	}
	if len(ports) == 0 {
		return doctor.Good("it publishes no port")
	}
	inside, err := g.ofContainer(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	var bad []doctor.Finding
	var told []string
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		f, good := heard(s, w, inside, port, ports)
		if f != nil {
			bad = append(bad, *f)
		}
		told = append(told, good)
	}
	if len(bad) > 0 {
		return bad
	}
	if f := g.arrives(ctx, s, w, inside); f != nil {
		return f
	}
	return doctor.Good("%s", strings.Join(told, ", "))
}

// arrives goes the way of somebody who calls a published port on this machine.
func (g *group) arrives(ctx context.Context, s *scene.Scene, w *wire, inside *place) []doctor.Finding {
	m, err := g.ofEngine(ctx, s)
	if err != nil || !m.local {
		return nil
	}
	var questions []string
	for port, binds := range w.c.NetworkSettings.Ports {
		number, proto, _ := strings.Cut(port, "/")
		n, _ := strconv.Atoi(number)
		open := slices.ContainsFunc(inside.listen, func(l listener) bool { return l.port == n && !l.at.IsLoopback() })
		if proto != "tcp" || !open || len(binds) == 0 {
			continue
		}
		at := binds[0].HostIP
		if wildcard(at) == "" {
			at = "127.0.0.1"
		}
		questions = append(questions, "to "+at+" "+binds[0].HostPort)
	}
	if len(questions) == 0 {
		return nil
	}
	slices.Sort(questions)
	here, err := look(ctx, s, questions...)
	if err != nil {
		return nil
	}
	for _, q := range questions {
		target := strings.TrimPrefix(q, "to ")
		if a := here.to[target]; a.why != "" {
			at := strings.Replace(target, " ", ":", 1)
			return wrong(w.c.Name, at+": "+a.why+"; inside somebody listens",
				doctor.Say("el puerto publicado no lleva al contenedor: las reglas o el docker-proxy de ese puerto ya no están", "the published port does not lead to the container: the rules or the docker-proxy of that port have gone"),
				"docker restart "+w.c.Name+"   # makes them again", nil)
		}
	}
	return nil
}

// heard is about one port.
func heard(s *scene.Scene, w *wire, inside *place, port int, ports map[int]string) (*doctor.Finding, string) {
	var lo bool
	var others []string
	for _, l := range inside.listen {
		switch {
		case l.port == port && !l.at.IsLoopback():
			return nil, fmt.Sprintf("somebody listens at %d", port)
		case l.port == port:
			lo = true
		case !l.at.IsLoopback() && ports[l.port] == "":
			others = append(others, strconv.Itoa(l.port))
		}
	}
	slices.Sort(others)
	others = slices.Compact(others)
	f := &doctor.Finding{State: doctor.Warn, Where: w.c.Name, Evidence: fmt.Sprintf("%s → %d: nobody listens at %d inside", ports[port], port, port)}
	switch {
	case lo:
		f.State = doctor.Fail
		f.Evidence = fmt.Sprintf("%s → %d: inside, somebody listens at 127.0.0.1:%d only", ports[port], port, port)
		f.Cause = doctor.Say("el servidor solo escucha en 127.0.0.1 dentro del contenedor: por el puerto publicado no se le alcanza", "the server listens at 127.0.0.1 inside the container only: the published port does not lead there")
		f.Fix = fmt.Sprintf("# let it listen at 0.0.0.0 (--host 0.0.0.0, runserver 0.0.0.0:%d), or forward the port with forwardPorts instead", port)
	case len(others) > 0:
		f.Evidence += "; somebody does at " + strings.Join(others, ", ")
		f.Cause = doctor.Say("el puerto publicado lleva a otro que el del servidor", "the published port leads to another one than the server's")
		f.Fix = fmt.Sprintf("# publish the right one: \"%s:%s\" in appPort, runArgs or ports, and make the container again", ports[port], others[0])
	case idle(w.c), s.Now().Sub(w.c.State.StartedAt) < young, w.c.State.Health != nil && w.c.State.Health.Status == "starting":
		return nil, fmt.Sprintf("nobody listens at %d yet", port)
	default:
		f.Cause = doctor.Say("dentro del contenedor nadie escucha en el puerto publicado: quien llama encuentra la conexión cerrada", "inside the container nobody listens at the published port: who calls finds the connection closed")
		f.Fix = "docker logs --tail 20 " + w.c.Name + "   # did the server start, and at which port?"
	}
	return f, ""
}

// idle says whether a container only waits for people: its program is no server.
func idle(c *scene.Container) bool {
	words := append([]string{c.Path}, c.Args...)
	text := strings.Join(words, " ")
	if strings.Contains(text, "sleep") || strings.Contains(text, "tail -f") {
		return true
	}
	last := words[len(words)-1]
	return slices.Contains([]string{"sh", "bash", "zsh", "fish", "cat"}, last[strings.LastIndex(last, "/")+1:])
}

// forwarded is about ports that VS Code forwards. It takes another one when a
// port is taken, unless it was told not to.
func forwarded(s *scene.Scene, m *machine) []doctor.Finding {
	settings, _ := s.Settings()
	for _, p := range settings.PortsAttributes {
		port, err := strconv.Atoi(p.Port)
		if err != nil || !p.RequireLocalPort {
			continue
		}
		at := slices.IndexFunc(m.holders, func(h holder) bool { return h.port == port && clash(h.at, "127.0.0.1") })
		if at < 0 || slices.Contains([]string{"", "code", "node", "electron", "code-tunnel", "ssh", "docker-proxy", "docker"}, m.holders[at].program) {
			continue
		}
		who, stop := m.holders[at].who()
		return []doctor.Finding{{
			State: doctor.Warn, Where: "portsAttributes " + p.At.String(), Evidence: "port " + p.Port + " is held by " + who, Fix: stop,
			Cause: doctor.Say("requireLocalPort pide justo ese puerto de la máquina, y es de otro programa", "requireLocalPort asks for this very port of the machine, and another program has it"),
		}}
	}
	return nil
}
