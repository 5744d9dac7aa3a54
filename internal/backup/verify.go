package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Verification is the result of backup:verify.
type Verification struct {
	ID       string             `json:"id"`
	OK       bool               `json:"ok"`
	Findings []manifest.Finding `json:"findings"`
	Lacks    []string           `json:"lacks,omitempty"` // sources whose capture failed
}

// verify is step 7: every part is read back, hashed, decoded and hashed again,
// and the whole is what it should be: a dump that pg_restore reads to its end,
// a tree that is a plain tar. Of a set that this run has just sealed, parts
// that are shared with earlier sets are read when they were not for long; a
// set that is named is read in full.
func (r *Room) verify(ctx context.Context, w *procedure.Work) error {
	c, s, err := r.opened()
	if err != nil {
		return err
	}
	r.TryBringBack(ctx, w.Door, w.Say)
	pick := r.selection()
	v := &verifier{w: w, full: true, scrub: c.Backup.ScrubAfter, now: r.o.Now().UTC()}
	set, err := s.Open(pick.Set)
	if err != nil {
		return err
	}
	if now := r.justSealed(); now != nil && now.Manifest.ID == set.Manifest.ID && pick.Set == "" {
		v.full = false
	}
	began := time.Now()
	state := &manifest.State{VerifiedAt: v.now, Sources: map[string]manifest.SourceState{}}
	if !v.full {
		state.ScrubAfter = v.scrub.Seconds()
	}
	result := Verification{ID: set.Manifest.ID, OK: true, Findings: []manifest.Finding{}}
	for i := range set.Manifest.Sources {
		held := &set.Manifest.Sources[i]
		if held.State == manifest.Failed {
			result.Lacks = append(result.Lacks, held.Name)
			continue
		}
		known, err := v.source(ctx, set, held)
		if err != nil {
			return err
		}
		state.Sources[held.Name] = still(set.State, held.Name, known)
		result.Findings = append(result.Findings, known.Findings...)
		result.OK = result.OK && known.State != manifest.Damaged
	}
	beside := v.beside(set)
	result.Findings = append(result.Findings, beside...)
	result.OK = result.OK && len(beside) == 0
	state.Seconds = time.Since(began).Seconds()
	if err := s.SaveState(set, state); err != nil {
		w.Say.Warn("the result could not be kept with the set: %v", err)
	}
	if !v.full && r.whole() {
		view := viewOf(set)
		w.Publish(view, view.writeSet)
	} else {
		w.Publish(result, result.write)
	}
	if result.OK {
		return nil
	}
	return fault.New(fault.Invalid, v.wayOut(c, s, set, result), fmt.Errorf("verify set %s: %s", set.Manifest.ID, summary(result.Findings)))
}

// still lets a source that a drill has proved stay so, as long as it is whole.
func still(before *manifest.State, name string, known manifest.SourceState) manifest.SourceState {
	if before == nil || known.State != manifest.Verified || before.Sources[name].State != manifest.Proven {
		return known
	}
	return before.Sources[name]
}

// verified tells what the set is known to be now, from what was kept with it.
func (r *Room) verified(_ context.Context, _ *procedure.Work) (procedure.Evidence, error) {
	_, s, err := r.opened()
	if err != nil {
		return "", err
	}
	set, err := s.Open(r.selection().Set)
	if err != nil {
		return "", err
	}
	return procedure.Evidence(fmt.Sprintf("set %s is %s", set.Manifest.ID, viewOf(set).State)), nil
}

func (r *Room) justSealed() *store.Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.session == nil {
		return nil
	}
	return r.session.sealed
}

type verifier struct {
	w     *procedure.Work
	full  bool
	scrub time.Duration
	now   time.Time
}

