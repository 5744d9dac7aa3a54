package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a program of the local transport.
type process struct {
	cmd    *exec.Cmd
	group  group
	exited <-chan struct{}
	stderr *tail
	input  *input

	done   chan struct{}
	ending Ending
}

func (p *process) Wait() Ending {
	<-p.done
	return p.ending
}

// supervise waits for the program, or ends it when the context ends or its input
// fails, and records how it went.
func (p *process) supervise(ctx context.Context) {
	defer close(p.done)
	gone, why := p.watch(ctx)
	if gone {
		p.ending.Exit, p.ending.Signal = exitOf(p.cmd)
	} else {
		p.ending.Exit = -1
	}
	if why == nil {
		why = p.input.settle(p.ending.Exit == 0)
	} else {
		p.input.drop()
	}
	p.ending.Err = why
	p.ending.Stderr, p.ending.Cut = p.stderr.finish()
}

// watch returns whether the program has gone, and why it had to be ended: nil
// when it ended by itself.
func (p *process) watch(ctx context.Context) (gone bool, why error) {
	select {
	case <-p.exited:
		return true, nil
	case <-ctx.Done():
		why = Stopped(ctx)
	case err := <-p.input.failed:
		why = fmt.Errorf("read its input: %w", err)
	}
	if err := p.group.end(p.exited); err != nil {
		return false, fmt.Errorf("%w (%w)", why, err)
	}
	return true, why
}

// exitOf is the exit code, or -1 and the name of a signal.
func exitOf(cmd *exec.Cmd) (int, string) {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return -1, signalName(status.Signal())
	}
	return cmd.ProcessState.ExitCode(), ""
}

// group is a program and what it started.
type group struct {
	id    int
	owner string // the user it runs as through sudo, or ""
}

// end sends SIGTERM, waits Grace, sends SIGKILL, and returns when the program
// was reaped and none of its group is left. The error says that it survived.
func (g group) end(exited <-chan struct{}) error {
	refused := g.signal(syscall.SIGTERM)
	// A stopped program gets the signal only once it continues.
	_ = g.signal(syscall.SIGCONT)
	if g.gone(exited, Grace) {
		return nil
	}
	if err := g.signal(syscall.SIGKILL); err != nil {
		refused = err
	}
	if g.gone(exited, Grace) {
		return nil
	}
	select {
	case <-exited:
		return nil
	default:
	}
	if refused == nil {
		refused = errors.New("it does not react to SIGKILL")
	}
	return fmt.Errorf("process %d still runs: %w", g.id, refused)
}

// gone waits until the program was reaped and its group is empty.
func (g group) gone(exited <-chan struct{}, atMost time.Duration) bool {
	limit := time.After(atMost)
	select {
	case <-exited:
	case <-limit:
		return false
	}
	for g.alive() {
		select {
		case <-limit:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

// signal sends sig to every process of the group. An empty group is no error.
//
// Through sudo the group holds sudo, which takes the signal and passes it on to
// one process only (SIGKILL to none), and processes of another user, which has
// to send it.
func (g group) signal(sig syscall.Signal) error {
	if g.owner != "" && g.signalAsOwner(sig) == nil {
		return nil
	}
	err := syscall.Kill(-g.id, sig)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

func (g group) signalAsOwner(sig syscall.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	// The shell's own kill: a bare machine may have no other.
	line := fmt.Sprintf("kill -s %s -- -%d", strings.TrimPrefix(signalName(sig), "SIG"), g.id)
	return exec.CommandContext(ctx, "sudo", "-n", "-u", g.owner, "--", "sh", "-c", line).Run()
}
