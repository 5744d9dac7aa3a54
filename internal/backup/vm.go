package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/backup/disktar"
	"iact-infra/internal/backup/machine"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// vm is a source of the configuration. auto takes no machine: what it holds, its
// databases and files, are sources already.
func (r *Room) vm(one config.Source, c *config.Config) *source.VM {
	return &source.VM{Label: one.Name, Machine: one.Machine, Host: r.machines, Scratch: filepath.Join(stateDir(c), "capture")}
}

// machines is what runs virtual machines.
func (r *Room) machines(door *command.Door) (machine.Host, error) {
	if r.o.Machines == nil {
		return nil, fault.New(fault.Missing, "use a release that was built with them", errors.New("find machines: this program knows nothing that runs any"))
	}
	return r.o.Machines(door)
}

// newMachineShape makes sure that a machine can be made anew from the stream:
// what describes it is there, and all that it tells of, whole.
func newMachineShape() *streamShape {
	return reading(func(r io.Reader) error {
		_, err := readMachine(r, func(*disktar.Member, io.Reader) error { return nil })
		return err
	})
}

// readMachine reads the tar of a machine to its end. Each member after the
// description, which comes first, is handed to use, which need not read it.
func readMachine(r io.Reader, use func(*disktar.Member, io.Reader) error) (*machine.Description, error) {
	in := disktar.NewReader(r)
	about, err := describe(in)
	if err != nil {
		return nil, err
	}
	wants := map[string]int64{}
	for _, name := range about.Files {
		wants[machine.DefinitionDir+name] = -1
	}
	for _, d := range about.Holds {
		wants[d.File] = d.Size
	}
	for {
		m, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		size, wanted := wants[m.Name]
		if !wanted || size >= 0 && size != m.Size {
			return nil, fmt.Errorf("%s of %d bytes is not what %s tells of", m.Name, m.Size, machine.File)
		}
		delete(wants, m.Name)
		if err := use(m, in); err != nil {
			return nil, err
		}
	}
	for name := range wants {
		return nil, fmt.Errorf("%s is missing, %s tells of it", name, machine.File)
	}
	return about, nil
}

// describe reads the first member.
func describe(in *disktar.Reader) (*machine.Description, error) {
	const most = 1 << 20
	m, err := in.Next()
	if err != nil {
		return nil, err
	}
	if m.Name != machine.File || m.Size > most {
		return nil, fmt.Errorf("it begins with %s and not with %s", m.Name, machine.File)
	}
	var about machine.Description
	if err := json.NewDecoder(in).Decode(&about); err != nil {
		return nil, fmt.Errorf("read %s: %w", machine.File, err)
	}
	targets := []string{}
	for _, d := range about.Holds {
		if d.Target == "" || strings.ContainsAny(d.Target, "/\x00") || d.File != machine.DiskFile(d.Target) || d.Size < 0 || slices.Contains(targets, d.Target) {
			return nil, fmt.Errorf("read %s: disk %q is none", machine.File, d.Target)
		}
		targets = append(targets, d.Target)
	}
	for _, name := range about.Files {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return nil, fmt.Errorf("read %s: %q is no name of a file", machine.File, name)
		}
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("read %s: the machine has no disk", machine.File)
	}
	return &about, nil
}

// NewestOf tells people which set holds a machine, by the name that its provider
// has for it; "" when none does.
func (r *Room) NewestOf(domain string) (string, error) {
	_, s, err := r.opened()
	if err != nil {
		return "", err
	}
	all, err := s.List()
	if err != nil {
		return "", err
	}
	for _, l := range all {
		if l.Set == nil {
			continue
		}
		for i := range l.Set.Manifest.Sources {
			held := &l.Set.Manifest.Sources[i]
			if state := l.Set.State.Of(held); held.Kind == source.KindVM && held.Detail["domain"] == domain && state != manifest.Failed && state != manifest.Damaged {
				return fmt.Sprintf("set %s, %s old, holds it (%s)", l.Set.Manifest.ID, report.Age(r.o.Now(), held.Snapshot), state), nil
			}
		}
	}
	return "", nil
}
