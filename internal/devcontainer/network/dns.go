package network

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// embedded is Docker's own name server, which asks those that the container was
// made with.
const embedded = "127.0.0.11"

// dns is about the container's name servers: whether one of them works, where one
// of this machine does. That a name is not known is no fault of a server, but
// where this machine knows it.
func (g *group) dns(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.why() != "":
		return doctor.Good("%s", w.why())
	}
	inside, err := g.ofContainer(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	here, err := g.ofMachine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	r := resolver{w: w, inside: inside, here: here, name: name(s), machine: answering(s, here)}
	if f := r.file(); f != nil {
		return f
	}
	if f := r.hosts(s); f != nil {
		return f
	}
	return r.judge()
}

type resolver struct {
	w            *wire
	inside, here *place
	name         string
	machine      string // a server of this machine that works; "" when none does
}

// file is about /etc/resolv.conf itself, and whether programs ask at all.
func (r resolver) file() []doctor.Finding {
	remake := "docker restart " + r.w.c.Name + "   # writes it again, unless something is mounted there"
	switch {
	case r.inside.missing:
		return r.bad("no /etc/resolv.conf", doctor.Say("el contenedor no tiene /etc/resolv.conf", "the container has no /etc/resolv.conf"), remake)
	case len(r.inside.servers) == 0 && !strings.Contains(r.inside.resolv, "! unreadable"):
		return r.bad("/etc/resolv.conf has no nameserver: "+short(r.inside.resolv),
			doctor.Say("/etc/resolv.conf no nombra ningún servidor: alguien lo vació o montó otro", "/etc/resolv.conf names no server: somebody has emptied it, or mounted another one"), remake)
	}
	if m := regexp.MustCompile(`(?m)^#mode -.{6}(-)`).FindStringSubmatch(r.inside.resolv); m != nil {
		f := r.bad("/etc/resolv.conf: "+regexp.MustCompile(`(?m)^#mode (\S+ \S+ \S+ \S+)`).FindStringSubmatch(r.inside.resolv)[1],
			doctor.Say("solo root puede leer /etc/resolv.conf: los demás usuarios no resuelven nada", "only root can read /etc/resolv.conf: other users resolve nothing"),
			"docker exec --user root "+r.w.c.Name+" chmod a+r /etc/resolv.conf")
		f[0].State = doctor.Warn // root does
		return f
	}
	if m := regexp.MustCompile(`(?m)^\s*hosts:(.*)$`).FindStringSubmatch(r.inside.nss); m != nil && !regexp.MustCompile(`\b(dns|resolve)\b`).MatchString(m[1]) {
		return r.bad("/etc/nsswitch.conf: "+strings.TrimSpace(m[0]),
			doctor.Say("los programas no preguntan a ningún servidor: la línea hosts no dice dns", "programs ask no server: the line hosts does not say dns"),
			"docker exec --user root "+r.w.c.Name+" sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf")
	}
	return nil
}

// judge holds the servers' answers against those of this machine.
func (r resolver) judge() []doctor.Finding {
	var good, bad, silent []string
	for _, server := range r.inside.servers[:min(3, len(r.inside.servers))] { // libc takes no more
		a, asked := r.inside.dns[server+" "+r.name]
		switch {
		case !asked:
			silent = append(silent, server)
		case a.tells():
			good = append(good, server)
		default:
			bad = append(bad, server+": "+a.String())
		}
	}
	switch {
	case len(good) > 0 && len(bad) > 0 && r.slow(bad[0]):
		f := r.bad(strings.Join(bad, "; ")+"; "+good[0]+" answers",
			doctor.Say("el primer servidor no responde: cada nombre espera a que se agote su plazo", "the first server does not answer: each name waits until its time is up"), r.fix())
		f[0].State = doctor.Warn
		return f
	case len(good) > 0:
		return r.known(good[0])
	case len(bad) == 0:
		return doctor.Unseen(fmt.Errorf("the container has no program to ask %s with (perl, nslookup)", strings.Join(silent, ", ")))
	case r.dead(bad[0]), r.machine != "":
		evidence := strings.Join(bad, "; ")
		if r.machine != "" {
			evidence += "; this machine's " + r.machine + " answers"
		}
		return r.bad(evidence, r.cause(bad), r.fix())
	}
	return doctor.Good("%s; this machine's own servers do not answer either", strings.Join(bad, "; "))
}

