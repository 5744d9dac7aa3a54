package host

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"iact-infra/internal/host/packages"
	"iact-infra/internal/procedure"
)

// Updated is the result of host:update.
type Updated struct {
	packages.Upgraded
	// Newer is how many packages have newer versions and were left, since nobody
	// asked for an upgrade.
	Newer int `json:"newer"`
}

// warn says what a person has to know.
func (u Updated) warn(w *procedure.Work) {
	if u.Newer > 0 {
		w.Say.Info("%d packages have newer versions; host.upgrade: true installs them", u.Newer)
	}
	if len(u.KeptBack) > 0 {
		w.Say.Info("these have newer versions and stay, since they are held or need another one removed: %s", strings.Join(u.KeptBack, ", "))
	}
	if len(u.NoWayBack) > 0 {
		w.Say.Warn("no repository has the old version of these any more, so a rollback cannot return them: %s", named(u.NoWayBack))
	}
	if u.Restart.Reboot != "" {
		w.Say.Warn("the machine has to be booted: %s", u.Restart.Reboot)
	}
	if old := slices.Concat(u.Restart.Services, u.Restart.Programs); len(old) > 0 {
		w.Say.Warn("these run with files that are gone, and have to be restarted: %s", strings.Join(old, ", "))
	}
}

func (u Updated) write(out io.Writer) {
	for _, c := range u.Record.Packages {
		fmt.Fprintln(out, c)
	}
}

// outdate takes back what step 2 has changed.
func (r *Room) outdate(ctx context.Context, w *procedure.Work) error {
	var note packaged
	m, err := r.recalled(ctx, w, updatedKey, &note, &note.On)
	if err != nil {
		return err
	}
	if m == nil {
		return procedure.ErrNothingToUndo
	}
	return m.back(ctx, w, note.Record)
}

func (r *Room) outdated(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var note packaged
	m, err := r.recalled(ctx, w, updatedKey, &note, &note.On)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "no package was changed", nil
	}
	return m.isBack(ctx, note.Record)
}
