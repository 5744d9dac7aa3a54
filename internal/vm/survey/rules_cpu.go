package survey

import (
	"fmt"

	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/provider"
)

// hardware asks whether machines can run on the processor itself, which the flag
// alone does not tell.
func (f *Facts) hardware(w Wants) verdict.Finding {
	switch {
	case f.System == darwin:
		return f.mac()
	case w.Provider == provider.Libvirt:
		return f.kvm(w)
	}
	return f.extension()
}

func (f *Facts) mac() verdict.Finding {
	switch {
	case f.Arch == "arm64" && !atLeast(f.VirtualBox, 7, 1):
		return fail("Apple silicon, VirtualBox "+orNone(f.VirtualBox), verdict.Say("VirtualBox corre en Apple silicon desde 7.1", "VirtualBox runs on Apple silicon from 7.1 on"), verdict.Say("instale VirtualBox 7.1 o más nuevo", "install VirtualBox 7.1 or newer"))
	case f.HV != nil && !*f.HV:
		return fail("kern.hv_support 0", verdict.Say("este Mac, o la VM que es, no ofrece el hipervisor", "this Mac, or the VM that it is, does not offer the hypervisor"), verdict.Same("sysctl kern.hv_support"))
	case f.Arch == "arm64":
		return warn("Apple silicon", verdict.Say("solo corren máquinas arm64: una box amd64 no arranca", "only arm64 machines run: an amd64 box does not boot"), verdict.Say("elija una box que tenga arm64: vm: {box: bento/debian-12}", "choose a box that has arm64: vm: {box: bento/debian-12}"))
	}
	return fine("kern.hv_support")
}

// kvm judges what /dev/kvm said. A machine of driver qemu needs none of it.
func (f *Facts) kvm(w Wants) verdict.Finding {
	flag := f.Flag
	if flag == "" {
		flag = "no vmx or svm"
	}
	seen := fmt.Sprintf("%s, /dev/kvm %s", flag, f.KVM)
	if w.Software {
		return warn("driver qemu; "+seen, verdict.Say("el Vagrantfile pide emulación: funciona sin hardware, unas diez veces más lento", "the Vagrantfile asks for emulation: it works without hardware, some ten times slower"),
			verdict.Say("donde /dev/kvm conteste, quite driver = \"qemu\" del Vagrantfile", "where /dev/kvm answers, take driver = \"qemu\" out of the Vagrantfile"))
	}
	emulate := verdict.Say("; o libvirt.driver = \"qemu\" en el Vagrantfile, mucho más lento", "; or libvirt.driver = \"qemu\" in the Vagrantfile, much slower")
	or := func(t procedure.Text) procedure.Text {
		return procedure.Text{ES: t.ES + emulate.ES, EN: t.EN + emulate.EN}
	}
	switch f.KVM {
	case Answers:
		return fine("%s", seen)
	case NotAsked:
		return unknown("/dev/kvm", "it was not asked")
	case Denied:
		return warn(seen, verdict.Sayf("%s no puede abrirlo; con qemu:///system lo abre libvirt", "%s may not open it; with qemu:///system libvirt does", f.User), verdict.Sayf("sudo usermod -aG kvm %s, y entre de nuevo", "sudo usermod -aG kvm %s, and log in again", f.User))
	case Busy:
		return fail(seen, verdict.Say("otro hipervisor, a menudo VirtualBox, tiene la virtualización por hardware", "another hypervisor, often VirtualBox, holds hardware virtualisation"), or(verdict.Say("apague sus máquinas: VBoxManage list runningvms", "shut its machines down: VBoxManage list runningvms")))
	}
	if f.Flag == "" {
		return fail(seen, verdict.Say("el procesador no ofrece vmx ni svm: apagado en el firmware, o no llega a esta VM", "the processor offers neither vmx nor svm: off in the firmware, or not given to this VM"), or(f.expose()))
	}
	module := map[string]string{"vmx": "kvm_intel", "svm": "kvm_amd"}[f.Flag]
	if _, loaded := f.Loaded[module]; loaded {
		return fail(seen, verdict.Say("el módulo está cargado y no crea máquinas: apagado en el firmware", "the module is loaded and makes no machine: off in the firmware"), or(f.expose()))
	}
	return fail(seen, verdict.Sayf("el módulo %s no está cargado, o el firmware lo impide", "the module %s is not loaded, or the firmware forbids it", module), or(verdict.Same("sudo modprobe "+module+" && dmesg | grep -i kvm")))
}

