package backup

import (
	"context"
	"errors"
	"fmt"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
)

// safetyDetail marks a source of a set that was made because a restore was
// about to take its live name: it holds the state that somebody wanted to be
// rid of, so that nobody gets it who does not ask for it by its id.
const safetyDetail = "safety"

// safety backs up the database that a restore takes the place of: a set like
// any other, sealed and read back.
func (m *mariadbTaker) safety(ctx context.Context) (id string, err error) {
	p := &planned{place: m.door.Transport(), Source: &source.MariaDB{
		Label: m.held.Name, Database: m.place.Live, Server: m.from, Lock: m.held.Detail["lock"] == "true",
	}}
	if p.check, err = p.Check(ctx, m.door); err != nil {
		return "", err
	}
	r := m.room
	now, err := r.open(m.config, m.store)
	if err != nil {
		return "", err
	}
	now.sources = []*planned{p}
	if err := now.room(); err != nil {
		return "", err
	}
	m.w.Say.Info("a safety set of %s first", m.place.Live)
	draft, err := now.begin(r)
	if err != nil {
		return "", err
	}
	done, err := now.one(ctx, m.w, draft, p)
	if done.State != manifest.Failed {
		done.Detail[safetyDetail] = "before a restore of set " + m.set.Manifest.ID
		now.add(done, nil)
	}
	if err != nil {
		if ctx.Err() == nil {
			err = errors.Join(err, draft.Drop(""))
		}
		return "", err
	}
	if err := r.sealedBy(ctx, m, now); err != nil {
		return "", err
	}
	set := now.sealed
	v := &verifier{w: m.w, full: true, now: r.o.Now().UTC()}
	known, err := v.source(ctx, set, &set.Manifest.Sources[0])
	if err != nil {
		return "", err
	}
	state := &manifest.State{VerifiedAt: v.now, Sources: map[string]manifest.SourceState{done.Name: known}}
	if err := m.store.SaveState(set, state); err != nil {
		return "", err
	}
	if known.State == manifest.Damaged {
		return "", fmt.Errorf("set %s was read back and is damaged: %s", set.Manifest.ID, summary(known.Findings))
	}
	return set.Manifest.ID, nil
}

// sealedBy seals a session that is not the one of this invocation.
func (r *Room) sealedBy(ctx context.Context, m *mariadbTaker, now *session) error {
	r.mu.Lock()
	before := r.session
	r.session = now
	r.mu.Unlock()
	err := r.seal(ctx, m.w)
	r.mu.Lock()
	r.session = before
	r.mu.Unlock()
	return err
}

// forSafety says whether a set is nothing but the safety set of a restore.
func forSafety(set *store.Set) bool {
	for _, held := range set.Manifest.Sources {
		if held.Detail[safetyDetail] == "" {
			return false
		}
	}
	return len(set.Manifest.Sources) > 0
}
