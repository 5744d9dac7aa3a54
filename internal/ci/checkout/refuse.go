package checkout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// dirty is the error for a copy with work that is not committed.
func dirty(s State, c Change) error {
	verb := "go forward on " + c.Branch
	if c.Did == Switched {
		verb = "switch to " + c.Branch
	}
	dir := command.Quote(s.Dir)
	return fault.New(fault.Failed, fmt.Sprintf("commit it (git -C %s commit -a), or put it aside (git -C %s stash -u) and take it back afterwards (git stash pop)", dir, dir),
		fmt.Errorf("%s in %s: there is work that is not committed%s%s%s", verb, s.Dir, named(", in conflict:", s.Conflicts), named(", staged:", s.Staged), named(", changed:", s.Changed)))
}

// diverged is the error for a branch that both sides have gone on with.
func diverged(s State, c Change, remote string, ahead, behind int) error {
	dir := command.Quote(s.Dir)
	return fault.New(fault.Failed, fmt.Sprintf("git -C %s rebase %s/%s puts yours on top, git -C %s merge %s/%s joins them; look first: git -C %s log --oneline --left-right %s...%s/%s",
		dir, remote, c.Branch, dir, remote, c.Branch, dir, c.Branch, remote, c.Branch),
		fmt.Errorf("go forward on %s in %s: both sides have gone on, %d commits here and %d there", c.Branch, s.Dir, ahead, behind))
}

// noBranch is the error for a branch that there is not, with those that are alike.
func (o Options) noBranch(ctx context.Context, door *command.Door, dir, from, branch string) error {
	look := git(command.Read, dir, "ls-remote", "--heads", "--", from)
	look.Secrets = Secrets(from)
	out, _ := door.Text(ctx, look).String()
	var all []string
	for line := range strings.Lines(out) {
		if _, name, is := strings.Cut(strings.TrimSpace(line), "refs/heads/"); is {
			all = append(all, report.Clean(name))
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return unlike(branch, a) - unlike(branch, b) })
	hint := "git branch -a lists the branches"
	if len(all) > 0 {
		hint = "the branches are " + strings.Join(all[:min(len(all), 8)], ", ")
	}
	return fault.New(fault.Usage, hint, fmt.Errorf("get branch %s: %s has none of that name", branch, Mask(from)))
}

// unlike grows with how little two names begin alike.
func unlike(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if strings.Contains(b, a) || strings.Contains(a, b) {
		return -n
	}
	return len(a) + len(b) - 2*n
}

// named lists a few paths after a word; nothing for none.
func named(word string, paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	var some []string
	for _, p := range paths[:min(len(paths), 5)] {
		some = append(some, report.Clean(p))
	}
	text := word + " " + strings.Join(some, ", ")
	if more := len(paths) - len(some); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func short(commit string) string { return commit[:min(len(commit), 12)] }
