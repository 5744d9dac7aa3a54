// Package vagrant reads what Vagrant keeps in a project and runs Vagrant where
// only Vagrant may change it.
//
// Vagrant's own state is a directory: .vagrant/machines/NAME/PROVIDER/id holds
// the id that the provider knows the machine by. Reading it takes microseconds;
// `vagrant status` takes seconds.
package vagrant

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// Project is a directory with a Vagrantfile.
type Project struct {
	Dir   string
	Cache string // a directory of ours, for what only Vagrant can say; "" keeps nothing
}

// Made is a machine that Vagrant has made, or believes to have made.
type Made struct {
	Name     string // as the Vagrantfile has it
	Provider string
	ID       string // as the provider knows it
}

// Machines are those that Vagrant has made in this project, by name. A machine
// whose provider was switched stands there twice.
func (p Project) Machines() ([]Made, error) {
	ids, err := filepath.Glob(filepath.Join(p.Dir, ".vagrant", "machines", "*", "*", "id"))
	if err != nil {
		return nil, err
	}
	var all []Made
	for _, file := range ids {
		id, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		dir := filepath.Dir(file)
		if text := strings.TrimSpace(string(id)); text != "" {
			all = append(all, Made{Name: filepath.Base(filepath.Dir(dir)), Provider: filepath.Base(dir), ID: text})
		}
	}
	slices.SortFunc(all, func(a, b Made) int { return strings.Compare(a.Name+"/"+a.Provider, b.Name+"/"+b.Provider) })
	return all, nil
}

// Read is a vagrant command that only looks.
func (p Project) Read(args ...string) command.Command { return p.in(command.Read("vagrant", args...)) }

// Change is a vagrant command that changes something.
func (p Project) Change(args ...string) command.Command {
	return p.in(command.Change("vagrant", args...))
}

func (p Project) in(c command.Command) command.Command {
	c.Dir = p.Dir
	c.Env = []string{"VAGRANT_CHECKPOINT_DISABLE=1", "VAGRANT_NO_COLOR=1"}
	return c
}
