package backup

import (
	"context"
	"errors"
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

// choose finds the set and the source in it, and keeps the set from being
// rotated away.
func (t *restoration) choose(context.Context) (err error) {
	if t.config, t.store, err = t.room.opened(); err != nil {
		return err
	}
	pick := t.room.selection()
	var before choice
	if resumed, err := t.w.Recall(choiceKey, &before); err != nil {
		return err
	} else if resumed {
		pick = Selection{Set: before.Set, Source: before.Source, To: before.To, Yes: before.Yes, Globals: before.Globals}
	}
	if err := t.pickSource(pick); err != nil {
		return err
	}
	if t.locked, err = t.room.lockStore(); err != nil {
		return err
	}
	t.done.ID, t.done.Source, t.done.Kind = t.set.Manifest.ID, t.held.Name, t.held.Kind
	return t.w.Record(choiceKey, t.pick)
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

// ask gets consent for what the live name goes through. A database beside needs
// none.
func (t *restoration) ask(ctx context.Context) error {
	if t.pick.To == "" && !t.pick.Yes {
		yes, err := t.confirm(ctx, t.question())
		if err != nil {
			return err
		}
		if !yes {
			return fault.New(fault.Failed, "-to=NAME restores beside it", errors.New("not confirmed: nothing was changed"))
		}
		t.pick.Yes = true
	}
	return t.w.Record(choiceKey, t.pick)
}

// question says what a yes means.
func (t *restoration) question() string {
	m, there := t.set.Manifest, t.taker.there()
	from := fmt.Sprintf("set %s of %s, %s old", m.ID, m.Time.Format(moment), report.Age(t.room.o.Now(), t.held.Snapshot))
	if there == nil {
		return fmt.Sprintf("database %s, which is not there, comes back from %s; that takes about %s. Go on? [y/N]", t.held.Detail["database"], from, t.estimate())
	}
	return fmt.Sprintf("database %s at %s (%s) gets the state of %s. That takes about %s; at its end %s ended, and what is there now stays as %s. Go on? [y/N]",
		there.name, there.server, report.Bytes(there.size), from, t.estimate(), are(there.sessions, "session"), there.keeps)
}

func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return counted(n, noun) + " are"
}

// estimate is a guess from the size of the dump: loading makes indexes, too.
func (t *restoration) estimate() string {
	const perSecond = 40 << 20
	return report.Duration(time.Duration(1+t.held.Size/perSecond) * time.Second)
}

// confirm asks the person at the terminal. No is the default.
func (t *restoration) confirm(ctx context.Context, question string) (bool, error) {
	answer, err := t.w.Say.Ask(ctx, t.room.o.Answers, question)
	if err != nil && answer == "" {
		return false, fmt.Errorf("ask: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "s", "si", "sí":
		return true, nil
	}
	return false, nil
}
