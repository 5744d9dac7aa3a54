package devjson

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ports judges what is forwarded and what is published.
func (c *check) ports(root value) {
	seen := map[string]bool{}
	items := root.get("forwardPorts").items
	if root.get("forwardPorts").kind == other {
		items = []value{root.get("forwardPorts")}
	}
	for _, item := range items {
		if item.kind != text && item.letter() != 'n' {
			continue
		}
		c.forwarded(item)
		if key := strings.TrimPrefix(item.text, "localhost:"); seen[key] {
			c.add("DC-PORT", Note, item.at, "forwardPorts has "+item.text+" twice", "once is enough", "take one of them out")
		} else {
			seen[key] = true
		}
	}
	published := map[string]bool{}
	apps := root.get("appPort").items
	if root.get("appPort").kind == text || root.get("appPort").kind == other {
		apps = []value{root.get("appPort")}
	}
	for _, item := range apps {
		c.appPort(item, published)
	}
	for _, m := range root.get("portsAttributes").last() {
		c.portKey(m)
	}
}

// forwarded judges one of forwardPorts.
func (c *check) forwarded(item value) {
	host, port, named := "", item.text, false
	if at := strings.LastIndexByte(item.text, ':'); item.kind == text && at >= 0 {
		host, port, named = item.text[:at], item.text[at+1:], true
	}
	if strings.Contains(item.text, "$") {
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		c.add("DC-PORT", Fail, item.at, "forwardPorts has "+item.text, "ports are whole numbers from 1 to 65535", `write a number, or "service:number"`)
		return
	}
	if !named || !c.project.whole || slices.Contains([]string{"localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal"}, host) || strings.ContainsAny(host, ".:") {
		return
	}
	names := c.project.names()
	for _, s := range c.project.services {
		names = append(names, s.word("container_name"), s.word("hostname"))
		for _, f := range append(s.items("links"), s.get("networks")...) {
			_, alias, _ := strings.Cut(f.key.Value, ":")
			names = append(names, alias)
			if f.in.Kind == yaml.MappingNode {
				return // it may have aliases
			}
		}
	}
	if !slices.Contains(names, host) {
		c.add("DC-PORT", Fail, item.at, "forwardPorts has "+item.text, fmt.Sprintf("no service is called %q; there are: %s", host, strings.Join(c.project.names(), ", ")), suggested(host, c.project.names(), "name a service of the compose file"))
	}
}

// appPort judges one of appPort, which docker publishes.
func (c *check) appPort(item value, published map[string]bool) {
	written := item.text
	if item.kind != text && item.letter() != 'n' || strings.Contains(written, "$") {
		return
	}
	shape := regexp.MustCompile(`^(?:(?:(\[[^\]]*\]|[0-9.]+):)?(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:/(tcp|udp|sctp))?$`)
	m := shape.FindStringSubmatch(written)
	fine := m != nil
	if fine {
		for _, n := range strings.FieldsFunc(m[2]+"-"+m[3], func(r rune) bool { return r == '-' }) {
			port, err := strconv.Atoi(n)
			fine = fine && err == nil && port >= 1 && port <= 65535
		}
	}
	if !fine {
		c.add("DC-PORT", Fail, item.at, "appPort has "+written, "docker says \"invalid containerPort\" or \"invalid port specification\"", `write 8000, or "8000:80"`)
		return
	}
	host := m[2]
	if item.kind != text {
		host = m[3]
	}
	if key := m[1] + ":" + host + "/" + m[4]; host != "" {
		if published[key] {
			c.add("DC-PORT", Fail, item.at, "appPort has port "+host+" of the host twice", "docker says \"port is already allocated\"", "give one of them another port of the host")
		}
		published[key] = true
	}
}

// portKey judges a key of portsAttributes: a port, a range, or a pattern.
func (c *check) portKey(m member) {
	parts := regexp.MustCompile(`^(\d+)(?:-(\d+))?$`).FindStringSubmatch(m.key)
	if parts == nil {
		if _, err := regexp.Compile(m.key); err != nil && !strings.Contains(m.key, "(?") {
			c.add("DC-PORT", Warn, m.at, "portsAttributes has "+m.key, "it is no port and no range, and as a pattern it cannot be read: "+err.Error(), `write "8000", or "8000-8010"`)
		}
		return
	}
	first, _ := strconv.Atoi(parts[1])
	last := first
	if parts[2] != "" {
		last, _ = strconv.Atoi(parts[2])
	}
	if first < 1 || last > 65535 || last < first {
		c.add("DC-PORT", Warn, m.at, "portsAttributes has "+m.key, "ports go from 1 to 65535, and a range upwards", "correct the numbers")
	}
}
