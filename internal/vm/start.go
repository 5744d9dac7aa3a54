package vm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/vagrant"
)

// start has Vagrant bring machines up that are not there or are off, all at once
// where the provider can. Until that has ended well, our marks say so: by them
// the next run knows where to go on, whatever Vagrant believes.
func (r *Room) start(ctx context.Context, w *procedure.Work, s *scene, by string, all []machine, before []stood) error {
	args := append(namesOf(all), "--provider="+by)
	for _, m := range all {
		if err := s.unforward(ctx, m); err != nil {
			return err
		}
	}
	if w.Door.Planning() {
		return r.vagrant(ctx, w, s, nil, "up", args...)
	}
	if err := r.ready(ctx, s, all); err != nil {
		return err
	}
	if err := r.clear(ctx, w, s, all); err != nil {
		return err
	}
	for _, m := range all {
		mark := vagrant.Mark{Starting: true}
		if m.there() {
			mark = m.mark
			mark.Starting = true
		}
		if err := s.marks.Set(m.Name, mark); err != nil {
			return err
		}
	}
	watch := &making{scene: s, by: by, before: before, record: func(all []stood) error { return w.Record(upKey, all) }}
	err := r.vagrant(ctx, w, s, s.watching(watch.line), "up", args...)
	err = errors.Join(err, watch.wrong)
	if err != nil && ctx.Err() == nil {
		for _, m := range all { // one that Vagrant has not begun to make leaves nothing behind
			if !m.there() && !slices.Contains(watch.making, m.Name) {
				err = errors.Join(err, s.marks.Forget(m.Name))
			}
		}
	}
	return err
}

// clear has Vagrant throw away what is left of machines whose making was cut off
// before they had an id: a disk on which nothing was ever started.
func (r *Room) clear(ctx context.Context, w *procedure.Work, s *scene, all []machine) error {
	var left []string
	for _, m := range all {
		if mark, found := s.marks.Of(m.Name); found && m.ID == "" && mark.ID == "" && mark.Starting {
			left = append(left, m.Name)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return r.vagrant(ctx, w, s, nil, "destroy", append(left, "--force")...)
}

// making follows how machines come to be: as soon as one has an id, the journal
// has it too, and with it the right to take that machine away again.
type making struct {
	scene  *scene
	by     string
	before []stood
	record func([]stood) error
	making []string // what this Vagrant makes out of nothing, and no other one
	wrong  error
}

func (m *making) line(e vagrant.Event) {
	if e.Makes && !slices.Contains(m.making, e.Machine) {
		m.making = append(m.making, e.Machine)
	}
	for i, was := range m.before {
		if was.ID != "" || was.Made != "" || !slices.Contains(m.making, was.Name) {
			continue
		}
		made, err := m.scene.project.Machines()
		m.wrong = errors.Join(m.wrong, err)
		for _, one := range made {
			if one.Name == was.Name && one.Provider == m.by {
				m.before[i].Made = one.ID
				m.wrong = errors.Join(m.wrong, m.record(m.before), m.scene.marks.Set(one.Name, vagrant.Mark{ID: one.ID, Starting: true}))
			}
		}
	}
}

// watching notes of a machine that starts when it has come so far that Vagrant
// provisions it: what is left to do then is to provision.
func (s *scene) watching(also func(vagrant.Event)) func(vagrant.Event) {
	return func(e vagrant.Event) {
		if also != nil {
			also(e)
		}
		if mark, found := s.marks.Of(e.Machine); found && mark.Starting && e.Provisions {
			mark.Starting = false
			_ = s.marks.Set(e.Machine, mark) // else it is reloaded once more
		}
	}
}

// started notes that machines are started to the end.
func (s *scene) started(all []machine) error {
	for _, m := range all {
		m.mark.Starting = false
		if err := s.marks.Set(m.Name, m.mark); err != nil {
			return err
		}
	}
	return nil
}

// vagrant runs Vagrant with its progress on the step's line and its log kept.
func (r *Room) vagrant(ctx context.Context, w *procedure.Work, s *scene, also func(vagrant.Event), verb string, args ...string) error {
	if len(args) == 0 {
		return nil // Vagrant would take none for all
	}
	log := filepath.Join(s.config.Root, ".iact", "logs", fmt.Sprintf("vm-%s-%s.log", r.o.Now().UTC().Format("20060102T150405Z"), verb))
	return s.project.Run(ctx, w.Door, s.project.Change(append([]string{verb}, args...)...), log, func(e vagrant.Event) {
		w.Say.Info("%s: %s", e.Machine, e.Text)
		if also != nil {
			also(e)
		}
	})
}

// reached proves that the machines of a step answer by ssh, with what Vagrant
// says now about the way there, and notes that they are started and provisioned.
func (r *Room) reached(ctx context.Context, w *procedure.Work, s *scene, names []string) error {
	if w.Door.Planning() || len(names) == 0 {
		return nil
	}
	made, err := s.project.Machines()
	if err != nil {
		return err
	}
	places, err := r.o.Places()
	if err != nil {
		return err
	}
	var all []machine
	for _, one := range made {
		if slices.Contains(names, one.Name) {
			all = append(all, machine{Made: one})
		}
	}
	return each(ctx, all, func(ctx context.Context, m machine) error {
		if err := places.Vagrant(m.Name).Forget(); err != nil {
			return err
		}
		door, err := r.inside(w.Door, m.Name)
		if err != nil {
			return err
		}
		if err := door.Run(ctx, command.Read("true")); err != nil {
			return fmt.Errorf("reach %s: %w", m.Name, err)
		}
		return s.marks.Set(m.Name, vagrant.Mark{ID: m.ID, Provisioned: true})
	})
}

// inside is a door to the programs of a machine.
func (r *Room) inside(door *command.Door, name string) (*command.Door, error) {
	enter := r.o.Enter
	if enter == nil {
		places, err := r.o.Places()
		if err != nil {
			return nil, err
		}
		enter = func(name string) (command.Transport, error) { return places.Transport("vagrant:" + name) }
	}
	transport, err := enter(name)
	if err != nil {
		return nil, err
	}
	return door.Via(transport), nil
}
