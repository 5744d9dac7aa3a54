package backup

import (
	"context"
	"fmt"

	"iact-infra/internal/backup/machine"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/fault"
)

// prove starts the machine, where it reaches nothing but this host, and asks it.
func (t *vmRestoration) prove(ctx context.Context) (err error) {
	t.w.Say.Info("machine %s starts, on a network of its own", t.place.Domain)
	t.seen.Checks, err = t.Prove(ctx, machine.Restored{ID: t.place.ID, As: t.place.as(), From: t.from, Facts: t.about.Facts})
	if err != nil {
		return fmt.Errorf("prove machine %s: %w", t.place.Domain, err)
	}
	var failed []machine.Check
	for _, c := range t.seen.Checks {
		if !c.OK {
			failed = append(failed, c)
		}
	}
	if len(failed) > 0 {
		return fault.New(fault.Invalid, "take another set, or look at the machine: backup:restoreVM -set="+t.set.Manifest.ID+" -source="+t.held.Name+" -to=NAME",
			fmt.Errorf("the machine came back, but not with all that it had: %s: %s (%s)", failed[0].Name, failed[0].Found, counted(len(failed), "failed check")))
	}
	if len(t.seen.Checks) == 0 {
		return fault.New(fault.Invalid, "", fmt.Errorf("machine %s was asked nothing: it is not proved", t.place.Domain))
	}
	return nil
}

// takeAway ends a drill: the machine goes, what it showed stays with the set.
func (t *vmRestoration) takeAway(ctx context.Context) error {
	if err := t.place.remove(ctx, t.hands); err != nil {
		return err
	}
	t.made = false
	t.seen.recovered()
	state := t.set.State
	if state == nil {
		state = &manifest.State{VerifiedAt: t.room.o.Now().UTC()}
	}
	if state.Sources == nil {
		state.Sources = map[string]manifest.SourceState{}
	}
	state.Sources[t.held.Name] = manifest.SourceState{
		State: manifest.Proven, Proof: &manifest.Proof{At: t.room.o.Now().UTC(), Seconds: t.seen.Recovery, Checks: len(t.seen.Checks)},
	}
	if err := t.store.SaveState(t.set, state); err != nil {
		t.warn("the result could not be kept with the set: %v", err)
	}
	return nil
}
