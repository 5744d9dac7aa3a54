package vm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/provider"
)

// upKey is where step 4 notes how the machines stood before.
const upKey = "up"

// stood is how one machine stood before a step changed it.
type stood struct {
	Name  string         `json:"name"`
	ID    string         `json:"id,omitempty"` // "" when it was not there
	State provider.State `json:"state,omitempty"`
	Made  string         `json:"made,omitempty"` // the id of the one that the step has made
}

// isUp is Done and Validate of step 4: every machine is there, runs, and was
// provisioned to its end. Vagrant is not asked.
func (r *Room) isUp(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	all, err := s.machines(ctx)
	if err != nil {
		return "", err
	}
	if err := s.sameProvider(all, r.chosen(ctx, s)); err != nil {
		return "", err
	}
	for _, m := range all {
		switch {
		case !m.there() || !m.on():
			return "", fmt.Errorf("%w: %s is %s", procedure.ErrNotDone, m.Name, m.is())
		case m.mark.Starting:
			return "", fmt.Errorf("%w: the start of %s was cut off", procedure.ErrNotDone, m.Name)
		case !m.mark.Provisioned:
			return "", fmt.Errorf("%w: %s was not provisioned to its end", procedure.ErrNotDone, m.Name)
		}
	}
	return states(all) + ", provisioned", nil
}

// ways are how machines get from where they stand to where step 4 leads.
type ways struct {
	resume    []machine
	start     map[string][]machine // by provider
	reload    []machine            // that were cut off while they started: ports and folders are missing
	provision []machine            // Vagrant takes one that has failed for provisioned
}

// way sorts a machine in. None is ever destroyed.
func (t *ways) way(w *procedure.Work, m machine, chosen string) error {
	switch {
	case m.gone:
		w.Say.Warn("%s was removed without vagrant: it is made anew, empty (a backup of it comes back by backup:restoreVM)", m.Name)
		t.start[chosen] = append(t.start[chosen], m)
	case m.ID == "":
		t.start[chosen] = append(t.start[chosen], m)
	case m.state == provider.Off, m.state == provider.Crashed:
		t.start[m.Provider] = append(t.start[m.Provider], m)
	case m.state == provider.Paused, m.state == provider.Saved:
		t.resume = append(t.resume, m)
	case !m.on():
		return fault.New(fault.Failed, "try again when it has settled", fmt.Errorf("bring %s up: it is %s", m.Name, m.is()))
	}
	if m.there() && m.mark.Starting && (m.on() || slices.ContainsFunc(t.resume, m.same)) {
		t.reload = append(t.reload, m)
	}
	if m.there() && !m.mark.Provisioned {
		t.provision = append(t.provision, m)
	}
	return nil
}

// up is step 4. Each machine goes the shortest way from where it stands; none is
// ever destroyed.
func (r *Room) up(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	all, err := s.machines(ctx)
	if err != nil {
		return err
	}
	chosen := r.chosen(ctx, s)
	if err := s.sameProvider(all, chosen); err != nil {
		return err
	}
	to := ways{start: map[string][]machine{}}
	for _, m := range all {
		if err := to.way(w, m, chosen); err != nil {
			return err
		}
	}
	before, err := note(w, upKey, all)
	if err != nil {
		return err
	}
	if err := each(ctx, to.resume, func(ctx context.Context, m machine) error { return m.provider.Resume(ctx, m.ID) }); err != nil {
		return err
	}
	return r.lead(ctx, w, s, to, before)
}

// lead has Vagrant do what is left to do.
func (r *Room) lead(ctx context.Context, w *procedure.Work, s *scene, to ways, before []stood) error {
	var wrong error
	for _, one := range []string{provider.Libvirt, provider.VirtualBox} {
		if ctx.Err() == nil && len(to.start[one]) > 0 {
			wrong = errors.Join(wrong, r.start(ctx, w, s, one, to.start[one], before))
		}
	}
	if wrong == nil && len(to.reload) > 0 {
		wrong = r.vagrant(ctx, w, s, nil, "reload", append(namesOf(to.reload), "--no-provision")...)
		if wrong == nil && !w.Door.Planning() {
			wrong = s.started(to.reload)
		}
	}
	if wrong == nil && len(to.provision) > 0 {
		wrong = r.vagrant(ctx, w, s, nil, "provision", namesOf(to.provision)...)
	}
	if wrong != nil && fault.Hint(wrong) == "" {
		wrong = fault.New(0, "mend it, and mage vm:up goes on where it has stopped", wrong)
	}
	if wrong != nil {
		return wrong
	}
	var used []machine
	for _, some := range [][]machine{to.start[provider.Libvirt], to.start[provider.VirtualBox], to.reload, to.provision} {
		used = append(used, some...)
	}
	return r.reached(ctx, w, s, namesOf(used))
}

// sameProvider refuses to make a second machine of a name by another provider:
// Vagrant would, and the first one would be forgotten.
func (s *scene) sameProvider(all []machine, chosen string) error {
	for _, m := range all {
		switch {
		case m.ID == "" || m.Provider == chosen:
		case m.gone:
			return fault.New(fault.Usage, "vagrant status "+m.Name+" forgets it; then mage vm:up again",
				fmt.Errorf("bring %s up with %s: vagrant still takes it for a machine of %s, which is gone", m.Name, chosen, m.Provider))
		case s.config.VM.Provider != "auto":
			return fault.New(fault.Usage, fmt.Sprintf("keep it: vm: {provider: %s} in config/iact.yaml; or let it go: mage backup:vm, then VAGRANT_DEFAULT_PROVIDER=%[1]s vagrant destroy %s", m.Provider, m.Name),
				fmt.Errorf("bring %s up with %s: it was made by %s", m.Name, chosen, m.Provider))
		}
	}
	return nil
}

// note writes down how machines stand before they are changed. A resumed run
// keeps what the first one has found.
func note(w *procedure.Work, key string, all []machine) ([]stood, error) {
	var before []stood
	if found, err := w.Recall(key, &before); err != nil || found {
		return before, err
	}
	for _, m := range all {
		one := stood{Name: m.Name, State: m.state}
		if m.there() {
			one.ID = m.ID
		}
		before = append(before, one)
	}
	return before, w.Record(key, before)
}
