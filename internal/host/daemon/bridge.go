package daemon

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"iact-infra/internal/command"
)

// What only a bridge shows: whether containers reach one another on the default
// one, and who passes on what comes to a published port.

// proveICC: the default bridge is made anew only when the daemon starts with no
// container running.
func (d *Daemon) proveICC(ctx context.Context, want string) Proof {
	got, err := d.ask(ctx, "network", "inspect", "bridge", "--format", `{{index .Options "com.docker.network.bridge.enable_icc"}}`)
	proof := proofOf("icc", want, strings.TrimSpace(got), "docker network inspect bridge")
	if err != nil || proof.State == Wrong {
		proof.State, proof.By = Unproven, "takes effect when the daemon starts without running containers"
	}
	return proof
}

// proveProxy makes a network and looks at its bridge: without the proxy the
// daemon lets the kernel route 127.0.0.0/8 there, with it the kernel's own
// default stays (libnetwork, "Setup Loopback Addresses Routing").
func (d *Daemon) proveProxy(ctx context.Context, want string) Proof {
	const by = "the bridge of an empty network"
	routes, fresh, err := d.loopback(ctx)
	if err == nil && fresh == "1" {
		err = fmt.Errorf("the kernel gives every bridge what would show it: net.ipv4.conf.default.route_localnet is 1")
	}
	if err != nil {
		return Proof{Key: "userland-proxy", Want: want, State: Unproven, By: err.Error()}
	}
	return proofOf("userland-proxy", want, strconv.FormatBool(routes == "0"), by)
}

// loopback is what a fresh bridge of the daemon's has, and what any other gets.
func (d *Daemon) loopback(ctx context.Context) (docker, fresh string, err error) {
	name := "iact-probe-" + strconv.FormatInt(d.now().UnixNano(), 36)
	defer d.clear(ctx, "network", "rm", name)
	id, err := d.Door.Text(ctx, d.client(true, "network", "create", "--driver", "bridge", name)).String()
	if err != nil {
		return "", "", fmt.Errorf("make a probe: %w", err)
	}
	id = strings.TrimSpace(id)
	if len(id) < 12 {
		return "", "", fmt.Errorf("make a probe: the network has the name %q", id)
	}
	const file = "/proc/sys/net/ipv4/conf/%s/route_localnet"
	text, err := d.text(ctx, command.Read("cat", fmt.Sprintf(file, "br-"+id[:12]), fmt.Sprintf(file, "default")))
	if err != nil {
		return "", "", fmt.Errorf("look at a probe: %w", err)
	}
	docker, fresh, _ = strings.Cut(strings.TrimSpace(text), "\n")
	return docker, fresh, nil
}
