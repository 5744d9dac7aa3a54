package survey

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/provider"
)

// ports asks who listens where the machines' ports will be.
func (f *Facts) ports(w Wants) verdict.Finding {
	var free, taken []string
	corrects := true
	var first, port Port
	for _, want := range w.Ports {
		by, is := f.listens(want)
		switch {
		case !is:
			free = append(free, fmt.Sprintf("%d free", want.Number))
		case want.Own:
			free = append(free, fmt.Sprintf("%d ours", want.Number))
		default:
			taken = append(taken, fmt.Sprintf("%d by %s", want.Number, who(by)))
			corrects = corrects && want.Corrects
			if first.Number == 0 {
				first, port = by, want
			}
		}
	}
	if len(taken) == 0 {
		return fine("%s", orNone(list(free)))
	}
	change := port.Setting
	if change == "" {
		change = "host: in forwarded_port"
	}
	fix := verdict.Sayf("sudo ss -ltnp 'sport = :%[1]d' dice quién; o %[2]s con otro número, y mage vm:reload", "sudo ss -ltnp 'sport = :%[1]d' says who; or %[2]s with another number, and mage vm:reload", port.Number, change)
	if first.PID > 0 {
		fix = verdict.Sayf("deténgalo como es debido (systemctl stop, o kill -TERM %[1]d); o %[2]s con otro número, y mage vm:reload", "stop it properly (systemctl stop, or kill -TERM %[1]d); or %[2]s with another number, and mage vm:reload", first.PID, change)
	}
	if corrects {
		return warn(list(taken), verdict.Say("ocupado: la máquina recibirá otro puerto (auto_correct), y nadie la encontrará en este", "taken: the machine gets another port (auto_correct), and nobody finds it at this one"), fix)
	}
	return fail(list(taken), verdict.Say("el puerto ya lo tiene otro programa, quizá otra base de datos u otra máquina: vagrant up fallaría", "another program has the port, perhaps another database or machine: vagrant up would fail"), fix)
}

// listens finds who has a port in a way that keeps the machine from it: at the
// same address, or one of the two at every address.
func (f *Facts) listens(want Port) (Port, bool) {
	for _, p := range f.Listens {
		if p.Number == want.Number && (p.Address == want.Address || p.Address == "" || want.Address == "") {
			return p, true
		}
	}
	return Port{}, false
}

func who(p Port) string {
	if p.Process == "" {
		return "a program that only root may see"
	}
	return fmt.Sprintf("%s (pid %d)", p.Process, p.PID)
}

// ranges holds the private networks against those that the host reaches already.
func (f *Facts) ranges(w Wants) verdict.Finding {
	wanted := networks(w)
	var seen []string
	for _, net := range wanted {
		for _, r := range f.Routes {
			if !r.Net.Overlaps(net) || ours(r.Device) {
				continue
			}
			clash := fmt.Sprintf("%s with %s dev %s", net, r.Net, r.Device)
			if r.Net.Bits() < net.Bits() {
				return warn(clash, verdict.Say("una ruta más ancha, a menudo de una VPN, cubre esta red: funciona mientras la VPN no se imponga", "a wider route, often of a VPN, covers this network: it works as long as the VPN does not insist"),
					verdict.Say("desconecte la VPN, o cambie la dirección en el Vagrantfile", "disconnect the VPN, or change the address in the Vagrantfile"))
			}
			return fail(clash, verdict.Say("el anfitrión ya usa esta red por otra interfaz: las máquinas no se alcanzarían, y el proveedor se niega", "the host uses this network already by another interface: the machines would not be reached, and the provider refuses"),
				verdict.Say("cambie la dirección (private_network) en el Vagrantfile, y mage vm:reload; la de libvirt: management_network_address", "change the address (private_network) in the Vagrantfile, and mage vm:reload; that of libvirt: management_network_address"))
		}
		seen = append(seen, net.String())
	}
	return fine("%s", orNone(list(seen)))
}

// ours says whether an interface is one that the providers make for machines.
func ours(device string) bool {
	return device == "" || strings.HasPrefix(device, "vboxnet") || strings.HasPrefix(device, "virbr") || strings.HasPrefix(device, "lo")
}

