package checkout_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

func TestACopyGoesBackToTheCommitBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t).cloned()
	r.write(r.copy+"/mine.txt", "mine")
	was := r.all()
	r.push("b.txt", "two")
	r.push("a.txt", "changed")
	c := r.update(r.options())
	for range 2 {
		if err := checkout.Back(t.Context(), r.door, c); err != nil {
			t.Fatal(err)
		}
		if got := r.all(); got != was {
			t.Errorf("back is\n%s\nwant\n%s", got, was)
		}
	}
	if refs := r.git(r.copy, "for-each-ref", "refs/iact"); refs != "" {
		t.Errorf("left: %s", refs)
	}
}

func TestABranchThatWasSwitchedToAndBroughtForwardGoesBackAsWell(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.branch("develop")
	r.cloned()
	r.git(r.copy, "switch", "-q", "develop")
	r.git(r.copy, "switch", "-q", "main")
	was := r.all()
	r.git(r.seed, "switch", "-q", "develop")
	r.push("more.txt", "more")
	o := r.options()
	o.Branch = "develop"
	c := r.update(o)
	if c.Did != checkout.Switched || c.Commits != 1 || r.look().Head != c.After {
		t.Errorf("change %+v", c)
	}
	if err := checkout.Back(t.Context(), r.door, c); err != nil || r.all() != was {
		t.Errorf("%v\n%s\nwant\n%s", err, r.all(), was)
	}
}

func TestWhereSomethingWasDoneSinceACopyStays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(r *rig)
		want string
	}{
		"a commit":       {func(r *rig) { r.git(r.copy, "commit", "-q", "--allow-empty", "-m", "mine") }, "main is at"},
		"a change":       {func(r *rig) { r.write(r.copy+"/a.txt", "mine") }, "not committed: a.txt"},
		"a staged file":  {func(r *rig) { r.write(r.copy+"/n.txt", "mine"); r.git(r.copy, "add", "n.txt") }, "not committed: n.txt"},
		"another branch": {func(r *rig) { r.git(r.copy, "switch", "-q", "-c", "topic") }, "another branch is checked out: topic"},
	} {
		r := newRig(t).cloned()
		r.push("b.txt", "two")
		change := r.update(r.options())
		c.do(r)
		was := r.all()
		err := checkout.Back(t.Context(), r.door, change)
		if !errors.Is(err, checkout.ErrSince) || !strings.Contains(err.Error(), c.want) || r.all() != was {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACloneIsTakenAwayOnlyWhenNobodyHasUsedIt(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(r *rig){
		"a file":          func(r *rig) { r.write(r.copy+"/x", "") },
		"an ignored file": func(r *rig) { r.write(r.copy+"/.git/info/exclude", ".env\n"); r.write(r.copy+"/.env", "A=1") },
		"a commit":        func(r *rig) { r.git(r.copy, "commit", "-q", "--allow-empty", "-m", "mine") },
		"a branch":        func(r *rig) { r.git(r.copy, "branch", "topic") },
		"a change":        func(r *rig) { r.write(r.copy+"/a.txt", "mine") },
	} {
		r := newRig(t)
		c := r.update(r.options())
		do(r)
		was := r.all()
		if err := checkout.Back(t.Context(), r.door, c); !errors.Is(err, checkout.ErrSince) || r.all() != was {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := newRig(t)
	c := r.update(r.options())
	for range 2 {
		if err := checkout.Back(t.Context(), r.door, c); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(r.copy)); len(left) != 3 { // config, remote.git, seed
		t.Errorf("left: %v", left)
	}
}

// stopping fails every changing command from the nth on, as after a kill.
type stopping struct {
	command.Transport
	n *int
}

func (s stopping) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if c.Changes {
		if *s.n--; *s.n < 0 {
			if stdout != nil {
				stdout.Close()
			}
			return nil, errors.New("killed")
		}
	}
	return s.Transport.Start(ctx, c, stdout)
}

func TestSlowKilledBetweenAnyTwoCommandsBothWaysCanBeGoneOnWith(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"", "develop"} {
		for n := 0; n < 6; n += testbed.Stride(2) {
			r := newRig(t)
			r.branch("develop")
			r.cloned()
			r.git(r.copy, "switch", "-q", "develop")
			r.git(r.copy, "switch", "-q", "main")
			was := r.all()
			r.push("b.txt", "two")
			r.git(r.seed, "switch", "-q", "develop")
			r.push("c.txt", "three")
			// Killed on the way there: what was recorded leads back.
			var recorded checkout.Change
			o := r.options()
			o.Branch, o.Record = branch, func(c checkout.Change) error { recorded = c; return nil }
			left := n
			_, err := checkout.Update(t.Context(), command.NewDoor(stopping{r.local, &left}), o)
			killed := err != nil
			// Killed on the way back, and again.
			for m := 0; m < 6; m += testbed.Stride(2) {
				left := m
				if checkout.Back(t.Context(), command.NewDoor(stopping{r.local, &left}), recorded) == nil {
					break
				}
			}
			if err := checkout.Back(t.Context(), r.door, recorded); err != nil || r.all() != was {
				t.Errorf("branch %q, killed at %d (%t), %+v: %v\n%s\nwant\n%s", branch, n, killed, recorded, err, r.all(), was)
			}
			if c := r.update(o); r.look().Head != c.After {
				t.Errorf("branch %q, after %d: %+v", branch, n, c)
			}
			if !killed {
				break
			}
		}
	}
}
