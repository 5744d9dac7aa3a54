package leftover_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/command"
)

// left runs a line that leaves processes behind, each of which writes a line to
// a pipe before the shell ends; what it left is found by the mark.
func left(t *testing.T, line string) string {
	t.Helper()
	mark := leftover.Mark(rand.Text())
	c := command.Read("sh", "-c", line)
	c.Env = []string{mark}
	if err := command.NewDoor(command.Local()).Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := leftover.End(context.Background(), leftover.Find(mark)); err != nil {
			t.Error(err)
		}
	})
	return mark
}

// background starts a program in a session of its own and goes on when it runs.
func background(program string) string {
	return "d=$(mktemp -d); mkfifo $d/up; setsid sh -c 'exec <&- >&- 2>&-; : >'$d'/up; " + program + "' & : <$d/up; rm -r $d\n"
}

func TestWhatEscapedItsGroupIsFoundByItsMarkAndEnded(t *testing.T) {
	t.Parallel()
	mark := left(t, background("sleep 1234 & wait")+background("exec sleep 2345"))
	found := leftover.Find(mark)
	var names []string
	for _, p := range found {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, "\n"); !strings.Contains(got, "sleep 2345") {
		t.Errorf("found %q", got)
	}
	if err := leftover.End(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	if again := leftover.Find(mark); len(again) > 0 {
		t.Errorf("still there: %v", again)
	}
	for _, p := range found {
		if leftover.Alive(p.PID, p.Start) {
			t.Errorf("%v is alive", p)
		}
	}
}

func TestOneThatIgnoresTheSignalOrIsStoppedIsEndedAllTheSame(t *testing.T) {
	t.Parallel()
	mark := left(t, background(`trap "" TERM; kill -STOP $$; while :; do sleep 60; done`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no grace
	if err := leftover.End(ctx, leftover.Find(mark)); err != nil {
		t.Fatal(err)
	}
	if again := leftover.Find(mark); len(again) > 0 {
		t.Errorf("still there: %v", again)
	}
}

func TestAChildWithoutTheMarkCountsAsWell(t *testing.T) {
	t.Parallel()
	mark := left(t, background("env -i sleep 3456 & wait"))
	for _, p := range leftover.Find(mark) {
		if strings.Contains(p.Name, "sleep") {
			return
		}
	}
	// The shell may have been seen before its child was there.
	if err := leftover.End(t.Context(), leftover.Find(mark)); err != nil || len(leftover.Find(mark)) > 0 {
		t.Errorf("not all ended: %v", err)
	}
}

func TestAProcessIsToldFromOneThatHadItsNumberBefore(t *testing.T) {
	t.Parallel()
	mark := left(t, background("exec sleep 4567"))
	found := leftover.Find(mark)
	if len(found) != 1 {
		t.Fatalf("found %v", found)
	}
	if leftover.Alive(found[0].PID, found[0].Start-1) || !leftover.Alive(found[0].PID, leftover.Started(found[0].PID)) {
		t.Error("a process is not told from one that had its number before")
	}
}

func TestNobodyFindsHimself(t *testing.T) {
	t.Parallel()
	environ, err := os.ReadFile("/proc/self/environ")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(environ), "\x00")
	for _, p := range leftover.Find(first) {
		if p.PID == os.Getpid() || p.PID == os.Getppid() {
			t.Errorf("found itself: %v", p)
		}
	}
}
