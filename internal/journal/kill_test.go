package journal_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/journal"
)

// The test binary, as a child, works in a directory that one of these names:
// until it is killed, or against a file size limit that stands for a full disk.
const (
	childEnv = "JOURNAL_TEST_CHILD"
	fullEnv  = "JOURNAL_TEST_FULL"
)

func TestMain(m *testing.M) {
	var err error
	if dir := os.Getenv(childEnv); dir != "" {
		err = changeThings(dir)
	} else if dir := os.Getenv(fullEnv); dir != "" {
		err = fillUp(dir)
	} else {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// changeThings makes one file a step, as a toolkit would: intent, change, result.
func changeThings(dir string) error {
	j, err := journal.Create(filepath.Join(dir, "journal"), journal.Header{Run: "r"})
	if err != nil {
		return err
	}
	fmt.Println(os.Getpid())
	for n := 0; ; n++ {
		s := journal.Step{Target: fmt.Sprintf("t:%d", n), Number: n}
		if err := j.Intent(s); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, s.Target), nil, 0o600); err != nil {
			return err
		}
		if err := j.Result(s, journal.Outcome{Outcome: journal.OK}); err != nil {
			return err
		}
	}
}

func TestKilledAtAnyMomentEveryChangeHasItsIntentAndEveryResultItsChange(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	changes := 0
	for round := range 12 {
		dir := t.TempDir()
		c := command.Read(os.Args[0])
		c.Env = []string{childEnv + "=" + dir}
		s, err := door.Stream(t.Context(), c)
		must(t, err)
		line, err := bufio.NewReader(s).ReadString('\n')
		must(t, err)
		var pid int
		_, err = fmt.Sscan(line, &pid)
		must(t, err)
		time.Sleep(time.Duration(round*2311) * time.Microsecond)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		_ = s.Close()

		r, err := journal.Read(filepath.Join(dir, "journal", "r.jsonl"))
		must(t, err)
		begun, done := map[string]bool{}, map[string]bool{}
		for _, e := range r.Entries {
			begun[e.Step] = begun[e.Step] || e.Event == journal.Intent
			done[e.Step] = done[e.Step] || e.Event == journal.Result
		}
		files, err := filepath.Glob(filepath.Join(dir, "t:*"))
		must(t, err)
		changes += len(files)
		for _, f := range files {
			if !begun[filepath.Base(f)] {
				t.Errorf("round %d: %s was changed and the journal does not know", round, f)
			}
			delete(done, filepath.Base(f))
		}
		for target, finished := range done {
			if finished && strings.HasPrefix(target, "t:") {
				t.Errorf("round %d: %s has a result and was not changed", round, target)
			}
		}
		if r.State() != journal.Broken || len(r.Unfinished()) > 1 {
			t.Errorf("round %d: state %s, %d open", round, r.State(), len(r.Unfinished()))
		}
	}
	if changes == 0 {
		t.Error("every child was killed before its first change: the test proved nothing")
	}
}
