package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// Outcome is what Back could and could not bring back.
type Outcome struct {
	// Missing are changes whose old version no repository offers any more.
	Missing []Change `json:"missing,omitempty"`
	// Kept says what was left alone, and why.
	Kept []string `json:"kept,omitempty"`
}

// Back takes back what a record tells: what was installed is purged, what was
// removed or upgraded returns in its old version where a repository still has
// it, files get their old content. It works from the record alone, also from that
// of a run that was killed, and doing it twice is the same as once. Volumes,
// images and all else under /var/lib/docker stay.
func (a *Apt) Back(ctx context.Context, r Record) (Outcome, error) {
	var o Outcome
	w := a.begin()
	if len(r.Packages) > 0 {
		if err := w.backPackages(ctx, r, &o); err != nil {
			return o, fmt.Errorf("take packages back: %w", err)
		}
	}
	if err := w.backMade(ctx, r, &o); err != nil {
		return o, fmt.Errorf("take back what packages have made: %w", err)
	}
	for _, name := range r.Groups {
		if err := w.backGroup(ctx, name, &o); err != nil {
			return o, fmt.Errorf("take groups back: %w", err)
		}
	}
	for _, f := range slices.Backward(r.Files) {
		if err := w.backFile(ctx, f, &o); err != nil {
			return o, fmt.Errorf("take files back: %w", err)
		}
	}
	return o, nil
}

func (w *work) backPackages(ctx context.Context, r Record, o *Outcome) error {
	if err := w.Repair(ctx); err != nil {
		return err
	}
	now, err := w.Snapshot(ctx)
	if err != nil {
		return err
	}
	ours, args, err := w.backwards(ctx, r, now, o)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		if ours, args, err = w.withoutOthers(ctx, now, ours, args, o); err != nil {
			return err
		}
	}
	if len(args) > 0 {
		c := w.get(append([]string{"--allow-downgrades", "--allow-change-held-packages", "--no-install-recommends", "install"}, args...)...)
		if err := w.run(ctx, c); err != nil {
			return err
		}
	}
	if err := w.purge(ctx, r, ours); err != nil {
		return err
	}
	if err := w.marks(ctx, r); err != nil {
		return err
	}
	return w.sweep(ctx, r)
}

// backwards are the arguments for apt-get install that lead from now to before:
// NAME- goes, NAME=VERSION comes. ours are the names that go.
func (w *work) backwards(ctx context.Context, r Record, now State, o *Outcome) (ours, args []string, err error) {
	var names []string
	for _, c := range r.Packages {
		if c.Before != "" {
			names = append(names, c.Name)
		}
	}
	offered, err := w.Versions(ctx, names...)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range r.Packages {
		name := now.key(c.Name)
		is := now.Version(name)
		switch {
		case is == c.Before:
		case c.Before == "":
			ours = append(ours, name)
			args = append(args, name+"-")
		case r.Finished && is != "" && is != c.After:
			o.Kept = append(o.Kept, fmt.Sprintf("%s was %s after the change and is %s now: somebody changed it since", c.Name, c.After, is))
		case offered.has(c.Name, c.Before):
			args = append(args, name+"="+c.Before)
		default:
			w.say("%s %s is offered by no repository any more", c.Name, c.Before)
			o.Missing = append(o.Missing, c)
		}
	}
	return ours, args, nil
}

// withoutOthers keeps what somebody else's packages have come to need: those are
// left, as dependencies that go when nobody needs them.
func (w *work) withoutOthers(ctx context.Context, now State, ours, args []string, o *Outcome) (left, reduced []string, err error) {
	takes := func(args []string) ([]string, error) {
		plan, err := w.simulate(ctx, now, append([]string{"--allow-downgrades", "--allow-change-held-packages", "--no-install-recommends", "install"}, args...)...)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(plan.Removed(), func(name string) bool { return slices.Contains(ours, name) }), nil
	}
	foreign, err := takes(args)
	if err != nil || len(foreign) == 0 {
		return ours, args, err
	}
	reduced = slices.Clone(args)
	for _, name := range ours {
		took, err := takes([]string{name + "-"})
		if err != nil {
			return nil, nil, err
		}
		if len(took) == 0 {
			left = append(left, name)
			continue
		}
		reduced = slices.DeleteFunc(reduced, func(s string) bool { return s == name+"-" })
		o.Kept = append(o.Kept, fmt.Sprintf("%s stays: %s needs it", name, strings.Join(took, ", ")))
		if now.Packages[name].Auto {
			continue
		}
		c := command.Change("apt-mark", "auto", name)
		c.As = "root"
		if err := w.run(ctx, c); err != nil {
			return nil, nil, err
		}
	}
	if len(reduced) == 0 {
		return left, nil, nil
	}
	if foreign, err = takes(reduced); err != nil {
		return nil, nil, err
	}
	if len(foreign) > 0 {
		return nil, nil, fmt.Errorf("going back would remove %s, which the record does not know", strings.Join(foreign, ", "))
	}
	return left, reduced, nil
}

// marks puts the marks back that tell a dependency from what somebody wanted.
func (w *work) marks(ctx context.Context, r Record) error {
	if w.Door.Planning() {
		return nil
	}
	now, err := w.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, mark := range []string{"auto", "manual"} {
		var names []string
		for _, c := range r.Packages {
			p := now.Packages[now.key(c.Name)]
			if c.Before != "" && p.Has == Installed && p.Auto != c.WasAuto && c.WasAuto == (mark == "auto") {
				names = append(names, now.key(c.Name))
			}
		}
		if len(names) == 0 {
			continue
		}
		c := command.Change("apt-mark", append([]string{mark}, names...)...)
		c.As = "root"
		if err := w.run(ctx, c); err != nil {
			return fmt.Errorf("mark packages as %s: %w", mark, err)
		}
	}
	return nil
}
