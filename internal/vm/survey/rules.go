package survey

import (
	"strings"

	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/provider"
)

// rule is one row of the table: what it looks at, and how it judges that. When a
// section in needs could not be read, the rule is not asked. only is the provider
// that it is about, "" for all; system likewise.
type rule struct {
	code         string
	title        procedure.Text
	needs        []string
	only, system string
	judge        func(*Facts, Wants) verdict.Finding
}

// rules is the table, in the order in which a person would look.
func rules() []rule {
	row := func(code, es, en, needs string, judge func(*Facts, Wants) verdict.Finding) rule {
		return rule{code: code, title: verdict.Say(es, en), needs: strings.Fields(needs), judge: judge}
	}
	of := func(only string, r rule) rule { r.only = only; return r }
	on := func(system string, r rule) rule { r.system = system; return r }
	const kvm, box = provider.Libvirt, provider.VirtualBox
	return []rule{
		row("VC-VAG-001", "Vagrant", "Vagrant", "vagrant", (*Facts).vagrant),
		row("VC-VAG-002", "Directorio de Vagrant", "Home of Vagrant", "home", (*Facts).home),
		row("VC-VAG-003", "Otro Vagrant trabajando", "Another Vagrant at work", "locks", (*Facts).locks),
		row("VC-VAG-004", "Complementos que pide el Vagrantfile", "Plugins that the Vagrantfile wants", "plugins", (*Facts).plugins),
		row("VC-VAG-005", "Trampas del Vagrantfile", "Traps of the Vagrantfile", "", (*Facts).traps),
		row("VC-PRV-001", "Proveedor", "Provider", "", (*Facts).provider),
		row("VC-PRV-002", "Vagrant y proveedor encajan", "Vagrant and provider fit", "vagrant plugins", (*Facts).fit),
		of(box, row("VC-PRV-003", "Serie con soporte", "Series in support", "virtualbox", (*Facts).series)),
		of(box, row("VC-PRV-004", "Paquete de extensión", "Extension pack", "extpacks", (*Facts).extensions)),
		row("VC-PRV-005", "Máquinas de otro proveedor", "Machines of another provider", "", (*Facts).switched),
		of(kvm, row("VC-PRV-006", "libvirt contesta", "Libvirt answers", "libvirt rights", (*Facts).service)),
		on(linux, of(box, row("VC-PRV-007", "Módulo vboxdrv", "Module vboxdrv", "modules secureboot", (*Facts).module))),
		row("VC-CPU-001", "Virtualización por hardware", "Hardware virtualisation", "machine cpu virt", (*Facts).hardware),
		on(linux, of(box, row("VC-CPU-002", "KVM no la retiene", "KVM does not hold it", "machine modules", (*Facts).held))),
		row("VC-CPU-003", "El anfitrión mismo", "The host itself", "machine virt modules", (*Facts).inside),
		row("VC-CPU-004", "Procesadores", "Processors", "cpu", (*Facts).processors),
		row("VC-MEM-001", "Memoria", "Memory", "memory", (*Facts).memory),
		row("VC-DSK-001", "Espacio para las máquinas", "Space for the machines", "", (*Facts).space),
		row("VC-DSK-002", "Espacio para las boxes", "Space for the boxes", "", (*Facts).boxes),
		row("VC-DSK-003", "Inodos", "Inodes", "", (*Facts).inodes),
		row("VC-NET-001", "Puertos reenviados libres", "Forwarded ports free", "ports", (*Facts).ports),
		row("VC-NET-002", "Redes privadas sin conflicto", "Private networks without collision", "routes", (*Facts).ranges),
		of(box, row("VC-NET-003", "Rangos que VirtualBox admite", "Ranges that VirtualBox allows", "virtualbox networks.conf", (*Facts).allowed)),
		row("VC-PRX-001", "Proxy", "Proxy", "environment plugins", (*Facts).proxy),
		row("VC-TOL-001", "Git y ssh", "Git and ssh", "", (*Facts).tools),
		row("VC-TIM-001", "Reloj", "Clock", "machine clock", (*Facts).clock),
	}
}

// Judge holds the facts against what is wanted: one finding for each rule that is
// about this provider and system, in the order of the table. It is pure.
func (f *Facts) Judge(w Wants) []verdict.Finding {
	var all []verdict.Finding
	for _, r := range rules() {
		if r.only != "" && r.only != w.Provider || r.system != "" && f.System != "" && r.system != f.System {
			continue
		}
		found := f.apply(r, w)
		found.Code, found.Title = r.code, r.title
		all = append(all, found)
	}
	return all
}

func (f *Facts) apply(r rule, w Wants) verdict.Finding {
	for _, need := range r.needs {
		if why, missing := f.Unread[need]; missing {
			return unknown(need, why)
		}
	}
	return r.judge(f, w)
}

// list joins for a sentence.
func list(all []string) string { return strings.Join(all, ", ") }
