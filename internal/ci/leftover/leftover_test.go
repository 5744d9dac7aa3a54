package leftover_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/command"
)

// daemonVariable makes the test binary a daemon that overwrites its environment, as
// nginx does, and then makes the file that the variable names.
const daemonVariable = "LEFTOVER_TEST_DAEMON"

func TestMain(m *testing.M) {
	if file := os.Getenv(daemonVariable); file != "" {
		if err := overwrite(); err != nil {
			panic(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			panic(err)
		}
		time.Sleep(10 * time.Minute)
		return
	}
	os.Exit(m.Run())
}

// overwrite fills the place where the environment of this process stands.
func overwrite() error {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var at [2]int64 // env_start and env_end are the fields 50 and 51
	for i := range at {
		if at[i], err = strconv.ParseInt(fields[50-3+i], 10, 64); err != nil {
			return err
		}
	}
	memory, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	_, err = memory.WriteAt(make([]byte, at[1]-at[0]), at[0])
	return err
}

func TestADaemonThatOverwroteItsEnvironmentAndWhoseParentHasGoneIsFound(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	up := filepath.Join(t.TempDir(), "up")
	mark := leftover.Mark(rand.Text())
	c := command.Read("sh", "-ec", leftover.Shell(mark)+"\n"+`(setsid "$0" <&- >&- 2>&- &)`+"\n"+`while test ! -e "$`+daemonVariable+`"; do sleep 0.01; done`, self)
	c.Env = []string{mark, daemonVariable + "=" + up}
	if err := command.NewDoor(command.Local()).Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	found := leftover.Find(mark)
	if len(found) != 1 {
		t.Fatalf("found %v", found)
	}
	if environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", found[0].PID)); err != nil || strings.Contains(string(environ), mark) {
		t.Errorf("its environment is still there: %q, %v", environ, err)
	}
	if err := leftover.End(t.Context(), found); err != nil || leftover.Alive(found[0].PID, found[0].Start) {
		t.Errorf("it is alive: %v", err)
	}
}

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
