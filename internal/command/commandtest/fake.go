// Package commandtest holds what tests need around internal/command: a fake
// transport that plays a script of expected commands, a transport that fails the
// test when something is changed, and the conformance suite that every real
// transport has to pass.
package commandtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
)

// Fake is a command.Transport that runs nothing. A command that no expected call
// matches fails the test, and so does, at the end of the test, an expected call
// that never came.
type Fake struct {
	t       testing.TB
	ordered bool

	mu    sync.Mutex
	calls []*Call
	seen  []command.Command
	lacks map[string]bool
}

// New is a fake that takes the calls in any order; where several match, the one
// that was named first comes first.
func New(t testing.TB, calls ...*Call) *Fake {
	t.Helper()
	f := &Fake{t: t, calls: calls, lacks: map[string]bool{}}
	t.Cleanup(f.verify)
	return f
}

// NewOrdered is a fake that takes the calls only in the order given.
func NewOrdered(t testing.TB, calls ...*Call) *Fake {
	t.Helper()
	f := New(t, calls...)
	f.ordered = true
	return f
}

// Lacks makes programs missing: they are not found, whatever is expected.
func (f *Fake) Lacks(programs ...string) *Fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, program := range programs {
		f.lacks[program] = true
	}
	return f
}

// Expect adds calls to those that were given to New.
func (f *Fake) Expect(calls ...*Call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, calls...)
}

// Seen is every command that was started, in order.
func (f *Fake) Seen() []command.Command {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]command.Command(nil), f.seen...)
}

// Name is "fake".
func (f *Fake) Name() string { return "fake" }

// Show is the command as it is.
func (f *Fake) Show(c command.Command) string { return c.String() }

// Look finds every program that is not lacking.
func (f *Fake) Look(_ context.Context, program string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lacks[program] {
		return "", &command.NotFound{Program: program}
	}
	return "/usr/bin/" + program, nil
}

// Start plays the call that c matches.
func (f *Fake) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	call, err := f.take(ctx, c)
	if err != nil {
		if stdout != nil {
			stdout.Close()
		}
		return nil, err
	}
	p := &played{call: call, done: make(chan struct{})}
	go p.play(ctx, c.Stdin, stdout)
	return p, nil
}

// take finds the call, and gives it as it is now: others may come meanwhile.
func (f *Fake) take(ctx context.Context, c command.Command) (Call, error) {
	f.t.Helper()
	if err := command.Stopped(ctx); err != nil {
		return Call{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lacks[c.Program] {
		return Call{}, &command.NotFound{Program: c.Program}
	}
	f.seen = append(f.seen, c)
	var open []string
	for _, call := range f.calls {
		if call.matches(c) {
			call.came++
			return *call, nil
		}
		if call.came < call.most {
			open = append(open, "  "+call.String())
			if f.ordered && call.came < call.least {
				break
			}
		}
	}
	f.t.Errorf("unexpected command: %s\nexpected:\n%s", c, strings.Join(open, "\n"))
	return Call{}, fmt.Errorf("unexpected command: %s", c)
}

func (f *Fake) verify() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range f.calls {
		if call.came < call.least {
			f.t.Errorf("expected command came %d times, not %d: %s", call.came, call.least, call)
		}
	}
}

// played is a call that runs.
type played struct {
	call   Call
	done   chan struct{}
	ending command.Ending
}

func (p *played) Wait() command.Ending {
	<-p.done
	return p.ending
}

func (p *played) play(ctx context.Context, stdin io.Reader, stdout *os.File) {
	defer close(p.done)
	if stdout != nil {
		defer stdout.Close()
		defer context.AfterFunc(ctx, func() { stdout.SetWriteDeadline(time.Now()) })()
	}
	p.ending = command.Ending{Exit: p.call.exit, Signal: p.call.signal, Stderr: p.call.stderr}
	if stdin != nil && p.call.reads != nil {
		if _, err := io.Copy(p.call.reads, stdin); err != nil {
			p.ending = command.Ending{Exit: -1, Signal: "SIGTERM", Err: fmt.Errorf("read its input: %w", err)}
			return
		}
	}
	if stdout != nil {
		if _, err := io.WriteString(stdout, p.call.stdout); errors.Is(err, syscall.EPIPE) {
			p.ending.Exit, p.ending.Signal = -1, "SIGPIPE"
			return
		}
	}
	var wait <-chan time.Time
	if !p.call.blocks {
		wait = time.After(p.call.delay)
	}
	select {
	case <-wait:
	case <-ctx.Done():
	}
	if err := command.Stopped(ctx); err != nil {
		p.ending.Exit, p.ending.Signal, p.ending.Err = -1, "SIGTERM", err
	}
}
