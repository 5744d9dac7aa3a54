package checkout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// clone makes a copy beside its place and moves it there when it is whole. What
// an earlier clone left that was killed is made anew.
func clone(ctx context.Context, door *command.Door, o Options) (Change, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return Change{}, fmt.Errorf("clone: %w", err)
	}
	c := Change{Did: Cloned, Dir: dir, Branch: o.Branch}
	switch {
	case o.URL == "":
		return c, fault.New(fault.Usage, "give the address to clone from", fmt.Errorf("clone into %s: there is nothing yet, and no address", dir))
	case o.Offline:
		return c, fault.New(fault.Usage, "leave -offline out once", fmt.Errorf("clone into %s: that needs the server", dir))
	case door.Planning():
		return c, door.Run(ctx, o.cloning("/", dir))
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return c, fmt.Errorf("clone into %s: %w", dir, err)
	}
	beside := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".iact-clone")
	free, err := hold(beside)
	if err != nil {
		return c, err
	}
	defer free()
	if err := o.Record(c); err != nil {
		return c, err
	}
	tree := filepath.Join(beside, "tree")
	if err := os.RemoveAll(tree); err != nil {
		return c, fmt.Errorf("clone into %s: %w", dir, err)
	}
	get := o.cloning(filepath.Dir(dir), tree)
	get.Env = append(get.Env, repo{door, filepath.Dir(dir)}.batch(ctx, o.URL)...)
	if err := door.Run(ctx, get); err != nil {
		_ = os.RemoveAll(tree) // what is left is made anew the next time
		var failed *command.Error
		if errors.As(err, &failed) && strings.Contains(failed.Stderr, "Remote branch "+o.Branch+" not found") {
			return c, o.noBranch(ctx, door, filepath.Dir(dir), o.URL, o.Branch)
		}
		return c, explained("clone "+Mask(o.URL), filepath.Dir(dir), err)
	}
	s, err := Look(ctx, door, tree)
	if err != nil {
		return c, err
	}
	if err := os.Rename(tree, dir); err != nil {
		return c, fmt.Errorf("clone into %s: %w", dir, err)
	}
	c.Branch, c.After = s.Branch, s.Head
	return c, o.Record(c)
}

func (o Options) cloning(from, tree string) command.Command {
	args := []string{"clone", "--quiet", "--origin", o.Remote}
	if o.Branch != "" {
		args = append(args, "--branch", o.Branch)
	}
	if o.Depth > 0 {
		args = append(args, "--no-local", "--depth", strconv.Itoa(o.Depth)) // of a path git copies everything, unless told not to
	}
	if o.Submodules {
		args = append(args, "--recurse-submodules")
		if o.Depth > 0 {
			args = append(args, "--shallow-submodules")
		}
	}
	get := git(command.Change, from, append(args, "--", o.URL, tree)...)
	get.Timeout, get.Secrets = far, Secrets(o.URL)
	return get
}

// hold makes the directory beside and keeps it for this process alone, for as
// long as that lives.
func hold(beside string) (free func(), err error) {
	if err := os.MkdirAll(beside, 0o700); err != nil {
		return nil, fmt.Errorf("clone: %w", err)
	}
	name := filepath.Join(beside, "lock")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("clone: %w", err)
	}
	taken := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	ours, oursErr := f.Stat()
	there, thereErr := os.Stat(name)
	if taken != nil || oursErr != nil || thereErr != nil || !os.SameFile(ours, there) {
		_ = f.Close()
		return nil, fault.New(fault.Locked, "wait until it has ended", fmt.Errorf("clone beside %s: another run is cloning there", filepath.Dir(beside)))
	}
	return func() {
		_ = os.RemoveAll(beside)
		_ = f.Close()
	}, nil
}
