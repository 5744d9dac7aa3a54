package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"iact-infra/internal/config"
	"iact-infra/internal/config/amend"
	"iact-infra/internal/fault"
)

// change is what a configuration file is and what it becomes.
type change struct {
	file     string
	was, now []byte   // was is nil for a file that is not there
	sources  []string // what is added to the list, one line of YAML each
	volumes  []string // the globs that are written out, too
	notes    []string
}

// named says whether IACT_CONFIG names the configuration.
func (d *Discovery) named() bool { return d.room.o.Getenv("IACT_CONFIG") != "" }

// file is where sources are added.
func (d *Discovery) file() string {
	if d.named() {
		file, err := filepath.Abs(d.room.o.Getenv("IACT_CONFIG"))
		if err == nil {
			return file
		}
	}
	return filepath.Join(d.config.Root, "config", "iact.local.yaml")
}

// base is what relative paths in that file count from.
func (d *Discovery) base() string {
	if d.named() {
		return filepath.Dir(d.file())
	}
	return d.config.Root
}

// load reads the configuration as it would be.
func (d *Discovery) load(file string, text []byte) (*config.Config, error) {
	return config.Load(config.Options{Root: d.config.Root, Getenv: d.room.o.Getenv, Draft: map[string][]byte{file: text}})
}

// possible says why a source cannot stand in a configuration.
func (d *Discovery) possible(entry []amend.Field) error {
	line, err := amend.Map(entry)
	if err != nil {
		return err
	}
	// The rest of the configuration has no say in it.
	draft := map[string][]byte{filepath.Join(d.config.Root, "config", "iact.yaml"): nil, d.file(): []byte("backup: {sources: [" + line + "]}\n")}
	_, err = config.Load(config.Options{Root: d.config.Root, Getenv: d.room.o.Getenv, Draft: draft})
	var problems config.Problems
	if errors.As(err, &problems) && len(problems) > 0 {
		p := problems[0]
		return fmt.Errorf("%s; %s", p.What, p.Rule)
	}
	return err
}

// proposals are the sources that are missing.
func (d *Discovery) proposals() [][]amend.Field {
	var all [][]amend.Field
	for _, f := range d.Found {
		if f.State == stateProposed {
			all = append(all, f.entry)
		}
	}
	return all
}

// Add is backup:discover -write: the proposed sources are added to the
// configuration of this machine.
func (d *Discovery) Add() error {
	if len(d.proposals()) == 0 {
		return nil
	}
	made, err := d.plan()
	if err != nil {
		return err
	}
	if err := amend.Replace(made.file, made.was, made.now); err != nil {
		return err
	}
	d.change = made
	for i := range d.Found {
		if d.Found[i].State == stateProposed {
			d.Found[i].State = stateAdded
		}
	}
	return nil
}

// Plan prints what Add would do, as lines for a shell.
func (d *Discovery) Plan(w io.Writer) error {
	if len(d.proposals()) == 0 {
		return nil
	}
	made, err := d.plan()
	if err != nil {
		return err
	}
	mark := "EOF"
	for strings.Contains(string(made.now), "\n"+mark) {
		mark += "F"
	}
	text := strings.TrimSuffix(string(made.now), "\n")
	_, err = fmt.Fprintf(w, "mkdir -p %s\ncat >%s <<'%s'\n%s\n%s\n", word(filepath.Dir(made.file)), word(made.file), mark, text, mark)
	return err
}

func (d *Discovery) plan() (*change, error) {
	made, err := d.changed()
	if err != nil {
		return nil, fmt.Errorf("add sources to %s: %w", d.file(), err)
	}
	return made, nil
}

