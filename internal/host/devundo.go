package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// unsettle takes back what a run has made: its container, its CLI, and its clone
// if nobody has put anything into it.
func (r *Room) unsettle(ctx context.Context, w *procedure.Work) error {
	note, b, err := r.settledBy(ctx, w)
	if err != nil {
		return err
	}
	if b == nil {
		return procedure.ErrNothingToUndo
	}
	clone, err := b.Look(ctx, false)
	if err != nil && clone.Dir == "" {
		return err
	}
	if note.Started {
		volumes, err := b.Down(ctx, clone.Dir, note.Before)
		if err != nil {
			return err
		}
		if len(volumes) > 0 {
			w.Say.Warn("volumes hold data, and stay: docker volume rm %s", strings.Join(volumes, " "))
		}
	}
	if note.CLI != "" {
		if err := b.Uninstall(ctx); err != nil {
			return err
		}
	}
	if note.Token == "" {
		return nil
	}
	left, err := b.Remove(ctx, note.Token)
	if left != "" {
		w.Say.Warn("%s stays: %s", clone.Dir, report.Clean(left))
	}
	return err
}

// settledBy is what the run has made; nil when it came to nothing.
func (r *Room) settledBy(ctx context.Context, w *procedure.Work) (note settled, b *devbox, err error) {
	m, err := r.recalled(ctx, w, settledKey, &note, &note.On)
	if err != nil || m == nil {
		return note, nil, err
	}
	return note, newDevbox(m, note), nil
}

// unsettled proves that the container is gone, and says what became of the clone.
func (r *Room) unsettled(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	note, b, err := r.settledBy(ctx, w)
	if err != nil {
		return "", err
	}
	if b == nil {
		return "nothing was made", nil
	}
	clone, err := b.Look(ctx, false)
	if err != nil && clone.Dir == "" {
		return "", err
	}
	if note.Started {
		running, err := b.Running(ctx, clone.Dir)
		running = slices.DeleteFunc(running, func(id string) bool { return slices.Contains(note.Before, id) })
		if err != nil {
			return "", err
		}
		if len(running) > 0 {
			return "", fmt.Errorf("the devcontainer still runs: %s", strings.Join(running, ", "))
		}
	}
	switch {
	case clone.Absent:
		return procedure.Evidence(clone.Dir + " is not there"), nil
	case note.Token == "":
		return procedure.Evidence(clone.Dir + " was there before"), nil
	}
	return procedure.Evidence(clone.Dir + " is left: it is not as the run had made it"), nil
}
