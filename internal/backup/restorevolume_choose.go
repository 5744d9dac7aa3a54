package backup

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// choose finds the set and the volume in it.
func (t *volumeRestoration) choose(context.Context) error {
	if err := t.livening.choose(t.pickVolume); err != nil {
		return err
	}
	t.seen.ID, t.seen.Source, t.seen.Kind = t.set.Manifest.ID, t.held.Name, t.held.Kind
	return nil
}

// pickVolume applies what was asked for.
func (t *volumeRestoration) pickVolume(pick Selection) (err error) {
	t.asked = pick.Source
	if pick.To != "" && !regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`).MatchString(pick.To) {
		return fault.New(fault.Usage, "-to=iact_pgdata_look is one; a directory is filled by backup:restore -source=NAME -to=DIRECTORY",
			fmt.Errorf("-to=%s is no name of a volume: that is letters, digits, _ . and -", pick.To))
	}
	if t.set, err = open(t.store, pick); err != nil {
		return err
	}
	name := pick.Source
	if name == "" {
		if name, err = onlyVolume(t.set.Manifest); err != nil {
			return err
		}
	}
	if t.held, err = choose(t.set, name); err != nil {
		return err
	}
	if t.held.Kind != source.KindVolume {
		hint := "backup:restoreDB -source=" + t.held.Name + " brings a database back"
		switch t.held.Kind {
		case source.KindFiles:
			hint = "backup:restore -source=" + t.held.Name + " -to=DIRECTORY writes its files"
		case source.KindVM:
			hint = "backup:restoreVM -source=" + t.held.Name + " brings a machine back"
		}
		return fault.New(fault.Usage, hint, fmt.Errorf("a source of kind %s is no volume", t.held.Kind))
	}
	t.pick = choice{Set: t.set.Manifest.ID, Source: t.held.Name, Kind: t.held.Kind, To: pick.To, Yes: pick.Yes}
	return nil
}

// onlyVolume is the only volume of a set.
func onlyVolume(m *manifest.Manifest) (string, error) {
	var all []string
	for _, held := range m.Sources {
		if held.Kind == source.KindVolume && held.State != manifest.Failed {
			all = append(all, held.Name)
		}
	}
	switch len(all) {
	case 1:
		return all[0], nil
	case 0:
		return "", fault.New(fault.Missing, "take another set: backup:list shows them", fmt.Errorf("set %s holds no volume", m.ID))
	}
	return "", fault.New(fault.Usage, "add -source=NAME", fmt.Errorf("set %s holds several volumes: %s", m.ID, strings.Join(all, ", ")))
}

func (t *volumeRestoration) ask(ctx context.Context) error { return t.livening.ask(ctx, t.question) }

// question says what a yes means.
func (t *volumeRestoration) question() string {
	entries, bytes := t.want.Total()
	from := t.from()
	if !t.facts.Exists {
		return fmt.Sprintf("volume %s, which is not there, comes back from %s. Go on? [y/N]", t.place.Volume, from)
	}
	var names []string
	for _, c := range running(t.facts.Users) {
		names = append(names, c.Name)
	}
	stopped := "no container uses it now"
	if len(names) > 0 {
		stopped = fmt.Sprintf("at its end %s stopped and started again (%s)", are(len(names), "container"), strings.Join(names, ", "))
	}
	return fmt.Sprintf("volume %s gets the state of %s: %d entries, %s. %s, and what is there now stays as %s. Go on? [y/N]",
		t.place.Volume, from, entries, report.Bytes(bytes), strings.ToUpper(stopped[:1])+stopped[1:], t.place.Before)
}
