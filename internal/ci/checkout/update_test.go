package checkout_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

func TestACopyIsClonedThenCurrentThenBroughtForward(t *testing.T) {
	t.Parallel()
	r := newRig(t).cloned()
	if c := r.update(r.options()); c.Did != checkout.Current || c.Branch != "main" {
		t.Errorf("twice: %+v", c)
	}
	before := r.look().Head
	r.push("b.txt", "two\n")
	r.push("c.txt", "three\n")
	r.write(filepath.Join(r.copy, "mine.txt"), "mine")
	c := r.update(r.options())
	s := r.look()
	if c.Did != checkout.Updated || c.Commits != 2 || c.FromHead != before || s.Head != c.After || len(s.Untracked) != 1 || s.Behind != 0 {
		t.Errorf("change %+v, state %+v", c, s)
	}
	if got := r.git(r.copy, "rev-parse", c.Ref); got != before || c.Ref != "refs/iact/before-run1" {
		t.Errorf("%s keeps %s, want %s", c.Ref, got, before)
	}
}

func TestABranchIsSwitchedToAndBackAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t).cloned()
	r.branch("develop")
	was := r.all()
	o := r.options()
	o.Branch = "develop"
	c := r.update(o)
	if s := r.look(); c.Did != checkout.Switched || s.Branch != "develop" || s.Upstream != "origin/develop" || c.Before != "" {
		t.Errorf("change %+v, state %+v", c, s)
	}
	for range 2 {
		if err := checkout.Back(t.Context(), r.door, c); err != nil {
			t.Fatal(err)
		}
		if got := r.all(); got != was {
			t.Errorf("back is\n%s\nwant\n%s", got, was)
		}
	}
}

func TestWhatWouldBeLostIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do         func(r *rig)
		branch     string
		code       int
		want, hint string
	}{
		"changed":            {func(r *rig) { r.write(r.copy+"/a.txt", "mine") }, "", fault.Failed, "not committed, changed: a.txt", "stash -u"},
		"staged":             {func(r *rig) { r.write(r.copy+"/new.txt", "mine"); r.git(r.copy, "add", "new.txt") }, "", fault.Failed, "staged: new.txt", "stash -u"},
		"changed, to switch": {func(r *rig) { r.write(r.copy+"/a.txt", "mine") }, "develop", fault.Failed, "switch to develop", "stash -u"},
		"diverged": {func(r *rig) {
			r.write(r.copy+"/d.txt", "mine")
			r.git(r.copy, "add", ".")
			r.git(r.copy, "commit", "-q", "-m", "mine")
		}, "", fault.Failed, "1 commits here and 1 there", "rebase origin/main"},
		"in the way":        {func(r *rig) { r.write(r.copy+"/b.txt", "mine") }, "", fault.Failed, "files that git does not know are in the way", "move them aside"},
		"locked":            {func(r *rig) { r.write(r.copy+"/.git/index.lock", "") }, "", fault.Locked, "index.lock is there", "rm "},
		"in a merge":        {func(r *rig) { r.write(r.copy+"/.git/MERGE_HEAD", r.git(r.copy, "rev-parse", "HEAD")) }, "", fault.Failed, "a merge was begun", "merge --continue or --abort"},
		"in a rebase":       {func(r *rig) { r.write(r.copy+"/.git/rebase-merge/done", "") }, "", fault.Failed, "a rebase was begun", "rebase --continue or --abort"},
		"a wrong branch":    {func(*rig) {}, "devel", fault.Usage, "none of that name", "the branches are develop, main"},
		"another remote":    {func(r *rig) { r.git(r.copy, "remote", "set-url", "origin", "https://me:hunter2@example.org/x.git") }, "", fault.Usage, "https://me:***@example.org", "set-url"},
		"no remote there":   {func(r *rig) { must(r.T, os.Rename(r.remote, r.remote+".away")) }, "", fault.Usage, "no such repository", "git ls-remote"},
		"an option as name": {func(*rig) {}, "--orphan", fault.Usage, "no name of one", "a name like"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.branch("develop")
			r.cloned()
			r.push("b.txt", "theirs")
			c.do(r)
			was := r.all()
			o := r.options()
			o.Branch = c.branch
			_, err := checkout.Update(t.Context(), r.door, o)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(fault.Hint(err), c.hint) || fault.Code(err) != c.code || strings.Contains(err.Error()+fault.Hint(err), "hunter2") {
				t.Errorf("err = %v\nhint %q, code %d", err, fault.Hint(err), fault.Code(err))
			}
			if r.all() != was {
				t.Error("something has changed")
			}
		})
	}
}

