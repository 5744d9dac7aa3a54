package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// ChangedFiles lists the files below dir that differ from a base, as paths from
// dir: what was committed since this branch left it, what is not committed, and
// what git does not know and does not ignore. Of a renamed file both names count.
// An empty base is the last commit. It only reads.
func ChangedFiles(ctx context.Context, door *command.Door, dir, base string) ([]string, error) {
	r := repo{door, dir}
	from, err := r.base(ctx, base)
	if err != nil {
		return nil, err
	}
	// Without looking for renames both names of one are listed.
	changed, err := r.list(ctx, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--relative", from, "--")
	if err != nil {
		return nil, explained("list what changed in "+dir, dir, err)
	}
	// What is staged and was taken back in the tree since still goes into the next commit.
	staged, err := r.list(ctx, "diff", "--cached", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none", "--relative", from, "--")
	if err != nil {
		return nil, explained("list what is staged in "+dir, dir, err)
	}
	unknown, err := r.list(ctx, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, explained("list what git does not know in "+dir, dir, err)
	}
	all := slices.Concat(changed, staged, unknown)
	slices.Sort(all)
	return slices.Compact(all), nil
}

// base is the commit to compare with.
func (r repo) base(ctx context.Context, name string) (string, error) {
	if name == "" {
		if head, err := r.ask(ctx, "rev-parse", "--verify", "--quiet", "HEAD"); err == nil {
			return head, nil
		}
		if !r.does(ctx, "rev-parse", "--git-dir") {
			return "", fault.New(fault.Usage, "run it in a working copy", fmt.Errorf("look at %s: %w", r.dir, ErrNone))
		}
		// Nothing is committed yet: all differs from the empty tree.
		return r.ask(ctx, "hash-object", "-t", "tree", "/dev/null")
	}
	commit, err := r.ask(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return "", fault.New(fault.Usage, "git fetch origin, or name a branch, tag or commit: git branch -a lists the branches",
			fmt.Errorf("compare with %q: there is no such branch or commit here", name))
	}
	common, err := r.ask(ctx, "merge-base", "HEAD", commit)
	if err == nil {
		return common, nil
	}
	var failed *command.Error
	if !errors.As(err, &failed) || failed.Exit != 1 {
		return "", explained("compare with "+name, r.dir, err)
	}
	hint := "name a branch that this one came from"
	if shallow, _ := r.ask(ctx, "rev-parse", "--is-shallow-repository"); shallow == "true" {
		hint = "the copy is shallow: git fetch --unshallow (on GitHub: fetch-depth: 0)"
	}
	return "", fault.New(fault.Usage, hint, fmt.Errorf("compare with %q: it has no commit in common with this one", name))
}
