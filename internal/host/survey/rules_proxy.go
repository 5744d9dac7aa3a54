package survey

import (
	"slices"
	"strings"

	"iact-infra/internal/verdict"
)

// proxies warns when one place has a proxy and another that needs it has none, or
// a different one: curl works and apt does not, apt works and docker pull does not.
func (f *Facts) proxies(Wants) verdict.Finding {
	if !slices.ContainsFunc(f.Proxies, func(p Proxy) bool { return p.Name != "no_proxy" }) {
		return fine("none is set")
	}
	type place struct {
		name string
		in   []string
	}
	places := []place{{"the environment", []string{inEnvironment, inEtc}}}
	if f.Tools["apt-get"] != "" {
		places = append(places, place{"apt", []string{inApt}})
	}
	places = append(places, place{"Docker's daemon", []string{inDaemon, inUnit}})

	var seen, lacks, differ []string
	values := map[string]string{}
	for _, p := range places {
		set := ""
		for _, x := range f.Proxies {
			if x.Name == "no_proxy" || !slices.Contains(p.in, x.Where) {
				continue
			}
			set = x.Value
			text := x.Name + "=" + x.Value + " in " + x.Where
			if !slices.Contains(seen, text) {
				seen = append(seen, text)
			}
			key := strings.TrimSuffix(x.Value, "/")
			if before, ok := values[x.Name]; ok && before != key {
				differ = append(differ, x.Name)
			}
			values[x.Name] = key
		}
		if set == "" {
			lacks = append(lacks, p.name)
		}
	}
	bypass := slices.ContainsFunc(f.Proxies, func(p Proxy) bool {
		return p.Name == "no_proxy" && (strings.Contains(p.Value, "localhost") || strings.Contains(p.Value, "127.0.0.1") || p.Value == "*")
	})
	evidence := list(seen)
	switch {
	case len(lacks) > 0:
		return warn(evidence+"; none for "+list(lacks), "a proxy in one place does not count in another: downloads there go straight, and hang if the network wants the proxy",
			`set it everywhere: /etc/environment; Acquire::http::Proxy in /etc/apt/apt.conf.d; "proxies" in daemon.json (Docker 23 and later)`)
	case len(differ) > 0:
		return warn(evidence, "the places do not agree on "+list(slices.Compact(differ)), "set the same one everywhere")
	case !bypass:
		return warn(evidence, "no_proxy does not except localhost: tests of services on this machine go to the proxy", "no_proxy=localhost,127.0.0.1,::1 and the project's own names")
	}
	return fine("%s", evidence)
}
