package network

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// peer is another service of the project that runs.
type peer struct {
	service string
	c       *scene.Container
}

// web says whether it may be one that is called by HTTP.
func (p peer) web() bool {
	for port := range p.c.Config.ExposedPorts {
		number, proto, _ := strings.Cut(port, "/")
		if proto == "tcp" && !slices.Contains([]string{"22", "25", "1433", "1521", "3306", "5432", "5672", "6379", "9092", "11211", "27017"}, number) {
			return true
		}
	}
	return false
}

// peersOf are the services that the devcontainer may call by name.
func peersOf(s *scene.Scene, w *wire) ([]peer, error) {
	if w.c == nil || w.c.Label(scene.LabelProject) == "" || !w.own() {
		return nil, nil
	}
	mine, err := s.Containers()
	if err != nil {
		return nil, err
	}
	var all []peer
	for _, c := range mine {
		service := c.Label(scene.LabelService)
		if c == w.c || service == "" || service == w.c.Label(scene.LabelService) || c.Label(scene.LabelProject) != w.c.Label(scene.LabelProject) || !c.State.Running {
			continue
		}
		if !slices.ContainsFunc(all, func(p peer) bool { return p.service == service }) {
			all = append(all, peer{service, c})
		}
	}
	slices.SortFunc(all, func(a, b peer) int { return cmp.Compare(a.service, b.service) })
	return all, nil
}

// names is about the services of a project: whether the devcontainer finds each
// by its name, and finds the right one.
func (g *group) names(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.why() != "":
		return doctor.Good("%s", w.why())
	}
	peers, err := peersOf(s, w)
	if err != nil {
		return doctor.Unseen(err)
	}
	if len(peers) == 0 || len(w.nets) == 0 {
		return doctor.Good("no other service runs in its project")
	}
	inside, err := g.ofContainer(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	all, err := s.Everyone()
	if err != nil {
		return doctor.Unseen(err)
	}
	var bad []doctor.Finding
	var found []string
	for _, p := range peers {
		if f := w.finds(p, peers, inside, all); f != nil {
			bad = append(bad, *f)
		}
		found = append(found, p.service)
	}
	if len(bad) > 0 {
		return bad
	}
	return doctor.Good("found: %s", strings.Join(found, ", "))
}

// finds is about one service; nil when it is well.
func (w *wire) finds(p peer, peers []peer, inside *place, all []*scene.Container) *doctor.Finding {
	shared := w.shared(p.c)
	if len(shared) == 0 {
		return w.apart(p, peers)
	}
	var right []string
	for _, name := range shared {
		right = append(right, p.c.NetworkSettings.Networks[name].IPAddress)
	}
	if at := inside.hosts[p.service]; len(at) > 0 && !slices.ContainsFunc(at, func(a string) bool { return slices.Contains(right, a) }) {
		return &doctor.Finding{
			State: doctor.Fail, Where: w.c.Name, Evidence: "/etc/hosts: " + strings.Join(at, " ") + " " + p.service + "; the service is at " + strings.Join(right, ", "),
			Cause: doctor.Say("/etc/hosts tapa el nombre del servicio con otra dirección", "/etc/hosts hides the service's name behind another address"),
			Fix:   "# take " + p.service + " out of extra_hosts (--add-host), and make the container again",
		}
	}
	if f := w.rival(p, shared, all); f != nil {
		return f
	}
	return w.resolves(p, inside, shared)
}

// shared are the networks in which both are.
func (w *wire) shared(c *scene.Container) []string {
	var all []string
	for _, n := range w.nets {
		if _, is := c.NetworkSettings.Networks[n.Name]; is {
			all = append(all, n.Name)
		}
	}
	slices.Sort(all)
	return all
}

