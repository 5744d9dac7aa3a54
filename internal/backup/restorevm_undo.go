package backup

import (
	"context"
	"errors"
	"fmt"
	"os"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/machine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// restoredVMPlace is what a run has written down; nil when it has made nothing.
func (r *Room) restoredVMPlace(w *procedure.Work) (hands, *vmPlace, error) {
	var p vmPlace
	if known, err := w.Recall(machineKey, &p); err != nil || !known {
		return hands{}, nil, err
	}
	h, err := r.hands(w)
	return h, &p, err
}

// hands are those of this machine.
func (r *Room) hands(w *procedure.Work) (hands, error) {
	host, err := r.machines(w.Door)
	return hands{Host: host, disk: disk.New(r.o.Hook), warn: w.Say.Warn}, err
}

// machineCameBack tells a resumed run that the run before had come to its end.
func (r *Room) machineCameBack(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	host, p, err := r.restoredVMPlace(w)
	if err != nil {
		return "", err
	}
	if p == nil || p.ID == "" || p.Drill || markedAs(p.mark()) != nil {
		return "", procedure.ErrNotDone
	}
	seen, err := isThere(ctx, host, p)
	if err != nil {
		return "", fmt.Errorf("%w: %w", procedure.ErrNotDone, err)
	}
	return procedure.Evidence(seen), nil
}

// recalled removes what the run has left that this one goes on with: it begins
// anew.
func (t *vmRestoration) recalled(ctx context.Context) error {
	host, p, err := t.room.restoredVMPlace(t.w)
	if err != nil || p == nil || t.w.Planning {
		return err
	}
	return p.remove(ctx, host)
}

// undoRestoreVM takes the machine away again, however far the run came.
func (r *Room) undoRestoreVM(ctx context.Context, w *procedure.Work) error {
	host, p, err := r.restoredVMPlace(w)
	if err != nil {
		return err
	}
	if p == nil {
		return procedure.ErrNothingToUndo
	}
	unlock, err := r.lockStore()
	if err != nil {
		return err
	}
	defer unlock()
	found, err := host.Find(ctx, p.Provider, p.Domain)
	if err != nil {
		return err
	}
	if p.holds(found) && found.Running && !p.Drill {
		return fault.New(fault.Usage, "shut it down first, and keep what you want of it", fmt.Errorf("machine %s, which goes, is running", p.Domain))
	}
	return p.remove(ctx, host)
}

// restoreVMUndone proves it.
func (r *Room) restoreVMUndone(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	host, p, err := r.restoredVMPlace(w)
	if err != nil {
		return "", err
	}
	if p == nil {
		return "nothing had been changed", nil
	}
	return isGone(ctx, host, p)
}

// machineRestored proves that the machine is there, or after a drill that it is
// not any more.
func (r *Room) machineRestored(ctx context.Context, _ *procedure.Work) (procedure.Evidence, error) {
	r.mu.Lock()
	t := r.restoredVM
	r.mu.Unlock()
	if t == nil {
		return "", errors.New("nothing was restored in this run")
	}
	if t.pick.Drill {
		gone, err := isGone(ctx, t.hands, t.place)
		return procedure.Evidence(fmt.Sprintf("%s passed; %s", counted(len(t.seen.Checks), "check"), gone)), err
	}
	seen, err := isThere(ctx, t.hands, t.place)
	return procedure.Evidence(seen), err
}

// isThere makes sure that the provider has the machine, with its disks.
func isThere(ctx context.Context, host machine.Host, p *vmPlace) (string, error) {
	found, err := host.Find(ctx, p.Provider, p.Domain)
	if err != nil {
		return "", err
	}
	if found == nil || found.ID != p.ID {
		return "", fmt.Errorf("%s has no machine %s any more", p.Provider, p.Domain)
	}
	if len(found.Disks) != len(p.Disks) {
		return "", fmt.Errorf("machine %s has %s, %d were restored", p.Domain, counted(len(found.Disks), "disk"), len(p.Disks))
	}
	size := int64(0)
	for _, d := range found.Disks {
		size += d.Size
	}
	return fmt.Sprintf("%s has machine %s, %s of %s", p.Provider, p.Domain, counted(len(found.Disks), "disk"), report.Bytes(size)), nil
}

// isGone makes sure that nothing of it is left.
func isGone(ctx context.Context, host machine.Host, p *vmPlace) (procedure.Evidence, error) {
	found, err := host.Find(ctx, p.Provider, p.Domain)
	if err != nil {
		return "", err
	}
	if p.holds(found) {
		return "", fmt.Errorf("machine %s is still there", p.Domain)
	}
	for _, path := range p.Disks {
		if _, err := os.Lstat(path); err == nil {
			return "", fmt.Errorf("%s is still there", path)
		}
	}
	return procedure.Evidence("machine " + p.Domain + " and its disks are gone"), nil
}
