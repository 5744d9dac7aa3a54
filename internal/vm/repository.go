package vm

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/vagrantfile"
)

// repository is the git checkout that the project is, if it is one.
type repository struct {
	*command.Door
	top string
}

// branch is a place on another branch of a remote that has a Vagrantfile.
type branch struct {
	ref  string // origin/develop
	path string // of the file, from the top
}

func (b branch) dir() string { return path.Dir(b.path) }

// repository is false for a project that is no checkout, or has no remote.
func (s *scene) repository(ctx context.Context) (*repository, bool) {
	g := &repository{Door: s.Door, top: s.config.Project}
	top, err := g.ask(ctx, "rev-parse", "--show-toplevel")
	if err != nil || top == "" {
		return nil, false
	}
	g.top = top
	remotes, err := g.ask(ctx, "remote")
	return g, err == nil && remotes != ""
}

func (g *repository) git(c func(string, ...string) command.Command, args ...string) command.Command {
	one := c("git", append([]string{"-C", g.top}, args...)...)
	one.Env = []string{"GIT_TERMINAL_PROMPT=0"}
	one.Timeout = 2 * time.Minute
	return one
}

func (g *repository) ask(ctx context.Context, args ...string) (string, error) {
	out, err := g.Text(ctx, g.git(command.Read, args...)).String()
	return strings.TrimSpace(out), err
}

// find looks on the branches of the remotes, the newest first but before them the
// one that this branch follows. Which of the directories has a Vagrantfile?
func (g *repository) find(ctx context.Context, w *procedure.Work, dirs []string) (branch, bool, error) {
	if err := g.Run(ctx, g.git(command.Change, "fetch", "--quiet", "--all")); err != nil {
		if ctx.Err() != nil {
			return branch{}, false, err
		}
		w.Say.Warn("the remote of %s does not answer; what it had before counts", g.top)
	}
	refs, err := g.ask(ctx, "for-each-ref", "--sort=-committerdate", "--count=200", "--format=%(refname:short)", "refs/remotes")
	if err != nil {
		return branch{}, false, fmt.Errorf("list the branches of %s: %w", g.top, err)
	}
	all := strings.Fields(refs)
	if up := g.upstream(ctx); up != "" {
		all = append([]string{up}, all...)
	}
	for _, ref := range all {
		args := []string{"ls-tree", "--full-tree", "--name-only", ref, "--"}
		for _, dir := range dirs {
			args = append(args, path.Join(dir, vagrantfile.Name))
		}
		found, err := g.ask(ctx, args...)
		if err != nil {
			continue // a ref that leads nowhere
		}
		have := strings.Split(found, "\n")
		for _, name := range args[5:] {
			if slices.Contains(have, name) {
				return branch{ref: ref, path: name}, true, nil
			}
		}
	}
	return branch{}, false, nil
}

// upstream is the branch that the one checked out follows; "" when there is none.
func (g *repository) upstream(ctx context.Context) string {
	up, err := g.ask(ctx, "rev-parse", "--abbrev-ref", "@{upstream}")
	if err != nil {
		return ""
	}
	return up
}

// clean refuses a tree with changes that are not committed. What git does not
// know is in nobody's way.
func (g *repository) clean(ctx context.Context, b branch) error {
	changed, err := g.ask(ctx, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return fmt.Errorf("look at the tree of %s: %w", g.top, err)
	}
	if changed == "" {
		return nil
	}
	return fault.New(fault.Usage, fmt.Sprintf("commit them, or put them aside by git -C %s stash; then mage vm:fetch gets it. By hand: git -C %s checkout %s -- %s", g.top, g.top, b.ref, b.dir()),
		fmt.Errorf("get the Vagrantfile from %s: the tree of %s has changes that are not committed, and is not touched", b.ref, g.top))
}

// follows tells whether to get the file is to go forward on this branch.
func (g *repository) follows(ctx context.Context, b branch) bool {
	if b.ref != g.upstream(ctx) {
		return false
	}
	_, err := g.ask(ctx, "merge-base", "--is-ancestor", "HEAD", b.ref)
	return err == nil
}

// files are those that belong to a Vagrantfile on another branch: all of its
// directory, or, at the top, itself and its script. Those that are here stay.
func (g *repository) files(ctx context.Context, b branch) ([]laid, error) {
	args := []string{"ls-tree", "--full-tree", "-r", "-z", b.ref, "--"}
	if b.dir() == "." {
		args = append(args, vagrantfile.Name, bootstrapName)
	} else {
		args = append(args, b.dir()+"/")
	}
	tree, err := g.ask(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", b.ref, err)
	}
	var all []laid
	for _, entry := range strings.Split(strings.TrimSuffix(tree, "\x00"), "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(about)
		if len(fields) != 3 || fields[1] != "blob" || fields[0] == "120000" {
			continue // neither links nor other repositories
		}
		file := filepath.Join(g.top, filepath.FromSlash(name))
		if _, err := os.Lstat(file); err == nil {
			continue
		}
		text, err := g.Text(ctx, g.git(command.Read, "cat-file", "blob", fields[2])).String()
		if err != nil {
			return nil, fmt.Errorf("read %s:%s: %w", b.ref, name, err)
		}
		one := newLaid(file, []byte(text), 0o644)
		if fields[0] == "100755" {
			one.Mode = 0o755
		}
		all = append(all, one)
	}
	return all, nil
}