// known tells whether the container's server knows what this machine's knows.
func (r resolver) known(server string) []doctor.Finding {
	got, theirs := r.inside.dns[server+" "+r.name], r.here.dns[r.machine+" "+r.name]
	if r.machine == "" || got.said[0] != "NXDOMAIN" || theirs.said[0] != "NOERROR" || len(theirs.said) < 2 {
		return doctor.Good("%s answers (%s: %s)", server, r.name, got)
	}
	return r.bad(fmt.Sprintf("%s: %s does not exist; this machine's %s: %s", server, r.name, r.machine, theirs),
		doctor.Say("el servidor del contenedor no conoce lo que conoce el de la máquina: es otro", "the container's server does not know what that of the machine knows: it is another one"), r.fix())
}

// dead says whether a server cannot answer whatever the network does: one at the
// container's own loopback that nobody serves.
func (r resolver) dead(bad string) bool {
	server, why, _ := strings.Cut(bad, ": ")
	if server == embedded {
		return len(r.w.c.HostConfig.DNS) > 0 && !slices.ContainsFunc(r.w.c.HostConfig.DNS, func(d string) bool { return !loopback(d) })
	}
	return loopback(server) && strings.Contains(why, "refused") && r.w.mode != "host"
}

// slow says whether a server that does not answer is asked first, and lets others
// wait. Where the machine has it too, it waits as well.
func (r resolver) slow(bad string) bool {
	server, why, _ := strings.Cut(bad, ": ")
	return server == r.inside.servers[0] && (r.dead(bad) || why == "no answer" && !slices.Contains(r.here.servers, server))
}

func (r resolver) cause(bad []string) procedure.Text {
	server, _, _ := strings.Cut(bad[0], ": ")
	set := strings.Join(r.w.c.HostConfig.DNS, ", ")
	switch {
	case set != "" && r.answersHere(r.w.c.HostConfig.DNS[0]):
		return doctor.Say("el servidor %s responde a la máquina y no al contenedor: no hay salida hacia él", "the server %s answers this machine and not the container: there is no way to it", set)
	case set != "":
		return doctor.Say("el contenedor se creó con --dns %s, donde nadie responde", "the container was made with --dns %s, where nobody answers", set)
	case server == "127.0.0.53":
		return doctor.Say("127.0.0.53 es el systemd-resolved de la máquina; dentro del contenedor no hay nadie ahí", "127.0.0.53 is the machine's systemd-resolved; inside the container nobody is there")
	case server == embedded:
		return doctor.Say("el servidor de Docker no obtiene respuesta de los suyos (los de la máquina, o dns en daemon.json)", "Docker's server gets no answer from those it asks (the machine's, or dns in daemon.json)")
	case loopback(server):
		return doctor.Say("%s es el propio contenedor, y ahí no responde nadie", "%s is the container itself, and nobody answers there", server)
	case r.answersHere(server):
		return doctor.Say("el servidor %s responde a la máquina y no al contenedor: no hay salida hacia él", "the server %s answers this machine and not the container: there is no way to it", server)
	}
	return doctor.Say("en %s no responde nadie; la máquina usa otro servidor", "nobody answers at %s; this machine uses another server", server)
}

func (r resolver) answersHere(server string) bool { return r.here.dns[server+" "+r.name].tells() }

func (r resolver) fix() string {
	use := r.machine
	if use == "" || loopback(use) {
		use = "ADDRESS"
	}
	if len(r.w.c.HostConfig.DNS) > 0 {
		return "# take --dns out of runArgs (dns: out of the Compose file), or name one that answers: " + use + "\ndevcontainer up --workspace-folder . --remove-existing-container"
	}
	return "# name a server that containers reach in /etc/docker/daemon.json: {\"dns\": [\"" + use + "\"]}\nsudo systemctl restart docker && docker restart " + r.w.c.Name
}

func (r resolver) bad(evidence string, cause procedure.Text, fix string) []doctor.Finding {
	return []doctor.Finding{{State: doctor.Fail, Where: r.w.c.Name, Evidence: evidence, Cause: cause, Fix: fix}}
}

// short is the beginning of a text, as one line.
func short(text string) string {
	text, _, _ = strings.Cut(text, "#mode ")
	if text = line(text); text == "" {
		return "it is empty"
	} else if len(text) > 100 {
		text = text[:100] + "…"
	}
	return text
}
