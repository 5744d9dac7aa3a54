package survey

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/report"
	"iact-infra/internal/verdict"
)

// distribution asks for one that has packages of Docker.
func (f *Facts) distribution(Wants) verdict.Finding {
	os := f.OS
	evidence := fmt.Sprintf("%s (ID=%s)", os.Name, os.ID)
	if _, known := supported(os); known || slices.Contains([]string{"ubuntu", "debian", "raspbian", "fedora", "centos", "rhel", "rocky", "almalinux", "alpine"}, os.ID) {
		return fine("%s", evidence)
	}
	for _, like := range os.Like {
		if like == "ubuntu" || like == "debian" || like == "fedora" || like == "rhel" {
			return warn(evidence, "a derivative: Docker's repository is for "+like+" itself",
				"the repository is taken for "+like+" "+os.Codename+"; check that this is the release it derives from")
		}
	}
	return warn(evidence, "the procedure was written for Ubuntu and is known to work on Debian, Fedora, RHEL and Alpine",
		"install docker with the distribution's own packages, then run the later steps")
}

// release warns of one without security updates.
func (f *Facts) release(Wants) verdict.Finding {
	row, known := supported(f.OS)
	if !known {
		if f.OS.Version == "" {
			return warn(f.OS.Name+" has no version number", "a rolling or unreleased distribution: how long it is supported is not known", "nothing has to be done; keep it up to date")
		}
		return warn(f.OS.Name+" is not in the table of releases", "how long it is supported is not known ("+supportSource+")", "look it up at its maker's")
	}
	evidence := fmt.Sprintf("%s, security updates until %s (%s)", f.OS.Name, row.until, supportSource)
	switch {
	case row.over(f.Asked):
		return warn(evidence, "the release is out of support, and Docker's repository has no new packages for it", "upgrade the distribution; until then an older Docker stays installable")
	case !row.packaged:
		return fine("%s; Docker's own repository has nothing for it, the distribution's packages serve", evidence)
	}
	return fine("%s", evidence)
}

// architecture asks for one that Docker builds for, and for programs of its width.
func (f *Facts) architecture(Wants) verdict.Finding {
	evidence := fmt.Sprintf("%s, programs of %d bits", f.Arch, f.Bits)
	if f.Bits == 0 {
		evidence = f.Arch
	}
	switch f.Arch {
	case "x86_64", "aarch64", "arm64", "s390x", "ppc64le", "riscv64":
		if f.Bits == 32 {
			return warn(evidence, "a 64-bit kernel under 32-bit programs: images of the kernel's architecture do not match the daemon's",
				"install the 64-bit edition of the distribution, or ask for images with --platform of 32 bits")
		}
		if f.Arch == "riscv64" {
			return warn(evidence, "Docker's own repository has no packages for it", "use the distribution's own packages of Docker")
		}
		return fine("%s", evidence)
	case "armv7l", "armv8l", "armv6l":
		return warn(evidence, "32-bit ARM: few images are built for it, and Docker is giving it up", "install a 64-bit edition if the processor has 64 bits")
	}
	return fail(evidence, "Docker has no engine for this architecture", "use another machine: x86_64 or arm64")
}

// inContainer warns: Docker in a container works only when that one was made for it.
func (f *Facts) inContainer(Wants) verdict.Finding {
	switch {
	case f.Virt.Container == "" && f.Virt.WSL == 1:
		return fail("WSL 1 (kernel "+f.Kernel+")", "WSL 1 has no Linux kernel: no namespaces, no cgroups", "wsl --set-version NAME 2, in Windows")
	case f.Virt.Container == "" && f.Virt.WSL == 2:
		return fine("WSL 2, which has a kernel of its own")
	case f.Virt.Container == "":
		return fine("no container")
	case f.Virt.Container == "lxc":
		return warn("an LXC container", "Docker works in it only with nesting: security.nesting=true (LXD), features: nesting=1,keyctl=1 (Proxmox)", "set that on the machine that holds the container, or use a virtual machine")
	}
	return warn("a container of "+f.Virt.Container, "a daemon in here needs a privileged container and a data root on a volume", "use the Docker of the machine that holds this container, or start the container for it")
}

