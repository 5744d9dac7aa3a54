package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/holds"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/vagrant"
)

// Whole is what whoever backs machines up does with them.
type Whole struct {
	room  *Room
	scene *scene
}

// Whole reads the configuration and what Vagrant has made.
func (r *Room) Whole(door *command.Door) (*Whole, error) {
	s, err := r.scene(door)
	return &Whole{r, s}, err
}

// Known is a machine and what Vagrant calls it; Name is "" when it does not know
// the machine.
type Known struct {
	vagrant.Made
	provider.Machine
}

// Look finds a machine by what the Vagrantfile calls it, or else by what its
// provider does.
func (w *Whole) Look(ctx context.Context, name string) (Known, error) {
	var found vagrant.Made
	for _, one := range w.scene.made {
		if one.Name == name && (found.ID == "" || one.Provider == w.scene.config.VM.Provider) {
			found = one
		}
	}
	if found.ID != "" {
		p, err := w.scene.open(found.Provider)
		if err != nil {
			return Known{}, err
		}
		seen, err := p.Look(ctx, found.ID)
		if errors.Is(err, provider.ErrGone) {
			err = fault.New(fault.Missing, "go tool mage vm:up makes it anew; backup:restoreVM -source=NAME brings back what a set holds", fmt.Errorf("look at machine %s: %w", name, err))
		}
		return Known{found, seen}, err
	}
	known, err := w.Find(ctx, w.room.chosen(ctx, w.scene), name)
	if err != nil {
		return Known{}, err
	}
	if known == nil {
		return Known{}, fault.New(fault.Missing, "go tool mage vm:up makes it; vm:status names those that are there", fmt.Errorf("look at machine %s: it was never made", name))
	}
	return *known, nil
}

// Find looks for a machine by what its provider calls it; nil when there is none.
func (w *Whole) Find(ctx context.Context, of, domain string) (*Known, error) {
	p, err := w.scene.open(of)
	if err != nil {
		return nil, err
	}
	all, err := p.Machines(ctx)
	if err != nil {
		return nil, err
	}
	for id, m := range all {
		if m.Domain != domain {
			continue
		}
		known := Known{Made: vagrant.Made{Provider: of, ID: id}}
		for _, one := range w.scene.made {
			if one.ID == id {
				known.Made = one
			}
		}
		known.Machine, err = p.Look(ctx, id)
		return &known, err
	}
	return nil, nil //nolint:nilnil // there is none
}

// keyFile holds the private key by which Vagrant logs in.
const keyFile = "vagrant-private_key"

// Capture holds a machine's disks still. One that runs has its databases write
// down what they have first, and tell what they hold.
func (w *Whole) Capture(ctx context.Context, m Known, scratch string) (*provider.Capture, []holds.Fact, error) {
	e, err := w.scene.open(m.Made.Provider)
	if err != nil {
		return nil, nil, err
	}
	var facts []holds.Fact
	var notes []string
	if m.State == provider.Running && m.Name != "" {
		if facts, err = w.facts(ctx, m); err != nil {
			notes = append(notes, firstLine(err))
		}
	}
	c, err := e.Capture(ctx, m.Made.ID, scratch)
	if err != nil {
		return nil, nil, err
	}
	c.Notes = append(c.Notes, notes...)
	if key, err := os.ReadFile(w.key(m.Made)); err == nil {
		c.Definition.Files[keyFile] = key
	}
	return c, facts, nil
}

// facts asks the machine, and then lets it write.
func (w *Whole) facts(ctx context.Context, m Known) ([]holds.Fact, error) {
	door, err := w.room.inside(w.scene.Door, m.Name)
	if err != nil {
		return nil, err
	}
	facts, err := holds.Ask(ctx, door, false)
	if err != nil {
		return nil, err
	}
	w.room.settle(ctx, &procedure.Work{Door: w.scene.Door}, machine{Made: m.Made})
	return facts, nil
}

// key is the machine's own one, or else the one that Vagrant gives to all.
func (w *Whole) key(m vagrant.Made) string {
	own := filepath.Join(w.scene.project.Dir, ".vagrant", "machines", m.Name, m.Provider, "private_key")
	if _, err := os.Stat(own); err == nil && m.Name != "" {
		return own
	}
	home := w.room.o.Getenv("VAGRANT_HOME")
	if home == "" {
		home = filepath.Join(w.room.o.Getenv("HOME"), ".vagrant.d")
	}
	return filepath.Join(home, "insecure_private_key")
}

// Define makes a machine anew, and lays its key down beside its disks.
func (w *Whole) Define(ctx context.Context, d provider.Definition, as provider.Place) (string, error) {
	e, err := w.scene.open(d.Provider)
	if err != nil {
		return "", err
	}
	if key, there := d.Files[keyFile]; there {
		if err := os.WriteFile(filepath.Join(as.Dir, keyFile), key, 0o600); err != nil {
			return "", err
		}
	}
	return e.Define(ctx, d, as)
}

// Remove takes a machine away that Define has made.
func (w *Whole) Remove(ctx context.Context, of, id string) error {
	e, err := w.scene.open(of)
	if err != nil {
		return err
	}
	return e.Remove(ctx, id)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
