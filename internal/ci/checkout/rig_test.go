package checkout_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
)

// apart runs git with a configuration of its own.
type apart struct {
	command.Transport
	config string
}

func (a apart) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	c.Env = append([]string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + a.config}, c.Env...)
	return a.Transport.Start(ctx, c, stdout)
}

// rig is a remote with a branch main of one commit, and a copy of it.
type rig struct {
	*testing.T
	local        command.Transport
	door         *command.Door
	remote, copy string
	seed         string // a copy of somebody else, who pushes
}

func newRig(t *testing.T) *rig {
	t.Helper()
	top := t.TempDir()
	config := filepath.Join(top, "config")
	r := &rig{T: t, remote: filepath.Join(top, "remote.git"), copy: filepath.Join(top, "copy"), seed: filepath.Join(top, "seed")}
	r.write(config, "[user]\nname = t\nemail = t@example.org\n[init]\ndefaultBranch = main\n[advice]\ndetachedHead = false\n")
	r.local = apart{command.Local(), config}
	r.door = command.NewDoor(r.local)
	r.git(top, "init", "-q", "--bare", r.remote)
	r.git(top, "clone", "-q", r.remote, r.seed)
	r.push("a.txt", "one\n")
	return r
}

func (r *rig) write(path, text string) {
	r.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) git(dir string, args ...string) string {
	r.Helper()
	c := command.Change("git", append([]string{"-C", dir}, args...)...)
	out, err := r.door.Text(r.Context(), c).String()
	if err != nil {
		r.Fatal(err)
	}
	return strings.TrimSuffix(out, "\n")
}

// push is a commit by somebody else.
func (r *rig) push(name, text string) {
	r.Helper()
	r.write(filepath.Join(r.seed, name), text)
	r.git(r.seed, "add", "-A")
	r.git(r.seed, "commit", "-q", "-m", name)
	r.git(r.seed, "push", "-q", "origin", "HEAD")
}

// branch makes a branch of the remote.
func (r *rig) branch(name string) {
	r.Helper()
	r.git(r.seed, "switch", "-q", "-c", name)
	r.push(name+".txt", name)
	r.git(r.seed, "switch", "-q", "main")
}

func (r *rig) options() checkout.Options {
	return checkout.Options{Dir: r.copy, URL: r.remote, Run: "run1"}
}

func (r *rig) update(o checkout.Options) checkout.Change {
	r.Helper()
	c, err := checkout.Update(r.Context(), r.door, o)
	if err != nil {
		r.Fatalf("%v (%s)", err, fault.Hint(err))
	}
	return c
}

func (r *rig) cloned() *rig {
	r.Helper()
	if c := r.update(r.options()); c.Did != checkout.Cloned {
		r.Fatalf("change = %+v", c)
	}
	return r
}

func (r *rig) look() checkout.State {
	r.Helper()
	s, err := checkout.Look(r.Context(), command.NewDoor(commandtest.ReadOnly(r, r.local)), r.copy)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// all is everything that could be lost: every ref, the index, and every file.
func (r *rig) all() string {
	r.Helper()
	var b strings.Builder
	fmt.Fprintln(&b, r.git(r.copy, "symbolic-ref", "-q", "HEAD"), r.git(r.copy, "for-each-ref", "refs/heads", "refs/stash", "refs/tags"), r.git(r.copy, "ls-files", "-s"))
	err := filepath.WalkDir(r.copy, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if e != nil && e.Name() == ".git" {
				return filepath.SkipDir
			}
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintln(&b, path, string(text))
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	return b.String()
}

// failing is a git that makes half a copy and then fails.
type failing struct {
	command.Transport
	said string
}

func (f failing) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if c.Changes && c.Program == "git" {
		c.Program, c.Args = "sh", []string{"-c", `mkdir -p "$1/.git"; echo "$2" >&2; exit 128`, "git", c.Args[len(c.Args)-1], f.said}
	}
	return f.Transport.Start(ctx, c, stdout)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
