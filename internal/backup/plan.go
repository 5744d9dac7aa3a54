package backup

import (
	"context"
	"path/filepath"
	"slices"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// The plans look for the sources, which only reads, and say what the steps
// amount to as shell lines that a person could run instead.

func (r *Room) planPrepare(_ context.Context, _ *procedure.Work) ([]string, error) {
	_, s, err := r.opened()
	if err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Exists() {
		return nil, nil
	}
	return []string{"mkdir -p -m 700 " + word(s.Dir())}, nil
}

func (r *Room) planCapture(kinds ...string) func(context.Context, *procedure.Work) ([]string, error) {
	return func(ctx context.Context, w *procedure.Work) ([]string, error) {
		c, s, err := r.opened()
		if err != nil {
			return nil, err
		}
		sources, err := r.find(ctx, w.Door, c, s, w.Say)
		if err != nil {
			return nil, err
		}
		set := r.plannedSet(s.Dir())
		lines := []string{"set -euo pipefail; umask 077"}
		for _, p := range sources {
			if !slices.Contains(kinds, p.Kind()) {
				continue
			}
			// Only a source that was looked at knows which of its options fit.
			door := p.door(w.Door)
			if _, err := p.Check(ctx, door); err != nil {
				return nil, err
			}
			dir := filepath.Join(set, source.Dir(p))
			lines = append(lines, p.shown(door, p.config.Before)...)
			lines = append(lines, "mkdir -p "+word(dir), p.Plan(door, dir))
			lines = append(lines, p.shown(door, p.config.After)...)
		}
		if len(lines) == 1 {
			return nil, nil
		}
		return lines, nil
	}
}

func (r *Room) planSeal(_ context.Context, _ *procedure.Work) ([]string, error) {
	_, s, err := r.opened()
	if err != nil {
		return nil, err
	}
	return []string{"cd " + word(r.plannedSet(s.Dir())) + " && find . -type f ! -name SHA256SUMS -exec sha256sum {} + > SHA256SUMS", "# and manifest.json, RESTORE.md"}, nil
}

// plannedSet names the directory that a run started now would make.
func (r *Room) plannedSet(dir string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.plan == "" {
		r.plan = filepath.Join(dir, journal.NewID(r.o.Now(), r.o.Host, r.o.Random))
	}
	return r.plan
}
