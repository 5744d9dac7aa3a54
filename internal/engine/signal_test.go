package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/journal"
)

func TestSignalEndsTheRunInOrderAndASecondOneChangesNothing(t *testing.T) {
	t.Parallel()
	for name, exit := range map[string]int{"SIGINT": 130, "SIGTERM": 143} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			err := rerun(t, dir, "ENGINE_TEST_SIGNAL="+name)
			var ended *command.Error
			if !errors.As(err, &ended) || ended.Exit != exit {
				t.Fatalf("the child ended with %v, want exit code %d", err, exit)
			}
			if !strings.Contains(ended.Stderr, "Error: demo:all: cancelled: "+name) {
				t.Errorf("the child does not say why it ended:\n%s", ended.Stderr)
			}
			if _, err := os.Stat(filepath.Join(dir, "orderly")); err != nil {
				t.Errorf("the step could not put things in order: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "effect-2")); err == nil {
				t.Error("a step started after the signal")
			}
			checkEnded(t, dir)
			runs, err := journal.List(filepath.Join(dir, "journal"))
			if err != nil || len(runs) != 1 || runs[0].State() != journal.Cancelled {
				t.Errorf("the journal does not tell of one cancelled run: %v, %v", runs, err)
			}
		})
	}
}

// checkEnded fails when the program of the interrupted step is still there.
func checkEnded(t *testing.T, dir string) {
	t.Helper()
	noted, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatalf("the program of the step never ran: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(noted)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("the program of the step (pid %d) outlived the run", pid)
	}
}
