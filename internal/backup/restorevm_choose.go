package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/disktar"
	"iact-infra/internal/backup/machine"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// choose finds the set and the machine in it.
func (t *vmRestoration) choose(context.Context) error {
	if err := t.livening.choose(t.pickVM); err != nil {
		return err
	}
	t.seen.ID, t.seen.Source, t.seen.Kind, t.seen.Drill = t.set.Manifest.ID, t.held.Name, t.held.Kind, t.pick.Drill
	return nil
}

// pickVM applies what was asked for.
func (t *vmRestoration) pickVM(pick Selection) (err error) {
	t.asked = pick.Source
	if pick.To != "" && !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`).MatchString(pick.To) {
		return fault.New(fault.Usage, "-to=iact-devbox-look is one; -dir=DIR says where its disks go",
			fmt.Errorf("-to=%s is no name of a machine: that is letters, digits, _ . and -, a letter or digit first", pick.To))
	}
	if t.set, err = t.newest(pick); err != nil {
		return err
	}
	name := pick.Source
	if name == "" {
		if name, err = onlyVM(t.set.Manifest); err != nil {
			return err
		}
	}
	if t.held, err = choose(t.set, name); err != nil {
		return err
	}
	if t.held.Kind != source.KindVM {
		return fault.New(fault.Usage, "backup:restoreDB, backup:restoreVolume and backup:restore bring the others back",
			fmt.Errorf("a source of kind %s is no virtual machine", t.held.Kind))
	}
	dir := pick.Dir
	if dir != "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return fmt.Errorf("find directory %s: %w", pick.Dir, err)
		}
	}
	t.pick = choice{Set: t.set.Manifest.ID, Source: t.held.Name, Kind: t.held.Kind, To: pick.To, Yes: pick.Yes, Dir: dir, Drill: pick.Drill}
	return nil
}

// newest is the set that was asked for, or else the newest one that holds a
// machine: when one is lost, later sets are without it.
func (t *vmRestoration) newest(pick Selection) (*store.Set, error) {
	if pick.Set == "" && pick.Source == "" {
		all, err := t.store.List()
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			if l.Set != nil && slices.ContainsFunc(l.Set.Manifest.Sources, func(s manifest.Source) bool { return s.Kind == source.KindVM && s.State != manifest.Failed }) {
				return l.Set, nil
			}
		}
	}
	return open(t.store, pick)
}

// onlyVM is the only machine of a set.
func onlyVM(m *manifest.Manifest) (string, error) {
	var all []string
	for _, held := range m.Sources {
		if held.Kind == source.KindVM && held.State != manifest.Failed {
			all = append(all, held.Name)
		}
	}
	switch len(all) {
	case 1:
		return all[0], nil
	case 0:
		return "", fault.New(fault.Missing, "take another set: backup:list shows them", fmt.Errorf("set %s holds no virtual machine", m.ID))
	}
	return "", fault.New(fault.Usage, "add -source=NAME", fmt.Errorf("set %s holds several machines: %s", m.ID, strings.Join(all, ", ")))
}

// look finds the provider, and refuses at once what cannot be.
func (t *vmRestoration) look(ctx context.Context) (err error) {
	if t.hands, err = t.room.hands(t.w); err != nil {
		return err
	}
	t.hands.warn = t.warn
	if err := t.recalled(ctx); err != nil {
		return err
	}
	d := t.held.Detail
	t.place = &vmPlace{
		Domain: t.pick.To, Provider: d["provider"], Dir: t.pick.Dir, Disks: map[string]string{}, Drill: t.pick.Drill,
		Set: t.set.Manifest.ID, Store: t.room.o.Host + ":" + t.store.Dir(),
	}
	if t.place.Domain == "" {
		t.place.Domain = d["domain"]
		if t.pick.Drill {
			t.place.Domain += "-drill-" + stamp(t.room.o.Now())
		}
	}
	if t.place.Dir == "" {
		if home := d["home"]; home == "" || !isDir(home) {
			return fault.New(fault.Usage, "add -dir=DIR, a new directory", fmt.Errorf("the disks of %s lay in %s, which is not here: where are those of the new one to go?", d["domain"], home))
		}
		t.place.Dir = filepath.Join(d["home"], t.place.Domain)
	}
	t.seen.Machine, t.seen.Provider, t.seen.Dir = t.place.Domain, t.place.Provider, t.place.Dir
	if err := t.free(ctx); err != nil {
		return err
	}
	if t.pick.Drill {
		return nil
	}
	return t.nobodyToAsk("machine " + t.place.Domain)
}

// free makes sure that nothing has the name or the directory, but what a killed
// run has left.
func (t *vmRestoration) free(ctx context.Context) error {
	p := t.place
	left := t.unfinished()
	found, err := t.Find(ctx, p.Provider, p.Domain)
	if err != nil {
		return err
	}
	if found != nil && !ownedBy(left, found) {
		away := "take that one away first: vm:destroy"
		if found.Name != "" {
			away += " -machine=" + found.Name
		}
		return fault.New(fault.Usage, "-to=NAME restores beside it; or "+away, fmt.Errorf("%s has a machine %s already, and a restore never overwrites", p.Provider, p.Domain))
	}
	if !isDir(filepath.Dir(p.Dir)) {
		return fault.New(fault.Usage, "make it, or let -dir name another", fmt.Errorf("%s is no directory that %s could be made in", filepath.Dir(p.Dir), p.Dir))
	}
	_, err = os.Lstat(p.Dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fault.New(fault.Usage, "let -dir name a new directory", fmt.Errorf("look at %s: %w", p.Dir, err))
	case !slices.ContainsFunc(left, func(one *vmPlace) bool { return one.Dir == p.Dir }): // else it goes
		return fault.New(fault.Usage, "let -dir name a new directory", fmt.Errorf("%s is there already, and a restore never overwrites", p.Dir))
	}
	return t.space()
}

// space refuses a file system without room for the data, twice when the provider
// gives the disks another form.
func (t *vmRestoration) space() error {
	at := filepath.Dir(t.place.Dir)
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil {
		return &os.PathError{Op: "statfs", Path: at, Err: err}
	}
	need := t.held.Size
	if !t.pick.Drill {
		need *= 2
	}
	if free := int64(st.Bavail) * st.Bsize; free < need {
		return fault.New(fault.Missing, "free some, or let -dir name a directory of another file system",
			fmt.Errorf("%s are free in %s, %s are needed", report.Bytes(free), at, report.Bytes(need)))
	}
	return nil
}

// ask gets consent for a machine under its old name. A drill leaves nothing.
func (t *vmRestoration) ask(ctx context.Context) error {
	if t.pick.Drill {
		return t.w.Record(choiceKey, t.pick)
	}
	return t.livening.ask(ctx, func() string {
		return fmt.Sprintf("machine %s, which is not there, comes back from %s: %s in %s. Go on? [y/N]", t.place.Domain, t.livening.from(), report.Bytes(t.held.Size), t.place.Dir)
	})
}

// definitionFile says whether a member is a file of the definition, and which.
func definitionFile(m *disktar.Member) (string, bool) {
	return strings.CutPrefix(m.Name, machine.DefinitionDir)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
