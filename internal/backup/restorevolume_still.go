package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/volumelive"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// stilled is how containers were stopped and started around something.
type stilled struct {
	names    []string
	took     time.Duration
	warnings []string
}

// still stops the containers that use a volume, calls do, and starts them again
// whatever happens: also after a kill, since the promise is on disk before the
// first one is touched. Those that only read are stopped too: they would go on
// seeing the old data.
func (r *Room) still(ctx context.Context, w *procedure.Work, live *volumelive.Server, run, volume string, do func(context.Context) error) (s stilled, err error) {
	users, err := live.Docker.Users(ctx, live.Door, volume)
	if err != nil {
		return s, err
	}
	if err := stoppable(live.Docker, volume, users); err != nil {
		return s, err
	}
	all := running(users)
	if len(all) == 0 {
		return s, do(ctx)
	}
	c, err := r.o.Config()
	if err != nil {
		return s, err
	}
	p := promise{Run: run, Written: time.Now().UTC(), Via: cmp.Or(live.Docker.Place, "local"), As: live.Docker.As}
	if live.Docker.Place == "" {
		p.Env = dockerEnv(r.o.Getenv)
	}
	for _, one := range all {
		s.names = append(s.names, one.Name)
		if one.Paused {
			s.warnings = append(s.warnings, fmt.Sprintf("container %s was paused before, and runs now: docker pause %s", one.Name, one.Name))
		}
		p.Items = append(p.Items, promiseItem{ID: one.ID, Name: one.Name, Action: actStart, Grace: one.Grace.Seconds()})
	}
	if err := w.Record("held", p); err != nil {
		return s, err
	}
	kept, err := p.make(promises(c))
	if err != nil {
		return s, err
	}
	began, cut := time.Now(), false
	defer func() {
		if cut { // docker may go on with it
			soon, cancel := late(ctx)
			defer cancel()
			_ = p.stopping(soon, live.Docker, live.Door, w.Say) // it is looked at again below
		}
		warnings, bad := startAgain(ctx, live, p, volume)
		s.took = time.Since(began)
		s.warnings = append(s.warnings, warnings...)
		if bad == nil {
			kept()
		} else {
			w.Defer(stillDown(bad, live.Docker, s.names, nil))
		}
	}()
	for _, one := range all {
		w.Say.Info("stopping container %s", one.Name)
		stop := live.Docker.Change("stop", one.ID)
		stop.Timeout += one.Grace
		if err := live.Door.Run(ctx, stop); err != nil {
			cut = true
			return s, fmt.Errorf("stop container %s: %w", one.Name, err)
		}
	}
	if users, err = live.Docker.Users(ctx, live.Door, volume); err != nil {
		return s, err
	}
	if up := running(users); len(up) > 0 {
		return s, fault.New(fault.Failed, "stop what starts it, then try again", fmt.Errorf("container %s was started meanwhile", up[0].Name))
	}
	return s, do(ctx)
}

// startAgain starts what was stopped, the last one first, and looks for
// containers that somebody has started in between: they may have the old data.
func startAgain(ctx context.Context, live *volumelive.Server, p promise, volume string) (warnings []string, err error) {
	ctx, cancel := late(ctx)
	defer cancel()
	users, err := live.Docker.Users(ctx, live.Door, volume)
	if err == nil {
		for _, one := range running(users) {
			warnings = append(warnings, fmt.Sprintf("container %s was started while volume %s changed: docker restart %s lets it see what is there now", one.Name, volume, one.Name))
		}
	}
	var failed []error
	for _, item := range slices.Backward(p.Items) {
		if _, err := bringBack(ctx, live.Docker, live.Door, item); err != nil {
			failed = append(failed, err)
		}
	}
	return warnings, errors.Join(failed...)
}

// running are the containers that have to be stopped, in that order.
func running(users []source.Container) []source.Container {
	var all []source.Container
	for _, c := range users {
		if c.Running {
			all = append(all, c)
		}
	}
	source.SortToHold(all)
	return all
}

// stoppable refuses containers that would not come back.
func stoppable(docker *source.Docker, volume string, users []source.Container) error {
	var all []source.Container
	for _, c := range users {
		c.Mounts = slices.Clone(c.Mounts)
		for i := range c.Mounts {
			c.Mounts[i].RW = true // one that only reads has to be stopped, too
		}
		c.Paused = false
		all = append(all, c)
	}
	v := &source.Volume{Volume: volume, Mode: "stop", Docker: docker}
	if err := v.Holdable(all); err != nil {
		return fault.New(fault.Missing, "remove that container first and make it anew afterwards, or -to=NAME restores into a new volume beside", err)
	}
	return nil
}
