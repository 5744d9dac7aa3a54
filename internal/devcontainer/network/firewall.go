package network

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// firewall sends packets of the devcontainer through the rules that were read. A
// rule is a fault when it is certain that it stops them, and nothing shows that
// they get through all the same.
func (g *group) firewall(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if f := lostRules(s, w); f != nil {
		return f
	}
	m, err := g.ofEngine(ctx, s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case !m.local:
		return doctor.Good("%s", m.why)
	case w.why() != "":
		return doctor.Good("%s", w.why())
	case !w.own() || len(w.bridges()) == 0:
		return doctor.Good("network mode %s has no rules of its own", w.mode)
	case m.filter == nil || m.nat == nil:
		return doctor.Unseen(errors.New("only root reads the rules of the firewall (iptables -S)"))
	case slices.Contains(m.nft, "ip docker-bridges"):
		return doctor.Good("the engine makes its rules in nftables")
	}
	here, err := g.ofMachine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	beyond, err := g.outside(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	peers, err := peersOf(s, w)
	if err != nil {
		return doctor.Unseen(err)
	}
	t := trial{m: m, w: w, here: here, beyond: beyond, s: s, peers: peers}
	for _, n := range w.bridges() {
		if f := t.network(n); f != nil {
			return f
		}
	}
	return doctor.Good("no rule stops it; %s", m.filter.policyLine())
}

func (t *tables) policyLine() string { return "policy of FORWARD: " + t.policy["FORWARD"] }

// trial is what rules are tried with.
type trial struct {
	m            *machine
	w            *wire
	here, beyond *place
	s            *scene.Scene
	peers        []peer
}

// network tries the rules for one network of the devcontainer.
func (t trial) network(n scene.Network) []doctor.Finding {
	bridge := device(n)
	if _, there := t.here.links[bridge]; !there && len(t.here.links) > 0 {
		return nil // DC-NET-005 tells of it
	}
	if f := t.chains(); f != nil {
		return f
	}
	src, err := netip.ParseAddr(t.w.address(n))
	if err != nil {
		return nil
	}
	if f := t.between(n, bridge, src); f != nil {
		return f
	}
	dst := netip.MustParseAddr("203.0.113.1") // nobody's (RFC 5737): anything out there
	out, found := way(t.here.routes, dst)
	if n.Internal || !found {
		return nil
	}
	if !t.passes("to ") {
		p := packet{in: bridge, out: out.dev, src: src, dst: dst, proto: "tcp", port: 443, state: "NEW"}
		if f := t.there(p, "tcp/443"); f != nil {
			return f
		}
	}
	if !t.passes("dns ") {
		p := packet{in: bridge, out: out.dev, src: src, dst: dst, proto: "udp", port: 53, state: "NEW"}
		if f := t.there(p, "udp/53"); f != nil {
			return f
		}
	}
	return t.masquerade(n, bridge, out.dev, src, dst)
}

// passes says whether a question of that kind was answered: what the rules say
// does not count then.
func (t trial) passes(kind string) bool {
	return slices.ContainsFunc(reached(t.s, t.here), func(one target) bool {
		return strings.HasPrefix(one.question, kind) && t.beyond.got(one).ok()
	})
}

// there sends a packet, and its answer.
func (t trial) there(p packet, what string) []doctor.Finding {
	f := t.m.filter.run("FORWARD", p)
	if !f.lost() {
		back := packet{in: p.out, out: p.in, src: p.dst, dst: p.src, proto: p.proto, state: "ESTABLISHED"}
		f = t.m.filter.run("FORWARD", back)
		what = "the answers of " + what
	}
	if !f.lost() {
		return nil
	}
	return dropped(f, what)
}

// dropped tells of the rule that stops packets.
func dropped(f fate, what string) []doctor.Finding {
	found := doctor.Finding{
		State: doctor.Fail, Where: "iptables FORWARD", Evidence: f.by + "  (" + what + ")",
		Cause: doctor.Say("una regla del cortafuegos de la máquina detiene lo que sale de los contenedores", "a rule of the machine's firewall stops what containers send"),
	}
	if spec, is := strings.CutPrefix(f.by, "-A "); is {
		chain, rest, _ := strings.Cut(spec, " ")
		found.Where = "iptables " + chain
		found.Fix = "sudo iptables -D " + spec
		found.Repair = &doctor.Repair{
			Do: []string{"iptables -D " + spec}, Undo: []string{"iptables -I " + chain + " " + strconv.Itoa(f.at) + " " + rest}, Was: "iptables -S " + chain,
			Loses: doctor.Say("alguien puso la regla %s; puede hacer falta", "somebody put the rule %s there, and may need it", spec),
		}
		return []doctor.Finding{found}
	}
	found.Cause = doctor.Say("la política de FORWARD descarta, y faltan las reglas de Docker que aceptan: se vaciaron, o no se hicieron",
		"the policy of FORWARD is to drop, and Docker's rules that accept are missing: they were flushed, or never made")
	found.Fix = "sudo systemctl restart docker   # makes its rules again"
	return []doctor.Finding{found}
}

// chains are those that an engine makes, unless it was told not to.
func (t trial) chains() []doctor.Finding {
	var gone []string
	if !t.m.nat.has("DOCKER") {
		gone = append(gone, "nat DOCKER")
	}
	if !t.m.filter.has("DOCKER") {
		gone = append(gone, "filter DOCKER")
	}
	if len(gone) == 0 || t.m.off || len(t.m.daemons) == 0 {
		return nil
	}
	return []doctor.Finding{{
		State: doctor.Fail, Where: "iptables", Evidence: "no chain " + strings.Join(gone, ", ") + "; " + t.m.filter.policyLine(),
		Cause: doctor.Say("las cadenas de Docker ya no están: otro cortafuegos (iptables -F, firewalld, ufw) las quitó; no hay salida ni puertos publicados, y no arranca ningún contenedor con puertos",
			"Docker's chains have gone: another firewall (iptables -F, firewalld, ufw) took them away; there is no way out, no published port, and no container with ports starts"),
		Fix: "sudo systemctl restart docker   # makes its rules again",
	}}
}

// masquerade asks whether what leaves has an address that is known out there.
func (t trial) masquerade(n scene.Network, bridge, out string, src, dst netip.Addr) []doctor.Finding {
	f := t.m.nat.run("POSTROUTING", packet{in: bridge, out: out, src: src, dst: dst, proto: "tcp", port: 443, state: "NEW"})
	if f.doubt || f.target != "ACCEPT" || t.passes("") || !src.IsPrivate() && !netip.MustParsePrefix("198.18.0.0/15").Contains(src) {
		return nil
	}
	subnet := src.String() + "/32"
	if len(n.IPAM.Config) > 0 {
		subnet = n.IPAM.Config[0].Subnet
	}
	evidence := "no MASQUERADE for " + subnet + " in nat POSTROUTING"
	cause := doctor.Say("lo que sale conserva la dirección %s, que nadie conoce fuera: las respuestas no vuelven", "what leaves keeps the address %s, which nobody knows out there: answers do not come back", src)
	if n.Options["com.docker.network.bridge.enable_ip_masquerade"] == "false" {
		evidence += "; enable_ip_masquerade=false"
	}
	if t.m.off {
		evidence += "; the engine runs with iptables=false"
	}
	spec := "POSTROUTING -s " + subnet + " ! -o " + bridge + " -j MASQUERADE"
	return []doctor.Finding{{
		State: doctor.Fail, Where: "network " + n.Name, Evidence: evidence, Cause: cause,
		Fix: "sudo iptables -t nat -A " + spec + "\n# for good: take iptables=false and ip-masq=false out of daemon.json, and\nsudo systemctl restart docker",
		Repair: &doctor.Repair{
			Safe: true, Do: []string{"iptables -t nat -A " + spec}, Undo: []string{"iptables -t nat -D " + spec}, Was: "iptables -t nat -S POSTROUTING",
		},
	}}
}

// between asks whether services of one network reach one another, where rules
// hold there.
func (t trial) between(n scene.Network, bridge string, src netip.Addr) []doctor.Finding {
	if !t.m.bridged {
		return nil
	}
	for _, other := range t.peers {
		dst, err := netip.ParseAddr(other.c.NetworkSettings.Networks[n.Name].IPAddress)
		if err != nil {
			continue
		}
		f := t.m.filter.run("FORWARD", packet{in: bridge, out: bridge, src: src, dst: dst, proto: "tcp", state: "NEW"})
		if !f.lost() {
			continue
		}
		found := dropped(f, n.Name+": to "+other.c.Name)
		found[0].Cause = doctor.Say("los contenedores de una misma red no se hablan: una regla lo impide", "containers of one network do not speak to one another: a rule stops them")
		if n.Options["com.docker.network.bridge.enable_icc"] == "false" {
			found[0].Evidence += "; enable_icc=false"
		}
		return found
	}
	return nil
}

// lostRules is a container that could not be started for want of a chain.
func lostRules(_ *scene.Scene, w *wire) []doctor.Finding {
	if w.c == nil || w.c.State.Running || !strings.Contains(w.c.State.Error, "iptables") {
		return nil
	}
	return []doctor.Finding{{
		State: doctor.Fail, Where: w.c.Name, Evidence: line(w.c.State.Error), Explains: []string{"DC-STA-006", "DC-STA-002"},
		Cause: doctor.Say("Docker no pudo hacer las reglas del contenedor: sus cadenas ya no están, o hay dos variantes de iptables a la vez",
			"Docker could not make the container's rules: its chains have gone, or two variants of iptables are in use"),
		Fix: "sudo systemctl restart docker && docker start " + w.c.Name,
	}}
}

// line is a text without line breaks.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
