package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// once marks a source of a set that was saved since it is about to be removed: no
// later run misses it.
const once = "once"

// SaveVolumes lays volumes of this machine down in a set of their own, whatever
// backup.volumes says of them, seals it and reads it back. It is for whoever is
// about to remove them. Whatever writes to them stands still already.
func (r *Room) SaveVolumes(ctx context.Context, w *procedure.Work, volumes []string) (id string, err error) {
	c, s, err := r.opened()
	if err != nil {
		return "", err
	}
	if err := s.Prepare(); err != nil {
		return "", err
	}
	unlock, err := s.Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	now, err := r.open(c, s)
	if err != nil {
		return "", err
	}
	for _, name := range volumes {
		now.sources = append(now.sources, &planned{Source: &source.Volume{Label: label(name), Volume: name, Mode: "live", Docker: r.client("local", ""), FreeIn: s.Free}})
	}
	now.sources = unique(now.sources, s)
	if err := now.check(ctx, w.Door); err != nil {
		return "", err
	}
	for _, p := range now.sources {
		if p.err != nil {
			return "", fmt.Errorf("check %s: %w", p.Name(), p.err)
		}
	}
	if err := now.room(); err != nil {
		return "", err
	}
	set, err := r.saved(ctx, w, now)
	if err != nil {
		return "", err
	}
	return set.Manifest.ID, r.readBack(ctx, w, s, set)
}

// saved captures all sources of a session of its own, and seals it. All of them
// have to be in the set.
func (r *Room) saved(ctx context.Context, w *procedure.Work, now *session) (*store.Set, error) {
	r.mu.Lock()
	busy := r.session
	r.session = now
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.session = busy
		r.mu.Unlock()
	}()
	draft, err := now.begin(r)
	if err != nil {
		return nil, err
	}
	stays := r.consistent(now, w) // which also minds the container that docker cp takes
	defer stays.end(ctx)
	for _, p := range now.sources {
		done, err := now.one(ctx, w, draft, p)
		if err != nil {
			return nil, errors.Join(err, draft.Drop(""))
		}
		if done.Detail == nil {
			done.Detail = map[string]string{}
		}
		done.Detail[once] = "true"
		now.add(done, nil)
	}
	if err := r.seal(ctx, w); err != nil {
		return nil, err
	}
	return now.sealed, nil
}

// readBack verifies a set and keeps what was found with it.
func (r *Room) readBack(ctx context.Context, w *procedure.Work, s *store.Store, set *store.Set) error {
	v := &verifier{w: w, full: true, now: r.o.Now().UTC()}
	state := &manifest.State{VerifiedAt: v.now, Sources: map[string]manifest.SourceState{}}
	var found []manifest.Finding
	for i := range set.Manifest.Sources {
		held := &set.Manifest.Sources[i]
		known, err := v.source(ctx, set, held)
		if err != nil {
			return err
		}
		state.Sources[held.Name] = known
		if known.State == manifest.Damaged {
			found = append(found, known.Findings...)
		}
	}
	if err := s.SaveState(set, state); err != nil {
		return err
	}
	if len(found) > 0 {
		return fault.New(fault.Invalid, "backup:verify -set="+set.Manifest.ID+" says more", fmt.Errorf("read set %s back: %s", set.Manifest.ID, summary(found)))
	}
	return nil
}

// PutVolumesBack brings volumes back from a set under their names, as
// backup:restoreVolume does; nobody is asked.
func (r *Room) PutVolumesBack(ctx context.Context, w *procedure.Work, set string, volumes []string) error {
	_, s, err := r.opened()
	if err != nil {
		return err
	}
	from, err := s.Open(set)
	if err != nil {
		return err
	}
	for _, name := range volumes {
		at := slices.IndexFunc(from.Manifest.Sources, func(m manifest.Source) bool { return m.Kind == source.KindVolume && m.Detail["volume"] == name })
		if at < 0 {
			return fault.New(fault.Missing, "backup:list shows the sets", fmt.Errorf("bring volume %s back: set %s does not hold it", name, set))
		}
		before := r.selection()
		r.Select(Selection{Set: set, Source: from.Manifest.Sources[at].Name, Yes: true})
		// A journal of its own: what another restore of this run has noted is not of this one.
		err := r.newVolumeRestoration(&procedure.Work{
			Door: w.Door, Say: w.Say, Run: w.Run, Lang: w.Lang,
			Record: func(string, any) error { return nil }, Recall: func(string, any) (bool, error) { return false, nil },
		}).run(ctx)
		r.Select(before)
		if err != nil {
			return err
		}
		w.Say.Info("volume %s is back from set %s", name, set)
	}
	return nil
}
