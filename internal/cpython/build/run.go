package build

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// lastLines is how much of a log an error shows.
const lastLines = 40

// Shaping are variables of the caller that would shape the build, or fail a test
// of the suite, unseen.
const Shaping = "CC CXX CFLAGS CPPFLAGS CXXFLAGS LDFLAGS LIBS MAKEFLAGS LD_LIBRARY_PATH PYTHONHOME PYTHONPATH PYTHONPLATLIBDIR PYTHONSTARTUP PYTHONUSERBASE " +
	"PYTHONNOUSERSITE PYTHONSAFEPATH PYTHONOPTIMIZE PYTHONDEBUG PYTHONINSPECT PYTHONUNBUFFERED PYTHONVERBOSE PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX " +
	"PYTHONHASHSEED PYTHONINTMAXSTRDIGITS PYTHONIOENCODING PYTHONUTF8 PYTHONCOERCECLOCALE PYTHONLEGACYWINDOWSSTDIO PYTHONWARNINGS PYTHONWARNDEFAULTENCODING " +
	"PYTHONFAULTHANDLER PYTHONTRACEMALLOC PYTHONPROFILEIMPORTTIME PYTHONASYNCIODEBUG PYTHONMALLOC PYTHONMALLOCSTATS PYTHONDEVMODE PYTHONBREAKPOINT " +
	"PYTHONNODEBUGRANGES PYTHONPERFSUPPORT PYTHON_CPU_COUNT PYTHON_FROZEN_MODULES PYTHON_GIL PYTHON_COLORS PYTHON_BASIC_REPL PYTHON_HISTORY"

// run runs a program in the source tree, both of its outputs into the log of a
// part, and calls see for each line. The error holds the end of the log.
func (b *Build) run(ctx context.Context, part string, see func(line string), program string, args ...string) (err error) {
	log, err := os.OpenFile(b.Log(part), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if _, err := fmt.Fprintf(log, "$ %s %s\n", program, strings.Join(args, " ")); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	c := command.Change("sh", append([]string{"-c", `unset ` + Shaping + `; PATH="${BUILD_COMPILERS:+$BUILD_COMPILERS:}$PATH"; exec "$0" "$@" 2>&1`, program}, args...)...)
	c.Dir = b.Source()
	if c.Env, err = b.through(ctx); err != nil {
		return err
	}
	stream, err := b.Door.Stream(ctx, c)
	if err != nil {
		return err
	}
	defer stream.Abort()
	var end []string
	lines := bufio.NewReaderSize(stream, 64<<10)
	for {
		line, rerr := lines.ReadString('\n')
		if line != "" {
			if _, err := io.WriteString(log, line); err != nil {
				return fmt.Errorf("write log: %w", err)
			}
			line = strings.TrimRight(line, "\n")
			if end = append(end, line); len(end) > lastLines {
				end = end[1:]
			}
			if see != nil {
				see(line)
			}
		}
		if rerr == nil {
			continue
		}
		if errors.Is(rerr, io.EOF) {
			return stream.Close()
		}
		return b.failed(part, program, rerr, end)
	}
}

// failed names the program and not the shell around it, and gives it the end of
// what it said, in which symptoms are looked for.
func (b *Build) failed(part, program string, err error, end []string) error {
	var e *command.Error
	if !errors.As(err, &e) || e.Err != nil {
		return err
	}
	own := *e
	own.Program, own.Stderr = filepath.Base(program), strings.Join(end, "\n")
	return fault.New(fault.Failed, "all that it said is in "+b.Log(part), &own)
}

// fresh removes what an earlier run has left under a name in Work.
func (b *Build) fresh(name string) error { return os.RemoveAll(filepath.Join(b.Work, name)) }
