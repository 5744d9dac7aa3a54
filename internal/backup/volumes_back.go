package backup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// BringBack starts the containers that a run had stopped for a backup before it
// was killed, and says so. Every command that opens the room does it first. Runs
// that are at work are left alone: their promises are locked.
func (r *Room) BringBack(ctx context.Context, door *command.Door, say *report.Line) error {
	c, err := r.o.Config()
	if err != nil {
		return nil //nolint:nilerr // whoever needs the configuration says what is wrong with it
	}
	all, err := brokenPromises(promises(c))
	for _, one := range all {
		err = errors.Join(err, r.keep(ctx, one, door, say))
	}
	return err
}

// TryBringBack is BringBack for a command that has something else to do: that it
// failed is a warning.
func (r *Room) TryBringBack(ctx context.Context, door *command.Door, say *report.Line) {
	if err := r.BringBack(ctx, door, say); err != nil {
		say.Warn("%v; %s", err, fault.Hint(err))
	}
}

// keep does what a promise says.
func (r *Room) keep(ctx context.Context, p *broken, local *command.Door, say *report.Line) error {
	defer p.leave()
	client := &source.Docker{Place: far(p.Via), As: p.As, Env: p.Env}
	fail := func(err error) error {
		return stillDown(err, client, p.with(actStart), p.with(actUnpause))
	}
	door, err := r.doorTo(local, p.Via)
	if err != nil {
		return fail(err)
	}
	if err := p.stopping(ctx, client, door, say); err != nil {
		return fail(err)
	}
	var back []string
	var failed []error
	for _, item := range slices.Backward(p.Items) {
		done, err := bringBack(ctx, client, door, item)
		if err != nil {
			failed = append(failed, err)
		}
		if done && item.Action != actRemove {
			back = append(back, item.Name)
		}
	}
	if len(back) > 0 {
		say.Warn("the run that made set %s was killed while containers were stopped or paused: %s runs again", p.Run, strings.Join(back, ", "))
	}
	if len(failed) > 0 {
		return fail(errors.Join(failed...))
	}
	p.kept()
	return nil
}

// stopping waits for containers that are only now coming to their end: docker
// goes on stopping one although its client was killed.
func (p promise) stopping(ctx context.Context, client *source.Docker, door *command.Door, say *report.Line) error {
	const margin = 3 * time.Second
	until := p.Written
	var group errgroup.Group
	told := false
	for _, item := range p.Items {
		if item.Action != actStart {
			continue
		}
		until = until.Add(time.Duration(item.Grace * float64(time.Second)))
		left := time.Until(until.Add(margin))
		found, err := client.Containers(ctx, door, item.ID)
		if err != nil {
			return err
		}
		if left <= 0 || len(found) == 0 || !found[0].Running || client.Place == "" && found[0].Started.After(p.Written) {
			continue
		}
		if !told {
			say.Info("container %s may have been told to stop: waiting up to %s for it", item.Name, left.Round(time.Second))
			told = true
		}
		wait := client.Read("wait", item.ID)
		wait.Timeout = left
		group.Go(func() error {
			_ = door.Run(ctx, wait) // that it goes on running is fine
			return nil
		})
	}
	_ = group.Wait()
	return ctx.Err()
}

// with lists the containers that an action brings back.
func (p promise) with(action string) []string {
	var all []string
	for _, item := range p.Items {
		if item.Action == action {
			all = append(all, item.Name)
		}
	}
	return all
}
