package debug

import (
	"net"

	"golang.org/x/sys/unix"
)

// peer is the process at the other end of a local connection.
func peer(conn net.Conn) (pid int, err error) {
	local, is := conn.(*net.UnixConn)
	if !is {
		return 0, nil
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return 0, err
	}
	failed := raw.Control(func(fd uintptr) {
		var who *unix.Ucred
		if who, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(who.Pid)
		}
	})
	if failed != nil {
		err = failed
	}
	return pid, err
}
