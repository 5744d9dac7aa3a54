package devcontainer_test

import (
	"context"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/devcontainer"
)

func TestACloneIsMadeAndFollowsItsRepository(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if c := r.looked(); !c.Absent || c.Dir != r.clone() {
		t.Fatalf("before: %+v", c)
	}
	r.made("run")
	c := r.looked()
	if c.Absent || c.Behind || c.Left != "" || c.Branch != "main" || c.Commit != r.git(r.work, "rev-parse", "HEAD") {
		t.Errorf("cloned: %+v", c)
	}
	r.push("second")
	if c = r.looked(); !c.Behind || c.Left != "" {
		t.Errorf("the repository went on: %+v", c)
	}
	must(t, r.Update(t.Context(), c))
	if c = r.looked(); c.Behind || c.Commit != r.git(r.work, "rev-parse", "HEAD") {
		t.Errorf("updated: %+v", c)
	}
	if left, err := r.Remove(t.Context(), "run"); err != nil || left != "" || r.beside() != "IACT.git work" {
		t.Errorf("removed: %q, %v, beside %s", left, err, r.beside())
	}
}

func TestWhatAPersonHasInAClone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(r *rig)
		want string
	}{
		"a changed file":        {func(r *rig) { r.put("IACT/.gitignore", "x") }, "changed or new: M .gitignore"},
		"a new file":            {func(r *rig) { r.put("IACT/notes.txt", "x") }, "changed or new: ?? notes.txt"},
		"a commit":              {func(r *rig) { r.git(r.clone(), "commit", "--quiet", "--allow-empty", "--message", "mine") }, "commits of main that are only here: 1"},
		"no branch":             {func(r *rig) { r.git(r.clone(), "checkout", "--quiet", "--detach") }, "no branch is checked out"},
		"an old commit":         {func(r *rig) { r.git(r.clone(), "checkout", "--quiet", "v0") }, "no branch is checked out"},
		"a bisection":           {func(r *rig) { r.git(r.clone(), "bisect", "start") }, "BISECT_LOG in .git: something is under way"},
		"another git at work":   {func(r *rig) { r.put("IACT/.git/index.lock", "") }, "index.lock in .git: something is under way"},
		"a branch of one's own": {func(r *rig) { r.git(r.clone(), "checkout", "--quiet", "-b", "mine") }, "the branch mine follows none of the repository"},
		"another branch":        {func(r *rig) { r.git(r.clone(), "checkout", "--quiet", "other"); r.Ref = "main" }, "other is checked out, and not main"},
		"a branch that is gone": {func(r *rig) {
			r.git(r.clone(), "checkout", "--quiet", "other")
			r.git(r.Repository, "branch", "-D", "other")
		}, "the repository has no branch other any more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.push("another")
			r.git(r.Repository, "tag", "v0", "v1")
			r.made("run")
			c.do(r)
			r.push("newer")
			if got := r.looked(); got.Left != c.want || got.Behind != false {
				t.Errorf("got %+v, want %q", got, c.want)
			}
		})
	}
}

func TestARepositoryThatIsNotReachedLeavesTheCloneUsable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.made("run")
	must(t, os.Rename(r.Repository, r.Repository+".away"))
	if c := r.looked(); c.Unasked == "" || c.Left != "" || c.Behind {
		t.Errorf("got %+v", c)
	}
}

func TestAHistoryThatWasWrittenAnewIsNotFollowed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.push("second")
	r.made("run")
	before := r.looked()
	r.git(r.work, "commit", "--quiet", "--amend", "--allow-empty", "--message", "another second")
	r.git(r.work, "push", "--quiet", "--force", r.Repository, "HEAD:main")
	if err := r.Update(t.Context(), r.looked()); err == nil {
		t.Error("it was updated")
	}
	if c := r.looked(); c.Commit != before.Commit || c.Left != "commits of main that are only here: 1" {
		t.Errorf("got %+v", c)
	}
}

func TestABranchATagOrACommitIsCheckedOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.git(r.work, "rev-parse", "HEAD")
	r.push("second")
	for ref, want := range map[string]string{"": "main", "main": "main", "other": "other", "v1": "", first: "", first[:12]: ""} {
		r.Ref, r.Dir = ref, "~/at-"+ref
		r.made("run")
		if c := r.looked(); c.Branch != want || c.Left != "" || c.Behind || (want != "main") != (c.Commit == first) {
			t.Errorf("%q: %+v", ref, c)
		}
	}
	r.Ref, r.Dir = "release", "~/none"
	err := r.Make(t.Context(), "run")
	if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "no branch, tag or commit release; its branches are main other") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(r.beside(), "none") {
		t.Errorf("left is %s", r.beside())
	}
}

func TestSomethingElseInThePlaceOfTheCloneIsRefusedAndStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put("IACT/thesis.txt", "mine")
	if _, err := r.Look(t.Context(), true); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "no clone of") {
		t.Errorf("a directory: %v", err)
	}
	r.git(r.clone(), "init", "--quiet")
	r.git(r.clone(), "remote", "add", "origin", "https://ana:hunter2@example.org/other.git")
	_, err := r.Look(t.Context(), true)
	if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "a clone of https://example.org/other.git") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("another clone: %v", err)
	}
	if err := r.Make(t.Context(), "run"); err == nil || !strings.Contains(err.Error(), "has appeared meanwhile") || strings.Contains(r.beside(), "iact-new") {
		t.Errorf("cloned over it: %v, %s", err, r.beside())
	}
	if text, err := os.ReadFile(filepath.Join(r.clone(), "thesis.txt")); err != nil || string(text) != "mine" {
		t.Errorf("it holds %q, %v", text, err)
	}
}

func TestALoginInTheAddressOfACloneIsNeverShown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.made("run")
	r.git(r.clone(), "remote", "set-url", "origin", "http://ana:hunter2@127.0.0.1:1/IACT.git")
	var shown []string
	r.Door = command.NewDoor(command.Local(), command.Observe(func(e command.Event) { shown = append(shown, e.Command, e.Stderr) }))
	r.Repository = "http://127.0.0.1:1/IACT.git"
	c := r.looked()
	if all := strings.Join(append(shown, c.Unasked), "\n"); c.Unasked == "" || strings.Contains(all, "hunter2") {
		t.Errorf("got %+v, shown was\n%s", c, all)
	}
}

// TestACloneThatIsCutOffLeavesNothingHalf clones from a server that takes the
// connection and says nothing.
func TestACloneThatIsCutOffLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	good := r.Repository
	r.Repository = "git://" + silent.Addr().String() + "/IACT.git"
	ctx, cut := context.WithCancel(t.Context())
	go func() {
		if conn, err := silent.Accept(); err == nil {
			defer conn.Close()
			cut()
			<-t.Context().Done()
		}
	}()
	if err := r.Make(ctx, "run"); err == nil || ctx.Err() == nil {
		t.Fatalf("got %v", err)
	}
	if left := r.beside(); left != "IACT.git work" {
		t.Errorf("left are %s", left)
	}
	// What a kill leaves, which cannot clean up.
	r.put(".IACT.iact-new/.git/HEAD", "half")
	r.Repository = good
	r.made("run")
	if c := r.looked(); c.Absent || r.beside() != "IACT IACT.git work" {
		t.Errorf("got %+v, %s", c, r.beside())
	}
}

