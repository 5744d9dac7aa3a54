package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/vm/provider"
)

// listSaved names the machines whose memory lies on disk. The reason of a state
// does not tell: it is "saved" after that memory was removed, too, and is
// forgotten when libvirt restarts.
const listSaved = "list --all --with-managed-save --uuid"

// patience is how long a machine may take to change over.
const patience = 2 * time.Minute

// state reads what domstats says about one machine; the numbers are libvirt's
// virDomainState and the reasons that go with each.
func state(said map[string]string, saved bool) provider.State {
	reason := said["state.reason"]
	switch said["state.state"] {
	case "1", "2": // running, blocked
		return provider.Running
	case "3": // paused
		switch reason {
		case "2", "3", "4", "8", "9", "11": // migration, save, dump, shutting down, snapshot, starting up
			return provider.Changing
		case "10":
			return provider.Crashed
		}
		return provider.Paused
	case "7": // suspended by its own system
		return provider.Paused
	case "4": // in shutdown
		return provider.Changing
	case "5": // off
		switch {
		case saved:
			return provider.Saved
		case reason == "3":
			return provider.Crashed
		}
		return provider.Off
	case "6":
		return provider.Crashed
	}
	return provider.Unknown
}

// state asks for the state of one machine alone.
func (p *Provider) state(ctx context.Context, id string) (provider.State, error) {
	if err := known(id); err != nil {
		return "", err
	}
	out, err := p.ask(ctx, script("echo == saved", listSaved, "echo == state", "domstats "+id+" --state --nowait"))
	if err != nil {
		return "", err
	}
	parts := parted(out)
	for _, said := range stats(parts["state"]) {
		return state(said, has(lines(parts["saved"]), id)), nil
	}
	return "", fmt.Errorf("virsh says nothing about it: %w", provider.ErrGone)
}

// settled is the state when the machine has stopped changing over.
func (p *Provider) settled(ctx context.Context, id string) (provider.State, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it still changes over after %s: %w", patience, provider.ErrLocked))
	defer cancel()
	for {
		is, err := p.state(ctx, id)
		if err != nil || is != provider.Changing {
			return is, err
		}
		select {
		case <-ctx.Done():
			return is, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func has(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(one string) bool { return strings.EqualFold(one, id) })
}
