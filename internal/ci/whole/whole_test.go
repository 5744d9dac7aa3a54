package whole_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/ci/whole"
)

func TestAFileThatCannotBeWrittenWholeLeavesTheOldOneAndNothingBeside(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "below", "a.json")
	if err := whole.Text(file, []byte("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	err := whole.Write(file, func(w io.Writer) error {
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
