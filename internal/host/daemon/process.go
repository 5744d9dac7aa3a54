package daemon

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Process is a Control for a daemon that nobody watches over: a pid file says
// which process it is.
type Process struct {
	Door    *command.Door
	As      string
	PidFile string
	Log     string        // where it writes from the next start on
	Command []string      // that starts it; nil is what it runs with
	Dir     string        // that it works in; "" is /
	Grace   time.Duration // from the asking to the killing; 0 is 15 seconds

	started string // the process that Restart has made, which has yet to write its pid file
}

var _ Control = (*Process)(nil)

func (p *Process) read(ctx context.Context, script string, args ...string) (string, error) {
	c := command.Read("sh", append([]string{"-c", script, "sh"}, args...)...)
	c.As = p.As
	text, err := p.Door.Text(ctx, c).String()
	return text, err
}

// find gives the process and its command line, or nothing. A pid file may be
// left of a crash and name somebody else's process.
func (p *Process) find(ctx context.Context) (pid string, argv []string, err error) {
	const script = `for pid in "$1" "$(cat -- "$2" 2>/dev/null)"; do
  if [ -n "$pid" ] && [ -e "/proc/$pid/exe" ]; then echo "$pid"; cat "/proc/$pid/cmdline"; exit 0; fi
done`
	text, err := p.read(ctx, script, p.started, p.PidFile)
	if err != nil {
		return "", nil, fmt.Errorf("look for the Docker daemon: %w", err)
	}
	pid, line, _ := strings.Cut(text, "\n")
	argv = words(line)
	if pid == "" || len(argv) == 0 {
		return "", nil, nil
	}
	if pid == p.started || path.Base(argv[0]) == "dockerd" || len(p.Command) > 0 && path.Base(argv[0]) == path.Base(p.Command[0]) {
		return pid, argv, nil
	}
	return "", nil, nil
}

// Running says whether the process is there and no zombie.
func (p *Process) Running(ctx context.Context) (bool, error) {
	pid, _, err := p.find(ctx)
	return pid != "", err
}

// CommandLine is what it runs with, or will.
func (p *Process) CommandLine(ctx context.Context) ([]string, error) {
	if len(p.Command) > 0 {
		return p.Command, nil
	}
	_, argv, err := p.find(ctx)
	return argv, err
}

func (p *Process) change(ctx context.Context, script string, args ...string) (string, error) {
	c := command.Change("sh", append([]string{"-c", script, "sh"}, args...)...)
	c.As = p.As
	text, err := p.Door.Text(ctx, c).String()
	return text, err
}

// Reload sends the signal.
func (p *Process) Reload(ctx context.Context) error {
	pid, _, err := p.find(ctx)
	if err == nil && pid == "" {
		err = errors.New("it does not run")
	}
	if err == nil {
		_, err = p.change(ctx, `kill -HUP "$1"`, pid)
	}
	if err != nil {
		return fmt.Errorf("reload the Docker daemon: %w", err)
	}
	return nil
}

// Stop asks the process to end, and kills it when it does not.
func (p *Process) Stop(ctx context.Context) error {
	pid, argv, err := p.find(ctx)
	if err != nil || pid == "" {
		return err
	}
	if len(p.Command) == 0 {
		p.Command = argv
	}
	grace := p.Grace
	if grace <= 0 {
		grace = 15 * time.Second
	}
	const script = `kill -TERM "$1" 2>/dev/null || exit 0
n=0
while [ -e "/proc/$1/exe" ]; do
  [ "$n" -ne "$2" ] || kill -KILL "$1" 2>/dev/null || true
  [ "$n" -lt "$(($2 + 50))" ] || exit 1
  n=$((n + 1)); sleep 0.1
done`
	if _, err := p.change(ctx, script, pid, strconv.Itoa(int(grace/(100*time.Millisecond)))); err != nil {
		return fmt.Errorf("stop the Docker daemon: %w", err)
	}
	return nil
}

// Restart stops the process and starts it with its command line.
func (p *Process) Restart(ctx context.Context) error {
	if err := p.Stop(ctx); err != nil {
		return err
	}
	if len(p.Command) == 0 {
		return errors.New("start the Docker daemon: nothing says with which command line")
	}
	dir := p.Dir
	if dir == "" {
		dir = "/"
	}
	log := p.Log
	if log == "" {
		log = "/dev/null"
	}
	// The group of this shell may be ended with it, so the daemon gets its own.
	const script = `cd -- "$1" && log=$2 && shift 2 && { setsid "$@" </dev/null >>"$log" 2>&1 & } && echo "$!"`
	text, err := p.change(ctx, script, append([]string{dir, log}, p.Command...)...)
	if err != nil {
		return fmt.Errorf("start the Docker daemon: %w", err)
	}
	p.started = strings.TrimSpace(text)
	return nil
}

// Why is the end of the log.
func (p *Process) Why(ctx context.Context) string {
	if p.Log == "" {
		return ""
	}
	text, err := p.read(ctx, `tail -n 20 -- "$1"`, p.Log)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

// words takes a command line of /proc apart.
func words(line string) []string {
	if line == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(line, "\x00"), "\x00")
}
