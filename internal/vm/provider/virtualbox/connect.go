package virtualbox

import (
	"context"
	"net"
	"regexp"
	"strings"

	"iact-infra/internal/vm/provider"
)

// connect gives each adapter an address of its own, and those of an isolated
// machine a network of its own. One on a network that this host does not have is
// left unplugged, or the machine would not start: Vagrant plugs it in.
func (p *Provider) connect(ctx context.Context, machine *node, as provider.Place, note *made) error {
	island := ""
	if as.Isolated {
		var err error
		if island, err = p.island(ctx, note); err != nil {
			return err
		}
		machine.drop("RemoteDisplay")
	}
	for _, adapter := range machine.all("Adapter") {
		if adapter.attr("MACAddress") != "" {
			adapter.set("MACAddress", "080027"+strings.ToUpper(newID()[:6]))
		}
		if !as.Isolated {
			if err := p.local(ctx, adapter); err != nil {
				return err
			}
			continue
		}
		adapter.drop("DisabledModes", "NAT", "BridgedInterface", "InternalNetwork", "HostOnlyInterface", "HostOnlyNetwork", "GenericInterface", "NATNetwork", "CloudNetwork")
		if adapter.attr("enabled") == "true" {
			adapter.Nodes = append(adapter.Nodes, element("HostOnlyInterface", "name", island))
		}
	}
	return nil
}

// local takes from an adapter what this host does not have: interfaces, and
// ports that somebody else listens on.
func (p *Provider) local(ctx context.Context, adapter *node) error {
	adapter.drop("DisabledModes") // what it was before
	for kind, list := range map[string]string{"HostOnlyInterface": "hostonlyifs", "BridgedInterface": "bridgedifs"} {
		for _, one := range adapter.all(kind) {
			here, err := p.ask(ctx, "list", list)
			if err != nil {
				return err
			}
			if !regexp.MustCompile(`(?m)^Name:\s+` + regexp.QuoteMeta(one.attr("name")) + `$`).MatchString(here) {
				adapter.drop(kind)
			}
		}
	}
	adapter.keep(func(n *node) bool {
		return n.XMLName.Local != "Forwarding" || n.attr("proto") != "1" || free(ctx, net.JoinHostPort(n.attr("hostip"), n.attr("hostport")))
	})
	return nil
}

// free says whether nobody listens on an address of this host.
func free(ctx context.Context, address string) bool {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	return err == nil && l.Close() == nil
}
