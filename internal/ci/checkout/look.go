// Package checkout brings a working copy of a git repository up to date and never
// loses what somebody has in it.
//
// A copy is looked at first, by git's plumbing. It then goes forward by
// fast-forward alone, and to another branch only when it is clean. What is in the
// way is named, with what to type; nothing is stashed, reset or removed to get it
// out of the way. A new copy is made beside its place and moved there when it is
// whole. Each change keeps the commit before under refs/iact/, and Back returns to
// it for as long as nothing was done since.
package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// State is a working copy as it is. Paths are as git has them, from its top.
type State struct {
	Dir      string // its top
	URL      string // of the remote, without secrets; "" without one
	Branch   string // "" when Detached
	Head     string // "" when Unborn
	Upstream string
	Ahead    int
	Behind   int
	Gone     bool // the upstream is no longer there
	Detached bool
	Unborn   bool // there is no commit yet

	Staged, Changed, Conflicts, Untracked []string
	Stashes                               int

	Doing   string // merge, rebase, am, cherry-pick, revert or bisect, begun and not ended
	Lock    string // a lock file of the index
	Shallow bool
	Sparse  bool
	// Submodules that are declared and not there.
	Bare []string
	// Pointers are files that git-lfs should have replaced by their content.
	Pointers []string
	// LFS says whether git-lfs is installed; it is asked only for a copy that uses it.
	LFS bool

	url string // with secrets
}

// Clean says that all that git knows is committed. Files it does not know do not count.
func (s State) Clean() bool { return len(s.Staged)+len(s.Changed)+len(s.Conflicts) == 0 }

// ErrNone says that a directory is no working copy of git.
const ErrNone = command.Sentinel("it is no working copy of git")

// Look tells the state of the working copy at dir. It only reads.
func Look(ctx context.Context, door *command.Door, dir string) (State, error) {
	r := repo{door, dir}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return State{}, fmt.Errorf("look at %s: %w", dir, ErrNone)
	}
	answer, err := r.ask(ctx, "rev-parse", "--show-toplevel", "--absolute-git-dir", "--is-shallow-repository")
	if err != nil {
		var failed *command.Error
		if errors.As(err, &failed) && (strings.Contains(failed.Stderr, "not a git repository") || strings.Contains(failed.Stderr, "must be run in a work tree")) {
			return State{}, fault.New(fault.Usage, "name the directory of a working copy, or one that is not there yet", fmt.Errorf("look at %s: %w", dir, ErrNone))
		}
		return State{}, explained("look at "+dir, dir, err)
	}
	lines := strings.Split(answer, "\n")
	if len(lines) != 3 {
		return State{}, fmt.Errorf("look at %s: git answered %q", dir, answer)
	}
	out, err := r.door.Text(ctx, git(command.Read, dir, "status", "--porcelain=v2", "-z", "--branch", "--show-stash", "--untracked-files=normal", "--ignore-submodules=none")).String()
	if err != nil {
		return State{}, explained("look at "+dir, dir, err)
	}
	s, err := parseStatus(out)
	if err != nil {
		return State{}, err
	}
	s.Dir, s.Shallow = lines[0], lines[2] == "true"
	s.Doing, s.Lock = doing(lines[1])
	return s, r.more(ctx, &s)
}

// doing tells what was begun and not ended, by the files that git keeps for it.
func doing(gitDir string) (what, lock string) {
	there := func(name string) bool { _, err := os.Lstat(filepath.Join(gitDir, name)); return err == nil }
	for _, sign := range [][2]string{{"rebase-merge", "rebase"}, {"rebase-apply/applying", "am"}, {"rebase-apply", "rebase"}, {"MERGE_HEAD", "merge"}, {"CHERRY_PICK_HEAD", "cherry-pick"}, {"REVERT_HEAD", "revert"}, {"BISECT_LOG", "bisect"}} {
		if there(sign[0]) {
			what = sign[1]
			break
		}
	}
	if there("index.lock") {
		lock = filepath.Join(gitDir, "index.lock")
	}
	return what, lock
}

// more asks for what only some copies have.
func (r repo) more(ctx context.Context, s *State) error {
	r.dir = s.Dir
	remote := "origin"
	if name, _, has := strings.Cut(s.Upstream, "/"); has && r.does(ctx, "config", "--get", "remote."+name+".url") {
		remote = name
	}
	s.url, _ = r.ask(ctx, "config", "--get", "remote."+remote+".url")
	s.URL = Mask(s.url)
	sparse, _ := r.ask(ctx, "config", "--type=bool", "--get", "core.sparseCheckout")
	s.Sparse = sparse == "true"
	if _, err := os.Stat(filepath.Join(s.Dir, ".gitmodules")); err == nil {
		paths, _ := r.list(ctx, "config", "--file", ".gitmodules", "-z", "--get-regexp", `^submodule\..*\.path$`)
		for _, one := range paths {
			_, path, _ := strings.Cut(one, "\n")
			if !filepath.IsLocal(path) {
				continue // hostile; git does not follow it either
			}
			if _, err := os.Stat(filepath.Join(s.Dir, path, ".git")); errors.Is(err, fs.ErrNotExist) {
				s.Bare = append(s.Bare, path)
			}
		}
	}
	attributes, err := os.ReadFile(filepath.Join(s.Dir, ".gitattributes"))
	if err != nil || !bytes.Contains(attributes, []byte("filter=lfs")) {
		return nil //nolint:nilerr // a copy without attributes uses no LFS
	}
	_, err = r.door.Look(ctx, "git-lfs")
	s.LFS = err == nil
	files, err := r.list(ctx, "ls-files", "-z", "--", ":(attr:filter=lfs)")
	if err != nil {
		return explained("list the files of git-lfs", s.Dir, err)
	}
	for _, name := range files {
		if filepath.IsLocal(name) && pointer(filepath.Join(s.Dir, name)) {
			s.Pointers = append(s.Pointers, name)
		}
	}
	return nil
}

// pointer says whether a file is what git-lfs has instead of its content.
func pointer(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 1024 {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const begin = "version https://git-lfs.github.com/spec/"
	head := make([]byte, len(begin))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == begin
}
