package network

import (
	"maps"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// public are names that nobody serves in a container of his own, besides those
// that the doctor is told to reach.
func public(s *scene.Scene) []string {
	all := []string{
		"github.com", "api.github.com", "raw.githubusercontent.com", "ghcr.io", "mcr.microsoft.com", "registry-1.docker.io", "registry.npmjs.org", "pypi.org", "files.pythonhosted.org",
		"deb.debian.org", "archive.ubuntu.com", "proxy.golang.org", "rubygems.org", "update.code.visualstudio.com", "marketplace.visualstudio.com",
	}
	for _, target := range s.Reach {
		if host, _, _ := cutPort(target); host != "" {
			all = append(all, host)
		}
	}
	return all
}

// hosts is about /etc/hosts, which is asked before any server.
func (r resolver) hosts(s *scene.Scene) []doctor.Finding {
	read, mine := r.inside.hosts, r.here.hosts
	restart := "docker restart " + r.w.c.Name + "   # writes it again, unless something is mounted there"
	for _, name := range slices.Sorted(maps.Keys(read)) {
		at := read[name][0]
		if !slices.Contains(public(s), name) || !loopback(at) && at != "0.0.0.0" || slices.Contains(mine[name], at) {
			continue
		}
		fix := restart
		if slices.ContainsFunc(r.w.c.HostConfig.ExtraHosts, func(h string) bool { return strings.HasPrefix(h, name+":") }) {
			fix = "# take --add-host " + name + " out of runArgs (extra_hosts: out of the Compose file)\ndevcontainer up --workspace-folder . --remove-existing-container"
		}
		return r.bad("/etc/hosts: "+at+" "+name, doctor.Say("/etc/hosts manda %s al propio contenedor", "/etc/hosts sends %s to the container itself", name), fix)
	}
	if r.inside.noHosts || len(read["localhost"]) > 0 || strings.Contains(r.inside.nss, "myhostname") {
		return nil
	}
	return r.bad("/etc/hosts has no line for localhost", doctor.Say("alguien vació o reemplazó /etc/hosts: quien pregunta por localhost o por el nombre del contenedor no obtiene nada", "somebody has emptied or replaced /etc/hosts: who asks for localhost or the container's own name gets nothing"), restart)
}
