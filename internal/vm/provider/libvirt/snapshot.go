package libvirt

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// Take implements provider.Provider. A snapshot of a running machine stops it
// while its memory is written, so that memory and disks are of one moment. One
// of a saved machine would lack the memory, and is refused.
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
	was, err := p.settled(ctx, id)
	if err != nil {
		return err
	}
	if was == provider.Saved {
		return fault.New(0, "mage vm:resume, then take it", fmt.Errorf("it is %s: %w", was, provider.ErrState))
	}
	args := []string{"snapshot-create-as", id, "--name", name}
	if description != "" { // virsh refuses an empty one
		args = append(args, "--description", description)
	}
	err = p.change(ctx, args...)
	if p.door.Planning() {
		return err
	}
	// One that failed or was interrupted in the middle may leave it paused.
	ctx = context.WithoutCancel(ctx)
	is, back := p.settled(ctx, id)
	if back == nil && is != was && was == provider.Running {
		back = p.Resume(ctx, id)
	}
	return errors.Join(err, back)
}

// Restore implements provider.Provider. What was saved of the machine is thrown
// away: libvirt would leave it lying, and go on with it at a later start.
func (p *Provider) Restore(ctx context.Context, id, name string) error {
	if err := p.restore(ctx, id, name); err != nil {
		return fmt.Errorf("restore snapshot %s of machine %s: %w", name, id, err)
	}
	return nil
}

func (p *Provider) restore(ctx context.Context, id, name string) error {
	if err := known(id); err != nil {
		return err
	}
	out, err := p.ask(ctx, "snapshot-dumpxml", id, "--snapshotname", name)
	if err != nil {
		return err
	}
	found := snapshotsIn(out)
	if len(found) != 1 {
		return fmt.Errorf("virsh describes it as %q", out)
	}
	if _, err = p.settled(ctx, id); err != nil {
		return err
	}
	if err = p.change(ctx, "managedsave-remove", id); err != nil {
		return err
	}
	args, to := []string{"snapshot-revert", id, "--snapshotname", name}, provider.Off
	if found[0].memory() {
		args, to = append(args, "--running"), provider.Running
	}
	if err = p.change(ctx, args...); err != nil || p.door.Planning() {
		return err
	}
	is, err := p.settled(ctx, id)
	if err == nil && is != to {
		err = fmt.Errorf("virsh has ended well, and it is %s", is)
	}
	return err
}

// Delete implements provider.Provider. Children of the snapshot stay.
func (p *Provider) Delete(ctx context.Context, id, name string) error {
	err := known(id)
	if err == nil {
		err = p.change(ctx, "snapshot-delete", id, "--snapshotname", name)
	}
	if err != nil {
		return fmt.Errorf("delete snapshot %s of machine %s: %w", name, id, err)
	}
	return nil
}
