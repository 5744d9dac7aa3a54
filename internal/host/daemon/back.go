package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// retreat puts the old file back after a turn that failed, and the daemon with
// it. Its time is its own: the turn may have failed because it had none left.
func (d *Daemon) retreat(ctx context.Context, p Plan, failed *turn, a Applied, cause error) error {
	ctx, stop := context.WithTimeoutCause(context.WithoutCancel(ctx), d.limit(), late(d.limit()))
	defer stop()
	cause = fmt.Errorf("configure the Docker daemon: %w", d.because(ctx, cause, failed.log))
	d.say("%v: the old file comes back", cause)
	hint, leftovers := "nothing was changed", []string{d.File + openEnd, p.now.target + freshEnd}
	if failed.moved || p.adopted != nil {
		hint = "the old settings are in effect again"
		if err := d.undo(ctx, p, failed, a); err != nil {
			return fault.New(fault.Failed, "the old file is "+a.Backup, errors.Join(cause, fmt.Errorf("go back: %w", err)))
		}
	}
	d.count(ctx, p.Containers, &a)
	if len(a.Lost) > 0 {
		cause = fmt.Errorf("%w; these containers do not run as before: %s", cause, strings.Join(a.Lost, ", "))
	}
	if a.Backup != "" {
		leftovers = append(leftovers, a.Backup)
	}
	return fault.New(fault.Failed, hint, errors.Join(cause, d.discard(ctx, leftovers...)))
}

// because adds what the daemon has written to its log since.
func (d *Daemon) because(ctx context.Context, cause error, before string) error {
	why := reason(newer(d.Control.Why(ctx), before))
	if why == "" || strings.Contains(cause.Error(), why) {
		return cause
	}
	return fmt.Errorf("%w; its log says: %s", cause, why)
}

// undo is the turn back of a turn that failed.
func (d *Daemon) undo(ctx context.Context, p Plan, failed *turn, a Applied) error {
	back := *failed
	back.final, back.drop, back.checked, back.insist = p.before, dropped(a.Changes), true, true
	now, err := d.read(ctx, d.File)
	if err != nil {
		return err
	}
	// A script that was cut short may have done its work.
	if now.sum() == a.Before || slices.Contains(a.Ours, now.sum()) {
		back.there = now.sum()
	}
	switch {
	case !a.Running:
		back.need = Nothing
	case failed.restarted || p.adopted != nil:
		back.need = Restart
		if failed.live {
			// Live-restore is on, or was when the daemon ended: no reload has to turn it on.
			back.alive = false
		}
	case failed.reloaded == nil:
		// The daemon has taken nothing of it, and may refuse the old file, too.
		back.need = Nothing
	default:
		back.need = Reload
		// What was turned on to spare containers goes off again.
		_, named := valueIn(p.before.text, "live-restore")
		if failed.need == Restart && failed.hold && !failed.flagged && !p.info.LiveRestoreEnabled && !named && !names(back.drop, "live-restore") {
			back.drop = append(back.drop, wish{key: "live-restore", value: "false"})
		}
	}
	if err := back.run(ctx); err != nil || a.Running {
		return err
	}
	return d.Control.Stop(ctx)
}

func names(wishes []wish, key string) bool {
	return slices.ContainsFunc(wishes, func(w wish) bool { return w.key == key })
}

// reason is the line of a log that says why a daemon did not start.
func reason(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for _, sign := range []string{"level=fatal", "failed to start daemon", "unable to configure", "level=error"} {
		for _, line := range slices.Backward(lines) {
			if strings.Contains(line, sign) {
				return strings.TrimSpace(line)
			}
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

// newer is what a log has got since.
func newer(log, before string) string {
	lines := strings.Split(before, "\n")
	if last := lines[len(lines)-1]; last != "" {
		if at := strings.LastIndex(log, last); at >= 0 {
			return log[at+len(last):]
		}
	}
	return log
}

// Back undoes an Apply from its record alone, also one that was killed. The
// backup goes last: where it is gone, everything was undone before.
func (d *Daemon) Back(ctx context.Context, a Applied) error {
	if a.Backup == "" {
		return nil
	}
	now, err := d.read(ctx, a.File)
	if err != nil {
		return err
	}
	kept, err := d.read(ctx, a.Backup)
	if err != nil {
		return err
	}
	switch ours := now.sum() == a.Before || slices.Contains(a.Ours, now.sum()); {
	case kept.absent && now.sum() == a.Before:
		return nil
	case kept.absent:
		return fault.New(fault.Failed, "there is nothing to go back to", fmt.Errorf("go back to the old %s: %s is gone", a.File, a.Backup))
	case !ours:
		return fault.New(fault.Failed, "the file of before is "+a.Backup+": bring over by hand what is wanted",
			fmt.Errorf("go back to the old %s: %w", a.File, errTouched))
	}
	kept.target, kept.absent = now.target, a.Absent
	t, err := d.backTurn(ctx, a, now, kept)
	if err != nil {
		return err
	}
	// A way back that is killed is found, too.
	if err := d.open(ctx, a); err != nil {
		return err
	}
	ctx, stop := context.WithTimeoutCause(ctx, d.limit(), late(d.limit()))
	defer stop()
	if err := t.run(ctx); err != nil {
		return fault.New(fault.Failed, "run this again", fmt.Errorf("go back to the old %s: %w", a.File, err))
	}
	return d.discard(ctx, d.File+openEnd, now.target+freshEnd, a.Backup)
}

// backTurn looks at the daemon as Plan does, and spares what runs.
func (d *Daemon) backTurn(ctx context.Context, a Applied, now, kept content) (*turn, error) {
	t := &turn{daemon: d, there: now.sum(), final: kept, drop: dropped(a.Changes), need: most(a.Changes), checked: true, insist: true, hold: a.Hold}
	up, err := d.Control.Running(ctx)
	if err != nil {
		return nil, err
	}
	argv, err := d.Control.CommandLine(ctx)
	if err != nil {
		return nil, err
	}
	p := Plan{flags: Flags(argv)}
	_, t.flagged = p.flags["live-restore"]
	if !up {
		// A daemon that has ended since takes the old file when it starts.
		t.need = Nothing
		if a.Running {
			t.need = Restart
		}
		return t, nil
	}
	if p.info, err = d.Info(ctx); err != nil {
		// It is our settings with which it does not answer.
		t.need = Restart
		return t, nil //nolint:nilerr // the restart is what helps against that
	}
	if p.Containers, err = d.running(ctx); err != nil {
		return nil, err
	}
	can, why := p.spares()
	if a.Moved {
		can, why = false, "they are where the old settings do not look"
	}
	t.alive, t.live, t.hold = true, p.info.LiveRestoreEnabled, can && len(p.Containers) > 0
	if t.need == Restart && len(p.Containers) > 0 && !can && (a.Moved || !d.AllowStop) {
		return nil, fault.New(fault.Usage, "stop them first", fmt.Errorf("go back to the old %s: the restart would stop %s: %s", a.File, namesOf(p.Containers), why))
	}
	return t, nil
}
