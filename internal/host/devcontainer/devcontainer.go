// Package devcontainer brings the project and its devcontainer to a machine: a
// clone of the repository, its devcontainer.json judged, and the container
// started by the official CLI where that is there.
//
// What a person has in a clone is theirs. It is updated by a fast-forward, and
// only when nothing stands in the way; else it is left as it is, and the reason
// told. A new clone is made beside its place and gets there by one rename, so
// that a half one never has its name. Everything runs as the user who is to work
// with it, through a Door: the machine may be another one. Git never asks.
package devcontainer

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Project is a clone on a machine.
type Project struct {
	Door       *command.Door
	As         string   // whose it is; "" is who we are there
	Env        []string // for all programs: which daemon docker asks
	Repository string
	Ref        string // a branch, a tag or a commit; "" is what is checked out, at first the repository's own
	Dir        string // absolute, or from the home of the user by ~/

	logins []string // that somebody has written into the addresses of a clone: never shown
}

// What may take how long.
const (
	answers  = 20 * time.Second // a daemon, or git without a network
	asks     = 60 * time.Second // a repository
	transfer = 60 * time.Minute // a clone, or images
)

//go:embed git.sh
var gitScript string

// git runs a part of git.sh. What it prints are facts: a name, a tab, a value.
func (p *Project) git(ctx context.Context, changes bool, limit time.Duration, args ...string) (facts, error) {
	c := command.Command{
		Program: "sh", Args: append([]string{"-s", "--"}, args...), Stdin: strings.NewReader(gitScript),
		Env: p.Env, Changes: changes, As: p.As, Timeout: limit, Secrets: p.logins,
	}
	out, err := p.Door.Text(ctx, c).String()
	// Of what ssh says git knows nothing.
	return read(out), told(err, `(?m)^((?:ssh: |[^\n]{1,100}: Permission denied \()[^\n]{1,300})`, `(?m)^((?:fatal|error): [^\n]{1,400})`)
}

// facts are what a script has printed.
type facts map[string][]string

func read(out string) facts {
	f := facts{}
	for line := range strings.Lines(out) {
		if name, value, is := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); is {
			f[name] = append(f[name], value)
		}
	}
	return f
}

func (f facts) one(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return f[name][0]
}

func (f facts) number(name string) int {
	n, _ := strconv.Atoi(f.one(name)) // our own script prints it
	return n
}

// Make clones. token is written into the clone: by it Remove knows it again.
func (p *Project) Make(ctx context.Context, token string) error {
	if _, err := p.git(ctx, true, transfer, "clone", p.Dir, p.Repository, p.Ref, token); err != nil {
		return fmt.Errorf("clone %s: %w", p.Repository, explain(err))
	}
	return nil
}

// Update fast-forwards a clone that is behind.
func (p *Project) Update(ctx context.Context, c Clone) error {
	if _, err := p.git(ctx, true, transfer, "update", c.Dir); err != nil {
		return fmt.Errorf("update %s: %w", c.Dir, explain(err))
	}
	return nil
}

// explain adds what to do about a failure of git.
func explain(err error) error {
	var failed *command.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Exit {
	case 73:
		return fault.New(fault.Failed, "wait for it", err)
	case 74:
		return fault.New(fault.Usage, "correct host.devcontainer.ref", err)
	case 75:
		return fault.New(fault.Usage, "make it, or name another place in host.devcontainer.dir", err)
	}
	for _, known := range [][2]string{
		{"could not read Username", "git asks nobody here: give the user a credential helper (git config --global credential.helper store), or use the address for ssh"},
		{"Authentication failed", "the saved credentials are refused: git credential reject, then log in again"},
		{"Permission denied (publickey", "give the user's ssh key to the server that has the repository"},
		{"Host key verification failed", "log in once by hand and compare the key: ssh -T git@HOST"},
		{"Could not resolve host", "see that the machine resolves names (host:check), or name a mirror in host.devcontainer.repository"},
		{"not found", "see host.devcontainer.repository; without a login a private repository is not found either"},
	} {
		if strings.Contains(failed.Stderr, known[0]) {
			return fault.New(fault.Failed, known[1], err)
		}
	}
	return err
}

// Remove takes away the clone that Make has made with this token, and what a
// killed one has left beside it. One in which something has been changed or added
// since stays, and left says what.
func (p *Project) Remove(ctx context.Context, token string) (left string, err error) {
	f, err := p.git(ctx, true, transfer, "remove", p.Dir, token)
	if err != nil {
		return "", fmt.Errorf("remove %s: %w", p.Dir, err)
	}
	if len(f["left"]) > 0 {
		return "changed or new: " + first(f["left"]), nil
	}
	return f.one("odd"), nil
}
