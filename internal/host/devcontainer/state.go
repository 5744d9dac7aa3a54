package devcontainer

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Clone is what a clone is like.
type Clone struct {
	Dir     string `json:"dir"`
	Commit  string `json:"commit"`
	Branch  string `json:"branch"`             // "" when no branch is checked out
	Left    string `json:"left,omitempty"`     // why it is not updated
	Unasked string `json:"unasked,omitempty"`  // why the repository was not asked
	Behind  bool   `json:"behind"`             // the repository has something newer
	Absent  bool   `json:"-"`                  // there is nothing
	Next    string `json:"to_clean,omitempty"` // what to type about Left
}

// Name is the commit as people write it.
func (c Clone) Name() string {
	short := c.Commit[:min(len(c.Commit), 10)]
	if c.Branch != "" {
		return c.Branch + " at " + short
	}
	return short
}

// Look says what is in the directory. Something else than a clone of the
// repository is an error. With ask the repository is asked for what is newer.
func (p *Project) Look(ctx context.Context, ask bool) (Clone, error) {
	f, err := p.git(ctx, false, asks, "look", p.Dir, p.Ref)
	if err != nil {
		return Clone{}, fmt.Errorf("look at %s: %w", p.Dir, err)
	}
	c := Clone{Dir: f.one("dir"), Commit: f.one("commit"), Branch: f.one("branch")}
	switch f.one("there") {
	case "nothing":
		c.Absent = true
		return c, nil
	case "something":
		return c, fault.New(fault.Usage, "move it away, or name another place in host.devcontainer.dir", fmt.Errorf("look at %s: it is there, and no clone of %s", c.Dir, p.Repository))
	}
	var remote string
	var others []string
	for _, line := range f["remote"] {
		key, address, _ := strings.Cut(line, " ")
		p.logins = append(p.logins, logins(address)...)
		others = append(others, withoutLogin(address))
		if name := strings.TrimSuffix(strings.TrimPrefix(key, "remote."), ".url"); same(address, p.Repository) && (remote == "" || name == "origin") {
			remote = name
		}
	}
	if remote == "" {
		return c, fault.New(fault.Usage, "move it away, or name another place in host.devcontainer.dir, or the other repository in host.devcontainer.repository",
			fmt.Errorf("look at %s: it is a clone of %s, not of %s", c.Dir, cmp.Or(strings.Join(others, " and "), "nothing else"), withoutLogin(p.Repository)))
	}
	p.judge(&c, f)
	if c.Left == "" && ask && c.Branch != "" {
		p.ask(ctx, &c, remote, f.one("merge"))
	}
	return c, nil
}

// judge finds what stands in the way of an update.
func (p *Project) judge(c *Clone, f facts) {
	in := "git -C " + c.Dir + " "
	switch dirty := f["dirty"]; {
	case len(f["doing"]) > 0:
		c.Left, c.Next = strings.Join(f["doing"], ", ")+" in .git: something is under way", in+"status"
	case len(dirty) > 0:
		c.Left, c.Next = "changed or new: "+first(dirty), in+"status"
	case c.Commit == "":
		c.Left, c.Next = "it has no commit", in+"log"
	case c.Branch == "" && (p.Ref == "" || f.one("wanted") != c.Commit):
		c.Left, c.Next = "no branch is checked out", in+"switch BRANCH"
	case c.Branch == "":
	case p.Ref != "" && p.Ref != c.Branch:
		c.Left, c.Next = fmt.Sprintf("%s is checked out, and not %s", c.Branch, p.Ref), in+"switch "+p.Ref
	case f.one("upstream") == "":
		c.Left, c.Next = fmt.Sprintf("the branch %s follows none of the repository", c.Branch), in+"branch --set-upstream-to=origin/"+c.Branch
	case f.number("ahead") > 0:
		c.Left, c.Next = fmt.Sprintf("commits of %s that are only here: %d", c.Branch, f.number("ahead")), in+"push, or git -C "+c.Dir+" rebase @{upstream}"
	}
}

// first is the first of some files, and how many there are besides.
func first(files []string) string {
	if len(files) == 1 {
		return strings.TrimSpace(files[0])
	}
	return fmt.Sprintf("%s and %d more", strings.TrimSpace(files[0]), len(files)-1)
}

// ask looks whether the repository has something newer. That it cannot be asked
// is no failure: what is there can be used.
func (p *Project) ask(ctx context.Context, c *Clone, remote, branch string) {
	f, err := p.git(ctx, false, asks, "ask", c.Dir, remote, branch)
	switch newest := f.one("newest"); {
	case err != nil:
		c.Unasked = command.Reason(err)
	case newest == "":
		c.Left = fmt.Sprintf("the repository has no branch %s any more", strings.TrimPrefix(branch, "refs/heads/"))
		c.Next = "git -C " + c.Dir + " fetch --prune"
	default:
		c.Behind = newest != c.Commit
	}
}
