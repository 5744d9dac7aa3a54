package venv_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/fault"
)

// moved makes what a move leaves: an environment with token 1 in place of one
// that was not made here. said tells them apart.
func (r *rig) moved(name string) venv.Moved {
	r.t.Helper()
	env := r.bare(name)
	r.mark(env.Dir, "1")
	before := r.bare(name + ".before")
	kept := filepath.Join(r.dir, "."+name+".old-"+before.Version+"-20260301T120000.000Z")
	must(r.t, os.Rename(before.Dir, kept))
	all, err := venv.Kept(env.Dir)
	must(r.t, err)
	if len(all) != 1 || all[0].Old != kept {
		r.t.Fatalf("kept: %+v", all)
	}
	return all[0]
}

func (r *rig) mark(dir, token string) {
	r.t.Helper()
	must(r.t, os.WriteFile(filepath.Join(dir, venv.MarkFile), []byte("# iact-infra, token "+token+"\n"), 0o644))
}

// marked says whether the environment in dir was made by a move.
func marked(t *testing.T, dir string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, "bin", "python"))
	must(t, err)
	_, err = os.Stat(filepath.Join(dir, venv.MarkFile))
	return err == nil
}

func TestBackIsDoneOnceHoweverOftenItIsAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	moved := r.moved("venv")
	for range 2 {
		must(t, r.Back(t.Context(), moved))
		if marked(t, moved.Dir) || !marked(t, moved.Old) {
			t.Error("the old one is not in use")
		}
	}
	all, err := venv.Kept(moved.Dir)
	must(t, err)
	if len(all) != 1 || all[0].Token != "" || all[0].Before != "1" {
		t.Errorf("kept: %+v", all)
	}
	must(t, r.Back(t.Context(), all[0]))
	if !marked(t, moved.Dir) {
		t.Error("forward again: the new one is not in use")
	}
}

func TestBackRefusesWhatWasMovedAgainOrIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	moved := r.moved("venv")
	r.mark(moved.Dir, "2")
	err := r.Back(t.Context(), moved)
	if err == nil || !strings.Contains(err.Error(), "moved again") || fault.Code(err) != fault.Missing {
		t.Errorf("got %v", err)
	}
	must(t, r.Remove(moved))
	err = r.Back(t.Context(), moved)
	if err == nil || !strings.Contains(err.Error(), "is gone") || !marked(t, moved.Dir) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyWhatIsKeptIsRemoved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	moved := r.moved("venv")
	other := r.moved("venv2")
	wrong := moved
	for _, old := range []string{moved.Dir, other.Old, r.dir, ""} {
		wrong.Old = old
		if err := r.Remove(wrong); fault.Code(err) != fault.Usage {
			t.Errorf("remove %q: %v", old, err)
		}
	}
	must(t, r.Remove(moved))
	if got, want := r.names(), []string{filepath.Base(other.Old), "venv", "venv2"}; !slices.Equal(got, want) {
		t.Errorf("left: %q, want %q", got, want)
	}
}

func TestTheNewestKeptComesFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.moved("venv")
	later := filepath.Join(r.dir, ".venv.old-3.9.1-20260302T120000.000Z")
	must(t, os.Rename(r.bare("second").Dir, later))
	all, err := venv.Kept(first.Dir)
	must(t, err)
	if len(all) != 2 || all[0].Old != later || all[1].Old != first.Old {
		t.Errorf("kept: %+v", all)
	}
}

func TestWithoutAnExchangeThreeRenamesDoIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	moved := r.moved("venv")
	renames := 0
	r.WithoutExchange(func() { renames++ })
	must(t, r.Back(t.Context(), moved))
	if marked(t, moved.Dir) || !marked(t, moved.Old) || renames != 3 {
		t.Errorf("after %d renames: %q", renames, r.names())
	}
}
