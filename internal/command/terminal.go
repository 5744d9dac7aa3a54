package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Interact runs c for a person at a terminal: it reads their keys from in and
// writes to out by itself, as it would when typed into a shell. Its process group
// has the terminal meanwhile; afterwards the terminal is as it was.
func (d *Door) Interact(ctx context.Context, c Command, in, out *os.File) error {
	if c.Changes && d.plan != nil {
		return d.plan.print(d.transport.Show, c)
	}
	copied, err := unix.Dup(int(out.Fd()))
	if err != nil {
		return &Error{Program: c.Program, Argv: d.transport.Show(c), Exit: -1, Err: fmt.Errorf("take the terminal: %w", err)}
	}
	defer regain(int(in.Fd()))()
	c.Stdin, c.foreground = in, true
	r, err := d.start(ctx, c, os.NewFile(uintptr(copied), out.Name())) // which takes it over
	if err != nil {
		return err
	}
	return r.settle(r.process.Wait(), nil)
}

// regain gives the function that takes the terminal back for this process, with
// the settings that it has now: a program that is killed leaves its own.
func regain(terminal int) func() {
	state, err := term.GetState(terminal)
	return func() {
		// Whoever has not got the terminal is stopped for touching it, unless it does not care.
		signal.Ignore(syscall.SIGTTOU)
		defer signal.Reset(syscall.SIGTTOU)
		_ = unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, unix.Getpgrp())
		if err == nil {
			_ = term.Restore(terminal, state)
		}
	}
}

// atTerminal gives a program the terminal that is its input.
func atTerminal(c Command, a *syscall.SysProcAttr) *syscall.SysProcAttr {
	if in, is := c.Stdin.(*os.File); is && c.foreground {
		a.Foreground, a.Ctty = true, int(in.Fd())
	}
	return a
}
