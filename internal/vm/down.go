package vm

import (
	"context"
	"fmt"
	"slices"

	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/vagrant"
)

// takeDown takes step 4 back: a machine that the run has made goes, one that was
// there before is put back into the state that it was in.
func (r *Room) takeDown(ctx context.Context, w *procedure.Work) error {
	var before []stood
	found, err := w.Recall(upKey, &before)
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
	var there []machine
	for _, was := range before {
		m, err := s.named(ctx, was.Name)
		if err != nil {
			return err
		}
		there = append(there, m)
	}
	if w.Retreat && slices.ContainsFunc(there, machine.there) {
		// What took long to make is gone on with.
		return fmt.Errorf("%s: mage vm:up goes on where it has stopped: %w", states(there), procedure.ErrStays)
	}
	for i, was := range before {
		if err := r.undoUp(ctx, w, s, there[i], was); err != nil {
			return err
		}
	}
	return nil
}

// undoUp takes one machine back to how it was before step 4.
func (r *Room) undoUp(ctx context.Context, w *procedure.Work, s *scene, m machine, was stood) error {
	switch {
	case !m.there():
		return nil
	case was.ID == "" && was.Made == m.ID:
		if err := r.vagrant(ctx, w, s, nil, "destroy", m.Name, "--force"); err != nil {
			return err
		}
		return r.forget(s, m.Name)
	case was.ID != m.ID:
		w.Say.Warn("%s is not known to be a machine that the run has made: it stays (mage vm:destroy -machine=%[1]s)", m.Name)
		return nil
	}
	return r.back(ctx, w, s, m, was.State)
}

// back puts a machine into the state that it was in.
func (r *Room) back(ctx context.Context, w *procedure.Work, s *scene, m machine, was provider.State) error {
	switch was {
	case provider.Off, provider.Crashed:
		if m.off() {
			return nil
		}
		return r.vagrant(ctx, w, s, nil, "halt", m.Name)
	case provider.Paused, provider.Saved:
		if m.off() { // its memory is gone, and it was in use
			if err := r.vagrant(ctx, w, s, nil, "up", m.Name, "--no-provision"); err != nil {
				return err
			}
		}
		if m.asleep() {
			return nil
		}
		return m.provider.Suspend(ctx, m.ID)
	case provider.Running:
		switch m.state {
		case provider.Paused, provider.Saved:
			return m.provider.Resume(ctx, m.ID)
		case provider.Off, provider.Crashed:
			return r.vagrant(ctx, w, s, nil, "up", m.Name, "--no-provision")
		}
	}
	return nil
}

// isDown proves it.
func (r *Room) isDown(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.stand(ctx, w, upKey, "the machines are as they were")
}

// stand proves that the machines of a step are as it has found them.
func (r *Room) stand(ctx context.Context, w *procedure.Work, key string, evidence procedure.Evidence) (procedure.Evidence, error) {
	var before []stood
	if found, err := w.Recall(key, &before); err != nil || !found {
		return "nothing was changed", err
	}
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	for _, was := range before {
		m, err := s.named(ctx, was.Name)
		if err != nil {
			return "", err
		}
		if was.ID == "" && m.there() && was.Made == m.ID {
			return "", fmt.Errorf("look at %s: it is still there", m.Name)
		}
		if was.ID == m.ID && was.ID != "" && settled(was.State) != settled(m.state) {
			return "", fmt.Errorf("look at %s: it is %s and was %s", m.Name, m.is(), was.State)
		}
	}
	return evidence, nil
}

// settled takes states for one that are the same to whoever uses the machine.
func settled(s provider.State) provider.State {
	switch s {
	case provider.Crashed:
		return provider.Off
	case provider.Saved:
		return provider.Paused
	}
	return s
}

// named is one machine as it stands.
func (s *scene) named(ctx context.Context, name string) (machine, error) {
	narrow := *s
	narrow.pick.Machine = name
	var err error
	if narrow.made, err = (vagrant.Project{Dir: s.project.Dir}).Machines(); err != nil {
		return machine{}, err
	}
	all, err := narrow.machines(ctx)
	if err != nil {
		return machine{}, err
	}
	return all[0], nil
}
