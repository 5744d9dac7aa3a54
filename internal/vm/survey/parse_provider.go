package survey

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func readVagrant(f *Facts, s *section) error {
	for _, line := range s.lines {
		if v, is := strings.CutPrefix(line, "Vagrant "); is {
			f.Vagrant = strings.TrimSpace(v)
		}
	}
	if f.Vagrant == "" {
		return errEmpty("its version")
	}
	return nil
}

func readHome(f *Facts, s *section) error {
	f.Home = strings.Join(s.lines, " ")
	return nil
}

func readPlugins(f *Facts, s *section) error {
	for _, line := range s.lines {
		name := strings.Trim(strings.TrimRight(line, ": {"), `"`)
		if name != "installed" && !slices.Contains(f.Plugins, name) {
			f.Plugins = append(f.Plugins, name)
		}
	}
	return nil
}

// readLocks joins the files that Vagrant locks with the kernel's list of locks.
// Vagrant locks by flock, so a file that is left behind holds nobody up; only a
// process that lives does.
func readLocks(f *Facts, s *section) error {
	holders := map[string]int{}
	for _, line := range s.lines {
		if row := words(line, 3); row[0] == "held" {
			holders[row[1]], _ = strconv.Atoi(row[2])
		}
	}
	for _, line := range s.lines {
		inode, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pid := holders[inode]; pid != 0 {
			f.Locks = append(f.Locks, Lock{Path: file, PID: pid})
		}
	}
	return nil
}

// readVirtualBox reads 7.0.14r161095, which may come after warnings about the
// kernel module and before an exit code that is not 0.
func readVirtualBox(f *Facts, s *section) error {
	plain := regexp.MustCompile(`^\d+\.\d+\.\d+`)
	for _, line := range s.lines {
		if v := plain.FindString(line); v != "" {
			f.VirtualBox = v
			return nil
		}
	}
	if why := s.trouble(); why != "" {
		f.Unread["virtualbox"] = why
		return nil
	}
	return errEmpty("its version")
}

func readProperties(f *Facts, s *section) error {
	for _, line := range s.lines {
		if folder, is := strings.CutPrefix(line, "Default machine folder:"); is {
			f.Folder = strings.TrimSpace(folder)
			return nil
		}
	}
	return errEmpty("the default machine folder")
}

// readExtensions reads "Pack no. 0: Oracle VM VirtualBox Extension Pack", Version: and Usable:.
func readExtensions(f *Facts, s *section) error {
	for _, line := range s.lines {
		word, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if strings.HasPrefix(word, "Pack no.") {
			f.Extensions = append(f.Extensions, Extension{Name: value})
			continue
		}
		if len(f.Extensions) == 0 {
			continue
		}
		switch one := &f.Extensions[len(f.Extensions)-1]; word {
		case "Version":
			one.Version = value
		case "Usable":
			one.Usable = value == "true"
		}
	}
	return nil
}

func readHostInfo(f *Facts, s *section) error {
	for _, line := range s.lines {
		if word, value, _ := strings.Cut(line, ":"); strings.HasSuffix(word, "supports HW virtualization") {
			f.Hardware = strings.TrimSpace(value)
			return nil
		}
	}
	return errEmpty("whether there is hardware virtualisation")
}

// readLibvirt reads virsh version --daemon; why it failed is worth as much.
func readLibvirt(f *Facts, s *section) error {
	if why := s.trouble(); why != "" {
		f.Refused = why
		for _, line := range s.said { // virsh says first that it failed, and then why
			if !strings.Contains(line, "failed to connect to the hypervisor") {
				f.Refused = strings.TrimPrefix(line, "error: ")
			}
		}
		return nil
	}
	for _, line := range s.lines {
		word, value, _ := strings.Cut(line, ": ")
		switch word {
		case "Running against daemon", "Using library":
			f.Libvirt = strings.TrimPrefix(value, "libvirt ")
		case "Running hypervisor":
			f.QEMU = strings.TrimPrefix(value, "QEMU ")
		}
	}
	return nil
}

// readPool reads virsh pool-dumpxml default. Without such a pool vagrant-libvirt
// makes one in libvirt's own folder.
func readPool(f *Facts, s *section) error {
	f.Pool = "/var/lib/libvirt/images"
	if s.exit != 0 {
		return nil
	}
	var pool struct {
		Path string `xml:"target>path"`
	}
	if err := xml.Unmarshal([]byte(strings.Join(s.lines, "\n")), &pool); err != nil {
		return err
	}
	if pool.Path != "" {
		f.Pool = pool.Path
	}
	return nil
}
