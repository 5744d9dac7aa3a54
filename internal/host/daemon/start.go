package daemon

import (
	"context"
	"fmt"
)

// Start sees to it that the daemon answers, and starts one that does not run.
func (d *Daemon) Start(ctx context.Context) (Info, error) {
	up, err := d.Control.Running(ctx)
	if err != nil {
		return Info{}, err
	}
	log := d.Control.Why(ctx)
	if !up {
		d.say("start the Docker daemon")
		if err := d.Control.Restart(ctx); err != nil {
			return Info{}, d.because(ctx, err, log)
		}
	}
	if d.Door.Planning() {
		return Info{}, nil
	}
	limited, stop := context.WithTimeoutCause(ctx, d.limit(), late(d.limit()))
	defer stop()
	info, err := d.await(limited)
	if err != nil {
		return Info{}, fmt.Errorf("wait for the Docker daemon: %w", d.because(ctx, err, log))
	}
	return info, nil
}