// extension judges what VirtualBox needs on a PC.
func (f *Facts) extension() verdict.Finding {
	switch {
	case f.Arch != "x86_64" && f.Arch != "amd64" && f.Arch != "i686":
		return fail(f.Arch, verdict.Say("VirtualBox en Linux es para x86", "VirtualBox on Linux is for x86"), verdict.Same("vm: {provider: libvirt}"))
	case f.WSL && f.Hardware == "":
		return unknown("hardware virtualisation of Windows", "VBoxManage.exe list hostinfo does not tell")
	case f.Hardware == "no" || f.Hardware == "" && f.Flag == "":
		flag := f.Flag
		if flag == "" {
			flag = "no vmx or svm"
		}
		return fail(flag, verdict.Say("la virtualización por hardware está apagada en el firmware, o no llega a esta VM", "hardware virtualisation is off in the firmware, or not given to this VM"), f.expose())
	case f.Hardware == "":
		return fine("%s; not confirmed by VBoxManage list hostinfo", f.Flag)
	}
	return fine("%s, usable by VBoxManage list hostinfo", orNone(f.Flag))
}

// expose is how the extension is switched on: in the firmware, or by the
// hypervisor around this host.
func (f *Facts) expose() procedure.Text {
	switch f.VM {
	case "":
		return verdict.Say("active VT-x o SVM en la BIOS/UEFI (F2, Supr o F10 al arrancar)", "switch on VT-x or SVM in the BIOS/UEFI (F2, Del or F10 at start)")
	case "microsoft", "wsl":
		if f.WSL {
			return verdict.Say("[wsl2] nestedVirtualization=true en %UserProfile%\\.wslconfig, y wsl --shutdown (Windows 11)", "[wsl2] nestedVirtualization=true in %UserProfile%\\.wslconfig, and wsl --shutdown (Windows 11)")
		}
		return verdict.Same("Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true")
	case "vmware":
		return verdict.Same("vhv.enable = \"TRUE\"")
	case "oracle":
		return verdict.Same("VBoxManage modifyvm NAME --nested-hw-virt on")
	case "kvm", "qemu":
		return verdict.Say("en el anfitrión de fuera: kvm_intel nested=1 (o kvm_amd) y <cpu mode='host-passthrough'/>", "on the outer host: kvm_intel nested=1 (or kvm_amd) and <cpu mode='host-passthrough'/>")
	}
	return verdict.Sayf("pídala al proveedor de esta VM (%s)", "ask for it where this VM comes from (%s)", f.VM)
}