// virtualisation never fails: Docker Engine needs none. It is of use to virtual
// machines (PROCED-INFRA-001).
func (f *Facts) virtualisation(Wants) verdict.Finding {
	where := "no virtual machine that is known"
	if f.Virt.VM != "" {
		where = "a virtual machine (" + f.Virt.VM + ")"
	}
	if f.Virt.Product != "" {
		where += ", " + f.Virt.Product
	}
	switch {
	case f.Virt.CPU != "" && f.Virt.KVM:
		return fine("%s, /dev/kvm; %s", f.Virt.CPU, where)
	case f.Virt.CPU != "":
		return fine("%s, no /dev/kvm; %s", f.Virt.CPU, where)
	case f.Virt.KVM:
		return fine("/dev/kvm; %s", where)
	case f.Arch == "aarch64" || f.Arch == "arm64": // its flags do not tell
		return fine("not shown by this architecture's flags; %s", where)
	}
	return warn("neither vmx nor svm among the processor's flags; "+where, "Docker Engine needs no virtualisation; virtual machines on this one would be slow",
		"nothing for Docker; for Vagrant turn it on in the firmware, or nested virtualisation in the hypervisor")
}

// processOne says how the daemon will be run.
func (f *Facts) processOne(Wants) verdict.Finding {
	switch {
	case f.Init.Systemd && (f.Init.State == "degraded" || f.Init.State == "maintenance"):
		return warn("systemd, "+f.Init.State, "units have failed; Docker's own may depend on them", "systemctl --failed")
	case f.Init.Systemd:
		return fine("%s", strings.TrimSpace("systemd "+f.Init.State))
	case f.Init.OpenRC:
		return fine("OpenRC (process 1 is %s)", f.Init.Name)
	case f.Virt.WSL == 2:
		return warn("process 1 is "+f.Init.Name, "WSL starts without systemd", "[boot] systemd=true in /etc/wsl.conf, then wsl --shutdown in Windows; else start dockerd by hand")
	}
	return warn("process 1 is "+f.Init.Name, "no systemd: nothing starts Docker at boot by itself", "start dockerd by hand, or by what starts services here")
}

// clock compares with the clock of this machine: certificates and apt's indexes
// are refused when it is far off.
func (f *Facts) clock(Wants) verdict.Finding {
	if f.Clock.IsZero() {
		return unknown("clock", "date prints no seconds")
	}
	off := f.Clock.Sub(f.Asked)
	evidence := "the same as here within " + report.Duration(max(off.Abs(), time.Second))
	switch {
	case off.Abs() > 2*time.Minute:
		fix := "turn time synchronisation on: timedatectl set-ntp true, or install chrony"
		if f.Virt.WSL == 2 {
			fix = "hwclock -s as root, or wsl --shutdown in Windows: WSL's clock stands still while the computer sleeps"
		}
		return warn("its clock is off by "+report.Duration(off), "certificates and package indexes look expired, or not valid yet", fix)
	case f.Synced == nil:
		return fine("%s; whether it is synchronised, nobody tells", evidence)
	case !*f.Synced:
		return warn(evidence+", but not synchronised", "it will drift", "turn time synchronisation on: timedatectl set-ntp true, or see chronyc tracking")
	}
	return fine("%s, synchronised", evidence)
}

// tools asks for what the next steps call.
func (f *Facts) tools(Wants) verdict.Finding {
	var lacks []string
	has := func(t string) bool { return f.Tools[t] != "" }
	if !has("git") {
		lacks = append(lacks, "git")
	}
	if !has("curl") && !has("wget") {
		lacks = append(lacks, "curl or wget")
	}
	if f.Rights.UID != 0 && !has("sudo") {
		lacks = append(lacks, "sudo")
	}
	manager := ""
	for _, m := range []string{"apt-get", "dnf", "yum", "apk", "zypper", "pacman"} {
		if has(m) {
			manager = m
			break
		}
	}
	if manager == "" {
		lacks = append(lacks, "a package manager that is known")
	}
	if len(lacks) > 0 {
		return warn("missing: "+list(lacks), "later steps call them", "install them: apt-get install git curl")
	}
	return fine("git, curl or wget, %s", manager)
}

// number reads the leading "6.18" of a kernel's or a program's version.
func number(version string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(first)
	if err != nil {
		return 0, 0, false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	minor, _ = strconv.Atoi(rest)
	return major, minor, true
}
