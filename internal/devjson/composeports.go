package devjson

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// publication is a port of the host, and who has it.
type publication struct {
	service, file, host string
	written             string
	alone               bool // whether it runs whenever the others do
}

func (c *check) published(s *service, taken map[string]publication) {
	for _, f := range s.items("ports") {
		host, port, proto := publishedPort(f)
		from, to, ranged := strings.Cut(port, "-")
		first, err := strconv.Atoi(from)
		last := first
		if ranged && err == nil {
			last, err = strconv.Atoi(to)
		}
		if err != nil || last-first > 200 {
			continue
		}
		if first < 0 || last > 65535 {
			c.addAt("DC-PORT", Fail, f.where(), fmt.Sprintf("%s publishes %s", s.name, port), "ports go from 1 to 65535", "correct the number")
			continue
		}
		for n := first; n <= last && n > 0; n++ {
			key := fmt.Sprintf("%d/%s", n, proto)
			p := publication{s.name, f.file, host, f.in.Value, len(s.get("profiles")) == 0 && len(c.settings.RunServices) == 0}
			other, there := taken[key]
			if there && (other.service != s.name || other.file == f.file && other.written != p.written) && (other.host == host || other.host == "" || host == "") {
				state := Note // they need not run together
				if p.alone && other.alone {
					state = Fail
				}
				c.addAt("DC-PORT", state, f.where(), fmt.Sprintf("port %d of the host is published by %s and by %s", n, other.service, s.name), "only one can have it: docker says \"port is already allocated\"", "give one of them another port of the host")
			}
			taken[key] = p
		}
	}
}

func publishedPort(f field) (host, port, proto string) {
	proto = "tcp"
	if f.in.Kind == yaml.MappingNode {
		for _, inner := range fields(f.file, f.in) {
			switch inner.key.Value {
			case "published":
				port = inner.in.Value
			case "host_ip":
				host = inner.in.Value
			case "protocol":
				proto = inner.in.Value
			}
		}
	} else if m := regexp.MustCompile(`^(?:(\[[^\]]*\]|[0-9.]+):)?(\d+(?:-\d+)?):\d+(?:-\d+)?(?:/(\w+))?$`).FindStringSubmatch(f.in.Value); m != nil {
		host, port = m[1], m[2]
		if m[3] != "" {
			proto = m[3]
		}
	}
	if host == "0.0.0.0" {
		host = ""
	}
	return host, port, proto
}
