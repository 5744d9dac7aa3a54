package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/redact"
)

// Limits for one program: what stays on this machine, and what asks another one.
const (
	near = time.Minute
	far  = 30 * time.Minute
)

// repo is a working copy behind a door.
type repo struct {
	door *command.Door
	dir  string
}

// git is a command of git that asks nobody anything and, when it reads, takes no
// lock and starts no helper that the repository names.
func git(c func(string, ...string) command.Command, dir string, args ...string) command.Command {
	all := []string{"-C", dir}
	one := c("git", all...)
	one.Env = []string{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS_REQUIRE=never"}
	one.Timeout = near
	if !one.Changes {
		one.Args = append(one.Args, "-c", "core.fsmonitor=false")
		one.Env = append(one.Env, "GIT_OPTIONAL_LOCKS=0")
	}
	one.Args = append(one.Args, args...)
	return one
}

// ask is one line of git's answer.
func (r repo) ask(ctx context.Context, args ...string) (string, error) {
	out, err := r.door.Text(ctx, git(command.Read, r.dir, args...)).String()
	return strings.TrimSuffix(out, "\n"), err
}

// list is an answer whose parts end with a zero byte.
func (r repo) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := r.door.Text(ctx, git(command.Read, r.dir, args...)).String()
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}

// does says whether git answers yes.
func (r repo) does(ctx context.Context, args ...string) bool {
	return r.door.Run(ctx, git(command.Read, r.dir, args...)) == nil
}

func (r repo) change(ctx context.Context, args ...string) error {
	return r.door.Run(ctx, git(command.Change, r.dir, args...))
}

// batch is the environment in which ssh asks nothing at the terminal, where nobody
// would see it. Whoever has chosen how ssh is called is not interfered with.
func (r repo) batch(ctx context.Context, address string) []string {
	if !strings.HasPrefix(address, "ssh://") && (strings.Contains(address, "://") || !strings.Contains(address, ":")) {
		return nil
	}
	if own, _ := r.ask(ctx, "config", "--get", "core.sshCommand"); own != "" || os.Getenv("GIT_SSH_COMMAND")+os.Getenv("GIT_SSH") != "" {
		return nil
	}
	return []string{"GIT_SSH_COMMAND=ssh -oBatchMode=yes"}
}

// Mask is an address without its password or token, fit to be shown.
func Mask(address string) string { return redact.New().Text(address) }

// Secrets are the parts of an address that nobody may see.
func Secrets(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return nil
	}
	if word, has := u.User.Password(); has && word != "" {
		return []string{word, url.QueryEscape(word)}
	}
	if name := u.User.Username(); len(name) >= 20 {
		return []string{name} // a token takes the place of the user
	}
	return nil
}

// explained gives an error of git a hint that says what to type next, and the
// exit code that fits. What git said stays, without secrets.
func explained(verb string, dir string, err error) error {
	if err == nil {
		return nil
	}
	said := err.Error()
	var failed *command.Error
	if errors.As(err, &failed) {
		said = failed.Stderr
	}
	for _, k := range known(command.Quote(dir)) {
		for _, sign := range k.signs {
			if strings.Contains(said, sign) {
				return fault.New(k.code, k.hint, fmt.Errorf("%s: %s: %w", verb, k.what, hidden{err}))
			}
		}
	}
	return fmt.Errorf("%s: %w", verb, hidden{err})
}

// hidden is an error whose text shows no secret.
type hidden struct{ error }

func (h hidden) Error() string { return redact.New().Text(h.error.Error()) }
func (h hidden) Unwrap() error { return h.error }

// trouble is something that git says, and what is behind it.
type trouble struct {
	signs []string
	what  string
	code  int
	hint  string
}

func known(dir string) []trouble {
	return []trouble{
		{[]string{"No space left on device", "Disk quota exceeded"}, "the disk is full", fault.Failed, "df -h " + dir + " shows what is free; nothing was changed that is not complete"},
		{[]string{"git-lfs: command not found", "git-lfs: not found", "external filter 'git-lfs"}, "the repository needs git-lfs", fault.Missing, "sudo apt-get install git-lfs && git lfs install"},
		{[]string{".lock': File exists", "Another git process seems to be running"}, "another git works there, or one was killed", fault.Locked, lockHint(dir)},
		{[]string{"Authentication failed", "could not read Username", "could not read Password", "terminal prompts disabled", "Permission denied (publickey", "Host key verification failed"},
			"the server does not let us in", fault.Missing, "gh auth login, or an SSH key: ssh -T git@HOST says whether it is known"},
		{[]string{"Could not resolve host", "Failed to connect", "Connection refused", "Connection timed out", "Network is unreachable", "unable to access", "Could not resolve hostname"},
			"the server cannot be reached", fault.Missing, "check the network and proxy (git config http.proxy); without a network the pipeline runs on what is here"},
		{[]string{"transport 'file' not allowed", "transport 'ext' not allowed"}, "a submodule points into this machine, which git refuses", fault.Invalid, "look at .gitmodules; trust it only if you know who wrote it"},
		{[]string{"detected dubious ownership"}, "the directory belongs to another user", fault.Failed, "git config --global --add safe.directory " + dir},
		{[]string{"untracked working tree files would be overwritten"}, "files that git does not know are in the way", fault.Failed, "move them aside; git -C " + dir + " status lists them"},
		{[]string{"does not appear to be a git repository", "' does not exist", "' not found", "Repository not found"}, "there is no such repository", fault.Usage, "check the address: git ls-remote ADDRESS"},
	}
}

func lockHint(dir string) string {
	return "pgrep -a git shows whether one runs; if none does: rm " + dir + "/.git/index.lock"
}
