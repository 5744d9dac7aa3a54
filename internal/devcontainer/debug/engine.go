package debug

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/scene"
)

// engineLog is the log of the engine itself: what systemd keeps of it, else the
// file that it writes to.
func engineLog(ctx context.Context, d *Desk, e *scene.Engine, since time.Time) (*source, error) {
	if !e.Local || e.Podman {
		return nil, command.Sentinel("the engine runs elsewhere: its log is not here")
	}
	pid, err := listener(ctx, e.Endpoint)
	if err != nil {
		pid = 0 // it is stopped: what systemd keeps of it is there all the same
	}
	if pid > 1 {
		file := fmt.Sprintf("/proc/%d/fd/2", pid)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			log, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			return &source{name: "engine", in: log, close: log.Close, parse: byDaemon()}, nil
		} else if errors.Is(err, os.ErrPermission) {
			return nil, command.Sentinel("the log of the engine is open to root only")
		}
	}
	ask := command.Read("journalctl", "--unit", "docker", "--output", "short-unix", "--no-pager", "--quiet", "--since", "@"+strconv.FormatInt(since.Unix(), 10))
	return d.stream(ctx, "engine", "", byJournal(), ask)
}

// listener is the process that listens at a local endpoint; 1 when systemd does
// so for it.
func listener(ctx context.Context, endpoint string) (pid int, err error) {
	path, is := strings.CutPrefix(endpoint, "unix://")
	if !is {
		return 0, nil
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return peer(conn)
}
