package vm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/provider"
)

// powerKey is where halt, suspend and resume note how the machines stood.
const powerKey = "power"

// shutdownTime is how long a system may take to shut down.
const shutdownTime = 90 * time.Second

func (m machine) off() bool { return m.state == provider.Off || m.state == provider.Crashed }

func (m machine) asleep() bool { return m.state == provider.Paused || m.state == provider.Saved }

func (r *Room) isHalted(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.inState(ctx, w, provider.Off, provider.Crashed)
}

func (r *Room) isRunning(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.inState(ctx, w, provider.Running)
}

// isSuspended: none runs, and one is suspended. Of several machines some may be
// off; those stay so.
func (r *Room) isSuspended(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.none(ctx, w, machine.on, machine.asleep)
}

// isResumed: none is suspended, and one runs.
func (r *Room) isResumed(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.none(ctx, w, machine.asleep, machine.on)
}

// none is a check that no machine is in one state, and at least one in another.
func (r *Room) none(ctx context.Context, w *procedure.Work, is, but func(machine) bool) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(all, is); i >= 0 {
		return "", fmt.Errorf("%w: %s is %s", procedure.ErrNotDone, all[i].Name, all[i].is())
	}
	if !slices.ContainsFunc(all, but) {
		return "", fmt.Errorf("%w: %s", procedure.ErrNotDone, states(all))
	}
	return states(all), nil
}

// power does something to those machines of a step that are in a state, after it
// has noted how all of them stand.
func (r *Room) power(ctx context.Context, w *procedure.Work, what string, in func(machine) bool, do func(*scene, []machine) error) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return err
	}
	if _, err := note(w, powerKey, all); err != nil {
		return err
	}
	some := slices.DeleteFunc(slices.Clone(all), func(m machine) bool { return !in(m) })
	if len(some) == 0 {
		return fault.New(fault.Missing, "mage vm:up brings machines up", fmt.Errorf("%s machines: %s", what, states(all)))
	}
	return do(s, some)
}

// halt is vm:halt: Vagrant asks the system of the machine to shut down, and
// takes the power only from one that does not.
func (r *Room) halt(ctx context.Context, w *procedure.Work) error {
	return r.power(ctx, w, "halt", func(m machine) bool { return !m.off() }, func(s *scene, all []machine) error {
		err := r.vagrant(ctx, w, s, nil, "halt", namesOf(all)...)
		if err == nil || ctx.Err() != nil || fault.Code(err) == fault.Locked || slices.ContainsFunc(all, machine.asleep) {
			return err
		}
		// Vagrant may fail for reasons of its own: a Vagrantfile that it cannot read.
		w.Say.Warn("vagrant does not shut them down, so the machines are asked directly: %v", err)
		return each(ctx, all, func(ctx context.Context, m machine) error { return r.shutDown(ctx, w, m) })
	})
}

// shutDown asks the system of a machine to shut down. Only one that does not is
// stopped by its provider.
func (r *Room) shutDown(ctx context.Context, w *procedure.Work, m machine) error {
	door, err := r.inside(w.Door, m.Name)
	if err != nil {
		return err
	}
	// The answer may not come through any more: then it is shutting down.
	err = door.Run(ctx, command.Change("sudo", "-n", "systemctl", "poweroff"))
	var away *command.Unreachable
	for end := r.o.Now().Add(shutdownTime); !errors.As(err, &away) && r.o.Now().Before(end); {
		known, err := m.provider.Machines(ctx)
		if err != nil {
			return err
		}
		if m.state = known[m.ID].State; m.off() {
			return nil
		}
		select {
		case <-ctx.Done():
			return command.Stopped(ctx)
		case <-time.After(time.Second):
		}
	}
	w.Say.Warn("%s does not shut down: its power is taken", m.Name)
	return m.provider.Stop(ctx, m.ID)
}

// suspend is vm:suspend, by the provider.
func (r *Room) suspend(ctx context.Context, w *procedure.Work) error {
	return r.power(ctx, w, "suspend", machine.on, func(_ *scene, all []machine) error {
		return each(ctx, all, func(ctx context.Context, m machine) error { return m.provider.Suspend(ctx, m.ID) })
	})
}

// resume is vm:resume, by the provider. One that is off stays off.
func (r *Room) resume(ctx context.Context, w *procedure.Work) error {
	return r.power(ctx, w, "resume", machine.asleep, func(_ *scene, all []machine) error {
		return each(ctx, all, func(ctx context.Context, m machine) error { return m.provider.Resume(ctx, m.ID) })
	})
}

// unpower puts the machines back into the states that they were in.
func (r *Room) unpower(ctx context.Context, w *procedure.Work) error {
	var before []stood
	found, err := w.Recall(powerKey, &before)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	for _, was := range before {
		m, err := s.named(ctx, was.Name)
		if err != nil {
			return err
		}
		if m.there() && m.ID == was.ID {
			if err := r.back(ctx, w, s, m, was.State); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Room) unpowered(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.stand(ctx, w, powerKey, "the machines are as they were")
}

// reload is vm:reload: a restart with what the Vagrantfile says now.
func (r *Room) reload(ctx context.Context, w *procedure.Work) error {
	return r.again(ctx, w, "reload")
}

// provision is vm:provision. bootstrap.sh knows which stages are done.
func (r *Room) provision(ctx context.Context, w *procedure.Work) error {
	return r.again(ctx, w, "provision")
}

// again runs a command of Vagrant for machines that are there.
func (r *Room) again(ctx context.Context, w *procedure.Work, verb string) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		mark := m.mark
		switch verb {
		case "provision":
			mark.Provisioned = false
		case "reload":
			mark.Starting = true
		}
		if w.Door.Planning() {
			continue
		}
		if err := s.marks.Set(m.Name, mark); err != nil {
			return err
		}
	}
	// Vagrant copies a shared directory only at up and reload: what was mended since
	// would not be in the machine. Without one it does nothing.
	if verb == "provision" && !s.ours() && slices.ContainsFunc(all, func(m machine) bool { return m.Provider == provider.Libvirt }) {
		if err := r.vagrant(ctx, w, s, nil, "rsync", namesOf(all)...); err != nil {
			return err
		}
	}
	if err := r.vagrant(ctx, w, s, s.watching(nil), verb, namesOf(all)...); err != nil {
		return err
	}
	if verb == "reload" { // a restart does not provision
		all = slices.DeleteFunc(all, func(m machine) bool { return !m.mark.Provisioned })
	}
	return r.reached(ctx, w, s, namesOf(all))
}
