// Package libvirt runs machines by libvirt, through virsh.
//
// virsh takes several commands in one call, so that a question about all
// machines costs one process of some 20 ms. A machine's id is the UUID of its
// domain, which is what vagrant-libvirt writes down.
package libvirt

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
)

// DefaultURI is the system's libvirt, which vagrant-libvirt uses.
const DefaultURI = "qemu:///system"

// Provider is libvirt at one URI.
type Provider struct {
	door *command.Door
	uri  string
}

// New is libvirt at a URI; "" is DefaultURI.
func New(door *command.Door, uri string) *Provider {
	if uri == "" {
		uri = DefaultURI
	}
	return &Provider{door: door, uri: uri}
}

// Name implements provider.Provider.
func (p *Provider) Name() string { return provider.Libvirt }

// Version implements provider.Provider.
func (p *Provider) Version(ctx context.Context) (string, error) {
	out, err := p.ask(ctx, "version", "--daemon")
	if err != nil {
		return "", fmt.Errorf("ask libvirt for its version: %w", err)
	}
	says := map[string]string{}
	for line := range strings.Lines(out) {
		what, version, _ := strings.Cut(strings.TrimSpace(line), ": ")
		says[what] = version[strings.LastIndex(version, " ")+1:]
	}
	library, daemon, qemu := says["Using library"], says["Running against daemon"], says["Running hypervisor"]
	if library == "" {
		return "", fmt.Errorf("ask libvirt for its version: it says %q", strings.TrimSpace(out))
	}
	version := "libvirt " + library
	if daemon != "" && daemon != library {
		version += ", its daemon " + daemon
	}
	if qemu != "" {
		version += ", QEMU " + qemu
	}
	return version, nil
}

// ask runs virsh for what only looks. The commands of a script are parted by
// semicolons; one that fails does not keep the others from running, and the
// last one decides.
func (p *Provider) ask(ctx context.Context, args ...string) (string, error) {
	c := command.Read("virsh", append([]string{"-c", p.uri}, args...)...)
	out, err := p.door.Text(ctx, c).String()
	return out, explained(err)
}

// change runs virsh for what changes something.
func (p *Provider) change(ctx context.Context, args ...string) error {
	return explained(p.door.Run(ctx, command.Change("virsh", append([]string{"-c", p.uri, "-q"}, args...)...)))
}

// script joins commands of virsh into the one argument that runs them all.
func script(commands ...string) string { return strings.Join(commands, "; ") }

// parted is the output of a script by the headings that it has echoed.
func parted(out string) map[string]string {
	all := map[string]string{}
	heading := ""
	for line := range strings.Lines(out) {
		if name, is := strings.CutPrefix(line, "== "); is {
			heading = strings.TrimSpace(name)
			continue
		}
		all[heading] += line
	}
	return all
}

// known refuses what is no id: virsh would take it for a name, or in a script
// for a command of its own.
func known(id string) error {
	if regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`).MatchString(id) {
		return nil
	}
	return fmt.Errorf("%q is no id of libvirt: %w", id, provider.ErrGone)
}
