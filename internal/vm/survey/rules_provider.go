package survey

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/provider"
)

func (f *Facts) provider(w Wants) verdict.Finding {
	switch w.Provider {
	case provider.Libvirt:
		if f.Libvirt == "" && f.Refused == "" {
			if why := f.Unread["libvirt"]; why != "" {
				return unknown("libvirt", why)
			}
			return fail("libvirt: not installed", verdict.Say("el proveedor es libvirt, y falta virsh", "the provider is libvirt, and virsh is missing"),
				verdict.Same("apt install vagrant-libvirt libvirt-daemon-system libvirt-clients qemu-system-x86"))
		}
		return fine("libvirt %s, QEMU %s", orNone(f.Libvirt), orNone(f.QEMU))
	case provider.VirtualBox:
		if f.VirtualBox == "" {
			if why := f.Unread["virtualbox"]; why != "" {
				return unknown("virtualbox", why)
			}
			return fail("VirtualBox: not installed", verdict.Say("el proveedor es VirtualBox, y falta VBoxManage", "the provider is VirtualBox, and VBoxManage is missing"),
				verdict.Say("instale VirtualBox (https://www.virtualbox.org/wiki/Downloads), o vm: {provider: libvirt} en config/iact.local.yaml", "install VirtualBox (https://www.virtualbox.org/wiki/Downloads), or vm: {provider: libvirt} in config/iact.local.yaml"))
		}
		return fine("VirtualBox %s", f.VirtualBox)
	}
	return fail(w.Provider, verdict.Say("aquí se conocen libvirt y virtualbox", "libvirt and virtualbox are known here"),
		verdict.Say("quite VAGRANT_DEFAULT_PROVIDER, o escriba vm: {provider: libvirt} en config/iact.local.yaml", "unset VAGRANT_DEFAULT_PROVIDER, or write vm: {provider: libvirt} into config/iact.local.yaml"))
}

// fit asks whether this Vagrant knows this provider at all.
func (f *Facts) fit(w Wants) verdict.Finding {
	if w.Provider == provider.Libvirt {
		if slices.Contains(f.Plugins, "vagrant-libvirt") {
			return fine("plugin vagrant-libvirt")
		}
		return fail("no plugin vagrant-libvirt", verdict.Say("Vagrant habla con libvirt solo por este complemento", "Vagrant talks to libvirt by this plugin alone"),
			verdict.Say("vagrant plugin install vagrant-libvirt (en Debian, apt install vagrant-libvirt)", "vagrant plugin install vagrant-libvirt (on Debian, apt install vagrant-libvirt)"))
	}
	if f.VirtualBox == "" || f.Vagrant == "" {
		return unknown("versions", "one of the two is not there")
	}
	seen := fmt.Sprintf("Vagrant %s, VirtualBox %s", f.Vagrant, f.VirtualBox)
	s, is := seriesOf(f.VirtualBox)
	newest := known()[len(known())-1]
	switch {
	case !is && slices.Compare(version(f.VirtualBox), version(newest.name)) > 0:
		return warn(seen, verdict.Sayf("más nuevo que %s, lo último que se conoce aquí", "newer than %s, the last one known here", newest.name),
			verdict.Same("vagrant up --provider=virtualbox --no-provision"))
	case !is:
		return fail(seen, verdict.Say("Vagrant no admite esta serie, o ya no", "Vagrant does not support this series, or no more"), verdict.Sayf("instale VirtualBox %s", "install VirtualBox %s", newest.name))
	case slices.Compare(version(f.Vagrant), s.vagrant) < 0:
		return fail(seen, verdict.Sayf("Vagrant conoce VirtualBox %s desde %s", "Vagrant knows VirtualBox %s from %s on", s.name, dotted(s.vagrant)),
			verdict.Sayf("actualice Vagrant a %s o más nuevo, o instale VirtualBox %s", "update Vagrant to %s or newer, or install VirtualBox %s", dotted(s.vagrant), newestFor(f.Vagrant)))
	}
	return fine("%s", seen)
}

// newestFor is the newest series that a Vagrant knows.
func newestFor(vagrant string) string {
	best := "5.2"
	for _, s := range known() {
		if slices.Compare(version(vagrant), s.vagrant) >= 0 {
			best = s.name
		}
	}
	return best
}

func dotted(v []int) string {
	var all []string
	for _, n := range v {
		all = append(all, strconv.Itoa(n))
	}
	return strings.Join(all, ".")
}

