package cache

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"
)

// Pruned says what Prune did, in bytes.
type Pruned struct {
	Before  int64    `json:"before_bytes"`
	After   int64    `json:"after_bytes"`
	Entries int      `json:"entries"` // that are left
	Removed []string `json:"removed,omitempty"`
	// Over is what is still above the limit: entries that this run has used.
	Over int64 `json:"over_bytes,omitempty"`
}

// fresh is how long an archive may stand without its header: a save is under way.
const fresh = time.Hour

// group is the objects of one entry.
type group struct {
	entry   string
	objects []Object // the header first
	size    int64
	used    time.Time
	whole   bool // it has a header
}

// Prune removes entries, those first that were not used for the longest time, until
// what the store holds fits into limit. What used names is never removed. Archives
// whose header never came are removed once no save can be under way any more. A
// reader that loses an entry to it sees a miss.
func Prune(ctx context.Context, store Store, limit int64, now time.Time, used map[string]bool) (Pruned, error) {
	objects, err := store.List(ctx)
	if err != nil {
		return Pruned{}, err
	}
	groups := grouped(objects)
	var p Pruned
	for _, g := range groups {
		p.Before += g.size
	}
	p.After = p.Before
	var errs []error
	for _, g := range groups {
		stale := !g.whole && now.Sub(g.used) > fresh
		if used[g.entry] || !stale && (p.After <= limit || !g.whole) {
			p.Entries++
			continue
		}
		if err := removeGroup(ctx, store, g); err != nil {
			errs = append(errs, err)
			p.Entries++
			continue
		}
		p.After -= g.size
		p.Removed = append(p.Removed, g.entry)
	}
	p.Over = max(0, p.After-limit)
	return p, errors.Join(errs...)
}

func removeGroup(ctx context.Context, store Store, g *group) error {
	for _, o := range g.objects {
		if err := store.Remove(ctx, o.Name); err != nil {
			return err
		}
	}
	return nil
}

// grouped puts objects together to entries, the one used last at the end.
func grouped(objects []Object) []*group {
	byName := map[string]*group{}
	var all []*group
	for _, o := range objects {
		key, rest, _ := strings.Cut(path.Base(o.Name), ".")
		entry := path.Join(path.Dir(o.Name), key)
		g := byName[entry]
		if g == nil {
			g = &group{entry: entry}
			byName[entry], all = g, append(all, g)
		}
		g.size += o.Size
		if o.Used.After(g.used) {
			g.used = o.Used
		}
		if rest == "json" {
			g.whole = true
			g.objects = append([]Object{o}, g.objects...)
		} else {
			g.objects = append(g.objects, o)
		}
	}
	slices.SortFunc(all, func(a, b *group) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.entry, b.entry)) })
	return all
}
