package checkout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// ErrSince says that somebody has worked in the copy since, so that it stays.
const ErrSince = command.Sentinel("something was done there since")

// Back returns a copy to what it was before a change, for as long as nothing was
// done in it since; else it is an ErrSince that says what, and nothing has
// changed. Twice is the same as once, and so is once after it was killed.
func Back(ctx context.Context, door *command.Door, c Change) error {
	switch c.Did {
	case Cloned:
		return unclone(ctx, door, c)
	case Updated, Switched:
		return back(ctx, door, c)
	case Current:
	}
	return nil
}

func since(c Change, what, hint string) error {
	return fault.New(fault.Failed, hint, fmt.Errorf("go back in %s: %w: %s", c.Dir, ErrSince, what))
}

func back(ctx context.Context, door *command.Door, c Change) error {
	s, err := Look(ctx, door, c.Dir)
	if err != nil {
		return err
	}
	r := repo{door, s.Dir}
	if err := (Options{Dir: c.Dir, Remote: "origin"}).fits(s); err != nil {
		return err
	}
	tip, _ := r.ask(ctx, "rev-parse", "--verify", "--quiet", "refs/heads/"+c.Branch)
	left := s.Branch == c.FromBranch && s.Head == c.FromHead // it is where it was
	switch {
	case tip != c.After && tip != c.Before:
		return since(c, fmt.Sprintf("%s is at %s, not at %s", c.Branch, short(tip), short(c.After)), "git -C "+command.Quote(c.Dir)+" log "+short(c.After)+".. shows what was done")
	case !left && s.Branch != c.Branch:
		return since(c, "another branch is checked out: "+s.Branch, "git -C "+command.Quote(c.Dir)+" switch "+c.Branch)
	case !s.Clean() && !r.halfway(ctx, c, s):
		return since(c, "there is work that is not committed"+named(":", append(s.Staged, s.Changed...)), "commit it or put it aside: git -C "+command.Quote(c.Dir)+" stash -u")
	}
	if !left {
		if err := r.leave(ctx, c, s); err != nil {
			return err
		}
	}
	if c.Did == Switched && tip != c.Before && tip != "" {
		// The old value goes with it: a commit made in this very moment stays.
		args := []string{"update-ref", "-d", "refs/heads/" + c.Branch, c.After}
		if c.Before != "" {
			args = []string{"update-ref", "refs/heads/" + c.Branch, c.Before, c.After}
		}
		if err := r.change(ctx, args...); err != nil {
			return explained("put "+c.Branch+" back", c.Dir, err)
		}
		if c.Before == "" {
			_ = r.change(ctx, "config", "--remove-section", "branch."+c.Branch) // what it followed
		}
	}
	if c.Ref != "" && r.does(ctx, "show-ref", "--verify", "--quiet", c.Ref) {
		return explained("forget the commit before", c.Dir, r.change(ctx, "update-ref", "-d", c.Ref, c.FromHead))
	}
	return nil
}

// halfway says whether the tree is already what it was before, as a way back that
// was killed leaves it.
func (r repo) halfway(ctx context.Context, c Change, s State) bool {
	return c.Did == Updated && s.Head == c.After && len(s.Changed)+len(s.Conflicts) == 0 && r.does(ctx, "diff", "--cached", "--quiet", c.FromHead, "--")
}

// leave moves the tree back.
func (r repo) leave(ctx context.Context, c Change, s State) error {
	var err error
	switch {
	case c.Did == Switched && c.FromBranch == "":
		err = r.change(ctx, "switch", "--quiet", "--detach", c.FromHead)
	case c.Did == Switched:
		err = r.change(ctx, "switch", "--quiet", "--no-guess", c.FromBranch)
	default:
		if s.Clean() {
			if err := r.change(ctx, "read-tree", "-m", "-u", c.After, c.FromHead); err != nil {
				return explained("go back to "+short(c.FromHead), c.Dir, err)
			}
		}
		err = r.change(ctx, "update-ref", "-m", "iact: back", "HEAD", c.FromHead, c.After)
	}
	return explained("go back to "+short(c.FromHead), c.Dir, err)
}

// unclone takes a copy away in which nobody has done anything.
func unclone(ctx context.Context, door *command.Door, c Change) error {
	beside := filepath.Join(filepath.Dir(c.Dir), "."+filepath.Base(c.Dir)+".iact-clone")
	free, err := hold(beside) // what a killed clone left goes with it
	if err != nil {
		return err
	}
	defer free()
	s, err := Look(ctx, door, c.Dir)
	if errors.Is(err, ErrNone) {
		return nil // it never came to be, or is gone already
	}
	if err != nil {
		return err
	}
	r := repo{door, c.Dir}
	files, err := r.list(ctx, "ls-files", "--others", "-z") // ignored ones, too: a .env is somebody's work
	if err != nil {
		return explained("look for files in "+c.Dir, c.Dir, err)
	}
	branches, err := r.ask(ctx, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/stash")
	if err != nil {
		return explained("look for branches in "+c.Dir, c.Dir, err)
	}
	moves, _ := r.ask(ctx, "rev-list", "--walk-reflogs", "--count", "HEAD")
	hint := "look, and remove it yourself: rm -r " + command.Quote(c.Dir)
	switch {
	case !s.Clean():
		return since(c, "there is work that is not committed"+named(":", append(s.Staged, s.Changed...)), hint)
	case len(files) > 0:
		return since(c, "files were made"+named(":", files), hint)
	case strings.Count(branches, "\n") > 0, !s.Unborn && moves != "1":
		return since(c, "commits or branches were made", hint)
	}
	// All at once: whoever is killed now leaves no half copy at the place.
	gone := filepath.Join(beside, "gone")
	if err := errors.Join(os.RemoveAll(gone), os.Rename(c.Dir, gone)); err != nil {
		return fmt.Errorf("take %s away: %w", c.Dir, err)
	}
	return nil
}
