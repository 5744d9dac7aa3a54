package survey

import (
	"path"
	"strconv"
	"strings"
	"time"
)

func readMachine(f *Facts, s *section) error {
	said := s.pairs()
	system, kernel, _ := strings.Cut(said["kernel"], " ")
	f.System, f.Kernel, f.Arch = strings.ToLower(system), kernel, said["arch"]
	seconds, err := strconv.ParseInt(said["clock"], 10, 64)
	if err != nil || f.System == "" {
		return errEmpty("its system and clock")
	}
	f.Clock = time.Unix(seconds, 0)
	return nil
}

func readCPU(f *Facts, s *section) error {
	said := s.pairs()
	n, err := strconv.Atoi(said["count"])
	if err != nil {
		return errEmpty("how many processors there are")
	}
	f.CPUs = n
	for flag := range strings.FieldsSeq(said["flags"]) {
		if flag == "vmx" || flag == "svm" {
			f.Flag = flag
		}
	}
	if hv, told := said["hv"]; told {
		offers := hv == "1"
		f.HV = &offers
	}
	return nil
}

func readVirt(f *Facts, s *section) error {
	for _, line := range s.lines {
		word, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		switch {
		case value == "none" || value == "" && !strings.HasPrefix(word, "/"):
		case word == "vm":
			f.VM = value
		case word == "inside":
			f.Container = value
		case strings.HasPrefix(word, "/sys/class/dmi/"):
			f.Vendor = strings.TrimSpace(f.Vendor + " " + value)
		case word == "/sys/hypervisor/type" && f.VM == "":
			f.VM = value
		case strings.HasSuffix(word, "/WSLInterop"):
			f.WSL = true
		}
	}
	if f.VM == "" {
		f.VM = machineOf(f.Vendor)
	}
	return nil
}

// machineOf knows hypervisors by what they write into the firmware, where
// systemd-detect-virt is not there to tell.
func machineOf(vendor string) string {
	for word, name := range map[string]string{
		"QEMU": "kvm", "KVM": "kvm", "VMware": "vmware", "innotek": "oracle", "VirtualBox": "oracle", "Microsoft Corporation Virtual Machine": "microsoft", "Xen": "xen", "Amazon EC2": "amazon",
	} {
		if strings.Contains(vendor, word) {
			return name
		}
	}
	return ""
}

func readModules(f *Facts, s *section) error {
	for _, line := range s.lines {
		row := words(line, 3)
		switch row[0] {
		case "loaded":
			n, err := strconv.Atoi(row[2])
			if err != nil {
				n = 0 // one that is built in counts nobody
			}
			f.Loaded[row[1]] = n
		case "built":
			f.Built = true
		case "enable_virt_at_load":
			f.AtLoad = row[1]
		case "nested":
			f.Nested = row[1]
		case "device":
			f.Devices = append(f.Devices, path.Base(row[1]))
		}
	}
	return nil
}

func readSecureBoot(f *Facts, s *section) error {
	for _, line := range s.lines {
		f.SecureBoot = f.SecureBoot || strings.TrimSpace(line) == "1"
	}
	return nil
}

func readMemory(f *Facts, s *section) error {
	for _, line := range s.lines {
		row := words(line, 2)
		kib, err := strconv.ParseUint(row[1], 10, 54)
		if err != nil {
			return errEmpty("how much there is")
		}
		switch row[0] {
		case "MemTotal:":
			f.Memory = kib << 10
		case "MemAvailable:":
			f.Available = kib << 10
		case "SwapFree:":
			f.Swap = kib << 10
		}
	}
	if f.Memory == 0 {
		return errEmpty("how much there is")
	}
	return nil
}

func readRights(f *Facts, s *section) error {
	said := s.pairs()
	uid, err := strconv.Atoi(said["uid"])
	if err != nil {
		return errEmpty("who looks")
	}
	f.UID, f.User, f.Groups = uid, said["user"], strings.Fields(said["groups"])
	return nil
}

// readEnvironment keeps the names in capitals, and no password.
func readEnvironment(f *Facts, s *section) error {
	for _, line := range s.lines {
		name, value, _ := strings.Cut(line, "=")
		if at := strings.LastIndexByte(value, '@'); at >= 0 && strings.HasSuffix(strings.ToLower(name), "proxy") {
			scheme, _, named := strings.Cut(value, "://")
			if !named {
				scheme = "http"
			}
			value = scheme + "://***" + value[at:]
		}
		if value != "" {
			f.Env[strings.ToUpper(name)] = value
		}
	}
	return nil
}

// readClock: systemd-timesyncd leaves a file, chrony says it in words.
func readClock(f *Facts, s *section) error {
	for _, line := range s.lines {
		synced := !strings.Contains(line, "Not synchronised")
		f.Synced = &synced
	}
	return nil
}

func readGit(f *Facts, s *section) error {
	for _, line := range s.lines {
		f.Git = strings.TrimPrefix(line, "git version ")
	}
	return nil
}

// readSSH: ssh -V writes to standard error.
func readSSH(f *Facts, s *section) error {
	for _, line := range append(s.said, s.lines...) {
		if strings.HasPrefix(line, "OpenSSH") {
			f.SSH, _, _ = strings.Cut(line, ",")
		}
	}
	if f.SSH == "" {
		return errEmpty("its version")
	}
	return nil
}