// networks are the private ones of the Vagrantfile, which are /24 unless a mask
// is given, and the one by which vagrant-libvirt reaches every machine.
func networks(w Wants) []netip.Prefix {
	var all []netip.Prefix
	add := func(net netip.Prefix) {
		if !slices.Contains(all, net) {
			all = append(all, net)
		}
	}
	for _, m := range w.File.Machines {
		for _, text := range m.Addresses {
			if ip, err := netip.ParseAddr(text); err == nil && ip.Is4() {
				add(netip.PrefixFrom(ip, 24).Masked())
			}
		}
	}
	if w.Provider == provider.Libvirt {
		add(netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, 121, 0}), 24))
	}
	return all
}

// allowed: from 6.1.28 on VirtualBox takes only 192.168.56.0/21 for host-only
// networks, or what /etc/vbox/networks.conf says (its manual, "Host-Only Networking").
func (f *Facts) allowed(w Wants) verdict.Finding {
	nets := networks(w)
	if len(nets) == 0 || f.VirtualBox == "" || !atLeast(f.VirtualBox, 6, 1, 28) {
		return fine("%d networks, all allowed", len(nets))
	}
	from, may := "the default", []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, 56, 0}), 21)}
	if f.Allowed != nil {
		from, may = "/etc/vbox/networks.conf", f.Allowed
	}
	for _, net := range nets {
		if !slices.ContainsFunc(may, func(p netip.Prefix) bool { return p.Contains(net.Addr()) }) {
			return fail(fmt.Sprintf("%s; allowed by %s: %v", net, from, may), verdict.Say("VirtualBox rechaza esta red del anfitrión", "VirtualBox refuses this host-only network"),
				verdict.Sayf("una dirección de 192.168.56.0/21 en el Vagrantfile; o echo '* %s' | sudo tee -a /etc/vbox/networks.conf", "an address of 192.168.56.0/21 in the Vagrantfile; or echo '* %s' | sudo tee -a /etc/vbox/networks.conf", net))
		}
	}
	return fine("%v, allowed by %s", nets, from)
}

// proxy: Vagrant downloads through it, and the machines know nothing of it.
func (f *Facts) proxy(Wants) verdict.Finding {
	var set []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		if value := f.Env[name]; value != "" {
			set = append(set, strings.ToLower(name)+"="+value)
		}
	}
	switch no := f.Env["NO_PROXY"]; {
	case len(set) == 0:
		return fine("none")
	case !strings.Contains(no, "localhost") && !strings.Contains(no, "127.0.0.1") && no != "*":
		return warn(list(set), verdict.Say("no_proxy no exceptúa localhost: lo que va a las máquinas iría al proxy", "no_proxy does not except localhost: what goes to the machines would go to the proxy"), verdict.Same("export no_proxy=localhost,127.0.0.1,192.168.56.0/24"))
	case !slices.Contains(f.Plugins, "vagrant-proxyconf"):
		return warn(list(set), verdict.Say("las máquinas no lo heredan: apt en ellas va directo", "the machines do not inherit it: apt in them goes straight"), verdict.Same("vagrant plugin install vagrant-proxyconf"))
	}
	return fine("%s", list(set))
}

func (f *Facts) tools(Wants) verdict.Finding {
	var lacks []string
	for name, version := range map[string]string{"git": f.Git, "ssh": f.SSH} {
		if why := f.Unread[name]; why != "" {
			return unknown(name, why)
		}
		if version == "" {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) > 0 {
		slices.Sort(lacks)
		return fail("missing: "+list(lacks), verdict.Say("el Vagrantfile viene por git, y se entra en las máquinas por ssh", "the Vagrantfile comes by git, and the machines are entered by ssh"), verdict.Same("apt install git openssh-client"))
	}
	return fine("git %s, %s", f.Git, f.SSH)
}

// clock: a wrong one makes downloads fail, and machines begin with it.
func (f *Facts) clock(Wants) verdict.Finding {
	seen := f.Clock.UTC().Format("2006-01-02 15:04 UTC")
	switch {
	case f.Clock.Year() < 2025:
		return warn(seen, verdict.Say("el reloj va mal: los certificados de las descargas no valdrían", "the clock is wrong: the certificates of downloads would not hold"), verdict.Same("sudo timedatectl set-ntp true"))
	case f.Synced != nil && !*f.Synced:
		return warn(seen+", not synchronised", verdict.Say("nadie ajusta el reloj, y las máquinas empiezan con él", "nobody sets the clock, and the machines begin with it"), verdict.Same("sudo timedatectl set-ntp true"))
	}
	return fine("%s", seen)
}
