package engine_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// TestMain lets the test binary play the program: signals and SIGKILL can only
// be tried on a process of its own.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ENGINE_TEST_DIR"); dir != "" {
		if do := os.Getenv(worldDo); do != "" {
			os.Exit(worldChild(dir, do))
		}
		os.Exit(child(dir))
	}
	m.Run()
}

// rerun starts the test binary as a child that works in dir.
func rerun(t *testing.T, dir string, env ...string) error {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	play := command.Change(program)
	play.Env = append([]string{"ENGINE_TEST_DIR=" + dir}, env...)
	play.Timeout = time.Minute
	return command.NewDoor(command.Local()).Run(context.Background(), play)
}

// child is the program: it runs demo:all the way mage's generated main does.
func child(dir string) int {
	table := []procedure.Step{childStep(dir, 1, "demo:first"), childStep(dir, 2, "demo:second", "demo:first")}
	if name := os.Getenv("ENGINE_TEST_SIGNAL"); name != "" {
		table = []procedure.Step{interrupted(dir, name), childStep(dir, 2, "demo:second", "demo:first")}
	}
	registry, err := procedure.NewRegistry(procedure.Procedure{
		Code: "PROCED-TEST-001", Namespace: "demo", Steps: table, All: [][]string{{"demo:first"}, {"demo:second"}},
	})
	if err != nil {
		panic(err)
	}
	e := engine.New(engine.Options{
		Registry:   registry,
		Console:    report.New(report.Options{Out: os.Stdout, Err: os.Stderr}),
		Door:       func(o ...command.Option) *command.Door { return command.NewDoor(command.Local(), o...) },
		JournalDir: filepath.Join(dir, "journal"),
		Header:     journal.Header{Host: "testhost", PID: os.Getpid()},
		Lang:       "en",
		Now:        killingClock(os.Getenv("ENGINE_TEST_KILL")),
		Random:     rand.Reader,
		Signals:    true,
	})
	return asMage(e)
}

// asMage subscribes to SIGINT beside the running target, as mage does, and
// leaves with 99 where mage would give up on the target.
func asMage(e *engine.Engine) int {
	ended := make(chan error)
	go func() { ended <- e.Target(context.Background(), "demo:all") }()
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGINT)
	select {
	case <-heard:
		return 99
	case err := <-ended:
		if err == nil {
			return 0
		}
		_, _ = fmt.Fprintf(os.Stderr, "Error: %+v\n", err)
		if coded, ok := err.(interface{ ExitStatus() int }); ok {
			return coded.ExitStatus()
		}
		return 1
	}
}

// killingClock kills the process without warning when it is asked for the time
// for the nth time. The engine looks at the clock around everything that it
// writes down, so counting n up walks the kill through a whole run.
func killingClock(nth string) func() time.Time {
	limit, err := strconv.Atoi(nth)
	if err != nil {
		return time.Now
	}
	var asked atomic.Int64
	return func() time.Time {
		if asked.Add(1) == int64(limit) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return time.Now()
	}
}

// childStep makes a file; the file is what proves it.
func childStep(dir string, number int, target string, needs ...string) procedure.Step {
	path := filepath.Join(dir, fmt.Sprintf("effect-%d", number))
	step := changing(number, target, needs...)
	step.Done = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		if _, err := os.Stat(path); err != nil {
			return "", procedure.ErrNotDone
		}
		return "the file is there", nil
	}
	step.Validate = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		_, err := os.Stat(path)
		return "the file is there", err
	}
	step.Run = func(_ context.Context, w *procedure.Work) error {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return err
		}
		return w.Record("path", path)
	}
	return step
}

// interrupted is a step in which the process gets the signal twice. Its program
// would outlive the test if nobody ended it; afterwards it takes its time to
// put things in order.
func interrupted(dir, name string) procedure.Step {
	number := syscall.SIGINT
	if name == "SIGTERM" {
		number = syscall.SIGTERM
	}
	return doing(changing(1, "demo:first"), func(ctx context.Context, w *procedure.Work) error {
		// mage's own subscription has happened by then.
		time.Sleep(300 * time.Millisecond)
		time.AfterFunc(50*time.Millisecond, func() { _ = syscall.Kill(os.Getpid(), number) })
		time.AfterFunc(250*time.Millisecond, func() { _ = syscall.Kill(os.Getpid(), number) })
		err := w.Door.Run(ctx, command.Change("sh", "-c", "echo $$ >'"+filepath.Join(dir, "pid")+"'; sleep 60"))
		time.Sleep(600 * time.Millisecond)
		if err := os.WriteFile(filepath.Join(dir, "orderly"), nil, 0o600); err != nil {
			return err
		}
		return err
	})
}
