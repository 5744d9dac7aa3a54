package checkout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"iact-infra/internal/command"
)

// forward fetches, and moves what can be moved without loss.
func (o Options) forward(ctx context.Context, r repo, s State) (Change, error) {
	c := Change{Did: Current, Dir: s.Dir, FromBranch: s.Branch, FromHead: s.Head, Branch: o.Branch}
	if c.Branch == "" {
		c.Branch = s.Branch
	}
	if c.Branch == "" || s.url == "" && c.Branch == s.Branch { // as CI has it, or nowhere to ask
		c.Before, c.After = s.Head, s.Head
		return c, nil
	}
	if !o.Offline && s.url != "" {
		if known, err := o.fetch(ctx, r, s, c.Branch); err != nil {
			return c, err
		} else if !known && c.Branch == s.Branch {
			c.Before, c.After = s.Head, s.Head // only here, not pushed yet
			return c, nil
		}
	}
	target, err := o.aim(ctx, r, s, &c)
	if err != nil {
		return c, err
	}
	if c.Did == Current {
		return c, o.submodules(ctx, r, s)
	}
	if !s.Clean() {
		return c, dirty(s, c)
	}
	if o.Run != "" && s.Head != "" {
		c.Ref = refs + o.Run
	}
	if err := o.Record(c); err != nil {
		return c, err
	}
	if err := o.move(ctx, r, s, c, target); err != nil {
		return c, err
	}
	if err := o.submodules(ctx, r, s); err != nil {
		return c, err
	}
	return c, o.arrived(ctx, r, c)
}

// fetch gets the branch; known is false when the remote has none of that name.
func (o Options) fetch(ctx context.Context, r repo, s State, branch string) (known bool, err error) {
	get := git(command.Change, r.dir, "fetch", "--quiet", "--no-recurse-submodules", o.Remote, "+refs/heads/"+branch+":refs/remotes/"+o.Remote+"/"+branch)
	get.Timeout, get.Secrets = far, Secrets(s.url)
	get.Env = append(get.Env, r.batch(ctx, s.url)...)
	err = r.door.Run(ctx, get)
	var failed *command.Error
	if errors.As(err, &failed) && strings.Contains(failed.Stderr, "couldn't find remote ref") {
		if branch != s.Branch && !r.does(ctx, "show-ref", "--verify", "--quiet", "refs/heads/"+branch) {
			return false, o.noBranch(ctx, r.door, r.dir, o.Remote, branch)
		}
		return false, nil
	}
	return true, explained("fetch "+branch+" from "+s.URL, r.dir, err)
}

// aim finds out where the branch has to go, and fills in the change.
func (o Options) aim(ctx context.Context, r repo, s State, c *Change) (target string, err error) {
	local, _ := r.ask(ctx, "rev-parse", "--verify", "--quiet", "refs/heads/"+c.Branch)
	theirs, _ := r.ask(ctx, "rev-parse", "--verify", "--quiet", "refs/remotes/"+o.Remote+"/"+c.Branch)
	if local == "" && theirs == "" {
		return "", o.noBranch(ctx, r.door, r.dir, o.Remote, c.Branch)
	}
	c.Before, c.After = local, local
	if c.Branch != s.Branch {
		c.Did = Switched
	}
	switch {
	case local == "":
		c.After = theirs
	case theirs == "" || theirs == local:
	default:
		ahead, behind, err := r.apart(ctx, local, theirs)
		if err != nil {
			return "", err
		}
		if ahead > 0 && behind > 0 {
			return "", diverged(s, *c, o.Remote, ahead, behind)
		}
		if behind > 0 {
			c.After, c.Commits = theirs, behind
			if c.Did == Current {
				c.Did = Updated
			}
		}
	}
	return c.After, nil
}

// apart counts the commits that only one of two has.
func (r repo) apart(ctx context.Context, ours, theirs string) (ahead, behind int, err error) {
	out, err := r.ask(ctx, "rev-list", "--left-right", "--count", ours+"..."+theirs)
	if err != nil {
		return 0, 0, explained("compare with the remote", r.dir, err)
	}
	left, right, _ := strings.Cut(out, "\t")
	ahead, _ = strconv.Atoi(left)
	behind, _ = strconv.Atoi(right)
	return ahead, behind, nil
}

// move keeps the commit before, and goes.
func (o Options) move(ctx context.Context, r repo, s State, c Change, target string) error {
	if c.Ref != "" {
		if err := r.change(ctx, "update-ref", c.Ref, s.Head); err != nil {
			return explained("keep the commit before", r.dir, err)
		}
		r.forget(ctx)
	}
	if c.Did == Switched {
		args := []string{"switch", "--quiet", "--no-guess", c.Branch}
		if c.Before == "" {
			args = []string{"switch", "--quiet", "--create", c.Branch, "--track", o.Remote + "/" + c.Branch}
		}
		if err := r.change(ctx, args...); err != nil {
			return explained("switch to "+c.Branch, r.dir, err)
		}
	}
	if target != c.Before && c.Before != "" {
		return explained("go forward on "+c.Branch, r.dir, r.change(ctx, "merge", "--ff-only", "--quiet", target))
	}
	return nil
}

// forget lets go of the oldest commits that were kept; runs sort by their time.
func (r repo) forget(ctx context.Context) {
	const keep = 20
	out, _ := r.ask(ctx, "for-each-ref", "--sort=-refname", "--format=%(refname)", strings.TrimSuffix(refs, "before-"))
	if all := strings.Fields(out); len(all) > keep {
		for _, ref := range all[keep:] {
			_ = r.change(ctx, "update-ref", "-d", ref)
		}
	}
}

func (o Options) submodules(ctx context.Context, r repo, s State) error {
	if _, err := os.Stat(filepath.Join(s.Dir, ".gitmodules")); err != nil || !o.Submodules || o.Offline {
		return nil //nolint:nilerr // no submodules, or none wanted
	}
	get := git(command.Change, r.dir, "submodule", "--quiet", "update", "--init", "--recursive")
	get.Timeout = far
	get.Env = append(get.Env, r.batch(ctx, s.url)...)
	return explained("get the submodules", r.dir, r.door.Run(ctx, get))
}

// arrived looks whether the copy is where it should be.
func (o Options) arrived(ctx context.Context, r repo, c Change) error {
	if r.door.Planning() {
		return nil
	}
	s, err := Look(ctx, r.door, r.dir)
	if err != nil {
		return err
	}
	if s.Branch != c.Branch || s.Head != c.After {
		return fmt.Errorf("update %s: it is at %s of %q, and should be at %s of %s", r.dir, short(s.Head), s.Branch, short(c.After), c.Branch)
	}
	return nil
}
