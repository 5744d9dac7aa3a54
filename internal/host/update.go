package host

import (
	"context"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/host/packages"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// updatedKey is where step 2 notes which packages it is about to change.
const updatedKey = "packages"

// behind is what is left to do for step 2; "" when nothing is.
func (r *Room) behind(ctx context.Context, m *machine) (left, evidence string, err error) {
	c, err := r.o.Config()
	if err != nil {
		return "", "", err
	}
	apt := &packages.Apt{Door: m.Door}
	if _, err := apt.System(ctx); err != nil {
		return "", "", err
	}
	if broken, err := apt.Broken(ctx); err != nil || broken != "" {
		return broken, "", err
	}
	state, err := apt.Snapshot(ctx)
	if err != nil {
		return "", "", err
	}
	if lacking := state.Lacking(wanted(c.Host.Packages)); len(lacking) > 0 {
		return fmt.Sprintf("%d packages are missing: %s", len(lacking), named(lacking)), "", nil
	}
	evidence = fmt.Sprintf("%d packages are there", len(c.Host.Packages))
	if !c.Host.Upgrade {
		return "", evidence + "; upgrades are not asked for (host.upgrade)", nil
	}
	plan, err := apt.UpgradePlan(ctx)
	if err != nil {
		return "", "", err
	}
	if len(plan.Changes) > 0 {
		left = fmt.Sprintf("%d packages have newer versions", len(plan.Changes))
	}
	return left, evidence + ", and nothing has a newer version", nil
}

func wanted(names []string) []packages.Wanted {
	var all []packages.Wanted
	for _, name := range names {
		all = append(all, packages.Wanted{Name: name})
	}
	return all
}

func named[T fmt.Stringer](list []T) string {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = one.String()
	}
	return strings.Join(names, ", ")
}

// current is Done of step 2: it looks at no network.
func (r *Room) current(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	m, err := r.machine(ctx, w)
	if err != nil {
		return "", err
	}
	left, evidence, err := r.behind(ctx, m)
	if err != nil {
		return "", err
	}
	if left != "" {
		return "", fmt.Errorf("%w: %s", procedure.ErrNotDone, left)
	}
	age, known, err := (&packages.Apt{Door: m.Door}).IndexAge(ctx)
	if err != nil {
		return "", err
	}
	if !known || age > c.Host.IndexAge {
		return "", fmt.Errorf("%w: apt's index is older than %s", procedure.ErrNotDone, report.Duration(c.Host.IndexAge))
	}
	return procedure.Evidence(fmt.Sprintf("%s; apt's index is %s old", evidence, report.Duration(age))), nil
}

// updated is Validate of step 2.
func (r *Room) updated(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	m, err := r.machine(ctx, w)
	if err != nil {
		return "", err
	}
	left, evidence, err := r.behind(ctx, m)
	if err == nil && left != "" {
		err = fmt.Errorf("look at the packages: %s", left)
	}
	return procedure.Evidence(evidence), err
}

// update is step 2.
func (r *Room) update(ctx context.Context, w *procedure.Work) error {
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	m, err := r.machine(ctx, w)
	if err != nil {
		return err
	}
	note := packaged{}
	if _, err := w.Recall(updatedKey, &note); err != nil {
		return err
	}
	note.On = m.on
	keep := func() error { return w.Record(updatedKey, note) }
	var done Updated
	if c.Host.Upgrade {
		done.Upgraded, err = m.apt(w, &note.Record, keep).Upgrade(ctx)
	} else {
		err = refresh(ctx, m.apt(w, &note.Record, keep), c.Host.IndexAge)
	}
	if err != nil {
		return err
	}
	apt := m.apt(w, &note.Record, keep)
	if _, err := apt.Install(ctx, wanted(c.Host.Packages)); err != nil {
		return err
	}
	if !c.Host.Upgrade {
		plan, err := apt.UpgradePlan(ctx)
		if err != nil {
			return err
		}
		done.Newer = len(plan.Changes)
	}
	if done.Restart, err = apt.NeedsRestart(ctx); err != nil {
		return err
	}
	done.Record = note.Record
	done.warn(w)
	w.Publish(done, done.write)
	return nil
}

// refresh fetches an index that is too old.
func refresh(ctx context.Context, apt *packages.Apt, limit time.Duration) error {
	age, known, err := apt.IndexAge(ctx)
	if err != nil || known && age <= limit {
		return err
	}
	return apt.Refresh(ctx)
}
