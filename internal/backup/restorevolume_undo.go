package backup

import (
	"context"
	"errors"
	"fmt"

	"iact-infra/internal/backup/volumelive"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// restoredVolumePlace is what a run has written down; nil when it has made
// nothing.
func (r *Room) restoredVolumePlace(ctx context.Context, w *procedure.Work) (*volumelive.Server, *volumelive.Place, error) {
	var client volumeClient
	var place volumelive.Place
	if known, err := w.Recall(volumeClientKey, &client); err != nil || !known {
		return nil, nil, err
	}
	if known, err := w.Recall(volumePlaceKey, &place); err != nil || !known {
		return nil, nil, err
	}
	live, err := r.liveVolumes(w, client, client.Store)
	if err != nil {
		return nil, nil, err
	}
	live.Still = func(ctx context.Context, volume string, do func(context.Context) error) error {
		still, err := r.still(ctx, w, live, place.Set, volume, do)
		for _, line := range still.warnings {
			w.Say.Warn("%s", line)
		}
		return err
	}
	_, err = live.Look(ctx, place.Volume)
	return live, &place, err
}

// volumeCameBack tells a resumed run that the run before had come to its end.
func (r *Room) volumeCameBack(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	live, place, err := r.restoredVolumePlace(ctx, w)
	if err != nil {
		return "", err
	}
	if place == nil || place.Fresh == "" {
		return "", procedure.ErrNotDone
	}
	seen, err := live.Finished(ctx, place)
	if err != nil {
		return "", fmt.Errorf("%w: %w", procedure.ErrNotDone, err)
	}
	return procedure.Evidence(seen), nil
}

// recalled takes up what a run that is gone on with has left. Where it had come
// to the swap only the end is left to do; everything else begins anew.
func (t *volumeRestoration) recalled(ctx context.Context) (over bool, err error) {
	live, place, err := t.room.restoredVolumePlace(ctx, t.w)
	if err != nil || place == nil {
		return false, err
	}
	if place.Fresh != "" && place.Before != "" {
		if _, err := live.Holds(ctx, place); err == nil {
			if t.facts, err = live.Look(ctx, place.Volume); err != nil {
				return false, err
			}
			live.Still, live.Warn = t.still, t.warn
			t.live, t.place, t.over, t.made = live, place, true, true
			return true, t.note()
		}
	}
	said, err := live.Back(ctx, place)
	t.say(said)
	return false, err
}

// undoRestoreVolume goes back to what was before, however far the run came.
func (r *Room) undoRestoreVolume(ctx context.Context, w *procedure.Work) error {
	live, place, err := r.restoredVolumePlace(ctx, w)
	if err != nil {
		return err
	}
	if place == nil {
		return procedure.ErrNothingToUndo
	}
	unlock, err := r.lockStore()
	if err != nil {
		return err
	}
	defer unlock()
	r.TryBringBack(ctx, w.Door, w.Say)
	said, err := live.Back(ctx, place)
	for _, line := range said {
		w.Say.Info("%s", line)
	}
	return err
}

// restoreVolumeUndone proves it.
func (r *Room) restoreVolumeUndone(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	live, place, err := r.restoredVolumePlace(ctx, w)
	if err != nil {
		return "", err
	}
	if place == nil {
		return "nothing had been changed", nil
	}
	seen, err := live.Is(ctx, place)
	return procedure.Evidence(seen), err
}

// volumeRestored proves that the name has the restored files.
func (r *Room) volumeRestored(ctx context.Context, _ *procedure.Work) (procedure.Evidence, error) {
	r.mu.Lock()
	t := r.restoredVolume
	r.mu.Unlock()
	if t == nil {
		return "", errors.New("nothing was restored in this run")
	}
	seen, err := t.live.Holds(ctx, t.place)
	if err != nil {
		return "", err
	}
	if c := t.seen.Compared; c.Entries > 0 {
		seen += fmt.Sprintf("; %d entries, %s as in the set", c.Entries, report.Bytes(c.Bytes))
	}
	return procedure.Evidence(seen), nil
}