func (f *Facts) series(Wants) verdict.Finding {
	s, is := seriesOf(f.VirtualBox)
	switch {
	case f.VirtualBox == "" || !is:
		return unknown("series", "not one that is known here")
	case s.name == "5.2":
		return fail(f.VirtualBox, verdict.Say("el procedimiento pide 6.0 o más nuevo, y 5.2 acabó el 2020-07-14", "the procedure asks for 6.0 or newer, and 5.2 ended on 2020-07-14"), verdict.Say("instale VirtualBox 7.x", "install VirtualBox 7.x"))
	case s.ended != "":
		return warn(f.VirtualBox, verdict.Sayf("la serie %s no recibe correcciones desde el %s, ni módulos para núcleos nuevos", "the series %s gets no fixes since %s, nor modules for new kernels", s.name, s.ended),
			verdict.Sayf("instale VirtualBox 7.x, que Vagrant %s conoce hasta %s", "install VirtualBox 7.x, which Vagrant %s knows up to %s", orNone(f.Vagrant), newestFor(f.Vagrant)))
	}
	return fine("%s", s.name)
}

// extensions: a pack of another version keeps machines that use it from starting.
func (f *Facts) extensions(Wants) verdict.Finding {
	for _, e := range f.Extensions {
		if !e.Usable || !strings.HasPrefix(f.VirtualBox, e.Version) && e.Version != "" {
			return warn(e.Name+" "+e.Version, verdict.Sayf("no es de VirtualBox %s", "it is not of VirtualBox %s", f.VirtualBox),
				verdict.Sayf("instale el paquete de %s, o quítelo: VBoxManage extpack uninstall %q", "install the pack of %s, or remove it: VBoxManage extpack uninstall %q", f.VirtualBox, e.Name))
		}
	}
	if len(f.Extensions) == 0 {
		return fine("none, none is wanted")
	}
	return fine("%s %s", f.Extensions[0].Name, f.Extensions[0].Version)
}

// switched names the machines that another provider has made: Vagrant refuses to
// make them a second time, and they take memory and disk where nobody looks.
func (f *Facts) switched(w Wants) verdict.Finding {
	var others []string
	by := ""
	for _, m := range w.Machines {
		if m.Made != "" && m.Made != w.Provider {
			others, by = append(others, m.Name+" ("+m.Made+")"), m.Made
		}
	}
	if len(others) == 0 {
		return fine("none")
	}
	return warn(list(others), verdict.Sayf("existen con otro proveedor que %s; Vagrant no las crea otra vez", "they exist with another provider than %s; Vagrant does not make them again", w.Provider),
		verdict.Sayf("siga con vm: {provider: %s}, o guárdelas (mage backup:vm) y mage vm:destroy", "go on with vm: {provider: %s}, or save them (mage backup:vm) and mage vm:destroy", by))
}

// service asks whether libvirt answers this user.
func (f *Facts) service(Wants) verdict.Finding {
	switch {
	case f.Refused == "" && f.Libvirt == "":
		return unknown("libvirt", "virsh is not there")
	case f.Refused == "":
		return fine("as %s", f.User)
	case strings.Contains(f.Refused, "Permission denied") || strings.Contains(f.Refused, "authentication unavailable") || strings.Contains(f.Refused, "authentication failed"):
		return fail(f.Refused, verdict.Sayf("%s no puede usar el servicio del sistema", "%s may not use the system's service", f.User), verdict.Sayf("sudo usermod -aG libvirt %s, y entre de nuevo", "sudo usermod -aG libvirt %s, and log in again", f.User))
	case strings.Contains(f.Refused, "No such file") || strings.Contains(f.Refused, "Connection refused"):
		return fail(f.Refused, verdict.Say("el servicio no está en marcha", "the service is not running"), verdict.Same("sudo systemctl enable --now virtlogd.socket libvirtd.socket"))
	}
	return fail(f.Refused, verdict.Say("libvirt no contesta", "libvirt does not answer"), verdict.Same("virsh -c qemu:///system version --daemon"))
}

// module asks for the kernel's part of VirtualBox.
func (f *Facts) module(Wants) verdict.Finding {
	_, loaded := f.Loaded["vboxdrv"]
	signed := ""
	if f.SecureBoot {
		signed = "; Secure Boot"
	}
	switch {
	case f.WSL:
		return fine("that of Windows")
	case loaded && slices.Contains(f.Devices, "vboxdrv"):
		return fine("loaded")
	case f.Built && f.SecureBoot:
		return fail("built, not loaded"+signed, verdict.Say("Secure Boot rechaza un módulo sin firma conocida", "Secure Boot refuses a module without a known signature"),
			verdict.Say("sudo mokutil --import /var/lib/shim-signed/mok/MOK.der, reinicie e inscriba la clave; luego sudo modprobe vboxdrv", "sudo mokutil --import /var/lib/shim-signed/mok/MOK.der, restart and enrol the key; then sudo modprobe vboxdrv"))
	case f.Built:
		return fail("built, not loaded", verdict.Say("el módulo está, y no está cargado", "the module is there, and not loaded"), verdict.Same("sudo modprobe vboxdrv"))
	}
	return fail("not loaded"+signed, verdict.Sayf("no hay módulo para el núcleo %s", "there is no module for the kernel %s", f.Kernel), verdict.Same("sudo apt install linux-headers-$(uname -r) && sudo /sbin/vboxconfig"))
}
