package backup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// choice is what was asked for, as a resumed run needs it: it has no flags.
type choice struct {
	Set     string `json:"set"`
	Source  string `json:"source"`
	Kind    string `json:"kind"`
	To      string `json:"to,omitempty"`
	Yes     bool   `json:"yes"`     // the live name may be taken: a flag or an answer
	Globals string `json:"globals"` // missing or none once it is decided
	Dir     string `json:"dir,omitempty"`
	Drill   bool   `json:"drill,omitempty"`
}

// The keys under which the step writes down what it did.
const (
	choiceKey = "choice"
	serverKey = "server"
	placeKey  = "place"
)

// What may be done about roles and tablespaces that a server lacks.
const (
	globalsMissing = "missing"
	globalsNone    = "none"
)

// choose finds the set and the source in it.
func (t *restoration) choose(context.Context) error {
	if err := t.livening.choose(t.pickSource); err != nil {
		return err
	}
	t.done.ID, t.done.Source, t.done.Kind = t.set.Manifest.ID, t.held.Name, t.held.Kind
	return nil
}

// pickSource applies what was asked for.
func (t *restoration) pickSource(pick Selection) (err error) {
	t.asked = pick.Source
	switch pick.Globals {
	case "", globalsMissing, globalsNone:
	default:
		return fault.New(fault.Usage, "write -globals=missing or -globals=none", fmt.Errorf("-globals=%s is neither missing nor none", pick.Globals))
	}
	if t.set, err = open(t.store, pick); err != nil {
		return err
	}
	if t.held, err = chooseDatabase(t.set.Manifest, pick.Source); err != nil {
		return err
	}
	if t.held == nil {
		if t.held, err = choose(t.set, pick.Source); err != nil {
			return err
		}
	}
	t.pick = choice{Set: t.set.Manifest.ID, Source: t.held.Name, Kind: t.held.Kind, To: pick.To, Yes: pick.Yes, Globals: pick.Globals}
	return nil
}

// chooseDatabase is the only database of a set, when none is named; nil leaves
// the choice to the name.
func chooseDatabase(m *manifest.Manifest, name string) (*manifest.Source, error) {
	if name != "" {
		return nil, nil //nolint:nilnil // no choice is no error
	}
	var found []*manifest.Source
	var all []string
	for i := range m.Sources {
		held := &m.Sources[i]
		if held.State == manifest.Failed || isTar(held) || held.Kind == source.KindGlobals {
			continue
		}
		found, all = append(found, held), append(all, held.Name)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fault.New(fault.Missing, "take another set: backup:list shows them", fmt.Errorf("set %s holds no database", m.ID))
	}
	return nil, fault.New(fault.Usage, "add -source=NAME", fmt.Errorf("set %s holds several databases: %s", m.ID, strings.Join(all, ", ")))
}

func (t *restoration) ask(ctx context.Context) error { return t.livening.ask(ctx, t.question) }

// question says what a yes means.
func (t *restoration) question() string {
	there, from := t.taker.there(), t.from()
	if there == nil {
		return fmt.Sprintf("database %s, which is not there, comes back from %s; that takes about %s. Go on? [y/N]", t.held.Detail["database"], from, t.estimate())
	}
	return fmt.Sprintf("database %s at %s (%s) gets the state of %s. That takes about %s; at its end %s ended, and what is there now stays as %s. Go on? [y/N]",
		there.name, there.server, report.Bytes(there.size), from, t.estimate(), are(there.sessions, "session"), there.keeps)
}

// estimate is a guess from the size of the dump: loading makes indexes, too.
func (t *restoration) estimate() string {
	const perSecond = 40 << 20
	return report.Duration(time.Duration(1+t.held.Size/perSecond) * time.Second)
}
