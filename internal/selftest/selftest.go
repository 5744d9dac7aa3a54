// Package selftest is what `test:all`, `test:unit`, `test:slow` and `test:lint` do: it tests the toolkit as CI does, on a machine
// that may be bare.
//
// All installs what is missing, builds, checks the format, vets, lints, starts a private PostgreSQL, MariaDB, OpenSSH server
// and Docker daemon, and runs every test. It stops what it started, however it ends. A stage that fails does not keep the next ones from
// running, except for the build, whose errors all others would only repeat. The last line on standard output is the
// count of the tests: "N passed, N failed, N skipped". With CI=true a skipped test is a failure.
package selftest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// suite is one run of stages over one checkout.
type suite struct {
	door   *command.Door
	root   string
	out    io.Writer
	ci     bool
	failed []string
	tested *results // of all passes; nil until a test has run
}

// All runs everything that CI runs.
func All(ctx context.Context) error {
	return run(ctx, func(ctx context.Context, s *suite) error {
		s.stage(ctx, "install", s.script("install.sh"))
		if !s.stage(ctx, "build", s.gocmd("build", "./...")) {
			return s.verdict(ctx)
		}
		s.check(ctx)
		s.stage(ctx, "vet magefiles", s.gocmd("vet", "-tags", "mage", "./magefiles"))
		s.stage(ctx, "lint", s.lint())
		s.stage(ctx, "test", s.withServices(s.passes))
		s.slowest()
		return s.verdict(ctx)
	})
}

// Unit is the loop while one writes code: no installation, no service, no linter, and only the tests that are quick.
func Unit(ctx context.Context) error {
	return run(ctx, func(ctx context.Context, s *suite) error {
		s.check(ctx)
		s.stage(ctx, "test", s.quick)
		s.tooSlow()
		return s.verdict(ctx)
	})
}

// Slow runs the tests that take minutes or hours, which test:all leaves out, and those whose loops it only samples, at
// every point; and those of services under the race detector.
func Slow(ctx context.Context) error {
	return run(ctx, func(ctx context.Context, s *suite) error {
		s.stage(ctx, "install", s.script("install.sh"))
		s.stage(ctx, "test", func(ctx context.Context) error {
			everything := []string{"./..."}
			return s.judge(
				s.tests(ctx, nil, false, everything, "-count=1", "-race", "-timeout=6h", "-run=^TestReal", "-skip=^TestRealSlow"),
				s.tests(ctx, []string{cluster.WholeVariable + "=1"}, false, everything,
					"-count=1", "-timeout=6h", "-run=^(TestWhole|TestSlow|TestRealSlow)"))
		})
		return s.verdict(ctx)
	})
}

// Lint runs the linter alone.
func Lint(ctx context.Context) error {
	return run(ctx, func(ctx context.Context, s *suite) error {
		s.stage(ctx, "lint", s.lint())
		return s.verdict(ctx)
	})
}

// run prepares a suite over the checkout of the working directory. SIGTERM ends it as Ctrl-C does.
func run(ctx context.Context, work func(context.Context, *suite) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir := os.Getenv("IACT_DIR")
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return err
		}
	}
	root, err := cluster.Root(dir)
	if err != nil {
		return err
	}
	return work(ctx, &suite{
		door: command.NewDoor(command.Local()),
		root: root,
		out:  os.Stdout,
		ci:   os.Getenv("CI") == "true",
	})
}

// check is what is quick and needs no service.
func (s *suite) check(ctx context.Context) {
	s.stage(ctx, "format", func(context.Context) error { return checkFormat(os.DirFS(s.root), s.out) })
	s.stage(ctx, "vet", s.gocmd("vet", "./..."))
}

// stage runs one stage, says how long it took, and reports whether it held.
func (s *suite) stage(ctx context.Context, name string, work func(context.Context) error) bool {
	if ctx.Err() != nil {
		return false
	}
	fmt.Fprintf(s.out, "== %s\n", name)
	start := time.Now()
	err := work(ctx)
	took := time.Since(start).Seconds()
	if err != nil {
		s.failed = append(s.failed, name)
		fmt.Fprintf(s.out, "   failed, %.1f s: %v\n", took, err)
		return false
	}
	fmt.Fprintf(s.out, "   ok, %.1f s\n", took)
	return true
}

// verdict counts the tests, on the last line, and is the error of the whole run.
func (s *suite) verdict(ctx context.Context) error {
	if s.tested != nil {
		s.tested.summary()
	}
	if ctx.Err() != nil {
		return errors.New("test: cancelled")
	}
	if len(s.failed) > 0 {
		return fmt.Errorf("test: failed: %s", strings.Join(s.failed, ", "))
	}
	return nil
}

// gocmd is a stage that runs the go command.
func (s *suite) gocmd(args ...string) func(context.Context) error {
	return s.shown("go", args...)
}

// lint runs the linter that tools/go.mod pins: apart from the toolkit's own dependencies, which it would double.
func (s *suite) lint() func(context.Context) error {
	// Its cache keeps paths: shared by two checkouts, it looks for files of the one that is gone.
	return s.shown("env", "GOLANGCI_LINT_CACHE="+filepath.Join(s.root, ".iact", "lint"),
		"go", "tool", "-modfile=tools/go.mod", "golangci-lint", "run", "./...")
}

// script runs one of scripts/testbed.
func (s *suite) script(name string) func(context.Context) error {
	return s.shown("bash", "scripts/testbed/"+name)
}

// shown runs a program in the checkout and shows all it says, in the order in which it says it.
func (s *suite) shown(program string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		both := command.Read("sh", append([]string{"-c", `exec "$@" 2>&1`, "sh", program}, args...)...)
		both.Dir = s.root
		stream, err := s.door.Stream(ctx, both)
		if err != nil {
			return err
		}
		defer stream.Abort()
		if _, err := io.Copy(s.out, stream); err != nil {
			return reason(program, err)
		}
		return reason(program, stream.Close())
	}
}

// reason names the program instead of the shell that joined its outputs.
func reason(program string, err error) error {
	var failed *command.Error
	if errors.As(err, &failed) && failed.Err == nil && failed.Signal == "" {
		return fmt.Errorf("%s: exit %d", program, failed.Exit)
	}
	return err
}
