package commandtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
)

// recorder is a test that may fail without failing this one.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// finish ends the recorded test and gives what failed.
func (r *recorder) finish() string {
	for _, f := range r.cleanups {
		f()
	}
	return strings.Join(r.failures, "\n")
}

func TestTheFakeAnswersAsTold(t *testing.T) {
	t.Parallel()
	var fed bytes.Buffer
	fake := commandtest.New(t,
		commandtest.Expect("pg_dump", "--version").Prints("pg_dump 17.2\n").Reading(),
		commandtest.Expect("pg_dump", commandtest.Rest).As("postgres").Env("PGHOST=/run").Prints("half").Complains("lost\n").Exits(1),
		commandtest.Expect("pg_restore", "-f", commandtest.Any).Reads(&fed).Changing(),
		commandtest.Expect("sleep", "9").Blocks(),
		commandtest.Expect("true").AnyTimes(),
		commandtest.Expect("kill").Dies("SIGKILL").Times(2),
	).Lacks("zstd")
	door := command.NewDoor(fake)
	if out, err := door.Text(t.Context(), command.Read("pg_dump", "--version")).String(); out != "pg_dump 17.2\n" || err != nil {
		t.Errorf("version: %q, %v", out, err)
	}
	dump := command.Read("pg_dump", "-Fc", "db")
	dump.As, dump.Env = "postgres", []string{"PGHOST=/run"}
	s, err := door.Stream(t.Context(), dump)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := io.ReadAll(s); string(out) != "half" || err == nil || err.Error() != "pg_dump: exit 1: lost" {
		t.Errorf("dump: %q, %v", out, err)
	}
	_ = s.Close()
	if err := door.Feed(t.Context(), command.Change("pg_restore", "-f", "/x"), strings.NewReader("input")); err != nil || fed.String() != "input" {
		t.Errorf("feed: %q, %v", fed.String(), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := door.Run(ctx, command.Read("sleep", "9")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("blocked: %v", err)
	}
	for range 2 {
		var e *command.Error
		if err := door.Run(t.Context(), command.Read("kill")); !errors.As(err, &e) || e.Signal != "SIGKILL" {
			t.Errorf("killed: %v", err)
		}
	}
	var missing *command.NotFound
	if _, err := door.Look(t.Context(), "zstd"); !errors.As(err, &missing) {
		t.Errorf("look: %v", err)
	}
	if err := door.Run(t.Context(), command.Read("zstd")); !errors.As(err, &missing) {
		t.Errorf("run: %v", err)
	}
	if path, err := door.Look(t.Context(), "tar"); path != "/usr/bin/tar" || err != nil {
		t.Errorf("look: %q, %v", path, err)
	}
	if n := len(fake.Seen()); n != 6 {
		t.Errorf("seen %d commands, want 6", n)
	}
}

func TestTheFakeFailsTheTest(t *testing.T) {
	t.Parallel()
	expect := commandtest.Expect
	run := func(f func(t testing.TB) *commandtest.Fake, commands ...command.Command) string {
		r := &recorder{TB: t}
		door := command.NewDoor(f(r))
		for _, c := range commands {
			_ = door.Run(t.Context(), c)
		}
		return r.finish()
	}
	read := command.Read
	for _, c := range []struct {
		name, want string
		got        string
	}{
		{"an unexpected call", "unexpected command: rm -rf x\nexpected:\n  ls <rest>", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.New(t, expect("ls", commandtest.Rest).AnyTimes())
		}, read("rm", "-rf", "x"))},
		{"a call too many", "unexpected command: ls", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.New(t, expect("ls"))
		}, read("ls"), read("ls"))},
		{"a call that never came", "expected command came 0 times, not 1: ls -l", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.New(t, expect("ls", "-l"))
		})},
		{"the wrong order", "unexpected command: two", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.NewOrdered(t, expect("one"), expect("two"))
		}, read("two"), read("one"), read("two"))},
		{"the wrong user", "unexpected command: ls", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.New(t, expect("ls").As("postgres").AnyTimes())
		}, read("ls"))},
		{"a change that was to be a read", "unexpected command: ls", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.New(t, expect("ls").Reading().AnyTimes())
		}, command.Change("ls"))},
		{"a missing argument", "unexpected command: ls a", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.New(t, expect("ls", "a", commandtest.Any).AnyTimes())
		}, read("ls", "a"))},
		{"nothing when all is as expected", "", run(func(t testing.TB) *commandtest.Fake {
			return commandtest.New(t, expect("two"), expect("one", commandtest.Rest))
		}, read("one", "x", "y"), read("two"))},
	} {
		if c.want == "" && c.got != "" || !strings.Contains(c.got, c.want) {
			t.Errorf("%s: failures %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestReadOnlyRefusesAChangeAndDoesNotRunIt(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	door := command.NewDoor(commandtest.ReadOnly(r, command.Local()))
	file := t.TempDir() + "/made"
	if out, err := door.Text(t.Context(), command.Read("echo", "fine")).String(); out != "fine\n" || err != nil {
		t.Errorf("reading: %q, %v", out, err)
	}
	if s := r.finish(); s != "" {
		t.Errorf("reading failed the test: %s", s)
	}
	if err := door.Run(t.Context(), command.Change("touch", file)); err == nil {
		t.Error("the change was allowed")
	}
	if s := r.finish(); !strings.Contains(s, "touch "+file) {
		t.Errorf("failures %q", s)
	}
	if err := door.Run(t.Context(), command.Read("test", "!", "-e", file)); err != nil {
		t.Error("the change was made")
	}
}