// changed makes the new text of the file and reads it back as a configuration.
func (d *Discovery) changed() (*change, error) {
	made := &change{file: d.file()}
	var err error
	if made.was, err = os.ReadFile(made.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	path := []string{"backup", "sources"}
	added, err := lines(d.proposals()...)
	if err != nil {
		return nil, err
	}
	first, err := d.before(made, path)
	if err != nil {
		return nil, err
	}
	made.sources = slices.Concat(first, added)
	if made.now, err = amend.List(made.was, path, made.sources); err != nil {
		return nil, d.byHand(err)
	}
	after, err := d.load(made.file, made.now)
	if err != nil {
		return nil, d.byHand(err)
	}
	if d.config.Backup.Auto && !after.FindsVolumes() && len(d.config.Backup.Volumes.Match) > 0 {
		// With a list of sources volumes are only looked for where that is said.
		for _, glob := range d.config.Backup.Volumes.Match {
			line, err := amend.Text(glob)
			if err != nil {
				return nil, err
			}
			made.volumes = append(made.volumes, line)
		}
		if made.now, err = amend.List(made.now, []string{"backup", "volumes", "match"}, made.volumes); err != nil {
			return nil, d.byHand(err)
		}
		if after, err = d.load(made.file, made.now); err != nil {
			return nil, d.byHand(err)
		}
		made.notes = append(made.notes, "backup.volumes.match is written out, too: with a list of sources volumes are left out otherwise")
	}
	if err := d.same(after, len(made.sources)); err != nil {
		return nil, d.byHand(err)
	}
	return made, nil
}

// before is what the list has to begin with, so that nothing that is backed up
// today falls out of it.
func (d *Discovery) before(made *change, path []string) ([]string, error) {
	if d.config.Backup.Auto {
		var all [][]amend.Field
		for _, f := range d.here {
			if f.Database == "" {
				return nil, fault.New(fault.Missing, "start it, or see that it lets this user in (backup:prepare says more), and type the same again",
					fmt.Errorf("turn auto into a list: the %s server of this machine does not show its databases, and they would fall out: %s", f.Kind, f.Note))
			}
			all = append(all, f.entry)
		}
		made.notes = append(made.notes, fmt.Sprintf("sources: auto becomes a list, which holds what auto finds here, too (%s and the project directory); a database that is made later is backed up once backup:discover -write=true has added it", counted(len(all), "database")))
		return lines(append(all, d.files)...)
	}
	holds, err := amend.Holds(made.was, path)
	if err != nil || holds {
		return nil, err
	}
	tracked, err := os.ReadFile(filepath.Join(d.config.Root, "config", "iact.yaml"))
	if err != nil {
		return nil, err
	}
	all, err := amend.Items(tracked, path)
	if len(all) > 0 {
		made.notes = append(made.notes, fmt.Sprintf("a list here replaces that of config/iact.yaml, so what stands there (%s) stands here, too: change it here from now on", counted(len(all), "source")))
	}
	return all, err
}

// same makes sure that the new configuration has all sources that the old one
// has, as they were, and that nothing else is different.
func (d *Discovery) same(after *config.Config, want int) error {
	old, now := d.config.Backup, after.Backup
	plain := func(all []config.Source) []config.Source {
		all = slices.Clone(all)
		for i := range all {
			all[i].Origin = ""
		}
		return all
	}
	kept := plain(old.Sources)
	switch {
	case now.Auto, len(now.Sources) < len(kept), len(kept) == 0 && len(now.Sources) != want:
		return errors.New("the result has other sources than it should")
	case !slices.EqualFunc(plain(now.Sources)[:len(kept)], kept, func(a, b config.Source) bool { return reflect.DeepEqual(a, b) }):
		return errors.New("the result changes sources that are there already")
	}
	old.Auto, old.Sources, now.Sources = false, nil, nil
	if !reflect.DeepEqual(old, now) || after.Project != d.config.Project || !reflect.DeepEqual(after.VM, d.config.VM) || after.SSH != d.config.SSH {
		return errors.New("the result changes other settings, too")
	}
	return nil
}

// byHand is the way out of a file that cannot be added to.
func (d *Discovery) byHand(err error) error {
	return fault.New(fault.Usage, "add the lines by hand: backup:discover without -write=true prints them", err)
}
