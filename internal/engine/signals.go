package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"iact-infra/internal/report"
)

// signalled is the cause of a context that a signal ended.
type signalled struct{ signal syscall.Signal }

func (s signalled) Error() string { return "cancelled by " + s.name() }

func (s signalled) name() string {
	if s.signal == syscall.SIGTERM {
		return "SIGTERM"
	}
	return "SIGINT (Ctrl-C)"
}

// exit is the code that shells give a process ended by that signal.
func (s signalled) exit() int { return 128 + int(s.signal) }

// signals ends work in order. mage listens for SIGINT as well: it gives a target
// five seconds after the first one and none after the second, then kills the
// process, in the middle of whatever it does. So the engine takes the signal
// away from it.
//
// mage subscribes at the start of each target, at the same time as the target
// begins to run, and cannot be asked whether it has done so. Hence the signal is
// taken again a moment after the target began and at the start of each step.
// Between Reset and Notify, a few microseconds, a Ctrl-C kills the process: that
// is a case every step must survive anyway.
type signals struct {
	on      bool
	console *report.Console
	words   words

	mu    sync.Mutex
	heard chan os.Signal // nil while no target runs
}

func newSignals(opt Options) *signals {
	return &signals{on: opt.Signals, console: opt.Console, words: wordsIn(opt.Lang)}
}

// take returns a context that the first signal ends. Later ones change nothing:
// the children are ended through the context, and the wait for them is limited.
func (s *signals) take(parent context.Context) (context.Context, func()) {
	if !s.on {
		return parent, func() {}
	}
	ctx, cancel := context.WithCancelCause(parent)
	heard := make(chan os.Signal, 4)
	s.mu.Lock()
	s.heard = heard
	s.mu.Unlock()
	s.retake()
	soon := time.AfterFunc(20*time.Millisecond, s.retake)
	later := time.AfterFunc(200*time.Millisecond, s.retake)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case got := <-heard:
				number, _ := got.(syscall.Signal)
				if ctx.Err() == nil {
					s.console.Print(s.words.cancelling)
				} else {
					s.console.Print(s.words.stillEnding)
				}
				cancel(signalled{number})
			case <-ended:
				return
			}
		}
	}()
	return ctx, func() {
		soon.Stop()
		later.Stop()
		s.mu.Lock()
		s.heard = nil
		s.mu.Unlock()
		signal.Stop(heard)
		close(ended)
		cancel(nil)
	}
}

// retake takes SIGINT away from whoever listens and gives it to this engine.
func (s *signals) retake() {
	if !s.on {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil {
		return
	}
	signal.Reset(syscall.SIGINT)
	signal.Notify(s.heard, syscall.SIGINT, syscall.SIGTERM)
}

// cancellation describes why a context ended, with the exit code for it.
func cancellation(ctx context.Context, say words) (string, int) {
	var by signalled
	if errors.As(context.Cause(ctx), &by) {
		return fmt.Sprintf("%s: %s", say.cancelledBy, by.name()), by.exit()
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return say.cancelledBy + ": timeout", 1
	}
	return say.cancelledBy, 1
}
