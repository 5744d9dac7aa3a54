package probe

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// own is a network as Compose makes them, with a server and one who comes to it.
func (p *Probe) own(ctx context.Context, f *Facts) {
	args := append([]string{"network", "create"}, p.labelled()...)
	if err := p.create(ctx, append(args, p.name(""))...); err != nil {
		f.Network = why(err)
		f.Own.Why, f.Peer.Why = f.Network, f.Network
		f.Published = p.published(ctx, "server", []string{"--publish", "127.0.0.1::" + strconv.Itoa(serverPort)})
		return
	}
	on := []string{"--network", p.name("")}
	var both errgroup.Group
	both.Go(func() error {
		f.Published = p.published(ctx, "server", append(on, "--publish", "127.0.0.1::"+strconv.Itoa(serverPort)))
		return nil
	})
	both.Go(func() error {
		text, err := p.inside(ctx, "client", on, append(p.looks(), fmt.Sprintf("fetch %s %d %s", p.name("server"), serverPort, p.secret))...)
		f.Own, f.Peer = parseSeen(text), one(text, "fetch", err)
		f.Own.Why = why(err)
		return nil
	})
	_ = both.Wait() // neither returns an error
}

// published starts a server with a published port, and comes to it from the host.
func (p *Probe) published(ctx context.Context, role string, options []string) Answer {
	name, err := p.container(ctx, role, options, []string{fmt.Sprintf("serve %d %s %d", serverPort, p.secret, int(deadline.Seconds()))})
	if err == nil {
		_, err = p.docker(ctx, p.limit(), "start", name)
	}
	var at string
	if err == nil {
		at, err = p.docker(ctx, p.limit(), "port", name, strconv.Itoa(serverPort)+"/tcp")
	}
	if err != nil {
		return Answer{Why: why(err)}
	}
	at, _, _ = strings.Cut(at, "\n")
	_, port, err := net.SplitHostPort(strings.TrimSpace(at))
	if err != nil {
		return Answer{Why: why(err)}
	}
	text, err := p.onHost(ctx, "fetch 127.0.0.1 "+port+" "+p.secret)
	a := one(text, "fetch", err)
	if a.OK() {
		a.Said = "127.0.0.1:" + port
	}
	return a
}

// publish does so at a wanted port. A container that has it already is as good.
func (p *Probe) publish(ctx context.Context, port int) Answer {
	number := strconv.Itoa(port)
	by, err := p.docker(ctx, p.limit(), "ps", "--filter", "publish="+number, "--format", "{{.Names}}")
	if err == nil && by != "" {
		return Answer{Said: number + " by " + strings.Join(strings.Fields(by), ", ")}
	}
	a := p.published(ctx, "port"+number, []string{"--publish", number + ":" + strconv.Itoa(serverPort)})
	if a.OK() {
		a.Said = number
	}
	return a
}

// volume makes one, writes in a container, reads in another, and removes it.
func (p *Probe) volume(ctx context.Context, v *Volume) {
	name := p.name("")
	if err := p.create(ctx, append(append([]string{"volume", "create"}, p.labelled()...), name)...); err != nil {
		v.Why, v.Kept.Why, v.Gone.Why = why(err), why(err), "it was not made"
		return
	}
	options := []string{"--network", "none", "--mount", "type=volume,source=" + name + ",target=/data"}
	text, err := p.inside(ctx, "store", options, "store /data "+p.secret)
	v.Writes, v.Why = rate(text, "writes", err)
	if v.Why == "" {
		v.Bulk, v.Why = rate(text, "bulk", err)
	}
	if v.Kept = one(text, "stored", err); v.Kept.OK() {
		text, err = p.inside(ctx, "kept", options, "kept /data")
		if v.Kept = one(text, "kept", err); v.Kept.OK() && v.Kept.Said != p.secret {
			v.Kept = Answer{Why: "it holds something else than was written"}
		}
	}
	if err = p.create(ctx, "volume", "rm", name); err != nil {
		v.Gone.Why = why(err)
		return
	}
	left, err := p.docker(ctx, p.limit(), "volume", "ls", "--quiet", "--filter", "name="+name)
	v.Gone = Answer{Said: name, Why: why(err)}
	if left != "" {
		v.Gone.Why = "it is still listed"
	}
}
