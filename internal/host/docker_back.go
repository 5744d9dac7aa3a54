package host

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/procedure"
)

// unit is what systemd knows the daemon by.
const unit = "docker.service"

// enable has systemd start Docker with the machine.
func (m *machine) enable(ctx context.Context, d *daemon.Daemon, note *installed, keep func() error) error {
	if _, supervised := d.Control.(*daemon.Systemd); !supervised {
		return nil
	}
	state, err := m.Text(ctx, command.Read("systemctl", "show", "--property", "UnitFileState", "--value", unit)).String()
	if err != nil || strings.TrimSpace(state) != "disabled" {
		return err
	}
	note.Enabled = true
	if err := keep(); err != nil {
		return err
	}
	return m.Run(ctx, m.change("systemctl", "enable", unit))
}

// uninstall takes step 3 back. What Docker keeps in /var/lib/docker stays.
func (r *Room) uninstall(ctx context.Context, w *procedure.Work) error {
	note, m, d, err := r.wasInstalled(ctx, w)
	if err != nil {
		return err
	}
	if m == nil {
		return procedure.ErrNothingToUndo
	}
	_, supervised := d.Control.(*daemon.Systemd)
	if !note.Ran || !supervised && len(note.Record.Packages) > 0 {
		if err := d.Control.Stop(ctx); err != nil {
			return err
		}
	}
	if note.Enabled {
		if err := m.Run(ctx, m.change("systemctl", "disable", unit)); err != nil {
			return fmt.Errorf("disable %s: %w", unit, err)
		}
	}
	if err := m.back(ctx, w, note.Record); err != nil {
		return err
	}
	if len(note.Fresh) > 0 {
		if err := m.Run(ctx, m.change("sh", append([]string{"-c", `for f; do rm -f -- "$f" 2>/dev/null || rmdir -- "$f" 2>/dev/null || :; done`, "sh"}, note.Fresh...)...)); err != nil {
			return fmt.Errorf("remove what the daemon has made: %w", err)
		}
	}
	if note.Ran {
		_, err = start(ctx, d, note.Command)
	}
	return err
}

func (r *Room) uninstalled(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	note, m, d, err := r.wasInstalled(ctx, w)
	if err != nil || m == nil {
		return "docker was left as it was", err
	}
	up, err := d.Control.Running(ctx)
	if err != nil {
		return "", err
	}
	if up && !note.Ran {
		return "", errors.New("look for the Docker daemon: it still runs")
	}
	evidence, err := m.isBack(ctx, note.Record)
	return evidence + "; /var/lib/docker stays", err
}

// wasInstalled is what the run has noted; no machine when that is nothing.
func (r *Room) wasInstalled(ctx context.Context, w *procedure.Work) (note installed, m *machine, d *daemon.Daemon, err error) {
	if m, err = r.recalled(ctx, w, dockerKey, &note, &note.On); err != nil || m == nil {
		return note, nil, nil, err
	}
	d, err = r.docker(ctx, w, m)
	return note, m, d, err
}
