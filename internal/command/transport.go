package command

import (
	"context"
	"errors"
	"os"
	"time"
)

// Transport starts programs somewhere. What every implementation promises is
// pinned by commandtest.Conform.
type Transport interface {
	// Name says where the programs run: "local", "ssh:HOST".
	Name() string

	// Start starts the program and does not wait for it. Its standard output
	// goes to stdout, or nowhere when that is nil. Start takes stdout over and
	// closes this process's copy in every case, so that the reader sees the end.
	//
	// The program gets LC_ALL=C besides c.Env, and c.Stdin or an empty input.
	// The end of ctx, or an error from c.Stdin, ends it and everything it
	// started: SIGTERM, five seconds, SIGKILL. An input that fails is never
	// closed before the program has gone, or it would look complete.
	// A program that is not there is a *NotFound. c.Timeout is the Door's.
	Start(ctx context.Context, c Command, stdout *os.File) (Process, error)

	// Show is the command as a person types it on this machine to have it run
	// there: quoted for a shell, with secrets as ***.
	Show(c Command) string

	// Look is the path of a program, or a *NotFound.
	Look(ctx context.Context, program string) (string, error)
}

// Process is a program that was started.
type Process interface {
	// Wait returns when the program has ended. It may be called more than once.
	Wait() Ending
}

// Ending is how a program ended.
type Ending struct {
	// Exit is the exit code, -1 when a signal ended the program.
	Exit int
	// Signal is the name of that signal: "SIGKILL".
	Signal string
	// Stderr is the end of standard error, unmasked, at least StderrKept bytes
	// of it when there were that many. Cut says that something came before.
	Stderr string
	Cut    bool
	// Err is what went wrong beside the program itself: Stopped(ctx), a failed
	// input, ErrUnread.
	Err error
}

func (e Ending) failed() bool { return e.Err != nil || e.Exit != 0 }

// StderrKept is how much of standard error a transport keeps. It is twice what
// an *Error shows, so that masking the cut end of a secret loses nothing.
const StderrKept = 2 * stderrShown

const (
	stderrShown = 8 << 10
	// Grace is how long a program has between SIGTERM and SIGKILL.
	Grace = 5 * time.Second
)

// Stopped is nil while ctx lives and then the reason why it ended. The reason
// also matches ctx.Err() for errors.Is.
func Stopped(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return &stopped{cause: context.Cause(ctx), end: ctx.Err()}
}

type stopped struct{ cause, end error }

func (s *stopped) Unwrap() []error { return []error{s.cause, s.end} }

func (s *stopped) Error() string {
	if errors.Is(s.cause, context.Canceled) {
		return "cancelled"
	}
	return s.cause.Error()
}

// timeout is the cause that a Command's own Timeout gives.
type timeout time.Duration

func (t timeout) Error() string { return "stopped at its timeout of " + time.Duration(t).String() }

func (t timeout) Is(target error) bool { return target == context.DeadlineExceeded }
