package endtoend_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// TestEveryTargetReadsTheCommandLineFirst holds the targets that the program
// lists against those that it knows when it reads a command line, and makes sure
// that none of them does anything before a wrong word behind it is refused.
func TestEveryTargetReadsTheCommandLineFirst(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	listed, err := door.Text(context.Background(), command.Read(program(t), "-l")).String()
	if err != nil {
		t.Fatal(err)
	}
	checkout := t.TempDir()
	if err := os.WriteFile(filepath.Join(checkout, "go.mod"), []byte("module iact-infra\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	targets := 0
	for line := range strings.Lines(listed) {
		name, indented := strings.CutPrefix(line, "  ")
		if !indented {
			continue
		}
		targets++
		target := strings.Fields(name)[0]
		// The namespace of a target is known although the target is not the first.
		c := command.Read(program(t), target, "config:check", target, "no-such-word")
		c.Env = []string{"IACT_DIR=" + checkout, "LANG=C.UTF-8"}
		err := door.Run(context.Background(), c)
		var failed *command.Error
		if !errors.As(err, &failed) || failed.Exit != 2 || !strings.Contains(failed.Stderr, `Error: read the command line: "no-such-word" is no target`) {
			t.Errorf("%s no-such-word: %v", target, err)
		}
	}
	if targets < 5 {
		t.Fatalf("iact -l lists only %d targets", targets)
	}
	if left, err := os.ReadDir(checkout); err != nil || len(left) != 1 {
		t.Errorf("they left %v (%v)", left, err)
	}
}