// apart is a service in other networks. It may be meant so: one behind another
// service, as a database behind a server.
func (w *wire) apart(p peer, peers []peer) *doctor.Finding {
	depends := strings.Split(w.c.Label("com.docker.compose.depends_on"), ",")
	needed := slices.ContainsFunc(depends, func(d string) bool { name, _, _ := strings.Cut(d, ":"); return name == p.service })
	if !needed && slices.ContainsFunc(peers, func(o peer) bool { return o.c != p.c && len(w.shared(o.c)) > 0 && meet(o.c, p.c) }) {
		return nil
	}
	if len(p.c.NetworkSettings.Networks) == 0 || mode(p.c) == "host" || mode(p.c) == "none" {
		if !needed {
			return nil // DC-NET-013 tells of the one without a network
		}
	}
	mine, other := names(w.net), names(p.c)
	fix := "# name one network for both in the Compose file"
	if len(w.nets) > 0 && len(other) > 0 {
		fix += "; until then:\ndocker network connect --alias " + p.service + " " + w.nets[0].Name + " " + p.c.Name
	}
	return &doctor.Finding{
		State: doctor.Fail, Where: w.c.Name, Evidence: p.service + " is in " + strings.Join(other, ", ") + "; " + w.c.Name + " in " + strings.Join(mine, ", "),
		Cause: doctor.Say("el servicio %s no está en ninguna red del contenedor: ni su nombre ni su dirección sirven", "the service %s is in no network of the container: neither its name nor its address is of use", p.service), Fix: fix,
	}
}

func names(c *scene.Container) []string {
	var all []string
	for name := range c.NetworkSettings.Networks {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func meet(a, b *scene.Container) bool {
	for name := range a.NetworkSettings.Networks {
		if _, is := b.NetworkSettings.Networks[name]; is {
			return true
		}
	}
	return false
}

// rival is a container of another service that has the same name in a network of
// both: who asks gets one or the other.
func (w *wire) rival(p peer, shared []string, all []*scene.Container) *doctor.Finding {
	for _, o := range all {
		same := o.Label(scene.LabelService) == p.service && o.Label(scene.LabelProject) == p.c.Label(scene.LabelProject)
		if o == p.c || same || !o.State.Running {
			continue
		}
		for _, name := range shared {
			at, is := o.NetworkSettings.Networks[name]
			if is && (slices.Contains(at.Aliases, p.service) || o.Name == p.service) {
				return &doctor.Finding{
					State: doctor.Fail, Where: "network " + name, Evidence: p.service + " is both " + p.c.Name + " and " + o.Name,
					Cause: doctor.Say("dos contenedores tienen el mismo nombre en la red: las conexiones van unas veces a uno y otras a otro", "two containers have the same name in the network: connections go now to the one, now to the other"),
					Fix:   "docker network disconnect " + name + " " + o.Name,
				}
			}
		}
	}
	return nil
}

// resolves is about Docker's name server, which knows the services.
func (w *wire) resolves(p peer, inside *place, shared []string) *doctor.Finding {
	if len(inside.hosts[p.service]) > 0 {
		return nil
	}
	f := &doctor.Finding{State: doctor.Fail, Where: w.c.Name}
	alias := slices.ContainsFunc(shared, func(name string) bool {
		return slices.Contains(p.c.NetworkSettings.Networks[name].Aliases, p.service) || p.c.Name == p.service
	})
	var said []string
	for _, server := range inside.servers {
		a, asked := inside.dns[server+" "+p.service]
		if !asked || a.ok() && a.said[0] == "NOERROR" && len(a.said) > 1 {
			return nil
		}
		said = append(said, server+": "+a.String())
	}
	switch {
	case len(said) == 0:
		return nil
	case !slices.Contains(inside.servers, embedded):
		f.Evidence = "nameserver " + strings.Join(inside.servers, ", ") + "; " + p.service + " → " + strings.Join(said, "; ")
		f.Cause = doctor.Say("/etc/resolv.conf no nombra el servidor de Docker (127.0.0.11), el único que conoce los servicios", "/etc/resolv.conf does not name Docker's server (127.0.0.11), the only one that knows the services")
		f.Fix = "docker restart " + w.c.Name + "   # writes it again; take away what writes or mounts /etc/resolv.conf"
	case !alias:
		f.Evidence = p.c.Name + " has no alias " + p.service + " in " + strings.Join(shared, ", ")
		f.Cause = doctor.Say("el servicio está en la red sin su nombre: se conectó a mano", "the service is in the network without its name: it was connected by hand")
		f.Fix = "docker network disconnect " + shared[0] + " " + p.c.Name + " && docker network connect --alias " + p.service + " " + shared[0] + " " + p.c.Name
	default:
		f.Evidence = p.service + " → " + strings.Join(said, "; ")
		f.Cause = doctor.Say("el servidor de nombres de Docker no da el nombre del servicio", "Docker's name server does not give the service's name")
		f.Fix = "docker restart " + w.c.Name
	}
	return f
}
