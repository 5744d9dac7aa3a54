package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/retention"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// seal is step 6: manifest, SHA256SUMS and RESTORE.md, then the set is there.
func (r *Room) seal(_ context.Context, w *procedure.Work) error {
	s, err := r.current()
	if err != nil {
		return err
	}
	s.mu.Lock()
	draft, done := s.draft, slices.Clone(s.done)
	s.mu.Unlock()
	if draft == nil {
		return fault.New(fault.Usage, "name what to back up before it (backup:db, backup:config, backup:volumes), or run backup:all",
			errors.New("seal set: nothing was captured in this run"))
	}
	slices.SortFunc(done, func(a, b manifest.Source) int { return strings.Compare(a.Name, b.Name) })
	if !slices.ContainsFunc(done, func(d manifest.Source) bool { return d.State != manifest.Failed }) {
		return errors.Join(&nothingCaptured{slices.Clone(s.broken)}, draft.Drop(""))
	}
	began := time.Now()
	m := &manifest.Manifest{
		ID: draft.ID, Sequence: s.sequence(), Time: s.began, Host: r.o.Host, Version: r.o.Version,
		Project: s.config.Project, Level: s.config.Backup.Level, Sources: done, Tags: retention.Tags(r.o.Getenv("IACT_TAGS")),
	}
	files, err := s.beside(draft, m)
	if err != nil {
		return err
	}
	s.spent(&s.phases.Seal, began, true)
	m.Phases = s.phases
	m.Seconds = r.o.Now().UTC().Sub(s.began).Seconds()
	set, err := draft.Seal(m, files)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.sealed, s.draft = set, nil
	s.mu.Unlock()
	if err := draft.Tidy(func(dir string) bool {
		return slices.ContainsFunc(done, func(d manifest.Source) bool { return d.Dir == dir }) || !s.wants(dir)
	}); err != nil {
		return err
	}
	if err := w.Record("set", set.Manifest.ID); err != nil {
		return err
	}
	if !r.whole() { // else backup:verify tells, when more is known
		view := viewOf(set)
		w.Publish(view, view.writeSet)
	}
	return nil
}

// nothingCaptured is the failure of a set without a single good source. It
// stands for the failures of them all; its line names the first.
type nothingCaptured struct{ causes []error }

func (n *nothingCaptured) Error() string {
	if len(n.causes) == 1 {
		return n.causes[0].Error()
	}
	return fmt.Sprintf("back up: all %d sources failed, the first one: %v", len(n.causes), n.causes[0])
}

func (n *nothingCaptured) Unwrap() []error { return n.causes }

// beside makes the files that stand beside the sources.
func (s *session) beside(draft *store.Draft, m *manifest.Manifest) (map[string][]byte, error) {
	list, err := sums(&store.Set{Dir: draft.Dir, Manifest: m})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"RESTORE.md": recipe(m), "SHA256SUMS": list}, nil
}

// sums is what SHA256SUMS holds: every file of a set but the manifest, which
// is written after it, and the state, which changes.
func sums(set *store.Set) ([]byte, error) {
	var b bytes.Buffer
	for i := range set.Manifest.Sources {
		held := &set.Manifest.Sources[i]
		if held.State == manifest.Failed {
			continue
		}
		parts, err := set.Parts(held)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			fmt.Fprintf(&b, "%s  %s/%s\n", p.Hash, held.Dir, manifest.PartName(p.Number))
			if p.Index != nil {
				fmt.Fprintf(&b, "%s  %s/%s\n", p.Index, held.Dir, manifest.IndexName(p.Number))
			}
		}
		fmt.Fprintf(&b, "%s  %s/%s\n", held.List, held.Dir, manifest.PartsFile)
	}
	fmt.Fprintf(&b, "%s  RESTORE.md\n", manifest.Sum(recipe(set.Manifest)))
	return b.Bytes(), nil
}

// wants says whether this run knows a source by the name of its directory.
func (s *session) wants(dir string) bool {
	return slices.ContainsFunc(s.sources, func(p *planned) bool { return p.Kind()+"-"+p.Name() == dir })
}

func (r *Room) isSealed(_ context.Context, _ *procedure.Work) (procedure.Evidence, error) {
	s, err := r.current()
	if err != nil {
		return "", err
	}
	if s.sealed == nil {
		return "", errors.New("there is no sealed set")
	}
	set, err := s.store.Open(s.sealed.Manifest.ID)
	if err != nil {
		return "", err
	}
	stored := int64(0)
	for _, held := range set.Manifest.Sources {
		stored += held.Stored
	}
	return procedure.Evidence(fmt.Sprintf("set %s, %s", set.Manifest.ID, report.Bytes(stored))), nil
}
