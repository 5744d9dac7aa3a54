package checkout_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/fault"
)

func TestTheStateOfACopyIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t).cloned()
	r.push("b.txt", "two")
	r.git(r.copy, "fetch", "-q")
	r.write(r.copy+"/c.txt", "mine")
	r.git(r.copy, "add", ".")
	r.git(r.copy, "commit", "-q", "-m", "mine")
	r.write(r.copy+"/a.txt", "put aside")
	r.git(r.copy, "stash", "-q")
	r.write(r.copy+"/a.txt", "changed")
	r.git(r.copy, "mv", "c.txt", "new\nname")
	r.write(r.copy+"/ñ untracked", "")
	r.write(r.copy+"/.gitignore", "ignored\n")
	r.write(r.copy+"/ignored", "")
	s := r.look()
	got := fmt.Sprintf("%s %s +%d -%d staged %q changed %q untracked %q stashes %d clean %t", s.Branch, s.Upstream, s.Ahead, s.Behind, s.Staged, s.Changed, s.Untracked, s.Stashes, s.Clean())
	if want := `main origin/main +1 -1 staged ["new\nname"] changed ["a.txt"] untracked [".gitignore" "ñ untracked"] stashes 1 clean false`; got != want || s.URL != r.remote {
		t.Errorf("state\n%s, want\n%s (%s)", got, want, s.URL)
	}
}

func TestSubmodulesSparseCopiesAndPointersOfLFSAreTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write(r.seed+"/.gitattributes", "*.bin filter=lfs\n")
	r.write(r.seed+"/.gitmodules", "[submodule \"x\"]\npath = sub/x\nurl = ../x\n[submodule \"evil\"]\npath = ../../evil\nurl = ext::sh -c id\n")
	r.write(r.seed+"/real.bin", "content")
	r.push("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
	r.cloned()
	r.git(r.copy, "sparse-checkout", "set", "--no-cone", "/*")
	s := r.look()
	if got := fmt.Sprintf("%q %q %t", s.Bare, s.Pointers, s.Sparse); got != `["sub/x"] ["big.bin"] true` {
		t.Errorf("state %s", got)
	}
}

func TestWhatIsNoWorkingCopyIsSaidSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, dir := range []string{t.TempDir(), r.remote, "/nowhere"} {
		if _, err := checkout.Look(t.Context(), r.door, dir); !errors.Is(err, checkout.ErrNone) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	r.cloned()
	r.write(r.copy+"/sub/x", "")
	o := r.options()
	o.Dir = r.copy + "/sub"
	if _, err := checkout.Update(t.Context(), r.door, o); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "a part of the repository") {
		t.Errorf("a part: %v", err)
	}
}

func TestASubmoduleThatPointsIntoThisMachineIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.git(r.seed, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", r.remote, "sub")
	r.push("b.txt", "two")
	o := r.options()
	o.Submodules = true
	if _, err := checkout.Update(t.Context(), r.door, o); fault.Code(err) != fault.Invalid || !strings.Contains(fault.Hint(err), ".gitmodules") {
		t.Errorf("%v, hint %q", err, fault.Hint(err))
	}
	o.Submodules = false
	r.update(o)
	if s := r.look(); len(s.Bare) != 1 || !s.Clean() {
		t.Errorf("state %+v", s)
	}
}

func FuzzTheStatusIsReadOrRefused(f *testing.F) {
	f.Add("# branch.oid 1234\x00# branch.head main\x00# branch.ab +1 -2\x001 .M N... 1 2 3 4 5 a b\x002 R. N... 1 2 3 4 5 R100 new\x00old\x00? x\x00u UU N... 1 2 3 4 5 6 7 c\x00")
	f.Add("2 R. N... 1 2 3 4 5 R100 new")
	f.Fuzz(func(t *testing.T, out string) {
		s, err := checkout.ParseStatus(out)
		if err != nil && (s.Head != "" || !s.Clean()) {
			t.Fatalf("%v, and still %+v", err, s)
		}
		if len(s.Staged)+len(s.Changed)+len(s.Conflicts)+len(s.Untracked) > 2*strings.Count(out, "\x00")+2 {
			t.Fatalf("more paths than there are: %+v", s)
		}
	})
}
