package backup

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/config"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// session is the one set of an invocation and what goes into it.
type session struct {
	config  *config.Config
	store   *store.Store
	press   *archive.Press
	sources []*planned
	sets    []store.Listed // earlier ones, newest first
	bad     map[manifest.Hash]bool
	began   time.Time
	unlock  func() // never called: the lock ends with the process

	mu     sync.Mutex
	draft  *store.Draft
	done   []manifest.Source // captured or failed, of the set that is being written
	broken []error           // why sources of that set failed
	phases manifest.Phases
	sealed *store.Set // the newest set that this invocation has sealed
}

// open reads what earlier sets are there.
func (r *Room) open(c *config.Config, s *store.Store) (*session, error) {
	press, err := archive.NewPress(c.Backup.Level)
	if err != nil {
		return nil, err
	}
	sets, err := s.List()
	if err != nil {
		return nil, err
	}
	now := &session{config: c, store: s, press: press, sets: sets, bad: map[manifest.Hash]bool{}, began: r.o.Now().UTC()}
	for _, l := range sets {
		if l.Set == nil || l.Set.State == nil {
			continue
		}
		for _, known := range l.Set.State.Sources {
			for _, f := range known.Findings {
				if f.Hash != nil {
					now.bad[*f.Hash] = true
				}
			}
		}
	}
	return now, nil
}

// current returns the open session.
func (r *Room) current() (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.session == nil {
		return nil, fmt.Errorf("use the set of this run: backup:prepare has not opened it")
	}
	return r.session, nil
}

// begin starts the set when its first source is captured.
func (s *session) begin(r *Room) (*store.Draft, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draft != nil {
		return s.draft, nil
	}
	// Ids of one second differ by chance alone.
	const tries = 10
	var draft *store.Draft
	for try := 1; ; try++ {
		var err error
		draft, err = s.store.Begin(journal.NewID(r.o.Now(), r.o.Host, r.o.Random))
		if err == nil {
			break
		}
		if try == tries || !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	s.draft, s.done, s.broken, s.phases = draft, nil, nil, manifest.Phases{}
	return draft, nil
}

// prior is the newest earlier set that holds a source, nil when none does or
// when that one is known to be damaged, and a shelf with its parts.
func (s *session) prior(p *planned, draft *store.Draft, w *procedure.Work) (*source.Prior, archive.Shelf, error) {
	shelf := archive.Shelf{}
	var found *source.Prior
	for _, l := range s.known() {
		held, ok := l.Manifest.Source(p.Name())
		if !ok || held.State == manifest.Failed || held.Kind != p.Kind() {
			continue
		}
		parts, err := l.Parts(held)
		if err != nil {
			w.Say.Warn("set %s cannot be built upon: %v", l.Manifest.ID, err)
			continue
		}
		dir := l.Dir + "/" + held.Dir
		found = &source.Prior{Dir: dir, Parts: parts, State: l.State}
		for i := range parts {
			parts[i].ReadAt = l.State.ReadAt(p.Name(), parts[i])
			if s.bad[parts[i].Hash] || !archive.Present(dir, parts[i]) {
				w.Say.Warn("part %s of set %s is damaged: what it holds is written anew", manifest.PartName(parts[i].Number), l.Manifest.ID)
				found = nil
				continue
			}
			shelf.Add(dir, parts[i:i+1])
		}
		break
	}
	if err := draft.Leftovers(source.Dir(p), shelf); err != nil {
		return nil, nil, err
	}
	return found, shelf, nil
}

// known are the sets that can be read, newest first.
func (s *session) known() []*store.Set {
	var all []*store.Set
	if s.sealed != nil {
		all = append(all, s.sealed)
	}
	for _, l := range s.sets {
		if l.Set != nil {
			all = append(all, l.Set)
		}
	}
	return all
}

// sequence is the number of the next set: more than any before, whatever the
// clock says. Sets whose manifest cannot be read may have the numbers after the
// highest that is known.
func (s *session) sequence() int64 {
	highest, unread := int64(0), int64(0)
	for _, set := range s.known() {
		highest = max(highest, set.Manifest.Sequence)
	}
	for _, l := range s.sets {
		if l.Set == nil {
			unread++
		}
	}
	return highest + unread + 1
}

// missing lists the sources of some kinds that an earlier set holds and that
// this run does not know, unless they are retired.
func (s *session) missing(kinds []string) []manifest.Source {
	seen := map[string]bool{}
	for _, p := range s.sources {
		seen[p.Name()] = true
	}
	for _, name := range s.config.Backup.Retired {
		seen[name] = true
	}
	var gone []manifest.Source
	for _, set := range s.known() {
		for _, held := range set.Manifest.Sources {
			if seen[held.Name] || held.State == manifest.Failed || held.Detail[once] != "" || !slices.Contains(kinds, held.Kind) {
				continue
			}
			seen[held.Name] = true
			gone = append(gone, held)
		}
	}
	slices.SortFunc(gone, func(a, b manifest.Source) int { return cmp.Compare(a.Name, b.Name) })
	return gone
}

// add notes the end of one source.
func (s *session) add(done manifest.Source, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = append(s.done, done)
	if err != nil {
		s.broken = append(s.broken, err)
	}
}

// spent adds to the time of a phase; phases of parallel steps overlap, so the
// longest counts.
func (s *session) spent(phase *float64, from time.Time, add bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := time.Since(from).Seconds()
	if add {
		*phase += took
	} else {
		*phase = max(*phase, took)
	}
}

// of lists the sources of some kinds.
func (s *session) of(kinds []string) []*planned {
	var all []*planned
	for _, p := range s.sources {
		if slices.Contains(kinds, p.Kind()) {
			all = append(all, p)
		}
	}
	return all
}

// label is "databases iact_analytics, roles" for evidence and messages.
func names[T interface{ Name() string }](all []T) string {
	var list []string
	for _, one := range all {
		list = append(list, one.Name())
	}
	return strings.Join(list, ", ")
}
