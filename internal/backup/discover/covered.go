package discover

import (
	"net"
	"slices"
	"strings"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/config"
)

// localhost is this machine, whatever a configuration calls it; local is where
// programs run that run here.
const (
	localhost = "localhost"
	local     = "local"
)

// Has says whether a source of the configuration is of this server: it goes to
// the same container or machine, or reaches it from here over TCP.
func (s *Server) Has(one config.Source) bool {
	if one.Kind != s.Kind {
		return false
	}
	switch {
	case s.Via == local && one.Via == local:
		return s.hasHere(one)
	case one.Via == s.Via || s.container.goes(one.Via):
		return one.Port == s.port()
	}
	return one.Via == local && slices.Contains(s.Reached, Address{hostOf(one.Host), one.Port})
}

// hasHere is Has for two ways to a server that both begin on this machine.
func (s *Server) hasHere(one config.Source) bool {
	if s.Kind == source.KindMariaDB && s.Host == "" {
		return one.Host == "" && (one.Socket == "" || one.Socket == s.Socket) || hostOf(one.Host) == localhost && one.Port == s.port()
	}
	here := func(host string) bool { return strings.HasPrefix(host, "/") || hostOf(host) == localhost }
	return one.Port == s.port() && (here(one.Host) && here(s.Host) || one.Host == s.Host)
}

// goes says whether a place of the configuration is the container.
func (c Container) goes(via string) bool {
	kind, name, _ := strings.Cut(via, ":")
	switch kind {
	case "docker":
		const shortest = 4 // of an id; less is rather a name
		return name == c.Name || len(name) >= shortest && strings.HasPrefix(c.ID, name)
	case "compose":
		return c.Compose != "" && (name == c.Compose || strings.HasSuffix(c.Compose, "/"+name))
	}
	return false
}

// hostOf is a host of the configuration.
func hostOf(host string) string {
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil && ip.IsLoopback() {
		return localhost
	}
	return host
}
