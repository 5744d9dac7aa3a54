package virtualbox

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// Take implements provider.Provider. VirtualBox itself holds a running machine
// still while its memory is written, and lets it go on, also when whoever asked
// for that is gone: so nobody has to remember what was paused. With --live the
// memory would be that of another moment than the disks begin at, and take longer.
func (p *Provider) Take(ctx context.Context, id, name, description string) error {
	if err := p.take(ctx, id, name, description); err != nil {
		return fmt.Errorf("take snapshot %s of machine %s: %w", name, id, err)
	}
	return nil
}

func (p *Provider) take(ctx context.Context, id, name, description string) error {
	if !regexp.MustCompile(provider.SnapshotPattern).MatchString(name) {
		return fault.New(fault.Usage, "a name has 1 to 64 of a-z A-Z 0-9 . _ - and begins with a letter or digit", errors.New("it cannot be called that"))
	}
	about, was, err := p.settled(ctx, id)
	if err != nil {
		return err
	}
	has := func(k kept) bool { return k.Name == name }
	all, err := snapshots(about)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, has) {
		return provider.ErrExists // VirtualBox would allow it
	}
	args := []string{"snapshot", id, "take", name}
	if description != "" {
		args = append(args, "--description="+description)
	}
	if err = p.change(ctx, args...); p.door.Planning() {
		return err
	}
	// What was interrupted in the middle is done to its end by VirtualBox, and what failed may leave it paused.
	late := context.WithoutCancel(ctx)
	about, is, back := p.settled(late, id)
	if back != nil {
		return errors.Join(err, back)
	}
	if is != was && was == provider.Running {
		back = p.Resume(late, id)
	}
	if err != nil {
		all, wrong := snapshots(about)
		back = errors.Join(back, wrong)
		for _, one := range all {
			if has(one) {
				back = errors.Join(back, p.change(late, "snapshot", id, "delete", one.id))
			}
		}
	}
	return errors.Join(err, back)
}

// Restore implements provider.Provider. VirtualBox refuses it for a machine that
// is on, so the power is taken first. What a snapshot holds of a memory lies on
// disk then, and goes on from there.
func (p *Provider) Restore(ctx context.Context, id, name string) error {
	if err := p.restore(ctx, id, name); err != nil {
		return fmt.Errorf("restore snapshot %s of machine %s: %w", name, id, err)
	}
	return nil
}

func (p *Provider) restore(ctx context.Context, id, name string) error {
	about, was, err := p.settled(ctx, id)
	if err != nil {
		return err
	}
	all, err := snapshots(about)
	if err != nil {
		return err
	}
	to, err := named(all, name)
	if err != nil {
		return err
	}
	if was == provider.Running || was == provider.Paused || about.get("VMState") == stuck {
		if err := p.change(ctx, control(id, "poweroff")...); err != nil {
			return err
		}
	}
	if err := p.change(ctx, "snapshot", id, "restore", to.id); err != nil {
		return err
	}
	want := provider.Off
	if to.Memory {
		if want, err = provider.Running, p.change(ctx, start(id)...); err != nil {
			return err
		}
	}
	if p.door.Planning() {
		return nil
	}
	_, is, err := p.settled(ctx, id)
	if err == nil && is != want {
		err = fmt.Errorf("VBoxManage has ended well, and it is %s", is)
	}
	return err
}

// Delete implements provider.Provider. VirtualBox refuses it for a snapshot that
// more than one way goes on from.
func (p *Provider) Delete(ctx context.Context, id, name string) error {
	about, _, err := p.settled(ctx, id)
	var all []kept
	if err == nil {
		all, err = snapshots(about)
	}
	var one kept
	if err == nil {
		one, err = named(all, name)
	}
	if err == nil {
		err = p.change(ctx, "snapshot", id, "delete", one.id)
	}
	if err != nil {
		return fmt.Errorf("delete snapshot %s of machine %s: %w", name, id, err)
	}
	return nil
}
