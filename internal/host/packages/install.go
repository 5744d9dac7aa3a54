package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// Wanted is a package to install, in a version or in apt's choice.
type Wanted struct{ Name, Version string }

func (w Wanted) String() string {
	if w.Version == "" {
		return w.Name
	}
	return w.Name + "=" + w.Version
}

// Install installs packages and removes those named in away in the same go, so
// that there is no moment between the two. Nothing that was not named is
// removed. What is there already is left alone.
func (a *Apt) Install(ctx context.Context, wanted []Wanted, away ...string) (Record, error) {
	w := a.begin()
	if err := w.install(ctx, wanted, away); err != nil {
		return w.record, fmt.Errorf("install packages: %w", err)
	}
	return w.record, nil
}

// Remove removes packages, and keeps their configuration.
func (a *Apt) Remove(ctx context.Context, names ...string) (Record, error) {
	w := a.begin()
	if err := w.install(ctx, nil, names); err != nil {
		return w.record, fmt.Errorf("remove packages: %w", err)
	}
	return w.record, nil
}

// Lacking are those of wanted that are not there, not in the version that is
// asked for, or only as a dependency of something else.
func (s State) Lacking(wanted []Wanted) []Wanted {
	var all []Wanted
	for _, one := range wanted {
		p := s.Packages[s.key(one.Name)]
		if p.Has != Installed || one.Version != "" && one.Version != p.Version || p.Auto {
			all = append(all, one)
		}
	}
	return all
}

func (w *work) install(ctx context.Context, wanted []Wanted, away []string) error {
	if err := checkWanted(wanted, away); err != nil {
		return err
	}
	if err := w.ready(ctx); err != nil {
		return err
	}
	before, err := w.Snapshot(ctx)
	if err != nil {
		return err
	}
	var args []string
	for _, one := range before.Lacking(wanted) {
		args = append(args, one.String())
	}
	for _, name := range away {
		if before.Version(before.key(name)) != "" {
			args = append(args, name+"-")
		}
	}
	if len(args) == 0 {
		return nil
	}
	args = append(w.installing(), args...)
	plan, err := w.agreed(ctx, before, away, args)
	if err != nil {
		return err
	}
	err = w.change(ctx, before, plan, w.get(args...))
	if Is(err, Gone) {
		// A version that the index names has left the mirror: the index is old.
		if err := w.Refresh(ctx); err != nil {
			return err
		}
		err = w.change(ctx, before, plan, w.get(args...))
	}
	if err != nil || w.Door.Planning() {
		return err
	}
	return w.proved(ctx, wanted, away)
}

func checkWanted(wanted []Wanted, away []string) error {
	names := slices.Clone(away)
	for _, one := range wanted {
		names = append(names, one.Name)
		if strings.ContainsFunc(one.Version, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`/*?'"`, r) }) {
			return fmt.Errorf("read version %q of %s: it is none", one.Version, one.Name)
		}
	}
	return checkNames(names)
}

// agreed is apt's plan, when it removes nothing but what is named in away.
func (w *work) agreed(ctx context.Context, before State, away, args []string) (Plan, error) {
	plan, err := w.simulate(ctx, before, args...)
	if Is(err, Unknown) && !w.Door.Planning() {
		// The index may never have been fetched.
		if err := w.Refresh(ctx); err != nil {
			return Plan{}, err
		}
		plan, err = w.simulate(ctx, before, args...)
	}
	if Is(err, Unknown) && w.Door.Planning() {
		return Plan{}, nil // what the index will say, nobody can tell
	}
	if err != nil {
		return Plan{}, err
	}
	for _, gone := range plan.Removed() {
		if !slices.Contains(away, gone) && !slices.Contains(away, strings.TrimSuffix(gone, ":"+before.Native)) {
			return Plan{}, fmt.Errorf("apt would remove %s, too: name it, or remove it first", gone)
		}
		w.say("%s is removed", gone)
	}
	return plan, nil
}

func (a *Apt) installing() []string {
	args := []string{"--allow-downgrades"}
	if a.NoRecommends {
		args = append(args, "--no-install-recommends")
	}
	return append(args, "install")
}

// change notes a plan, carries it out, and notes what happened.
func (w *work) change(ctx context.Context, before State, plan Plan, c command.Command) error {
	was, err := w.traces(ctx)
	if err != nil {
		return err
	}
	earlier, r := w.record, Record{Packages: plan.Changes, Strays: was.strays()}
	if err := w.intend(r); err != nil {
		return err
	}
	return w.settle(ctx, earlier, before, was, r, w.run(ctx, c))
}

// proved looks whether dpkg's list is now as it was asked for.
func (a *Apt) proved(ctx context.Context, wanted []Wanted, away []string) error {
	now, err := a.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, one := range wanted {
		p := now.Packages[now.key(one.Name)]
		if p.Has != Installed || one.Version != "" && p.Version != one.Version {
			return fmt.Errorf("check %s: apt ended well, and there is %q of it", one, p.Version)
		}
	}
	for _, name := range away {
		if now.Version(now.key(name)) != "" {
			return fmt.Errorf("check %s: apt ended well, and it is still there", name)
		}
	}
	return nil
}
