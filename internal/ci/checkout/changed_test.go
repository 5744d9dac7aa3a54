package checkout_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
)

func TestChangedFilesAreThoseSinceTheBranchLeftAndThoseNotCommitted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.push("ui/old.js", "some lines\nof a file\nthat is renamed\n")
	r.push("api/a.py", "x")
	r.cloned()
	door := command.NewDoor(commandtest.ReadOnly(t, r.local))
	ask := func(dir, base string, want ...string) {
		t.Helper()
		got, err := checkout.ChangedFiles(t.Context(), door, r.copy+dir, base)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s since %q: %q, %v, want %q", dir, base, got, err, want)
		}
	}
	ask("", "origin/main")
	r.git(r.copy, "switch", "-q", "-c", "topic")
	r.git(r.copy, "mv", "ui/old.js", "ui/new ñ.js")
	r.git(r.copy, "commit", "-q", "-m", "mine")
	r.push("theirs.txt", "not ours")
	r.git(r.copy, "fetch", "-q")
	r.write(r.copy+"/api/a.py", "changed")
	r.write(r.copy+"/staged.txt", "staged and taken back")
	r.git(r.copy, "add", "staged.txt")
	r.git(r.copy, "rm", "-q", "a.txt")
	r.write(r.copy+"/ui/unknown\n.js", "")
	r.write(r.copy+"/.git/info/exclude", "node_modules\n")
	r.write(r.copy+"/node_modules/x", "")
	ask("", "origin/main", "a.txt", "api/a.py", "staged.txt", "ui/new ñ.js", "ui/old.js", "ui/unknown\n.js")
	ask("", "", "a.txt", "api/a.py", "staged.txt", "ui/unknown\n.js")
	ask("/ui", "main", "new ñ.js", "old.js", "unknown\n.js")
}

func TestABaseThatIsNotHereIsExplained(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.push("b.txt", "two")
	o := r.options()
	o.URL, o.Depth = "file://"+r.remote, 1
	r.update(o)
	r.git(r.copy, "switch", "-q", "--orphan", "apart")
	r.git(r.copy, "commit", "-q", "--allow-empty", "-m", "apart")
	for base, want := range map[string]string{"devlop": "git branch -a", "--all": "git branch -a", "main": "git fetch --unshallow"} {
		_, err := checkout.ChangedFiles(t.Context(), r.door, r.copy, base)
		if fault.Code(err) != fault.Usage || !strings.Contains(fault.Hint(err), want) {
			t.Errorf("%s: %v, hint %q", base, err, fault.Hint(err))
		}
	}
}

func TestBeforeTheFirstCommitEverythingIsChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.git(r.seed, "init", "-q", r.copy)
	r.write(r.copy+"/x", "")
	r.write(r.copy+"/y", "")
	r.git(r.copy, "add", "y")
	got, err := checkout.ChangedFiles(t.Context(), r.door, r.copy, "")
	if err != nil || strings.Join(got, " ") != "x y" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := checkout.ChangedFiles(t.Context(), r.door, t.TempDir(), ""); fault.Code(err) != fault.Usage {
		t.Errorf("no copy: %v", err)
	}
}
