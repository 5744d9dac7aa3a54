package survey

import (
	"fmt"
	"slices"

	"iact-infra/internal/verdict"
)

// kernel asks for 4 or newer: overlay2 needs it.
func (f *Facts) kernel(Wants) verdict.Finding {
	major, minor, ok := number(f.Kernel)
	switch {
	case !ok:
		return unknown("kernel", "its version "+f.Kernel+" has no number")
	case major < 4 && major == 3 && minor >= 10 && slices.Contains([]string{"centos", "rhel"}, f.OS.ID):
		return fail(f.Kernel, "Docker's newest releases are not for this kernel, in spite of what its maker added to it", "upgrade the distribution")
	case major < 4:
		return fail(f.Kernel, "the kernel is older than 4.0: no overlay2, no unified cgroups", "upgrade the distribution")
	case major == 4 && minor < 19:
		return warn(f.Kernel, "old: cgroup 2 is incomplete before 4.15, and few still test Docker on it", "upgrade the distribution when you can")
	}
	return fine("%s", f.Kernel)
}

// need is a part of the kernel without which a container does not start.
type need struct{ module, option string }

// features asks for what every container uses. The overlay file system alone has a
// substitute, which is slow.
func (f *Facts) features(Wants) verdict.Finding {
	var lacks, dark []string
	for _, ns := range []string{"mnt", "net", "pid", "ipc", "uts"} {
		if !slices.Contains(f.Modules.Namespaces, ns) {
			lacks = append(lacks, ns+" namespace")
		}
	}
	for _, n := range []need{{"overlay", "OVERLAY_FS"}, {"bridge", "BRIDGE"}, {"veth", "VETH"}} {
		switch f.part(n.module, n.option) {
		case presenceNo:
			lacks = append(lacks, n.module)
		case presenceUnknown:
			dark = append(dark, n.module)
		}
	}
	for _, option := range []string{"CGROUPS", "SECCOMP", "KEYS"} {
		if f.Config[option] == "n" {
			lacks = append(lacks, "CONFIG_"+option)
		}
	}
	switch {
	case len(lacks) == 1 && lacks[0] == "overlay":
		return warn("no overlay file system", "Docker falls back to vfs, which copies every layer whole", "use the distribution's standard kernel; modprobe overlay")
	case len(lacks) > 0:
		return fail("missing: "+list(lacks), "containers or their networks cannot be made", "use the distribution's standard kernel, with its package of extra modules")
	case len(dark) > 0:
		return unknown(list(dark), "neither the kernel's configuration nor its modules are to be seen")
	}
	return fine("namespaces, overlay, bridge, veth")
}

// modules warns when those of the running kernel are gone, as after an upgrade
// without a restart: what is not loaded yet cannot be.
func (f *Facts) modules(Wants) verdict.Finding {
	modular := ""
	for _, option := range []string{"OVERLAY_FS", "BRIDGE", "VETH", "NF_TABLES", "NF_NAT"} {
		if f.Config[option] == "m" {
			modular = option
			break
		}
	}
	switch {
	case f.Modules.Tree:
		return fine("/lib/modules has those of %s", f.Kernel)
	case f.Virt.Container != "" && modular == "" && len(f.Config) > 0:
		return fine("built into the kernel")
	case f.Virt.Container != "":
		return fine("a container uses what the machine around it has loaded")
	case modular != "":
		return warn("/lib/modules has none of "+f.Kernel, "the kernel was upgraded and not restarted: what is not loaded cannot be loaded", "restart the machine")
	case len(f.Config) == 0:
		return unknown("modules", "neither /lib/modules nor the kernel's configuration is to be seen")
	}
	return fine("built into the kernel")
}

func (f *Facts) cgroups(Wants) verdict.Finding {
	switch f.Cgroup.Version {
	case "2":
		return fine("version 2")
	case "hybrid":
		return warn("versions 1 and 2 side by side; Docker uses 1", "version 1 is being given up: systemd 258 and later Docker releases drop it", "boot with systemd.unified_cgroup_hierarchy=1, or upgrade the distribution")
	case "1":
		return warn("version 1", "version 1 is being given up: systemd 258 and later Docker releases drop it", "boot with systemd.unified_cgroup_hierarchy=1, or upgrade the distribution")
	}
	return fail("no cgroup file system is mounted", "no container can be started", "systemd mounts it; with another init install cgroupfs-mount, or on Alpine: rc-update add cgroups boot")
}

// memoryLimits warns where they are off, as on a Raspberry Pi as it comes.
func (f *Facts) memoryLimits(Wants) verdict.Finding {
	if f.Cgroup.Memory {
		return fine("the memory controller is on")
	}
	fix := "boot with cgroup_enable=memory"
	if f.Arch == "aarch64" || f.Arch == "armv7l" {
		fix = "add cgroup_enable=memory cgroup_memory=1 to /boot/firmware/cmdline.txt (older: /boot/cmdline.txt) and restart"
	}
	return warn("the memory controller is off", "limits such as --memory are ignored, and docker stats shows no memory", fix)
}

// iptables says which kind rules the packets. Docker writes its rules with it.
func (f *Facts) iptables(Wants) verdict.Finding {
	var lacks []string
	for _, n := range []need{{"nf_nat", "NF_NAT"}, {"xt_conntrack", "NETFILTER_XT_MATCH_CONNTRACK"}, {"xt_addrtype", "NETFILTER_XT_MATCH_ADDRTYPE"}} {
		if f.part(n.module, n.option) == presenceNo {
			lacks = append(lacks, n.module)
		}
	}
	switch f.Iptables {
	case "nft":
		for _, n := range []need{{"nf_tables", "NF_TABLES"}, {"nft_compat", "NFT_COMPAT"}} {
			if f.part(n.module, n.option) == presenceNo {
				lacks = append(lacks, n.module)
			}
		}
	case "legacy":
		if f.part("ip_tables", "IP_NF_IPTABLES") == presenceNo {
			lacks = append(lacks, "ip_tables")
		}
	default:
		if len(lacks) == 0 {
			return warn("not installed", "the daemon does not start without it", "install it, as the packages of Docker do")
		}
	}
	if len(lacks) > 0 {
		return warn(fmt.Sprintf("%s; the kernel lacks %s", orNone(f.Iptables), list(lacks)), "Docker's network rules cannot be written: no bridge network, no published ports",
			"use the distribution's standard kernel; or, if the other kind is complete: update-alternatives --config iptables")
	}
	return fine("%s", f.Iptables)
}

func orNone(word string) string {
	if word == "" {
		return "not installed"
	}
	return word
}
