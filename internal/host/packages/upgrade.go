package packages

import (
	"context"
	"fmt"
	"strings"
)

// Upgraded is what an upgrade did and what it leaves to a person.
type Upgraded struct {
	Record Record `json:"record"`
	// KeptBack have newer versions and stayed; Held are those of all packages
	// that somebody told to stay.
	KeptBack []string `json:"kept_back,omitempty"`
	Held     []string `json:"held,omitempty"`
	// NoWayBack are changes whose old version no repository offers any more: a
	// rollback cannot bring them back.
	NoWayBack []Change `json:"no_way_back,omitempty"`
	Restart   Restart  `json:"restart"`
}

// Upgrade fetches the index and upgrades everything that is installed. New
// packages may come (a kernel is one), none is removed, held ones stay.
func (a *Apt) Upgrade(ctx context.Context) (Upgraded, error) {
	w := a.begin()
	u, err := w.upgrade(ctx)
	u.Record = w.record
	if err != nil {
		return u, fmt.Errorf("upgrade packages: %w", err)
	}
	return u, nil
}

// UpgradePlan is what Upgrade would do with the index as it is now.
func (a *Apt) UpgradePlan(ctx context.Context) (Plan, error) {
	before, err := a.Snapshot(ctx)
	if err != nil {
		return Plan{}, err
	}
	p, err := a.simulate(ctx, before, "--with-new-pkgs", "upgrade")
	if err != nil {
		return Plan{}, fmt.Errorf("plan an upgrade: %w", err)
	}
	return p, nil
}

func (w *work) upgrade(ctx context.Context) (Upgraded, error) {
	var u Upgraded
	if err := w.ready(ctx); err != nil {
		return u, err
	}
	if err := w.Refresh(ctx); err != nil {
		return u, err
	}
	before, err := w.Snapshot(ctx)
	if err != nil {
		return u, err
	}
	u.Held = before.Held()
	plan, err := w.simulate(ctx, before, "--with-new-pkgs", "upgrade")
	if err != nil {
		return u, err
	}
	u.KeptBack = plan.KeptBack
	if gone := plan.Removed(); len(gone) > 0 {
		return u, fmt.Errorf("apt would remove %s, which an upgrade never does", strings.Join(gone, ", "))
	}
	if len(plan.Changes) > 0 {
		if u.NoWayBack, err = w.unreachable(ctx, plan.Changes); err != nil {
			return u, err
		}
		for _, c := range plan.Changes {
			w.say("%s", c)
		}
		if err := w.change(ctx, before, plan, w.get("--with-new-pkgs", "upgrade")); err != nil {
			return u, err
		}
	}
	u.Restart, err = w.NeedsRestart(ctx)
	return u, err
}

// unreachable are the changes whose old version no repository offers.
func (a *Apt) unreachable(ctx context.Context, changes []Change) ([]Change, error) {
	var names []string
	for _, c := range changes {
		if c.Before != "" {
			names = append(names, c.Name)
		}
	}
	offered, err := a.Versions(ctx, names...)
	if err != nil {
		return nil, err
	}
	var all []Change
	for _, c := range changes {
		if c.Before != "" && !offered.has(c.Name, c.Before) {
			all = append(all, c)
		}
	}
	return all, nil
}
