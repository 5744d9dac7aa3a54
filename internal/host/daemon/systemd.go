package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// Systemd is a Control for a daemon that is a unit of systemd.
type Systemd struct {
	Door *command.Door
	As   string // who may: "" is the user of the door
	Unit string // docker.service
}

var _ Control = (*Systemd)(nil)

func (s *Systemd) run(ctx context.Context, args ...string) error {
	c := command.Change("systemctl", args...)
	c.As = s.As
	return s.Door.Run(ctx, c)
}

// Running takes a unit that is just starting for a running one.
func (s *Systemd) Running(ctx context.Context) (bool, error) {
	state, err := s.show(ctx, "ActiveState")
	if err != nil {
		return false, err
	}
	return state == "active" || state == "activating" || state == "reloading" || state == "deactivating", nil
}

func (s *Systemd) show(ctx context.Context, property string) (string, error) {
	c := command.Read("systemctl", "show", "--property", property, "--value", s.Unit)
	c.As = s.As
	text, err := s.Door.Text(ctx, c).String()
	return strings.TrimSpace(text), err
}

// Reload has systemd send the signal.
func (s *Systemd) Reload(ctx context.Context) error { return s.run(ctx, "reload", s.Unit) }

// Restart forgets earlier failures first: after a few, systemd starts a unit no
// more, whatever its file says by then. A unit that is not loaded has none, and
// to forget them fails.
func (s *Systemd) Restart(ctx context.Context) error {
	_ = s.run(ctx, "reset-failed", s.Unit)
	return s.run(ctx, "restart", s.Unit)
}

// Stop ends the unit, and its attempts to start again.
func (s *Systemd) Stop(ctx context.Context) error { return s.run(ctx, "stop", s.Unit) }

// CommandLine is that of the process, with its variables resolved, and behind it
// that of the unit, which may have been edited since.
func (s *Systemd) CommandLine(ctx context.Context) ([]string, error) {
	var argv []string
	if pid, err := s.show(ctx, "MainPID"); err == nil && pid != "0" && pid != "" {
		c := command.Read("cat", "/proc/"+pid+"/cmdline")
		c.As = s.As
		if text, err := s.Door.Text(ctx, c).String(); err == nil {
			argv = words(text)
		}
	}
	unit, err := s.show(ctx, "ExecStart")
	if err != nil {
		return nil, fmt.Errorf("read the command line of %s: %w", s.Unit, err)
	}
	start := ExecStart(unit)
	if len(argv) == 0 {
		return start, nil
	}
	for _, word := range start[min(1, len(start)):] {
		if !slices.Contains(argv, word) {
			argv = append(argv, word)
		}
	}
	return argv, nil
}

// ExecStart is the argument list in what `systemctl show` prints of it.
func ExecStart(shown string) []string {
	_, rest, ok := strings.Cut(shown, "argv[]=")
	if !ok {
		return nil
	}
	list, _, _ := strings.Cut(rest, " ;")
	return strings.Fields(list)
}

// Why is the end of the unit's journal.
func (s *Systemd) Why(ctx context.Context) string {
	c := command.Read("journalctl", "--unit", s.Unit, "--lines", "20", "--no-pager", "--output", "cat")
	c.As = s.As
	text, err := s.Door.Text(ctx, c).String()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text)
}
