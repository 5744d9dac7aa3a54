package whole_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
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
		file := filepath.Join(t.TempDir(), "below", "a.json")
		if err := whole.Write(file, mode, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
			t.Fatal(err)
		}
		of, err := os.Stat(file)
		dir, dirErr := os.Stat(filepath.Dir(file))
		if err != nil || dirErr != nil || of.Mode().Perm() != mode || dir.Mode().Perm() != above {
			t.Errorf("%v below %v, want %v below %v", of, dir, mode, above)
		}
	}
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