// source reads one source of a set back.
func (v *verifier) source(ctx context.Context, set *store.Set, held *manifest.Source) (manifest.SourceState, error) {
	known := manifest.SourceState{State: manifest.Verified}
	parts, err := set.Parts(held)
	if err != nil {
		known.State = manifest.Damaged
		known.Findings = append(known.Findings, manifest.Finding{Source: held.Name, Part: held.Dir + "/" + manifest.PartsFile, Problem: err.Error()})
		return known, nil
	}
	dir := filepath.Join(set.Dir, held.Dir)
	due := v.due(held, parts)
	size := int64(0)
	for _, p := range due {
		size += p.PlainSize
	}
	bar := v.w.Say.Progress(held.Name, size)
	defer bar.Done()
	shape, err := newShape(ctx, v.w.Door, held)
	var missing *unchecked
	if errors.As(err, &missing) {
		known.State = manifest.Written
		known.Findings = append(known.Findings, manifest.Finding{Source: held.Name, Problem: missing.Error()})
		v.w.Say.Warn("%s: %v", held.Name, missing)
		shape = noShape{}
	} else if err != nil {
		return known, err
	}
	damage := func(part, problem string, hash *manifest.Hash) {
		known.State = manifest.Damaged
		known.Findings = append(known.Findings, manifest.Finding{Source: held.Name, Part: part, Problem: problem, Hash: hash})
	}
	whole := true
	err = archive.Each(ctx, dir, due, func(p manifest.Part, data []byte, err error) error {
		bar.Add(len(data))
		name := held.Dir + "/" + manifest.PartName(p.Number)
		var bad *archive.PartError
		if errors.As(err, &bad) {
			whole = false
			damage(name, bad.Problem+lost(dir, p), &p.Hash)
			shape.bad(p)
			return nil
		}
		if err != nil {
			return err
		}
		if whole || isTree(held) {
			if err := shape.part(p, data); err != nil {
				whole = false
				damage(name, err.Error(), nil)
			}
		}
		return nil
	})
	if err != nil {
		shape.stop()
		return known, err
	}
	if err := shape.end(whole); err != nil && whole {
		damage(held.Dir, err.Error(), nil)
	}
	for _, p := range parts {
		if p.Index != nil {
			if err := indexGood(dir, p); err != nil {
				damage(held.Dir+"/"+manifest.IndexName(p.Number), err.Error(), nil)
			}
		}
	}
	for _, name := range strangers(dir, parts) {
		damage(held.Dir+"/"+name, "no part of this set, and a restore by hand would read it", nil)
	}
	return known, ctx.Err()
}

// due lists the parts to read. A stream is checked as a whole, so all of its
// parts are read unless all were read before; of a tree, whole groups of parts.
func (v *verifier) due(held *manifest.Source, parts []manifest.Part) []manifest.Part {
	old := func(p manifest.Part) bool {
		return v.full || p.ReadAt.IsZero() || v.now.Sub(p.ReadAt) > v.scrub
	}
	if !isTree(held) {
		if slices.ContainsFunc(parts, old) || held.New > 0 {
			return parts
		}
		return nil
	}
	var due []manifest.Part
	for i := 0; i < len(parts); i += 1 + parts[i].Tail {
		if group := parts[i : i+1+parts[i].Tail]; slices.ContainsFunc(group, old) {
			due = append(due, group...)
		}
	}
	return due
}

// beside checks what a person needs to restore by hand.
func (v *verifier) beside(set *store.Set) []manifest.Finding {
	var all []manifest.Finding
	for name, want := range map[string]func() error{
		"RESTORE.md": func() error { return same(set.Dir, "RESTORE.md", recipe(set.Manifest)) },
		"SHA256SUMS": func() error { return sumsGood(set) },
	} {
		if err := want(); err != nil {
			all = append(all, manifest.Finding{Part: name, Problem: err.Error()})
		}
	}
	slices.SortFunc(all, func(a, b manifest.Finding) int { return strings.Compare(a.Part, b.Part) })
	return all
}

// wayOut says what can still be restored of a damaged set.
func (v *verifier) wayOut(_ *config.Config, s *store.Store, set *store.Set, result Verification) string {
	bad := map[string]bool{}
	for _, f := range result.Findings {
		bad[f.Source] = true
	}
	var good []string
	for _, held := range set.Manifest.Sources {
		if held.State != manifest.Failed && !bad[held.Name] {
			good = append(good, held.Name)
		}
	}
	hint := "run backup:all now: damaged parts are written anew"
	if len(good) > 0 {
		hint = "still good in this set: " + strings.Join(good, ", ") + "; " + hint
	}
	all, err := s.List()
	if err != nil {
		return hint
	}
	for _, l := range all {
		if l.Set == nil || l.ID == set.Manifest.ID || l.Set.Manifest.Sequence > set.Manifest.Sequence {
			continue
		}
		for name := range bad {
			if held, ok := l.Set.Manifest.Source(name); ok && held.State != manifest.Failed && l.Set.State.Of(held) != manifest.Damaged {
				return hint + "; " + name + " is in the older set " + l.ID + " too (it may share the damaged parts: backup:verify -set=" + l.ID + ")"
			}
		}
	}
	return hint
}

func summary(findings []manifest.Finding) string {
	first := findings[0]
	what := strings.TrimSpace(strings.Join([]string{first.Source, first.Part}, " "))
	if len(findings) == 1 {
		return what + ": " + first.Problem
	}
	return fmt.Sprintf("%d problems, the first is %s: %s", len(findings), what, first.Problem)
}

func (v Verification) write(out io.Writer) {
	word := "is good"
	switch {
	case !v.OK:
		word = "is damaged"
	case len(v.Findings) > 0:
		word = "is good as far as it could be checked"
	}
	if len(v.Lacks) > 0 {
		word += ", but lacks " + strings.Join(v.Lacks, ", ")
	}
	fmt.Fprintf(out, "set %s %s\n", v.ID, word)
	for _, f := range v.Findings {
		fmt.Fprintf(out, "  %s\n", report.Clean(strings.TrimSpace(strings.Join([]string{f.Source, f.Part, f.Problem}, "  "))))
	}
}
