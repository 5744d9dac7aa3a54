package libvirt

import (
	"context"
	"fmt"

	"iact-infra/internal/vm/provider"
)

// turn brings a machine to a state, by the command of virsh that leads there
// from the state that it is in; "" leaves it alone.
func (p *Provider) turn(ctx context.Context, id, verb string, to provider.State, commands map[provider.State]string) error {
	if err := p.lead(ctx, id, to, commands); err != nil {
		return fmt.Errorf("%s machine %s: %w", verb, id, err)
	}
	return nil
}

func (p *Provider) lead(ctx context.Context, id string, to provider.State, commands map[provider.State]string) error {
	was, err := p.state(ctx, id)
	if _, now := commands[was]; err == nil && was == provider.Changing && !now {
		was, err = p.settled(ctx, id)
	}
	if err != nil || was == to {
		return err
	}
	how, found := commands[was]
	switch {
	case !found:
		return fmt.Errorf("it is %s: %w", was, provider.ErrState)
	case how == "":
		return nil
	}
	if err := p.change(ctx, how, id); err != nil || p.door.Planning() {
		return err
	}
	is, err := p.settled(ctx, id)
	if err == nil && is != to {
		err = fmt.Errorf("virsh %s has ended well, and it is %s", how, is)
	}
	return err
}

// Suspend implements provider.Provider: in memory.
func (p *Provider) Suspend(ctx context.Context, id string) error {
	return p.turn(ctx, id, "suspend", provider.Paused, map[provider.State]string{provider.Running: "suspend", provider.Saved: ""})
}

// Resume implements provider.Provider. Starting a saved machine goes on where it
// was saved.
func (p *Provider) Resume(ctx context.Context, id string) error {
	return p.turn(ctx, id, "resume", provider.Running, map[provider.State]string{provider.Paused: "resume", provider.Saved: "start"})
}

// Start implements provider.Provider.
func (p *Provider) Start(ctx context.Context, id string) error {
	return p.turn(ctx, id, "start", provider.Running, map[provider.State]string{
		provider.Off: "start", provider.Crashed: "start", provider.Saved: "start", provider.Paused: "resume",
	})
}

// Stop implements provider.Provider. What was saved of a machine is thrown away
// with its power.
func (p *Provider) Stop(ctx context.Context, id string) error {
	return p.turn(ctx, id, "stop", provider.Off, map[provider.State]string{
		provider.Running: "destroy", provider.Paused: "destroy", provider.Changing: "destroy", provider.Saved: "managedsave-remove", provider.Crashed: "",
	})
}
