package survey

import (
	"slices"
	"strings"
)

// readConfig reads options of the kernel's own configuration: "CONFIG_VETH=m",
// "# CONFIG_VETH is not set".
func readConfig(f *Facts, s *section) error {
	f.Config = map[string]string{}
	for _, line := range s.lines {
		if name, ok := strings.CutPrefix(line, "# CONFIG_"); ok {
			f.Config[strings.TrimSuffix(name, " is not set")] = "n"
			continue
		}
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "CONFIG_"), "="); ok {
			f.Config[name] = value
		}
	}
	return nil
}

func readModules(f *Facts, s *section) error {
	for _, line := range s.lines {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "tree":
			f.Modules.Tree = true
		case word == "loaded":
			f.Modules.Loaded = append(f.Modules.Loaded, rest)
		case word == "ns":
			f.Modules.Namespaces = append(f.Modules.Namespaces, rest)
		case strings.HasSuffix(word, ".ko"):
			f.Modules.Available = append(f.Modules.Available, strings.TrimSuffix(word, ".ko"))
		}
	}
	if len(f.Modules.Namespaces) == 0 {
		return errEmpty("the kernel's namespaces")
	}
	return nil
}

func readFileSystems(f *Facts, s *section) error {
	for _, line := range s.lines {
		if row := strings.Fields(line); len(row) > 0 {
			f.Modules.FileSystems = append(f.Modules.FileSystems, row[len(row)-1])
		}
	}
	return nil
}

// presence is what is known of a part of the kernel.
type presence int

const (
	presenceUnknown presence = iota
	presenceNo
	presenceYes
)

// part tells whether the kernel has a part: a module, or the option that would
// make it one. What is in use counts most; a module that is configured but not on
// disk cannot be had until the next start.
func (f *Facts) part(module, option string) presence {
	m := f.Modules
	if slices.Contains(m.Loaded, module) || slices.Contains(m.Available, module) || slices.Contains(m.FileSystems, module) {
		return presenceYes
	}
	switch f.Config[option] {
	case "y":
		return presenceYes
	case "m":
		if m.Tree {
			return presenceNo
		}
		return presenceUnknown
	case "n":
		return presenceNo
	}
	if m.Tree { // everything that there is was listed
		return presenceNo
	}
	return presenceUnknown
}
