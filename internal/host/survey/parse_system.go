package survey

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readRelease reads os-release: shell assignments, quoted or not.
func readRelease(f *Facts, s *section) error {
	values := map[string]string{}
	for _, line := range s.lines {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			values[name] = unquoted(value)
		}
	}
	f.OS = OS{
		ID:       strings.ToLower(values["ID"]),
		Like:     strings.Fields(values["ID_LIKE"]),
		Version:  values["VERSION_ID"],
		Codename: values["VERSION_CODENAME"],
		Name:     values["PRETTY_NAME"],
	}
	if f.OS.ID == "" {
		return errEmpty("the distribution")
	}
	if f.OS.Name == "" {
		f.OS.Name = strings.TrimSpace(f.OS.ID + " " + f.OS.Version)
	}
	// Debian's testing and unstable have a name and no number; so do derivatives.
	if f.OS.Codename == "" {
		f.OS.Codename = values["UBUNTU_CODENAME"]
	}
	return nil
}

// unquoted takes the quotes of a shell away, and the backslashes inside double
// ones.
func unquoted(value string) string {
	value = strings.TrimSpace(value)
	if len(value) < 2 || value[0] != value[len(value)-1] {
		return value
	}
	switch value[0] {
	case '\'':
		return value[1 : len(value)-1]
	case '"':
		return strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\$`, `$`, "\\`", "`").Replace(value[1 : len(value)-1])
	default:
		return value
	}
}

func readMachine(f *Facts, s *section) error {
	told := s.pairs()
	system, release, _ := strings.Cut(told["kernel"], " ")
	f.Kernel, f.Arch = release, told["arch"]
	f.Bits, _ = strconv.Atoi(told["bits"]) // 0: no getconf there
	if seconds, err := strconv.ParseInt(told["clock"], 10, 64); err == nil {
		f.Clock = time.Unix(seconds, 0)
	}
	if system != "Linux" {
		return errEmpty("a Linux kernel, but " + strconv.Quote(system))
	}
	if f.Kernel == "" || f.Arch == "" {
		return errEmpty("kernel and architecture")
	}
	return nil
}

// readCPU reads a count of processors and the line of features of the first one.
func readCPU(f *Facts, s *section) error {
	for _, line := range s.lines {
		if n, err := strconv.Atoi(line); err == nil {
			f.CPUs = n
			continue
		}
		flags := strings.Fields(line)
		for _, flag := range []string{"vmx", "svm"} {
			if slices.Contains(flags, flag) {
				f.Virt.CPU = flag
			}
		}
	}
	return nil
}

func readVirt(f *Facts, s *section) error {
	var product []string
	for _, line := range s.lines {
		first, rest, _ := strings.Cut(line, " ")
		rest = strings.Trim(rest, " \x00")
		switch {
		case first == "vm":
			f.Virt.VM = none(rest)
		case first == "inside":
			f.Virt.Container = none(rest)
		case first == "container" || first == "/run/systemd/container":
			f.Virt.Container = rest
		case first == "/.dockerenv" && f.Virt.Container == "":
			f.Virt.Container = "docker"
		case first == "/run/.containerenv" && f.Virt.Container == "":
			f.Virt.Container = "podman"
		case first == "/dev/lxd/sock" && f.Virt.Container == "":
			f.Virt.Container = "lxc"
		case first == "/dev/kvm":
			f.Virt.KVM = true
		case first == "/sys/hypervisor/type" && f.Virt.VM == "":
			f.Virt.VM = rest
		case strings.HasPrefix(first, "/sys/class/dmi/") || first == "/proc/device-tree/model":
			product = append(product, rest)
		}
	}
	f.Virt.Product = strings.Join(product, " ")
	// systemd-detect-virt tells wsl as a container; Docker works there as in a VM.
	if f.Virt.Container == "wsl" {
		f.Virt.Container = ""
	}
	if f.Virt.VM == "" {
		f.Virt.VM = maker(f.Virt.Product)
	}
	return nil
}

// maker knows the virtual machines by their firmware's words.
func maker(product string) string {
	for _, known := range [][2]string{
		{"QEMU", "qemu"}, {"KVM", "kvm"}, {"VMware", "vmware"}, {"VirtualBox", "oracle"}, {"innotek", "oracle"},
		{"Virtual Machine", "microsoft"}, {"Xen", "xen"}, {"Amazon EC2", "amazon"}, {"Google Compute", "google"},
	} {
		if strings.Contains(product, known[0]) {
			return known[1]
		}
	}
	return ""
}

func none(word string) string {
	if word == "none" {
		return ""
	}
	return word
}

// readCgroup reads whether memory can be limited, from version 2's own list, else
// from the kernel's table: name, hierarchy, groups, enabled.
func readCgroup(f *Facts, s *section) error {
	told := s.pairs()
	if list, ok := told["controllers"]; ok {
		f.Cgroup.Memory = slices.Contains(strings.Fields(list), "memory")
		return nil
	}
	for _, line := range s.lines {
		if row := strings.Fields(line); len(row) == 4 && row[0] == "memory" {
			f.Cgroup.Memory = row[3] == "1"
			return nil
		}
	}
	return errEmpty("the memory controller")
}

func readInit(f *Facts, s *section) error {
	told := s.pairs()
	f.Init.Name = path.Base(told["pid1"])
	f.Init.State, f.Init.Systemd = told["systemd"], false
	if _, booted := told["systemd"]; booted {
		f.Init.Systemd = true
	}
	_, f.Init.OpenRC = told["openrc"]
	if told["pid1"] == "" {
		return errEmpty("process 1")
	}
	return nil
}

func readSync(f *Facts, s *section) error {
	for _, line := range s.lines {
		synced := line == "/run/systemd/timesync/synchronized"
		if word, isChrony := strings.CutPrefix(line, "Leap status"); isChrony {
			synced = !strings.Contains(word, "Not synchronised")
		}
		f.Synced = &synced
	}
	return nil
}

func readTools(f *Facts, s *section) error {
	f.Tools = s.pairs()
	return nil
}
