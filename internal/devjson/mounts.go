package devjson

import (
	"encoding/csv"
	"regexp"
	"strings"
)

// mounts decodes mounts, and what runArgs mounts.
func (s *Settings) mounts() {
	for _, item := range s.root.get("mounts").items {
		if m, ok := mount(item); ok {
			m.At = s.place(item.at)
			s.Mounts = append(s.Mounts, m)
		}
	}
	items := s.root.get("runArgs").items
	for i, item := range items {
		flag, rest, joined := strings.Cut(item.word(), "=")
		read := map[string]func(string) Mount{"--mount": ParseMount, "-v": ParseVolume, "--volume": ParseVolume}[flag]
		if read == nil {
			continue
		}
		if !joined && i+1 < len(items) {
			rest = items[i+1].word()
		}
		m := read(rest)
		m.At = s.place(item.at)
		s.RunMounts = append(s.RunMounts, m)
	}
}

// mount is a mount in one of its two forms.
func mount(v value) (Mount, bool) {
	switch v.kind {
	case text:
		return ParseMount(v.text), true
	case object:
		m := Mount{Type: v.get("type").word(), Source: v.get("source").word(), Target: v.get("target").word()}
		m.Raw = "type=" + m.Type + ",source=" + m.Source + ",target=" + m.Target
		if m.Type == "" {
			m.Type = "volume"
		}
		return m, true
	}
	return Mount{}, false
}

// ParseMount reads the form of docker run --mount: "type=bind,source=…,target=…".
func ParseMount(raw string) Mount {
	m := Mount{Type: "volume", Raw: raw}
	fields, err := csv.NewReader(strings.NewReader(raw)).Read()
	if err != nil {
		fields = strings.Split(raw, ",")
	}
	for _, field := range fields {
		key, value, given := strings.Cut(field, "=")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "type":
			m.Type = value
		case "source", "src":
			m.Source = value
		case "target", "dst", "destination":
			m.Target = value
		case "readonly", "ro":
			m.ReadOnly = !given || value == "true" || value == "1"
		}
	}
	return m
}

// ParseVolume reads the form of docker run -v, which is that of Compose as well:
// "SOURCE:TARGET:OPTIONS", or a target alone. A source that is no path is a volume.
func ParseVolume(raw string) Mount {
	m := Mount{Type: "volume", Raw: raw}
	// A colon inside of ${localEnv:X}, or after the letter of a drive, separates nothing.
	const part = `((?:\$\{[^}]*\}|^[A-Za-z]:[\\/]|[^:$]|\$)+)`
	parts := regexp.MustCompile(part).FindAllString(raw, -1)
	switch len(parts) {
	case 0:
	case 1:
		m.Target = parts[0]
	default:
		m.Source, m.Target = parts[0], parts[1]
		if regexp.MustCompile(`^([./~$]|[A-Za-z]:[\\/])`).MatchString(m.Source) {
			m.Type = "bind"
		}
	}
	if len(parts) > 2 {
		for _, option := range strings.Split(parts[2], ",") {
			m.ReadOnly = m.ReadOnly || option == "ro" || option == "readonly"
		}
	}
	return m
}