func TestTheUndoLeavesWhatSomebodyHasPutIntoAClone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(r *rig)
		want string
	}{
		"a new file":      {func(r *rig) { r.put("IACT/notes.txt", "x") }, "changed or new: ?? notes.txt"},
		"an ignored file": {func(r *rig) { r.put("IACT/.env", "x") }, "changed or new: !! .env"},
		"a commit":        {func(r *rig) { r.git(r.clone(), "commit", "--quiet", "--allow-empty", "--message", "mine") }, "commits, branches or settings"},
		"a branch":        {func(r *rig) { r.git(r.clone(), "branch", "mine") }, "commits, branches or settings"},
		"a setting":       {func(r *rig) { r.git(r.clone(), "config", "user.name", "ana") }, "commits, branches or settings"},
		"a hook":          {func(r *rig) { r.put("IACT/.git/hooks/pre-commit", "#!/bin/sh\n") }, "commits, branches or settings"},
		"a stash": {func(r *rig) {
			r.put("IACT/.gitignore", "x")
			r.git(r.clone(), "stash")
		}, "commits, branches or settings"},
		"another run's clone": {func(r *rig) { r.put("IACT/.git/iact-clone", "another\nsum\n") }, "not the clone that this run has made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.made("run")
			c.do(r)
			left, err := r.Remove(t.Context(), "run")
			if err != nil || !strings.Contains(left, c.want) {
				t.Errorf("got %q, %v", left, err)
			}
			if _, err := os.Stat(filepath.Join(r.clone(), ".devcontainer.json")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnUndoWithoutACloneRemovesWhatAKillHasLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(".IACT.iact-new/.git/HEAD", "half")
	r.put(".IACT.iact-old/file", "half removed")
	for range 2 {
		if left, err := r.Remove(t.Context(), "run"); err != nil || left != "" || r.beside() != "IACT.git work" {
			t.Errorf("got %q, %v, %s", left, err, r.beside())
		}
	}
}

// TestGitRunsAsTheUserWhoseCloneItIs has root work on the tree of another user,
// which git refuses when it is asked as root.
func TestGitRunsAsTheUserWhoseCloneItIs(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	must(t, err)
	if r := newRig(t); me.Uid == "0" {
		must(t, os.Chmod(filepath.Dir(r.home), 0o755))
		must(t, os.MkdirAll(filepath.Join(r.home, "of-nobody"), 0o755))
		_, err := r.Door.Text(t.Context(), command.Change("chown", "nobody", filepath.Join(r.home, "of-nobody"))).String()
		must(t, err)
		r.As, r.Dir, r.Env = "nobody", filepath.Join(r.home, "of-nobody/IACT"), []string{"HOME=" + filepath.Join(r.home, "of-nobody")}
		// git asks whose the repository is, too, when it is a directory
		r.git(r.home, "clone", "--quiet", "--bare", r.Repository, filepath.Join(r.home, "of-nobody/IACT.git"))
		_, err = r.Door.Text(t.Context(), command.Change("chown", "-R", "nobody", filepath.Join(r.home, "of-nobody"))).String()
		must(t, err)
		r.Repository = filepath.Join(r.home, "of-nobody/IACT.git")
		r.made("run")
		if c := r.looked(); c.Branch != "main" || c.Unasked != "" {
			t.Errorf("got %+v", c)
		}
		r.As = ""
		if _, err := r.Look(t.Context(), true); err == nil || !strings.Contains(err.Error(), "dubious ownership") {
			t.Errorf("as root: %v", err)
		}
	}
}

func TestTheWaysToWriteAnAddressAreOne(t *testing.T) {
	t.Parallel()
	for _, group := range [][]string{
		{
			"https://github.com/2-Coatl/IACT.git", "https://github.com/2-Coatl/IACT", "https://GitHub.com/2-Coatl/IACT/", "git@github.com:2-Coatl/IACT.git",
			"ssh://git@github.com/2-Coatl/IACT.git", "ssh://git@github.com:22/2-Coatl/IACT", "https://ana:secret@github.com/2-Coatl/IACT.git", "github.com:2-Coatl/IACT",
		},
		{"https://github.com/jcg-admin/IACT.git"},
		{"https://example.org/2-Coatl/IACT.git"},
		{"https://example.org:8443/2-Coatl/IACT.git"},
		{"/srv/git/IACT.git", "file:///srv/git/IACT", "/srv/git/IACT/"},
		{"../IACT.git"},
	} {
		for _, a := range group {
			if !devcontainer.Same(a, group[0]) {
				t.Errorf("%s is not %s", a, group[0])
			}
			if group[0] != "../IACT.git" && devcontainer.Same(a, "../IACT.git") {
				t.Errorf("%s is ../IACT.git", a)
			}
		}
	}
	if devcontainer.Same("https://github.com/jcg-admin/IACT", "https://github.com/2-Coatl/IACT") || devcontainer.Same("https://example.org:8443/a", "https://example.org/a") {
		t.Error("two repositories are one")
	}
}