// held: from Linux 6.12 on KVM takes the extension when its module is loaded, and
// VirtualBox then fails with VERR_VMX_IN_VMX_ROOT_MODE or VERR_SVM_IN_USE
// (VirtualBox/virtualbox#188, #141). From 7.2.10 on it shares it through KVM
// (#711), on newer kernels than 6.12 (void-packages#61332), and then needs that.
func (f *Facts) held(Wants) verdict.Finding {
	module, users := "", 0
	for _, m := range []string{"kvm_intel", "kvm_amd"} {
		if n, loaded := f.Loaded[m]; loaded {
			module, users = m, n
		}
	}
	unload := verdict.Sayf("sudo modprobe -r %s kvm; para siempre, kvm.enable_virt_at_load=0 en la línea del núcleo", "sudo modprobe -r %s kvm; for good, kvm.enable_virt_at_load=0 on the kernel command line", module)
	shares := atLeast(f.VirtualBox, 7, 2, 10) && atLeast(f.Kernel, 6, 16)
	switch {
	case f.WSL:
		return fine("VirtualBox runs on Windows")
	case module == "":
		return fine("neither kvm_intel nor kvm_amd is loaded")
	case users > 0:
		return fail(fmt.Sprintf("%s, used by %d", module, users), verdict.Say("hay máquinas de KVM en marcha, y VirtualBox no puede compartir el procesador con ellas", "machines of KVM run, and VirtualBox cannot share the processor with them"), verdict.Say("apáguelas: virsh list", "shut them down: virsh list"))
	case shares && f.AtLoad == "N":
		return fail(module+", enable_virt_at_load=0", verdict.Say("VirtualBox 7.2.10 y más nuevo lo toma por KVM, que no lo tiene (VERR_SVM_HOST_SVME_NOT_ENABLED)", "VirtualBox 7.2.10 and newer takes it through KVM, which does not have it (VERR_SVM_HOST_SVME_NOT_ENABLED)"),
			verdict.Say("quite enable_virt_at_load=0 de /etc/modprobe.d y de la línea del núcleo, y reinicie", "take enable_virt_at_load=0 out of /etc/modprobe.d and the kernel command line, and restart"))
	case shares || f.AtLoad == "N" || !atLeast(f.Kernel, 6, 12):
		return fine("%s is loaded, and does not hold it", module)
	case f.AtLoad == "":
		return warn(module+" on "+f.Kernel, verdict.Say("desde Linux 6.12 KVM suele retenerla desde que se carga", "from Linux 6.12 on KVM usually holds it once it is loaded"), unload)
	}
	return fail(module+" on "+f.Kernel, verdict.Say("KVM la retiene desde que se carga (VERR_VMX_IN_VMX_ROOT_MODE, VERR_SVM_IN_USE)", "KVM holds it from its loading on (VERR_VMX_IN_VMX_ROOT_MODE, VERR_SVM_IN_USE)"), unload)
}

// inside says what this host is a machine of.
func (f *Facts) inside(w Wants) verdict.Finding {
	switch {
	case f.WSL && w.Provider == provider.VirtualBox && f.Env["VAGRANT_WSL_ENABLE_WINDOWS_ACCESS"] == "":
		return warn("WSL2", verdict.Say("Vagrant en WSL2 no ve el VirtualBox de Windows sin permiso, y el proyecto ha de estar en /mnt/c", "Vagrant in WSL2 does not see the VirtualBox of Windows without leave, and the project has to be under /mnt/c"),
			verdict.Same(`export VAGRANT_WSL_ENABLE_WINDOWS_ACCESS=1 PATH="$PATH:/mnt/c/Program Files/Oracle/VirtualBox"`))
	case f.WSL && w.Provider == provider.VirtualBox:
		return warn("WSL2", verdict.Say("WSL2 enciende Hyper-V, y VirtualBox corre sobre él: más lento", "WSL2 turns Hyper-V on, and VirtualBox runs on top of it: slower"), verdict.Say("VirtualBox 7.x; o Vagrant en Windows, sin WSL", "VirtualBox 7.x; or Vagrant on Windows, without WSL"))
	case f.VM == "" || f.VM == "none":
		return fine("a machine of its own")
	case w.Provider == provider.VirtualBox || f.KVM != Answers && !w.Software:
		return warn("a VM of "+f.VM, verdict.Say("una VM en una VM: lenta, y solo donde la de fuera expone la virtualización", "a VM in a VM: slow, and only where the outer one exposes virtualisation"), f.expose())
	}
	return fine("a VM of %s", f.VM)
}

func (f *Facts) processors(w Wants) verdict.Finding {
	most, sum := 0, 0
	for _, m := range w.Machines {
		most, sum = max(most, m.CPUs), sum+m.CPUs
	}
	seen := fmt.Sprintf("%d, the machines have %d", f.CPUs, sum)
	if most > f.CPUs {
		return warn(seen, verdict.Sayf("una máquina pide %d y el equipo tiene %d: VirtualBox se niega, KVM va más lento", "one machine asks for %d and the host has %d: VirtualBox refuses, KVM gets slower", most, f.CPUs),
			verdict.Sayf("vm: {cpus: %d} en config/iact.local.yaml, o cpus en el Vagrantfile", "vm: {cpus: %d} in config/iact.local.yaml, or cpus in the Vagrantfile", max(1, f.CPUs)))
	}
	return fine("%s", seen)
}
