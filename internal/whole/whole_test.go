package whole_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"iact-infra/internal/whole"
)

func TestAFileThatCannotBeWrittenWholeLeavesTheOldOneAndNothingBeside(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "below", "a.json")
	if err := whole.Text(file, []byte("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	err := whole.Write(file, 0o600, func(w io.Writer) error {
		_, _ = w.Write([]byte("ne"))
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	text, err := os.ReadFile(file)
	names, _ := os.ReadDir(filepath.Dir(file))
	if err != nil || string(text) != "old" || len(names) != 1 {
		t.Errorf("there is %q, %v, among %d files", text, err, len(names))
	}
}

func TestWhoMayReadAFileMayEnterTheDirectoriesAboveIt(t *testing.T) {
	t.Parallel()
	for mode, above := range map[os.FileMode]os.FileMode{0o600: 0o700, 0o644: 0o755} {
		dir := t.TempDir()
		file, like := filepath.Join(dir, "below", "a.json"), filepath.Join(dir, "like")
		write := func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }
		if err := errors.Join(whole.Write(file, mode, write), os.Mkdir(like, above)); err != nil {
			t.Fatal(err)
		}
		if perm(t, file) != mode || perm(t, filepath.Dir(file)) != perm(t, like) {
			t.Errorf("%v below %v, want %v below %v", perm(t, file), perm(t, filepath.Dir(file)), mode, perm(t, like))
		}
	}
}

func perm(t *testing.T, name string) os.FileMode {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestAReplacedFileIsWholeAndItsDirectoryMustBeThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, text := range []string{"old", "new"} {
		if err := whole.Replace(filepath.Join(dir, "a"), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "a"))
	if names, _ := os.ReadDir(dir); err != nil || string(text) != "new" || len(names) != 1 {
		t.Errorf("there is %q, %v, among %d files", text, err, len(names))
	}
	if err := whole.Replace(filepath.Join(dir, "no", "a"), nil, 0o640); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestTidyRemovesWhatKilledWritersHaveLeftAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".new-1", ".new-22", "a.json", ".newer"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := whole.Tidy(dir); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if err != nil || !slices.Equal(left, []string{".newer", "a.json"}) {
		t.Errorf("left is %q, %v", left, err)
	}
	if err := whole.Tidy(filepath.Join(dir, "none")); err != nil {
		t.Errorf("without a directory: %v", err)
	}
}
