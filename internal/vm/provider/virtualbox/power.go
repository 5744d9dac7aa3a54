package virtualbox

import (
	"context"
	"fmt"

	"iact-infra/internal/vm/provider"
)

// turn brings a machine to a state, by the command that leads there from the
// state that it is in; none leaves it alone.
func (p *Provider) turn(ctx context.Context, id, verb string, to provider.State, commands map[provider.State][]string) error {
	about, was, err := p.settled(ctx, id)
	if err == nil {
		err = p.lead(ctx, id, about, was, to, commands)
	}
	if err != nil {
		return fmt.Errorf("%s machine %s: %w", verb, id, err)
	}
	return nil
}

func (p *Provider) lead(ctx context.Context, id string, about info, was, to provider.State, commands map[provider.State][]string) error {
	if was == to {
		return nil
	}
	how, found := commands[was]
	if !found {
		return fmt.Errorf("it is %s: %w", was, provider.ErrState)
	}
	if about.get("VMState") == stuck {
		if err := p.change(ctx, "controlvm", id, "poweroff"); err != nil || to == provider.Off {
			return err
		}
	}
	if how == nil {
		return nil
	}
	if err := p.change(ctx, how...); err != nil || p.door.Planning() {
		return err
	}
	_, is, err := p.settled(ctx, id)
	if err == nil && is != to {
		err = fmt.Errorf("VBoxManage %s has ended well, and it is %s", how[0], is)
	}
	return err
}

func start(id string) []string { return []string{"startvm", id, "--type", "headless"} }

func control(id, verb string) []string { return []string{"controlvm", id, verb} }

// Suspend implements provider.Provider: on disk, as Vagrant does.
func (p *Provider) Suspend(ctx context.Context, id string) error {
	return p.turn(ctx, id, "suspend", provider.Saved, map[provider.State][]string{provider.Running: control(id, "savestate"), provider.Paused: nil})
}

// Resume implements provider.Provider. Starting a saved machine goes on where it
// was saved.
func (p *Provider) Resume(ctx context.Context, id string) error {
	return p.turn(ctx, id, "resume", provider.Running, map[provider.State][]string{provider.Paused: control(id, "resume"), provider.Saved: start(id)})
}

// Start implements provider.Provider.
func (p *Provider) Start(ctx context.Context, id string) error {
	return p.turn(ctx, id, "start", provider.Running, map[provider.State][]string{
		provider.Off: start(id), provider.Crashed: start(id), provider.Saved: start(id), provider.Paused: control(id, "resume"),
	})
}

// Stop implements provider.Provider. What was saved of a machine is thrown away
// with its power.
func (p *Provider) Stop(ctx context.Context, id string) error {
	off := control(id, "poweroff")
	return p.turn(ctx, id, "stop", provider.Off, map[provider.State][]string{
		provider.Running: off, provider.Paused: off, provider.Saved: {"discardstate", id}, provider.Crashed: nil,
	})
}
