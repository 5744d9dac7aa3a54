package survey

import (
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/verdict"
)

// installed gives the packages with one of these names, as "name version".
func (f *Facts) installed(names ...string) []string {
	var all []string
	for _, p := range f.Packages {
		if slices.Contains(names, p.Name) {
			all = append(all, p.Name+" "+p.Version)
		}
	}
	return all
}

// snapDocker fails: it keeps its data elsewhere, sees only some folders, and takes
// the name of the client and the socket.
func (f *Facts) snapDocker(Wants) verdict.Finding {
	if f.Snap == "" {
		return fine("not installed")
	}
	return fail(f.Snap, "Docker as a snap sees only files below /home, ignores /etc/docker/daemon.json, and takes the client's name and the socket from the real one",
		"save what its volumes hold, then: sudo snap remove docker (without --purge snapd keeps a snapshot of it)")
}

// conflicting are the packages that Docker's own replace. On Alpine and where
// Docker's repository has nothing, the distribution's are the right ones.
func (f *Facts) conflicting(Wants) verdict.Finding {
	names := []string{"docker.io", "docker-doc", "docker-compose", "docker-compose-v2", "docker-engine", "docker-common", "docker-client", "docker-latest", "docker", "moby-engine", "moby-cli", "containerd", "runc"}
	found := f.installed(names...)
	if len(found) == 0 {
		return fine("none")
	}
	if row, known := supported(f.OS); known && !row.packaged {
		return fine("%s, which are this distribution's own", list(found))
	}
	ours := f.installed("docker-ce", "containerd.io")
	if len(ours) > 0 {
		return warn(list(found)+" beside "+list(ours), "two makers' packages of one program: files and services collide", "remove the distribution's: they are "+list(found))
	}
	return warn(list(found), "the distribution's packages conflict with Docker's own: docker-ce and containerd.io", "keep them, or remove them before docker-ce is installed: images and volumes in /var/lib/docker stay")
}

// podmanDocker warns of the imitation that takes the name of the client.
func (f *Facts) podmanDocker(Wants) verdict.Finding {
	found := f.installed("podman-docker")
	if len(found) == 0 && f.Docker.Podman {
		found = []string{"docker is podman " + f.Docker.Client}
	}
	if len(found) == 0 {
		return fine("not installed")
	}
	return warn(list(found), "the command docker is podman's: what it makes, Docker's daemon does not see", "remove the package podman-docker; podman itself may stay")
}

// existing says what is there, and whether it is new enough.
func (f *Facts) existing(Wants) verdict.Finding {
	d := f.Docker
	if d.Client == "" && d.Binary == "" && len(d.Sockets) == 0 {
		return fine("none")
	}
	evidence := "client " + orNone(d.Client)
	switch {
	case d.Server != "":
		evidence += fmt.Sprintf(", daemon %s (%s, %s)", d.Server, d.Driver, d.Root)
	case d.Binary != "":
		evidence += ", dockerd " + d.Binary + ", which does not answer"
	}
	for _, s := range d.Sockets {
		evidence += fmt.Sprintf(", %s %s %s:%s", s.Path, s.Mode, s.Owner, s.Group)
	}
	closed := slices.ContainsFunc(d.Sockets, func(s Socket) bool { return !s.Writable })
	server := d.Server
	if server == "" {
		server = d.Binary
	}
	major, minor, ok := number(server)
	switch {
	case d.Podman:
		return fine("%s: podman's", evidence)
	case slices.ContainsFunc(d.Sockets, func(s Socket) bool { return strings.HasSuffix(s.Mode, "rw-") && len(s.Mode) == 10 }):
		return warn(evidence, "everybody on this machine may write to the socket, and is root by that", "have it made anew for the group docker alone: systemctl restart docker.socket; and find out who opened it")
	case closed && strings.Contains(d.Refused, "permission denied"):
		return warn(evidence, "this user may not ask the daemon: "+d.Refused, "host:group adds the user to the group docker; then log in anew")
	case d.Refused != "":
		return warn(evidence, "the daemon does not answer: "+d.Refused, "systemctl status docker; journalctl -u docker -n 50")
	case d.Binary != "" && len(d.Sockets) == 0:
		return warn(evidence, "Docker is installed and its daemon does not run", "systemctl start docker; journalctl -u docker -n 50 tells why not")
	case ok && (major < 20 || major == 20 && minor < 10):
		return warn(evidence, "older than 20.10", "upgrade it")
	}
	return fine("%s", evidence)
}

// target warns when the client speaks with another daemon than this machine's.
func (f *Facts) target(Wants) verdict.Finding {
	d := f.Docker
	local := d.Host == "" || strings.HasPrefix(d.Host, "unix://")
	switch {
	case !local:
		return warn("DOCKER_HOST="+d.Host, "the client speaks with another daemon: the later steps would look at that one", "unset DOCKER_HOST for this machine")
	case d.Host != "":
		return fine("DOCKER_HOST=%s", d.Host)
	case d.Context != "" && d.Context != "default":
		return warn("context "+d.Context, "the client speaks with the daemon of that context", "docker context use default")
	}
	return fine("this machine's own socket")
}

// daemonFile fails on one that the daemon would refuse to start with.
func (f *Facts) daemonFile(Wants) verdict.Finding {
	switch {
	case !f.Daemon.Exists:
		return fine("there is none")
	case f.Daemon.Bad != "":
		return fail("/etc/docker/daemon.json: "+f.Daemon.Bad, "the daemon does not start with it, and host:daemon cannot keep what it says", "mend it: dockerd --validate --config-file=/etc/docker/daemon.json")
	}
	return fine("a JSON object")
}
