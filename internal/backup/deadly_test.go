package backup_test

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
)

const (
	answersVariable = "BACKUP_TEST_ANSWERS" // what the person at the terminal types; without it there is none
	deadlyVariable  = "BACKUP_TEST_DEADLY"  // during:N or after:N kills the program while its Nth command runs, or after it; term:N asks it to end
)

// answers is the terminal of the program.
func answers() io.Reader {
	if typed, ok := os.LookupEnv(answersVariable); ok {
		return strings.NewReader(typed)
	}
	return nil
}

// continues is the run that procedure:resume goes on with.
func continues(args []string, journals string) *engine.Past {
	if len(args) == 0 || args[0] != "procedure:resume" {
		return nil
	}
	past, err := engine.Unfinished(journals, "")
	if err != nil {
		panic(err)
	}
	return past
}

// deadly is a transport under which the program dies, as by kill -9.
type deadly struct {
	command.Transport
	nth     int64
	started *atomic.Int64
	end     func()
}

// Start implements command.Transport.
func (d deadly) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	p, err := d.Transport.Start(ctx, c, stdout)
	if d.started.Add(1) == d.nth {
		d.end()
	}
	return p, err
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// deadlyDoor opens the doors of the program.
func deadlyDoor() func(...command.Option) *command.Door {
	when, number, _ := strings.Cut(os.Getenv(deadlyVariable), ":")
	nth, _ := strconv.ParseInt(number, 10, 64)
	var started, ended atomic.Int64
	return func(options ...command.Option) *command.Door {
		transport := command.Local()
		switch when {
		case "during":
			transport = deadly{Transport: transport, nth: nth, started: &started, end: die}
		case "term":
			ask := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) }
			transport = deadly{Transport: transport, nth: nth, started: &started, end: ask}
		case "after":
			options = append(options, command.Observe(func(command.Event) {
				if ended.Add(1) == nth {
					die()
				}
			}))
		}
		return command.NewDoor(transport, options...)
	}
}

func flock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
