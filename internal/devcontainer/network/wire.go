package network

import (
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/scene"
)

// wire is how a container hangs on the network.
type wire struct {
	c    *scene.Container // the devcontainer; nil when there is none
	mode string           // of its network; "bridge" stands for "default"
	// net has the network: c, or the container whose network c shares.
	net  *scene.Container
	nets []scene.Network // in which net is
}

// wireOf is that of the devcontainer. A network that is not there any more is
// left out.
func wireOf(s *scene.Scene) (*wire, error) {
	c, err := s.Main()
	if err != nil || c == nil {
		return &wire{}, err
	}
	w := &wire{c: c, net: c, mode: mode(c)}
	if other, shared := strings.CutPrefix(w.mode, "container:"); shared {
		all, err := s.Everyone()
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(all, func(o *scene.Container) bool { return strings.HasPrefix(o.ID, other) || o.Name == other })
		if at >= 0 {
			w.net = all[at]
		}
	}
	all, err := s.Networks()
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if _, is := w.net.NetworkSettings.Networks[n.Name]; is {
			w.nets = append(w.nets, n)
		}
	}
	return w, nil
}

func mode(c *scene.Container) string {
	if m := c.HostConfig.NetworkMode; m != "default" && m != "" {
		return m
	}
	return "bridge"
}

// why says why there is nothing to look at in a running container; "" when there
// is.
func (w *wire) why() string {
	switch {
	case w.c == nil:
		return "no container"
	case !w.c.State.Running || w.c.State.Paused || w.c.State.Restarting:
		return w.c.Name + " does not run"
	case w.mode == "none":
		return "network mode none"
	}
	return ""
}

// own says whether the container has a network of its own, to which the machine's
// bridges, forwarding and rules matter.
func (w *wire) own() bool { return w.mode != "host" && mode(w.net) != "host" && len(w.nets) > 0 }

// internal says whether the container is in networks without a way out, and in
// no other.
func (w *wire) internal() bool {
	return len(w.nets) > 0 && !slices.ContainsFunc(w.nets, func(n scene.Network) bool { return !n.Internal })
}

// bridges are its networks that this machine's kernel forwards for.
func (w *wire) bridges() []scene.Network {
	var some []scene.Network
	for _, n := range w.nets {
		if n.Driver == "bridge" {
			some = append(some, n)
		}
	}
	return some
}

// device is the bridge of a network on the machine.
func device(n scene.Network) string {
	if name := n.Options["com.docker.network.bridge.name"]; name != "" {
		return name
	}
	return "br-" + n.ID[:min(12, len(n.ID))]
}

// address is what the container has in a network.
func (w *wire) address(n scene.Network) string {
	return w.net.NetworkSettings.Networks[n.Name].IPAddress
}
