package vm

import (
	"fmt"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/vagrant"
)

// twins refuses a name that several providers have a machine of. Vagrant takes
// the first one that it finds, whatever provider it is told, so even the one that
// was asked for might not be the one that it halts or destroys. The way out
// touches no machine: the note of the one that is not meant is moved away.
func (s *scene) twins(m machine) error {
	var of []vagrant.Made
	for _, one := range s.made {
		if one.Name == m.Name {
			of = append(of, one)
		}
	}
	if len(of) < 2 {
		return nil
	}
	var known, ways []string
	for _, one := range of {
		known = append(known, one.Provider+" ("+one.ID+")")
		if one.Provider == s.config.VM.Provider {
			continue
		}
		kept := filepath.Join(s.project.Dir, ".vagrant")
		ways = append(ways, s.Show(command.Change("mv", filepath.Join(kept, "machines", one.Name, one.Provider), filepath.Join(kept, one.Name+"-"+one.Provider))))
	}
	return fault.New(fault.Usage, "hide the one that is not meant from vagrant, which leaves that machine as it is: "+strings.Join(ways, " or "),
		fmt.Errorf("choose machine %s: vagrant has one of %s, and would act on either", m.Name, strings.Join(known, " and one of ")))
}
