package survey

import (
	"cmp"
	"slices"
	"strings"
)

// readEnvironment reads the environment of who looks.
func readEnvironment(f *Facts, s *section) error {
	for _, line := range s.lines {
		switch name, value, _ := strings.Cut(line, "="); name {
		case "DOCKER_HOST":
			f.Docker.Host = hidden(value)
		case "DOCKER_CONTEXT":
			f.Docker.Context = value
		}
	}
	f.Proxies = append(f.Proxies, assignments(inEnvironment, s.lines)...)
	return nil
}

// assignments takes the proxies out of NAME=VALUE lines, as /etc/environment and
// a shell's export have them. The small and the capital name are one.
func assignments(where string, lines []string) []Proxy {
	var all []Proxy
	for _, line := range lines {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		name, value, ok := strings.Cut(line, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if value = unquoted(value); !ok || value == "" || !isProxy(name) {
			continue
		}
		p := Proxy{where, name, hidden(value)}
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

func isProxy(name string) bool {
	return name == "http_proxy" || name == "https_proxy" || name == "no_proxy"
}

// readApt reads apt-config dump: Acquire::http::Proxy "http://proxy:3128/";
func readApt(f *Facts, s *section) error {
	for _, line := range s.lines {
		key, value, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ";"), " ")
		value = unquoted(value)
		if !ok || value == "" || strings.EqualFold(value, "DIRECT") {
			continue
		}
		switch strings.ToLower(key) {
		case "acquire::http::proxy":
			f.Proxies = append(f.Proxies, Proxy{inApt, "http_proxy", hidden(value)})
		case "acquire::https::proxy":
			f.Proxies = append(f.Proxies, Proxy{inApt, "https_proxy", hidden(value)})
		}
	}
	return nil
}

// readUnit reads what systemd's drop-ins and the files of other inits give the
// daemon: "FILE: Environment="HTTP_PROXY=http://…" "NO_PROXY=…"", "FILE: export …".
func readUnit(f *Facts, s *section) error {
	for _, line := range s.lines {
		_, setting, ok := strings.Cut(line, ": ")
		setting = strings.TrimSpace(setting)
		if !ok || strings.HasPrefix(setting, "#") || strings.HasPrefix(setting, ";") {
			continue
		}
		list, isUnit := strings.CutPrefix(setting, "Environment=")
		if !isUnit {
			f.Proxies = append(f.Proxies, assignments(inUnit, []string{setting})...)
			continue
		}
		f.Proxies = append(f.Proxies, assignments(inUnit, quotedWords(list))...)
	}
	return nil
}

// quotedWords splits at the blanks outside of quotes and takes the quotes away.
func quotedWords(list string) []string {
	var all []string
	var word strings.Builder
	quote := rune(0)
	for _, r := range list + " " {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case r == quote:
			quote = 0
		case r == ' ' && quote == 0:
			if word.Len() > 0 {
				all = append(all, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	if word.Len() > 0 {
		all = append(all, strings.TrimSpace(word.String()))
	}
	return all
}

// hidden masks the password of a URL. No parser of URLs: what it refuses could
// hold a password all the same.
func hidden(value string) string {
	at := strings.LastIndexByte(value, '@')
	if at < 0 {
		return value
	}
	begin := 0
	if i := strings.Index(value[:at], "://"); i >= 0 {
		begin = i + len("://")
	}
	if user, _, ok := strings.Cut(value[begin:at], ":"); ok {
		return value[:begin] + user + ":***" + value[at:]
	}
	return value
}

func sortProxies(all []Proxy) {
	slices.SortStableFunc(all, func(a, b Proxy) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Name, b.Name))
	})
}
