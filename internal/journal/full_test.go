package journal_test

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/journal"
)

// fillUp writes until the disk is full, in the middle of a line, makes room, and
// writes on.
func fillUp(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	j, err := journal.Create(dir, journal.Header{Run: "r"})
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := limit
	small.Cur = 2000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	before := step("t:before")
	for err == nil {
		err = j.Record(before, "text", strings.Repeat("x", 300))
	}
	if !errors.Is(err, syscall.EFBIG) {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	return errors.Join(j.Intent(step("t:after")), j.Close())
}

func TestALineThatAFullDiskCutIsTakenBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := command.Read(os.Args[0])
	c.Env = []string{fullEnv + "=" + dir}
	must(t, command.NewDoor(command.Local()).Run(t.Context(), c))
	r, err := journal.Read(filepath.Join(dir, "r.jsonl"))
	must(t, err)
	last := r.Entries[len(r.Entries)-1]
	if r.Torn || last.Step != "t:after" || len(r.Entries) < 5 {
		t.Errorf("torn %v, %d entries, last %+v", r.Torn, len(r.Entries), last)
	}
}
