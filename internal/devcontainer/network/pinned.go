package network

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// pinned is about names of the outside that /etc/hosts leads elsewhere. Only what
// containers are to reach is judged, and only an address at which it cannot be:
// to pin a name to another one may be meant.
func (g *group) pinned(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.why() != "":
		return doctor.Good("%s", w.why())
	}
	inside, err := g.ofContainer(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	here, err := g.ofMachine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	for _, target := range s.Reach {
		name, _, err := net.SplitHostPort(target)
		if err != nil || slices.Equal(inside.hosts[name], here.hosts[name]) {
			continue
		}
		for _, at := range inside.hosts[name] {
			a, err := netip.ParseAddr(at)
			if err != nil || !a.IsLoopback() && !a.IsUnspecified() {
				continue
			}
			f := doctor.Finding{
				State: doctor.Fail, Where: w.c.Name, Evidence: "/etc/hosts inside: " + at + " " + name,
				Cause:    doctor.Say("%s se resuelve al propio contenedor: allí no contesta nadie", "%s leads to the container itself, where nobody answers", name),
				Fix:      "docker exec --user root " + w.c.Name + " sh -c 'grep -v " + name + " /etc/hosts >/tmp/hosts && cat /tmp/hosts >/etc/hosts && rm /tmp/hosts'",
				Explains: []string{"DC-NET-005", "DC-NET-007"},
			}
			if slices.ContainsFunc(w.c.HostConfig.ExtraHosts, func(e string) bool { return strings.HasPrefix(e, name+":") }) {
				f.Fix = "# take --add-host=" + name + ":… out of runArgs (extra_hosts in Compose), and make the container again\ndevcontainer up --remove-existing-container --workspace-folder " + s.Workspace
			}
			return []doctor.Finding{f}
		}
	}
	return doctor.Good("none of %s", strings.Join(s.Reach, ", "))
}
