package command_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"iact-infra/internal/command"
)

func local(options ...command.Option) *command.Door {
	return command.NewDoor(command.Local(), options...)
}

func sh(script string) command.Command { return command.Read("sh", "-c", script) }

func TestTextGivesStandardOutputAndNothingElse(t *testing.T) {
	t.Parallel()
	got, err := local().Text(t.Context(), sh("echo one; echo noise >&2; echo two")).Last(1).String()
	if err != nil || got != "two\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTextOfAFailedProgramGivesNoOutput(t *testing.T) {
	t.Parallel()
	out, err := local().Text(t.Context(), sh("echo half; echo 'sh: it broke' >&2; exit 4")).Match("half").String()
	var e *command.Error
	if !errors.As(err, &e) || e.Exit != 4 || e.Stderr != "sh: it broke\n" {
		t.Fatalf("got %v", err)
	}
	if out != "" {
		t.Errorf("half an output came through: %q", out)
	}
	if want := "sh: exit 4: it broke"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestTextRefusesEndlessOutput(t *testing.T) {
	t.Parallel()
	_, err := local().Text(t.Context(), command.Read("cat", "/dev/zero")).String()
	if !errors.Is(err, command.ErrTooLong) {
		t.Errorf("got %v", err)
	}
}

func TestATimeoutIsNamed(t *testing.T) {
	t.Parallel()
	c := command.Read("sleep", "60")
	c.Timeout = 150 * time.Millisecond
	for name, err := range map[string]error{
		"run":  local().Run(t.Context(), c),
		"text": local().Text(t.Context(), c).Error(),
	} {
		if want := "sleep: stopped at its timeout of 150ms"; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v is not DeadlineExceeded", name, err)
		}
	}
}

func TestCancellingIsSaid(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	err := local().Run(ctx, command.Read("sleep", "60"))
	if !errors.Is(err, context.Canceled) || err.Error() != "sleep: cancelled" {
		t.Errorf("got %v", err)
	}
}

func TestAMissingProgramSaysWhatToDo(t *testing.T) {
	t.Parallel()
	err := local().Run(t.Context(), command.Read("no-such-program"))
	var missing *command.NotFound
	if !errors.As(err, &missing) {
		t.Fatalf("got %v", err)
	}
	if want := "find program no-such-program: not in PATH"; err.Error() != want {
		t.Errorf("got %q", err)
	}
	if missing.ExitCode() != 4 || !strings.Contains(missing.Hint(), "install no-such-program") {
		t.Errorf("code %d, hint %q", missing.ExitCode(), missing.Hint())
	}
	missing.Package = "postgresql-client"
	if missing.Hint() != "apt-get install postgresql-client" {
		t.Errorf("hint %q", missing.Hint())
	}
}

func TestFeedReportsTheSideThatFailed(t *testing.T) {
	t.Parallel()
	var e *command.Error
	big := strings.Repeat("x", 4<<20)
	err := local().Feed(t.Context(), sh("echo 'restore: not an archive' >&2; exit 1"), strings.NewReader(big))
	if !errors.As(err, &e) || e.Exit != 1 || err.Error() != "sh: exit 1: restore: not an archive" {
		t.Errorf("early failure: %v", err)
	}
	err = local().Feed(t.Context(), command.Read("head", "-c", "1"), strings.NewReader(big))
	if !errors.Is(err, command.ErrUnread) {
		t.Errorf("early success: %v", err)
	}
	gone := errors.New("part 3 is missing")
	err = local().Feed(t.Context(), command.Read("cat"), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(gone)))
	if !errors.Is(err, gone) || !strings.Contains(err.Error(), "read its input: part 3 is missing") {
		t.Errorf("failing input: %v", err)
	}
	if err := local().Feed(t.Context(), command.Read("cat"), strings.NewReader(big)); err != nil {
		t.Errorf("both well: %v", err)
	}
}

func TestAFailedProducerFailsWhatItFeeds(t *testing.T) {
	t.Parallel()
	s, err := local().Stream(t.Context(), sh("echo half; exit 9"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Abort()
	err = local().Feed(t.Context(), sh("cat >/dev/null; echo loaded >&2"), s)
	if err == nil || !strings.Contains(err.Error(), "sh: exit 9") || strings.Contains(err.Error(), "loaded") {
		t.Errorf("got %v", err)
	}
}

func TestPlanningPrintsChangesAndRunsReads(t *testing.T) {
	t.Parallel()
	var plan bytes.Buffer
	events := 0
	door := local(command.Planning(&plan), command.Observe(func(command.Event) { events++ }))
	file := t.TempDir() + "/made"
	if err := door.Run(t.Context(), command.Change("touch", file)); err != nil {
		t.Error(err)
	}
	if out, err := door.Text(t.Context(), command.Change("mktemp", "-p", file)).String(); err != nil || out != "" {
		t.Errorf("text: %q, %v", out, err)
	}
	if err := door.Feed(t.Context(), command.Change("tee", file), strings.NewReader("x")); err != nil {
		t.Error(err)
	}
	if _, err := door.Stream(t.Context(), command.Change("tee", file)); !errors.Is(err, command.ErrPlanning) {
		t.Errorf("stream: %v", err)
	}
	if events != 0 {
		t.Errorf("%d events for commands that did not run", events)
	}
	if want := "touch " + file + "\nmktemp -p " + file + "\ntee " + file + "\n"; plan.String() != want {
		t.Errorf("plan:\n%swant:\n%s", plan.String(), want)
	}
	out, err := door.Text(t.Context(), sh("test ! -e "+file+" && echo clean")).String()
	if err != nil || out != "clean\n" {
		t.Errorf("reading while planning: %q, %v", out, err)
	}
	if !door.Planning() || local().Planning() {
		t.Error("Planning does not tell")
	}
}

func TestEveryCommandIsObservedOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]command.Event{}
	door := local(command.Observe(func(e command.Event) {
		mu.Lock()
		defer mu.Unlock()
		if _, twice := seen[e.Command]; twice {
			t.Errorf("seen twice: %s", e.Command)
		}
		seen[e.Command] = e
	}))
	_ = door.Run(t.Context(), command.Change("sh", "-c", "sleep 0.1; echo warned >&2"))
	_ = door.Text(t.Context(), command.Read("false"))
	_ = door.Run(t.Context(), command.Read("no-such-program"))
	if s, err := door.Stream(t.Context(), command.Read("echo", "x")); err == nil {
		_, _ = io.ReadAll(s)
		_ = s.Close()
		_ = s.Close()
		s.Abort()
	}
	ran := seen["sh -c 'sleep 0.1; echo warned >&2'"]
	if !ran.Changes || ran.Exit != 0 || ran.Err != nil || ran.Stderr != "warned\n" || ran.Duration < 100*time.Millisecond || ran.Start.IsZero() {
		t.Errorf("ran: %+v", ran)
	}
	if e := seen["false"]; e.Exit != 1 || e.Err == nil || e.Changes {
		t.Errorf("failed: %+v", e)
	}
	if e := seen["no-such-program"]; e.Exit != -1 || e.Err == nil {
		t.Errorf("missing: %+v", e)
	}
	if len(seen) != 4 {
		t.Errorf("%d events, want 4", len(seen))
	}
}
