package vm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/vagrant"
	"iact-infra/internal/vm/vagrantfile"
)

// scene is what a step works with.
type scene struct {
	*command.Door
	config  *config.Config
	project vagrant.Project
	marks   vagrant.Marks
	made    []vagrant.Made
	pick    Selection
	open    func(name string) (provider.Exporter, error)
}

// scene reads the configuration and what Vagrant has made. It changes nothing.
func (r *Room) scene(door *command.Door) (*scene, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, err
	}
	s := &scene{
		Door: door, config: c, pick: r.selection(),
		project: vagrant.Project{Dir: c.VM.Dir, Cache: filepath.Join(c.Root, ".iact", "cache", "vagrant")},
		marks:   vagrant.Marks{Dir: filepath.Join(c.Root, ".iact", "vm")},
	}
	if s.made, err = s.project.Machines(); err != nil {
		return nil, fmt.Errorf("read what vagrant has made in %s: %w", c.VM.Dir, err)
	}
	s.open = func(name string) (provider.Exporter, error) { return r.provider(name, door) }
	return s, nil
}

// machine is a machine of the project as it stands.
type machine struct {
	vagrant.Made                   // ID is "" when it was never made
	provider     provider.Exporter // nil then
	state        provider.State    // "" when it was never made
	gone         bool              // Vagrant has an id, and the provider knows no such machine
	mark         vagrant.Mark      // of one that is there
}

// there says whether the machine exists.
func (m machine) there() bool { return m.ID != "" && !m.gone }

func (m machine) same(other machine) bool { return m.Name == other.Name }

// on says whether it runs or would go on at once.
func (m machine) on() bool { return m.state == provider.Running }

// is says the state in words.
func (m machine) is() string {
	switch {
	case m.ID == "":
		return "not made"
	case m.gone:
		return "gone"
	}
	return string(m.state)
}

// names are the machines that the step is about: the one that was selected,
// those that the configuration names, or else those of the Vagrantfile.
func (s *scene) names(ctx context.Context) ([]string, error) {
	switch {
	case s.pick.Machine != "":
		return []string{s.pick.Machine}, nil
	case len(s.config.VM.Machines) > 0:
		return s.config.VM.Machines, nil
	}
	return s.project.Names(ctx, s.Door)
}

// machines are those that the step is about, with their states. A name that two
// providers have a machine of is refused: Vagrant would act on one of the two.
func (s *scene) machines(ctx context.Context) ([]machine, error) {
	all, err := s.seen(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if err := s.twins(m); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// seen are the machines that the step is about as they are: one question a
// provider, however many machines there are.
func (s *scene) seen(ctx context.Context) ([]machine, error) {
	names, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]map[string]provider.Machine{}
	var all []machine
	for _, name := range names {
		m := machine{Made: vagrant.Made{Name: name}}
		for _, one := range s.made {
			if one.Name == name && (m.ID == "" || one.Provider == s.config.VM.Provider) {
				m.Made = one
			}
		}
		if m.ID != "" {
			if m.provider, err = s.open(m.Provider); err != nil {
				return nil, err
			}
			if known[m.Provider] == nil {
				if known[m.Provider], err = m.provider.Machines(ctx); err != nil {
					return nil, err
				}
			}
			seen, there := known[m.Provider][m.ID]
			m.state, m.gone = seen.State, !there
			if there {
				m.mark = s.project.Mark(s.marks, m.Made)
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// existing are the machines of the step; one that is not there is an error.
func (s *scene) existing(ctx context.Context) ([]machine, error) {
	all, err := s.machines(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if !m.there() {
			return nil, fault.New(fault.Missing, "go tool mage vm:up makes it", fmt.Errorf("use machine %s: it is %s", m.Name, m.is()))
		}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Missing, "go tool mage vm:up makes them", errors.New("find machines: there are none"))
	}
	return all, nil
}

// one is the machine of a step that is about a single one.
func (s *scene) one(ctx context.Context) (machine, error) {
	all, err := s.existing(ctx)
	if err != nil {
		return machine{}, err
	}
	if len(all) > 1 {
		return machine{}, fault.New(fault.Usage, "-machine=NAME says which", fmt.Errorf("choose a machine: there are %s", listed(all)))
	}
	return all[0], nil
}

// each does something with every machine at once and waits for all.
func each(ctx context.Context, all []machine, do func(context.Context, machine) error) error {
	var group errgroup.Group
	wrong := make([]error, len(all))
	for i, m := range all {
		group.Go(func() error {
			wrong[i] = do(ctx, m)
			return nil
		})
	}
	_ = group.Wait() // each error is kept apart
	return errors.Join(wrong...)
}

func namesOf(all []machine) []string {
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	return names
}

// listed names machines for people.
func listed(all []machine) string { return strings.Join(namesOf(all), ", ") }

// states tells how machines stand, for evidence: "iact-devbox running".
func states(all []machine) procedure.Evidence {
	var said []string
	for _, m := range all {
		said = append(said, m.Name+" "+m.is())
	}
	return procedure.Evidence(strings.Join(said, ", "))
}

// inState is a check that every machine is in one of some states.
func (r *Room) inState(ctx context.Context, w *procedure.Work, want ...provider.State) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if !slices.Contains(want, m.state) {
			return "", fmt.Errorf("%w: %s is %s", procedure.ErrNotDone, m.Name, m.is())
		}
	}
	return states(all), nil
}

// ours says whether the Vagrantfile takes its numbers from our configuration.
func (s *scene) ours() bool { return vagrantfile.Read(s.project.Text()).Ours }
