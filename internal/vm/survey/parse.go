package survey

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
)

// reader fills a Facts from one section.
type reader func(f *Facts, s *section) error

// readers are the sections that the script prints, each with who reads it. Those
// of a program that is not there are passed over: the facts say nothing then.
func readers() map[string]reader {
	return map[string]reader{
		"machine":       readMachine,
		"cpu":           readCPU,
		"virt":          readVirt,
		"modules":       readModules,
		"secureboot":    readSecureBoot,
		"memory":        readMemory,
		"ports":         readPorts,
		"routes":        readRoutes,
		"rights":        readRights,
		"environment":   readEnvironment,
		"clock":         readClock,
		"git":           readGit,
		"ssh":           readSSH,
		"networks.conf": readAllowed,
		"vagrant":       readVagrant,
		"home":          readHome,
		"plugins":       readPlugins,
		"locks":         readLocks,
		"virtualbox":    readVirtualBox,
		"properties":    readProperties,
		"extpacks":      readExtensions,
		"hostinfo":      readHostInfo,
		"libvirt":       readLibvirt,
		"pool":          readPool,
	}
}

// Parse makes Facts of what the script printed. Sections that tell nothing stand
// in Unread.
func Parse(raw string) *Facts {
	all, failed := sections(raw)
	f := &Facts{Loaded: map[string]int{}, Env: map[string]string{}, Unread: map[string]string{}}
	for name, read := range readers() {
		s := all[name]
		if s == nil {
			f.Unread[name] = cmp.Or(failed, "the survey got no answer")
			continue
		}
		if s.word != "" {
			if name == "routes" { // there are routes, whether something tells them or not
				f.Unread[name] = "the program ip is not installed"
			}
			continue
		}
		if why := s.trouble(); why != "" && !answersByFailing(name) {
			f.Unread[name] = why
			continue
		}
		if err := read(f, s); err != nil {
			f.Unread[name] = err.Error()
		}
	}
	if strings.Contains(strings.ToLower(f.Kernel), "microsoft") {
		f.WSL = true
	}
	return f
}

// answersByFailing names the sections whose failure is what there is to know.
func answersByFailing(name string) bool {
	return name == "libvirt" || name == "pool" || name == "virtualbox" || name == "plugins"
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

// version is the numbers of 7.0.14r161095, v2.3.4 or 6.12.9-amd64; nil without any.
func version(text string) []int {
	start := strings.IndexAny(text, "0123456789")
	if start < 0 {
		return nil
	}
	var all []int
	for part := range strings.SplitSeq(text[start:], ".") {
		digits := part
		if end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			digits = part[:end]
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		all = append(all, n)
		if digits != part || len(all) == 3 {
			break
		}
	}
	return all
}
