package virtualbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/vm/provider"
)

// patience is how long a machine may take to change over.
const patience = 2 * time.Minute

// stuck is a machine whose process is there and can do nothing more.
const stuck = "gurumeditation"

// state is what a state of VirtualBox is, in the words of --machinereadable or
// in those for people.
func state(native string) provider.State {
	switch strings.ReplaceAll(native, " ", "") {
	case "running":
		return provider.Running
	case "paused":
		return provider.Paused
	case "saved", "aborted-saved": // going on from what was saved has failed, and can be tried again
		return provider.Saved
	case "poweroff", "poweredoff", "teleported":
		return provider.Off
	case "aborted", stuck:
		return provider.Crashed
	case "":
		return provider.Unknown
	}
	return provider.Changing
}

// since is when the state was reached.
func (i info) since() time.Time {
	at, err := time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(i.get("VMStateChangeTime"), "Z"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// settled is the machine when it has stopped changing over.
func (p *Provider) settled(ctx context.Context, id string) (info, provider.State, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it still changes over after %s: %w", patience, provider.ErrLocked))
	defer cancel()
	for {
		about, err := p.info(ctx, id)
		if err != nil {
			return nil, "", err
		}
		if is := state(about.get("VMState")); is != provider.Changing {
			return about, is, nil
		}
		select {
		case <-ctx.Done():
			return nil, provider.Changing, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
