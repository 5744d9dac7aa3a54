package survey

import (
	"errors"
	"strings"
)

// reader fills a Facts from one section.
type reader func(f *Facts, s *section) error

// readers are the sections that the script prints, each with who reads it.
func readers() map[string]reader {
	return map[string]reader{
		"os":          readRelease,
		"machine":     readMachine,
		"cpu":         readCPU,
		"virt":        readVirt,
		"mounts":      readMounts,
		"cgroup":      readCgroup,
		"init":        readInit,
		"memory":      readMemory,
		"data":        readData,
		"space":       readSpace,
		"inodes":      readInodes,
		"xfs":         readXFS,
		"ports":       readPorts,
		"routes":      readRoutes,
		"sysctl":      readSysctl,
		"iptables":    readIptables,
		"dpkg":        packagesOf("dpkg"),
		"rpm":         packagesOf("rpm"),
		"apk":         packagesOf("apk"),
		"snap":        readSnap,
		"client":      readClient,
		"context":     readContext,
		"dockerd":     readDockerd,
		"sockets":     readSockets,
		"daemon.json": readDaemon,
		"environment": readEnvironment,
		"etc.environment": func(f *Facts, s *section) error {
			f.Proxies = append(f.Proxies, assignments(inEtc, s.lines)...)
			return nil
		},
		"apt.proxy":   readApt,
		"unit.proxy":  readUnit,
		"rights":      readRights,
		"lsm":         readLSM,
		"config":      readConfig,
		"modules":     readModules,
		"filesystems": readFileSystems,
		"clock":       readSync,
		"tools":       readTools,
	}
}

// Parse makes Facts of what the script printed. Sections that tell nothing stand
// in Unread; an error says that it was not the script's answer, or not all of it.
func Parse(raw string) (*Facts, error) {
	all, err := sections(raw)
	if err != nil {
		return nil, err
	}
	f := &Facts{Unread: map[string]string{}}
	for name, read := range readers() {
		s := all[name]
		if s == nil {
			f.Unread[name] = s.trouble()
			continue
		}
		if s.word == wordMissing || s.word == wordAbsent { // that is an answer, too
			continue
		}
		if why := s.trouble(); why != "" {
			f.Unread[name] = why
			continue
		}
		if err := read(f, s); err != nil {
			f.Unread[name] = err.Error()
		}
	}
	// These two fail in ways that are answers.
	readServer(f, all["server"])
	readSudo(f, all["sudo"])
	f.settle(all)
	return f, nil
}

// settle joins what stands in several sections.
func (f *Facts) settle(all map[string]*section) {
	if s := all["mounts"]; s != nil && s.trouble() == "" {
		f.mountOf(mounts(s.lines))
	}
	if f.Virt.WSL == 0 && strings.Contains(strings.ToLower(f.Kernel), "microsoft") {
		f.Virt.WSL = 1
		if strings.Contains(f.Kernel, "WSL2") || strings.Contains(f.Kernel, "microsoft-standard") {
			f.Virt.WSL = 2
		}
	}
	for name, value := range f.Daemon.Proxy {
		f.Proxies = append(f.Proxies, Proxy{inDaemon, name, hidden(value)})
	}
	sortProxies(f.Proxies)
}

// errEmpty is for a section that was read and has nothing of what it is for.
func errEmpty(what string) error { return errors.New("it does not tell " + what) }

// words splits at blanks and gives "" for what is not there.
func words(line string, n int) []string {
	fields := strings.Fields(line)
	for len(fields) < n {
		fields = append(fields, "")
	}
	return fields
}
