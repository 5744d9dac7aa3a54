package dotenv_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/ci/dotenv"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holds checks a file's text and mode; no text is no file.
func holds(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if text == "" {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %q, %v", path, got, err)
		}
		return
	}
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || string(got) != text || info.Mode().Perm() != mode {
		t.Errorf("%s holds %q, want %q with %o (%v, %v)", path, got, text, mode, info, err)
	}
}

func TestAWrittenFileIsTheOwnersAndGoesBackToWhatItWas(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"a new file": "", "a file that was there": "A=1\n"} {
		dir := t.TempDir()
		file, keep := filepath.Join(dir, ".env"), filepath.Join(dir, "keep", "run1")
		var was []byte
		if before != "" {
			was = []byte(before)
			must(t, os.WriteFile(file, was, 0o640))
		}
		c, err := dotenv.Prepare(file, was, "A=1\nB=2\n", keep)
		must(t, err)
		holds(t, file, before, 0o640)
		// What a run that was killed has left is no hindrance.
		must(t, os.WriteFile(file+".iact-new", []byte("half"), 0o600))
		must(t, c.Apply())
		must(t, c.Apply())
		holds(t, file, "A=1\nB=2\n", 0o600)
		must(t, c.Back())
		must(t, c.Back())
		holds(t, file, before, 0o640)
		if left, _ := filepath.Glob(filepath.Join(dir, "*.iact-new")); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}

func TestAFileThatWasEditedSinceStays(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	c, err := dotenv.Prepare(file, nil, "A=1\n", filepath.Join(t.TempDir(), "keep"))
	must(t, err)
	must(t, os.WriteFile(file, []byte("MINE=1\n"), 0o600))
	if err := c.Apply(); !errors.Is(err, dotenv.ErrEdited) {
		t.Errorf("written over: %v", err)
	}
	if err := c.Back(); !errors.Is(err, dotenv.ErrEdited) {
		t.Errorf("taken away: %v", err)
	}
	holds(t, file, "MINE=1\n", 0o600)
}

func TestALinkStaysALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, link := filepath.Join(dir, "real"), filepath.Join(dir, ".env")
	must(t, os.WriteFile(target, []byte("A=1\n"), 0o600))
	must(t, os.Symlink(target, link))
	c, err := dotenv.Prepare(link, []byte("A=1\n"), "A=2\n", filepath.Join(dir, "keep"))
	must(t, err)
	must(t, c.Apply())
	holds(t, target, "A=2\n", 0o600)
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
}

func TestWhatCannotBeKeptIsNotWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, ".env")
	must(t, os.WriteFile(file, []byte("A=1\n"), 0o600))
	// Nothing can be kept below a file.
	if _, err := dotenv.Prepare(file, []byte("A=1\n"), "A=2\n", filepath.Join(file, "keep")); err == nil {
		t.Error("nothing could be kept, and nobody says so")
	}
	holds(t, file, "A=1\n", 0o600)
}
