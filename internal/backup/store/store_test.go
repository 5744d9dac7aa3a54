package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

func TestWhatMayBecomeAStoreAndWhatMayNot(t *testing.T) {
	t.Parallel()
	const fine = -1
	for name, test := range map[string]struct {
		make func(dir string) error
		code int
		want string // in the error
	}{
		"nothing there yet":  {func(string) error { return nil }, fine, ""},
		"an empty directory": {func(dir string) error { return os.Mkdir(dir, 0o700) }, fine, ""},
		"a directory that everybody may read": {func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777))
		}, fine, ""},
		"what git keeps of an empty directory": {func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, ".gitignore"), nil, 0o600), os.WriteFile(filepath.Join(dir, ".gitkeep"), nil, 0o600))
		}, fine, ""},
		"a store whose making was interrupted": {func(dir string) error { return os.MkdirAll(filepath.Join(dir, ".git/objects"), 0o700) }, fine, ""},
		"a symbolic link to an empty directory": {func(dir string) error {
			return errors.Join(os.Mkdir(dir+".there", 0o700), os.Symlink(dir+".there", dir))
		}, fine, ""},
		"a symbolic link to nothing": {func(dir string) error { return os.Symlink("nowhere", dir) }, fault.Missing, ""},
		"a file":                     {func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, fault.Usage, "not a directory"},
		"a directory below a file": {func(dir string) error {
			return os.WriteFile(filepath.Dir(dir), nil, 0o600)
		}, fault.Missing, "not a directory"},
		"a directory with other things": {func(dir string) error { return os.MkdirAll(filepath.Join(dir, "photos"), 0o700) }, fault.Usage, "photos"},
		"a git repository": {func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, ".git/objects"), 0o700), os.WriteFile(filepath.Join(dir, ".git/HEAD"), []byte("ref: refs/heads/main\n"), 0o600),
				os.WriteFile(filepath.Join(dir, ".git/config"), nil, 0o600), os.WriteFile(filepath.Join(dir, "main.go"), nil, 0o600))
		}, fault.Usage, "main.go"},
	} {
		dir := filepath.Join(t.TempDir(), "project", "sets")
		if name != "a directory below a file" {
			if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := test.make(dir); err != nil {
			t.Fatal(err)
		}
		s := store.New(dir, disk.New(nil))
		err := s.Prepare()
		if test.code == fine {
			info, statErr := os.Stat(dir)
			if err != nil || statErr != nil || info.Mode().Perm() != 0o700 || !s.Exists() {
				t.Errorf("%s: %v; mode %v (%v), want a store with mode 0700", name, err, info, statErr)
			} else if err := errors.Join(s.Check(), s.Prepare(), seal(s, 1), s.Check(), s.Prepare()); err != nil {
				t.Errorf("%s: the second time: %v", name, err)
			}
		} else if err == nil || fault.Code(err) != test.code || fault.Hint(err) == "" || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v (code %d, hint %q), want code %d, a hint and %q", name, err, fault.Code(err), fault.Hint(err), test.code, test.want)
		}
	}
}

// TestAStoreOfSomebodyElseIsRefused before anything in it is touched. Root
// gives a directory away; anybody else finds one of root's.
func TestAStoreOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	dir := "/"
	if os.Geteuid() == 0 {
		dir = t.TempDir()
		if err := errors.Join(os.Chown(dir, 54321, 54321), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	err := store.New(dir, disk.New(nil)).Prepare()
	if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "belongs to user") {
		t.Errorf("a store of another user: %v (code %d)", err, fault.Code(err))
	}
	if info, err := os.Stat(dir); err != nil || os.Geteuid() == 0 && info.Mode().Perm() != 0o777 {
		t.Errorf("it was changed: %v (%v)", info.Mode(), err)
	}
}

func TestLookingAtAStoreMakesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "sets")
	s := store.New(dir, disk.New(func(op disk.Op) error { t.Errorf("%s %s", op.Name, op.Path); return fs.ErrPermission }))
	free, err := s.Free()
	if err != nil || free <= 0 {
		t.Errorf("free space where nothing is yet: %d, %v", free, err)
	}
	listed, err := s.List()
	if err != nil || len(listed) != 0 || s.Exists() || s.Check() != nil {
		t.Errorf("a store that is not there: %v, %v", listed, err)
	}
	if _, err := s.Open("latest"); fault.Code(err) != fault.Missing {
		t.Errorf("the newest set of a store that is not there: %v", err)
	}
	if !gone(filepath.Dir(dir)) {
		t.Error("looking at a store made a directory")
	}
}

func TestGitCleanSparesTheSets(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		c := command.Change("git", args...)
		c.Dir, c.Env = project, []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}
		if err := command.NewDoor(command.Local()).Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	put(t, filepath.Join(project, ".gitignore"), "backups/sets/\nignored\n")
	put(t, filepath.Join(project, "ignored"), "goes")
	s := store.New(filepath.Join(project, "backups", "sets"), disk.New(nil))
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	mustSeal(t, s, 1)
	git("clean", "-xfdq")
	if !gone(filepath.Join(project, "ignored")) {
		t.Error("git clean did nothing")
	}
	listed, err := s.List()
	if err != nil || len(listed) != 1 || whole(listed[0]) != nil {
		t.Errorf("after git clean the store lists %v (%v)", listed, err)
	}
}

func TestPrepareFinishesWhatAnInterruptedRemovalLeft(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	mustSeal(t, s, 1)
	outside := t.TempDir()
	put(t, filepath.Join(outside, "kept"), "")
	half := filepath.Join(s.Dir(), ".deleting-"+id(2))
	put(t, filepath.Join(half, "db", "00000001.zst"), "x")
	if err := os.Symlink(outside, filepath.Join(half, "way")); err != nil {
		t.Fatal(err)
	}
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	listed, err := s.List()
	if !gone(half) || err != nil || len(listed) != 1 {
		t.Errorf("it is gone: %v; the store lists %v (%v)", gone(half), listed, err)
	}
	if gone(filepath.Join(outside, "kept")) {
		t.Error("what a symbolic link led to was removed")
	}
}

// TestAFullDiskNeverMakesHalfAStore fails each change of its making; the next
// run takes the rest for what it is.
func TestAFullDiskNeverMakesHalfAStore(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		dir, count := filepath.Join(t.TempDir(), "sets"), 0
		err := store.New(dir, disk.New(func(disk.Op) error {
			if count++; count == n {
				return unix.ENOSPC
			}
			return nil
		})).Prepare()
		s := store.New(dir, disk.New(nil))
		if again := errors.Join(s.Prepare(), s.Check(), seal(s, 1), s.Check()); again != nil {
			t.Errorf("change %d failed with %v, and then: %v", n, err, again)
		}
		if err == nil {
			if n < 5 {
				t.Errorf("a store is made by %d changes", n-1)
			}
			return
		}
	}
}

func TestTheStateOfASetIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	mustSeal(t, s, 1)
	set, err := s.Open("")
	if err != nil || set.State != nil {
		t.Fatalf("a new set: %v, state %v", err, set.State)
	}
	if err := s.SaveState(set, &manifest.State{Seconds: 1, Sources: map[string]manifest.SourceState{"db": {State: manifest.Verified}}}); err != nil {
		t.Fatal(err)
	}
	if set, err = s.Open(""); err != nil || set.State.Of(&set.Manifest.Sources[0]) != manifest.Verified {
		t.Errorf("after it was saved: %v, %+v", err, set.State)
	}
	put(t, filepath.Join(set.Dir, manifest.StateFile), `{"sources": {"db"`)
	if set, err = s.Open(""); err != nil || set.State.Of(&set.Manifest.Sources[0]) != manifest.Written {
		t.Errorf("a torn state file: %v, %+v; want a set of which nothing is known", err, set.State)
	}
}
