// Package virtualbox runs machines by VirtualBox, through VBoxManage.
//
// A machine's id is the UUID by which VirtualBox and Vagrant know it. What is
// asked for is read from --machinereadable; what that leaves out (when a snapshot
// was taken, whether it holds a memory) from the machine's settings file. A
// session that ends keeps its lock for a moment, so a command that finds a lock
// is tried again for a while.
package virtualbox

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// Provider is the VirtualBox of one user.
type Provider struct {
	door *command.Door
	// Wait is how long another session's lock is waited for.
	Wait time.Duration
}

// New is the VirtualBox of whoever runs this.
func New(door *command.Door) *Provider { return &Provider{door: door, Wait: 15 * time.Second} }

// Name implements provider.Provider.
func (p *Provider) Name() string { return provider.VirtualBox }

// Version implements provider.Provider. It is told together with an error when
// no machine could be started by it.
func (p *Provider) Version(ctx context.Context) (string, error) {
	out, err := p.ask(ctx, "--version")
	if err != nil {
		return "", fmt.Errorf("ask VirtualBox for its version: %w", err)
	}
	found := regexp.MustCompile(`(?m)^(\d+)\.(\d+)\.\d+\S*`).FindStringSubmatch(out)
	if found == nil {
		return "", fmt.Errorf("ask VirtualBox for its version: it says %q", strings.TrimSpace(out))
	}
	version := "VirtualBox " + found[0]
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	switch {
	case regexp.MustCompile(`(?i)vboxdrv kernel module is not loaded|VirtualBox kernel modules are not loaded|/dev/vboxdrv does not exist`).MatchString(out):
		return version, fault.New(fault.Missing, "sudo /sbin/vboxconfig, which needs the headers of the running kernel; with Secure Boot the module has to be signed", errors.New("its kernel module vboxdrv is not loaded"))
	case major < 6 || major == 6 && minor < 1:
		return version, fault.New(fault.Missing, "install VirtualBox 7, and a Vagrant that knows it", fmt.Errorf("%s is older than 6.1", version))
	}
	return version, nil
}

// program is VBoxManage, which WSL knows by the name that it has on Windows.
func (p *Provider) program(ctx context.Context) string {
	const name = "VBoxManage"
	if _, err := p.door.Look(ctx, name); err != nil {
		if _, err := p.door.Look(ctx, name+".exe"); err == nil {
			return name + ".exe"
		}
	}
	return name
}

// ask runs VBoxManage for what only looks. Lines end alike wherever it runs.
func (p *Provider) ask(ctx context.Context, args ...string) (string, error) {
	out, err := p.door.Text(ctx, command.Read(p.program(ctx), args...)).String()
	return strings.ReplaceAll(out, "\r\n", "\n"), explained(err)
}

// change runs VBoxManage for what changes something.
func (p *Provider) change(ctx context.Context, args ...string) error {
	_, err := p.answer(ctx, args...)
	return err
}

// answer is change for what is told by it.
func (p *Provider) answer(ctx context.Context, args ...string) (string, error) {
	late := time.Now().Add(p.Wait)
	for {
		c := command.Change(p.program(ctx), args...)
		if p.door.Planning() {
			return "", p.door.Run(ctx, c)
		}
		out, err := p.door.Text(ctx, c).String()
		if err = explained(err); !errors.Is(err, provider.ErrLocked) || time.Now().After(late) {
			return strings.ReplaceAll(out, "\r\n", "\n"), err
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(command.Stopped(ctx), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// known refuses what is no id: VBoxManage would take it for a name.
func known(id string) error {
	if regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`).MatchString(id) {
		return nil
	}
	return fmt.Errorf("%q is no id of VirtualBox: %w", id, provider.ErrGone)
}
