package ci

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"iact-infra/internal/ci/annotate"
	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
)

// checkoutKey is what an undo of ci:checkout needs.
const checkoutKey = "checkout"

// update is step 2. Typed by itself, it brings the configured branch up to date,
// and says what is in the way. As a part of ci:all it goes no further than is
// safe: somebody's branch, or work that is not committed, is what is to be tested.
func (r *Room) update(ctx context.Context, w *procedure.Work) error {
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	if !w.Door.Planning() {
		if err := r.claim(c); err != nil {
			return err
		}
	}
	o := checkout.Options{Dir: c.Project, URL: c.CI.Repository, Branch: c.CI.Branch, Depth: c.CI.Depth, Submodules: true, Run: w.Run, Record: func(change checkout.Change) error { return w.Record(checkoutKey, change) }}
	if r.all() {
		leave, err := r.leaves(ctx, w, c.Project, c.CI.Branch)
		if err != nil || leave != "" {
			w.Say.Info("%s", leave)
			return err
		}
	}
	if c.Project == c.Root {
		o.URL = "" // the project is not apart from this toolkit: its own remote counts
	}
	r.changes()
	change, err := checkout.Update(ctx, w.Door, o)
	if err != nil {
		return err
	}
	w.Say.Info("%s: %s, %d commits", c.Project, change.Did, change.Commits)
	return nil
}

// copied is the working copy as this invocation has found it: several steps ask for
// it, and git is started four times for an answer.
func (r *Room) copied(ctx context.Context, door *command.Door, dir string) (checkout.State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.copy != nil {
		return *r.copy, nil
	}
	s, err := checkout.Look(ctx, door, dir)
	if err == nil {
		r.copy = &s
	}
	return s, err
}

// changes forgets how the working copy was found.
func (r *Room) changes() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.copy = nil
}

// leaves says why ci:all does not touch a working copy; "" when it may.
func (r *Room) leaves(ctx context.Context, w *procedure.Work, dir, branch string) (string, error) {
	if system := annotate.Detect(r.getenv); system != annotate.None {
		return fmt.Sprintf("left as %s has checked it out", system), nil
	}
	s, err := r.copied(ctx, w.Door, dir)
	switch {
	case errors.Is(err, checkout.ErrNone):
		return r.without(dir)
	case err != nil:
		return "", err
	case s.Detached:
		return "left as it is: a commit is checked out, no branch", nil
	case s.Branch != branch:
		return fmt.Sprintf("left as it is: on branch %s, not on %s", s.Branch, branch), nil
	case !s.Clean() || len(s.Untracked) > 0:
		return fmt.Sprintf("left as it is: %d files are changed and not committed", len(s.Staged)+len(s.Changed)+len(s.Conflicts)+len(s.Untracked)), nil
	case s.Upstream == "":
		return "left as it is: its branch follows no other", nil
	}
	return "", nil
}

// updated is the Validate of ci:checkout: the copy is one, and says where it is.
func (r *Room) updated(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	s, err := r.copied(ctx, w.Door, c.Project)
	if errors.Is(err, checkout.ErrNone) && r.all() {
		return procedure.Evidence(c.Project + ": no working copy of git"), nil
	}
	if err != nil {
		return "", err
	}
	at := s.Branch
	if at == "" {
		at = "no branch"
	}
	return procedure.Evidence(fmt.Sprintf("%s: %s at %s%s", c.Project, at, s.Head[:min(12, len(s.Head))], lacks(s))), nil
}

// lacks tells what a working copy does not hold and a build may want.
func lacks(s checkout.State) string {
	said := ""
	if s.Shallow {
		said += ", shallow"
	}
	if len(s.Bare) > 0 {
		said += fmt.Sprintf(", %d submodules are not there", len(s.Bare))
	}
	if len(s.Pointers) > 0 {
		said += fmt.Sprintf(", %d files are pointers of git-lfs: git lfs pull", len(s.Pointers))
	}
	return said
}

// downdate takes step 2 back.
func (r *Room) downdate(ctx context.Context, w *procedure.Work) error {
	var change checkout.Change
	if known, err := w.Recall(checkoutKey, &change); err != nil || !known {
		return errors.Join(err, notDone(known))
	}
	r.changes()
	return checkout.Back(ctx, w.Door, change)
}

// downdated is the Undone of ci:checkout: the commit before is checked out again,
// or the new copy is gone.
func (r *Room) downdated(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var change checkout.Change
	if known, err := w.Recall(checkoutKey, &change); err != nil || !known {
		return "", err
	}
	if change.Did == checkout.Current {
		return "nothing had been changed", nil
	}
	s, err := checkout.Look(ctx, w.Door, change.Dir)
	switch {
	case change.Did == checkout.Cloned && errors.Is(err, checkout.ErrNone):
		return procedure.Evidence(change.Dir + " is gone"), nil
	case err != nil:
		return "", err
	case change.Did != checkout.Cloned && s.Head == change.FromHead && s.Branch == change.FromBranch:
		return procedure.Evidence(fmt.Sprintf("%s is at %s again", change.Dir, s.Head[:min(12, len(s.Head))])), nil
	}
	return "", fmt.Errorf("%s is at %s", change.Dir, s.Head)
}

// remote is what ci:check asks of the server: the configured address, unless the
// working copy has one of its own.
func (r *Room) remote(ctx context.Context, w *procedure.Work, s *site) string {
	state, err := r.copied(ctx, w.Door, s.project)
	if err == nil && state.URL == "" {
		return "" // it comes from nowhere
	}
	if err == nil {
		return "origin"
	}
	if slices.Contains([]string{"", "none"}, s.config.CI.Repository) {
		return ""
	}
	return s.config.CI.Repository
}

// without says what ci:all does where there is no working copy: an empty place is
// cloned into, files that no git knows are tested as they are.
func (r *Room) without(dir string) (string, error) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(names) == 0 {
		return "", nil
	}
	return "left as it is: no working copy of git", err
}
