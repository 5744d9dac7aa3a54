package network

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// proxyOf is the proxy of an environment, and what it is not used for.
func proxyOf(environ []string) (proxy, except string) {
	values := map[string]string{}
	for _, line := range environ {
		key, value, _ := strings.Cut(line, "=")
		values[key] = value
	}
	get := func(key string) string { return cmp.Or(values[strings.ToLower(key)], values[key]) }
	return cmp.Or(get("HTTPS_PROXY"), get("HTTP_PROXY"), get("ALL_PROXY")), get("NO_PROXY")
}

// door is the HOST:PORT of a proxy; "" when there is none.
func door(proxy string) string {
	if proxy == "" {
		return ""
	}
	if !strings.Contains(proxy, "://") {
		proxy = "http://" + proxy
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port, "80"))
}

// environ is what programs of the devcontainer get.
func environ(s *scene.Scene, c *scene.Container) []string {
	all := slices.Clone(c.Config.Env)
	settings, _ := s.Settings()
	for key, value := range settings.RemoteEnv {
		if !strings.Contains(value, "${containerEnv:") {
			all = append(all, key+"="+value)
		}
	}
	return all
}

// proxies are the HOST:PORT of this machine's proxy and the container's.
func proxies(s *scene.Scene, c *scene.Container) []string {
	here, _ := proxyOf(s.Environ)
	all := []string{door(here)}
	if c != nil {
		inside, _ := proxyOf(environ(s, c))
		all = append(all, door(inside))
	}
	return slices.DeleteFunc(all, func(d string) bool { return d == "" })
}

// proxy is about the variables by which programs find a proxy.
func (g *group) proxy(ctx context.Context, s *scene.Scene) []doctor.Finding {
	w, err := wireOf(s)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case w.why() != "":
		return doctor.Good("%s", w.why())
	}
	outer, _ := proxyOf(s.Environ)
	inner, except := proxyOf(environ(s, w.c))
	if outer == "" && inner == "" {
		return doctor.Good("no proxy here and none inside")
	}
	here, err := g.ofMachine(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	inside, err := g.ofContainer(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if inner == "" {
		return unknownProxy(s, w, here, outer)
	}
	if f := deadProxy(w, here, inside, outer, inner); f != nil {
		return f
	}
	return excepted(s, w, inner, except)
}

// unknownProxy is a machine that goes out by a proxy of which the container has
// not heard.
func unknownProxy(s *scene.Scene, w *wire, here *place, outer string) []doctor.Finding {
	host, port, _ := cutPort(door(outer))
	direct := slices.ContainsFunc(reached(s, here), func(t target) bool { return strings.HasPrefix(t.question, "to ") })
	if direct || !here.to[host+" "+port].ok() || len(s.Reach) == 0 {
		return doctor.Good("this machine has the proxy %s; it is not needed, or does not answer", door(outer))
	}
	use := outer
	if loopback(host) {
		use = "http://host.docker.internal:" + port
	}
	return []doctor.Finding{{
		State: doctor.Warn, Where: w.c.Name, Evidence: "this machine goes out by " + door(outer) + "; the container has no HTTP_PROXY",
		Cause: doctor.Say("la máquina sale por un proxy y el contenedor no lo conoce: sus descargas fallan", "this machine goes out by a proxy that the container does not know: its downloads fail"),
		Fix: "# in ~/.docker/config.json, for all containers that are made from now on:\n#   {\"proxies\": {\"default\": {\"httpProxy\": \"" + hidden(use) + "\", \"httpsProxy\": \"" + hidden(use) + "\", \"noProxy\": \"localhost,127.0.0.1\"}}}\n" +
			"devcontainer up --workspace-folder . --remove-existing-container",
	}}
}

// deadProxy is one that the container has and does not reach.
func deadProxy(w *wire, here, inside *place, outer, inner string) []doctor.Finding {
	host, port, ok := cutPort(door(inner))
	if !ok {
		return []doctor.Finding{{
			State: doctor.Fail, Where: w.c.Name, Evidence: "HTTP_PROXY=" + hidden(inner), Fix: "# write it like http://proxy.example:3128, and make the container again",
			Cause: doctor.Say("eso no es la dirección de un proxy", "that is no address of a proxy"),
		}}
	}
	n, _ := strconv.Atoi(port)
	answer := inside.to[host+" "+port]
	if loopback(host) && w.mode != "host" {
		if answer.ok() || slices.ContainsFunc(inside.listen, func(l listener) bool { return l.port == n }) {
			return nil
		}
		return []doctor.Finding{{
			State: doctor.Fail, Where: w.c.Name, Evidence: "HTTP_PROXY=" + hidden(inner) + "; nobody listens there inside",
			Cause: doctor.Say("dentro del contenedor, %s es el propio contenedor y no la máquina: toda descarga falla", "inside the container, %s is the container and not this machine: every download fails", host),
			Fix:   "# run the container with --add-host=host.docker.internal:host-gateway, and name the proxy http://host.docker.internal:" + port + "\n# (it has to listen at the address of docker0, too)",
		}}
	}
	known := here.to[host+" "+port]
	switch {
	case answer.ok() || answer.why == "":
		return nil
	case !known.ok() && door(outer) == door(inner):
		return doctor.Good("%s: %s; this machine, which uses it too, does not reach it either", door(inner), answer)
	}
	f := doctor.Finding{
		State: doctor.Fail, Where: w.c.Name, Evidence: "HTTP_PROXY=" + hidden(inner) + ": " + answer.why,
		Cause: doctor.Say("el contenedor no llega a su proxy: toda descarga falla", "the container does not reach its proxy: every download fails"),
		Fix:   "# is the address right? it stands in containerEnv, in the image (ENV), or in \"proxies\" of ~/.docker/config.json\ndocker inspect --format '{{json .Config.Env}}' " + w.c.Name,
	}
	if known.ok() {
		f.Evidence += "; this machine reaches it"
	}
	return []doctor.Finding{f}
}

// excepted asks whether the other services are called without the proxy. Those
// of databases are, whatever the variable says.
func excepted(s *scene.Scene, w *wire, inner, except string) []doctor.Finding {
	all, err := peersOf(s, w)
	if err != nil {
		return doctor.Unseen(err)
	}
	var missing []string
	for _, p := range all {
		if p.web() && !covered(p.service, except) {
			missing = append(missing, p.service)
		}
	}
	if len(missing) == 0 {
		return doctor.Good("proxy %s", door(inner))
	}
	want := strings.Trim(except+","+strings.Join(missing, ","), ",")
	return []doctor.Finding{{
		State: doctor.Warn, Where: w.c.Name, Evidence: "HTTP_PROXY=" + hidden(inner) + ", NO_PROXY=" + except + ": without " + strings.Join(missing, ", "),
		Cause: doctor.Say("las llamadas HTTP a los demás servicios van al proxy, que no los conoce", "HTTP calls to the other services go to the proxy, which does not know them"),
		Fix:   "# in containerEnv: \"NO_PROXY\": \"" + want + "\", \"no_proxy\": \"" + want + "\"",
	}}
}

func covered(name, except string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(except, func(r rune) bool { return r == ',' || r == ' ' }), func(one string) bool {
		tail := strings.TrimPrefix(one, "*")
		return tail == "" || name == one || strings.HasPrefix(tail, ".") && strings.HasSuffix(name, tail)
	})
}

// hidden is a proxy without its password.
func hidden(proxy string) string {
	u, err := url.Parse(proxy)
	if err != nil || u.User == nil {
		return proxy
	}
	u.User = url.User("***")
	return u.String()
}