func TestLocalCommitsAndDirtyCopiesThatAreCurrentStayAsTheyAre(t *testing.T) {
	t.Parallel()
	r := newRig(t).cloned()
	r.write(r.copy+"/d.txt", "mine")
	r.git(r.copy, "add", ".")
	r.git(r.copy, "commit", "-q", "-m", "mine")
	r.write(r.copy+"/a.txt", "mine")
	was := r.all()
	if c := r.update(r.options()); c.Did != checkout.Current || r.all() != was {
		t.Errorf("change %+v", c)
	}
	r.git(r.copy, "commit", "-q", "-a", "-m", "more")
	r.git(r.copy, "switch", "-q", "-c", "topic") // nobody has seen it yet
	if c := r.update(r.options()); c.Did != checkout.Current || c.Branch != "topic" {
		t.Errorf("a branch of one's own: %+v", c)
	}
	r.git(r.copy, "switch", "-q", "--detach")
	if c := r.update(r.options()); c.Did != checkout.Current || !r.look().Detached {
		t.Errorf("as CI has it: %+v", c)
	}
}

func TestAShallowCopyGoesForward(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.push("b.txt", "two")
	o := r.options()
	o.URL, o.Depth = "file://"+r.remote, 1
	r.update(o)
	if s := r.look(); !s.Shallow || r.git(r.copy, "rev-list", "--count", "HEAD") != "1" {
		t.Errorf("state %+v", s)
	}
	r.push("c.txt", "three")
	if c := r.update(o); c.Did != checkout.Updated || c.Commits != 1 {
		t.Errorf("change %+v", c)
	}
}

func TestAWrongBranchLeavesNoHalfClone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.options()
	o.Branch = "man"
	_, err := checkout.Update(t.Context(), r.door, o)
	left, _ := os.ReadDir(filepath.Dir(r.copy))
	if fault.Code(err) != fault.Usage || fault.Hint(err) != "the branches are main" || len(left) != 3 { // config, remote.git, seed
		t.Errorf("err = %v, hint %q, left %v", err, fault.Hint(err), left)
	}
}

func TestWhatAKilledCloneLeftIsMadeAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	beside := filepath.Join(filepath.Dir(r.copy), ".copy.iact-clone")
	r.write(filepath.Join(beside, "tree", ".git", "HEAD"), "half")
	r.cloned()
	if _, err := os.Stat(beside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestAPlanSaysWhatItWouldDoAndDoesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var plan strings.Builder
	door := command.NewDoor(r.local, command.Planning(&plan))
	o := r.options()
	o.URL = "https://me:hunter2@example.org/x.git"
	if _, err := checkout.Update(t.Context(), door, o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.copy); !errors.Is(err, os.ErrNotExist) || !strings.Contains(plan.String(), "clone") || strings.Contains(plan.String(), "hunter2") {
		t.Errorf("plan %q, %v", plan.String(), err)
	}
	r.cloned()
	r.push("b.txt", "two")
	r.git(r.copy, "fetch", "-q")
	was := r.all()
	plan.Reset()
	if _, err := checkout.Update(t.Context(), door, r.options()); err != nil || r.all() != was || !strings.Contains(plan.String(), "merge --ff-only") {
		t.Errorf("%v, plan %q", err, plan.String())
	}
}

func TestAFullDiskOrAServerThatIsAwayIsExplained(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"fatal: write error: No space left on device":                                     "the disk is full",
		"fatal: unable to access 'https://x/': Could not resolve host: x":                 "the server cannot be reached",
		"fatal: could not read Username for 'https://x': terminal prompts disabled":       "does not let us in",
		"git-lfs filter-process: git-lfs: not found\nfatal: the remote end hung up":       "needs git-lfs",
		"fatal: transport 'file' not allowed\nfatal: clone of '/etc' into submodule path": "points into this machine",
	} {
		r := newRig(t)
		o := r.options()
		door := command.NewDoor(failing{r.local, said})
		_, err := checkout.Update(t.Context(), door, o)
		if err == nil || !strings.Contains(err.Error(), want) || fault.Hint(err) == "" {
			t.Errorf("%s: %v, hint %q", said, err, fault.Hint(err))
		}
		if _, err := os.Stat(r.copy); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: half a copy is there", said)
		}
	}
}

func TestOnlyTheNewestCommitsBeforeAreKept(t *testing.T) {
	t.Parallel()
	r := newRig(t).cloned()
	head := r.look().Head
	for n := range 25 {
		r.git(r.copy, "update-ref", fmt.Sprintf("refs/iact/before-a%02d", n), head)
	}
	r.push("b.txt", "two")
	r.update(r.options())
	if kept := strings.Fields(r.git(r.copy, "for-each-ref", "--format=%(refname)", "refs/iact")); len(kept) != 20 || kept[0] != "refs/iact/before-a06" || kept[19] != "refs/iact/before-run1" {
		t.Errorf("kept: %v", kept)
	}
}

func TestAServerThatIsReachedBySSHIsNeverAskedAtTheTerminal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.git(r.seed, "clone", "-q", r.remote, r.copy)
	r.git(r.copy, "remote", "set-url", "origin", "git@example.org:x/y.git")
	var plan strings.Builder
	o := r.options()
	o.URL = "https://example.org/x/y" // the same place
	if _, err := checkout.Update(t.Context(), command.NewDoor(r.local, command.Planning(&plan)), o); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan.String(), "GIT_SSH_COMMAND='ssh -oBatchMode=yes'") {
		t.Errorf("plan: %s", plan.String())
	}
}
