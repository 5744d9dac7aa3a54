//go:build unix && !linux

package command

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes give a program its own process group. Only Linux can also tie it to
// our life.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// growPipe does nothing: the size of a pipe is Linux's to change.
func growPipe(*os.File, int) {}

func signalName(s syscall.Signal) string { return unix.SignalName(s) }

func (g group) alive() bool { return !errors.Is(syscall.Kill(-g.id, 0), syscall.ESRCH) }
