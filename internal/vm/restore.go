package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/vagrant"
	"iact-infra/internal/vm/vagrantfile"
)

// restoreKey is where a run notes what it goes back to and how to come here again.
const restoreKey = "restore"

// restoring is what a restore is about to do. Safety snapshots have one name in
// all machines.
type restoring struct {
	Name     string   `json:"name"`
	Safety   string   `json:"safety"`
	Machines []taking `json:"machines"` // with the names of the safety snapshots
	// Keepers forward ports into the machines. A process that is started anew has
	// this to go by when the one that ended them was killed in between.
	Keepers map[string][]vagrant.Keeper `json:"keepers"`
}

// restore is vm:restore. What came after the snapshot is lost; so it is said
// before, and kept in a safety snapshot.
func (r *Room) restore(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return err
	}
	var note restoring
	found, err := w.Recall(restoreKey, &note)
	if err != nil {
		return err
	}
	if !found {
		note = restoring{Name: s.pick.Name, Safety: "before-restore-" + r.o.Now().UTC().Format("20060102-150405")}
	}
	losses, err := r.losses(ctx, all, note.Name)
	if err != nil {
		return err
	}
	if !found {
		question := fmt.Sprintf("%s. A safety snapshot %s is taken first; other snapshots stay. Go back to %s? [y/N]", strings.Join(losses, "; "), note.Safety, note.Name)
		if err := r.agreed(ctx, w, s.pick.Yes, "restore "+note.Name, question); err != nil {
			return err
		}
		note.Keepers = map[string][]vagrant.Keeper{}
		for _, m := range all {
			note.Keepers[m.Name] = s.project.Keepers(m.Made)
			note.Machines = append(note.Machines, taking{Machine: m.Name, ID: m.ID, Name: note.Safety, About: "before vm:restore -name=" + note.Name})
		}
		if err := w.Record(restoreKey, note); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.going = note
	r.mu.Unlock()
	for _, line := range losses {
		w.Say.Info("%s", line)
	}
	for _, m := range all {
		if _, agreed := of(note.Machines, m); !agreed {
			return fault.New(fault.Failed, "go tool mage vm:restore -name="+note.Name+" begins anew", fmt.Errorf("go on with the restore of %s: it is another machine than the one that was agreed to", m.Name))
		}
	}
	if err := r.take(ctx, w, s, all, note.Machines); err != nil {
		return err
	}
	err = each(ctx, all, func(ctx context.Context, m machine) error {
		return r.goBack(ctx, w, s, m, note.Name, note.Keepers[m.Name], true)
	})
	if err != nil {
		return fault.New(fault.Code(err), wayBack(note), err)
	}
	return nil
}

// wayBack is what is told when the machines are not as they should be: without
// IACT_KEEP the engine goes back by itself, which uses the safety snapshot up.
func wayBack(note restoring) string {
	return "the state before comes back by itself; with IACT_KEEP=1 what was restored stays, and go tool mage vm:restore -yes=true -name=" + note.Safety + " goes back"
}

// losses says for each machine what goes, and refuses a snapshot that one lacks.
func (r *Room) losses(ctx context.Context, all []machine, name string) ([]string, error) {
	if name == "" {
		return nil, fault.New(fault.Usage, "-name=NAME; go tool mage vm:snapshots lists them", errors.New("restore a snapshot: none is named"))
	}
	var losses []string
	for _, m := range all {
		known, err := m.provider.Snapshots(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		var names []string
		var age string
		for _, one := range known {
			names = append(names, one.Name)
			if one.Name == name {
				age = report.Age(r.o.Now(), one.Time)
			}
		}
		if age == "" {
			hint := "it has: " + strings.Join(names, ", ")
			if len(names) == 0 {
				hint = "it has no snapshot yet; go tool mage vm:snapshot -name=NAME takes one"
			}
			return nil, fault.New(fault.Usage, hint, fmt.Errorf("restore snapshot %s: %s has none of that name", name, m.Name))
		}
		losses = append(losses, fmt.Sprintf("%s loses all that was written to its disks in the last %s", m.Name, age))
	}
	return losses, nil
}

// goBack restores one machine, and has its ports lead into it again. With start
// one that the snapshot has off is started, as whoever restores wants to use it:
// by Vagrant, which forwards ports as well, and does not provision.
func (r *Room) goBack(ctx context.Context, w *procedure.Work, s *scene, m machine, name string, keepers []vagrant.Keeper, start bool) error {
	if err := r.leave(w, m); err != nil {
		return err
	}
	if err := m.provider.Restore(ctx, m.ID, name); err != nil {
		return err
	}
	if w.Door.Planning() {
		return nil
	}
	seen, err := m.provider.Look(ctx, m.ID)
	if err != nil {
		return err
	}
	off := seen.State == provider.Off || seen.State == provider.Crashed
	switch {
	case off && !start:
		return nil
	case off:
		err = r.vagrant(ctx, w, s, nil, "up", m.Name, "--no-provision")
	case seen.State == provider.Paused, seen.State == provider.Saved:
		err = m.provider.Resume(ctx, m.ID)
	}
	if err != nil {
		return err
	}
	const limit = 5 * time.Minute // a machine that was off starts
	if err := r.awake(ctx, w, m, limit); err != nil || off {
		return err
	}
	r.reforward(ctx, w, s, m, keepers)
	return nil
}

// reforward has the ports of this host lead into a machine that runs. What is in
// it is restored without, so a failure is a warning that says what helps.
func (r *Room) reforward(ctx context.Context, w *procedure.Work, s *scene, m machine, keepers []vagrant.Keeper) {
	err := vagrant.Renew(ctx, w.Door, keepers)
	file := vagrantfile.Read(s.project.Text())
	if err == nil && len(keepers) == 0 && m.Provider == provider.Libvirt && len(block(file, m.Name).Ports) > 0 && len(s.project.Forwards(m.Made)) == 0 {
		err = errors.New("it was off, and a snapshot of a machine that runs has no ports")
	}
	if err != nil && ctx.Err() == nil {
		w.Say.Warn("no port of this host leads into %s: %v; go tool mage vm:reload -machine=%[1]s forwards them", m.Name, err)
	}
}

// leave ends our connection to a machine: its memory is about to be another one,
// in which the connection is unknown, or stands where it stood long ago.
func (r *Room) leave(w *procedure.Work, m machine) error {
	door, err := r.inside(w.Door, m.Name)
	if err != nil {
		return err
	}
	if far, is := door.Transport().(*command.Far); is {
		far.Close()
	}
	return nil
}

// awake waits until a machine answers, and sets its clock, which goes on from
// when the machine was held. A clock that is right is left alone: none goes
// backwards for the time that the way there takes.
func (r *Room) awake(ctx context.Context, w *procedure.Work, m machine, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s did not answer within %s", m.Name, report.Duration(limit)))
	defer cancel()
	for {
		door, err := r.inside(w.Door, m.Name)
		if err != nil {
			return err
		}
		const script = `off=$(($(date +%s) - $1)); if [ "$off" -lt -2 ] || [ "$off" -gt 2 ]; then date -s "@$1" >/dev/null; fi`
		c := command.Change("sh", "-c", script, "sh", fmt.Sprint(r.o.Now().Unix()))
		c.As = "root"
		err = door.Run(ctx, c)
		var away *command.Unreachable
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.As(err, &away) && !command.IsAway(err):
			return fmt.Errorf("set the clock of %s: %w", m.Name, err)
		}
		// Nothing tells when a system has come up but its answer.
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// restored is Validate of vm:restore: the machines run, and their services are
// what they should be.
func (r *Room) restored(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	r.mu.Lock()
	note := r.going
	r.mu.Unlock()
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return "", err
	}
	table, err := r.table(ctx, s, all, r.judgeServices)
	if err != nil {
		return "", err
	}
	w.Publish(table, func(out io.Writer) { table.Write(out, w.Lang) })
	if err := table.Err(w.Lang); err != nil {
		return "", fault.New(fault.Invalid, wayBack(note), err)
	}
	return procedure.Evidence(fmt.Sprintf("%s of %s, %s; the state before is %s", note.Name, listed(all), table.Evidence(), note.Safety)), nil
}

// unrestore takes vm:restore back: the machines are what the safety snapshots hold.
func (r *Room) unrestore(ctx context.Context, w *procedure.Work) error {
	var note restoring
	found, err := w.Recall(restoreKey, &note)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	var wrong error
	for _, t := range note.Machines {
		wrong = errors.Join(wrong, r.comeBack(ctx, w, s, t, note.Keepers[t.Machine]))
	}
	return wrong
}

// comeBack brings one machine back to its safety snapshot, which is used up then.
// Where there is none, the restore had not come so far, or it is done already.
// A machine that was off before is off again.
func (r *Room) comeBack(ctx context.Context, w *procedure.Work, s *scene, t taking, keepers []vagrant.Keeper) error {
	m, err := s.named(ctx, t.Machine)
	if err != nil || !m.there() || m.ID != t.ID {
		return err
	}
	if there, err := t.there(ctx, m); err != nil || !there {
		return err
	}
	if err := r.goBack(ctx, w, s, m, t.Name, keepers, false); err != nil {
		return err
	}
	return m.provider.Delete(ctx, m.ID, t.Name)
}

// unrestored proves it: each machine is there and its safety snapshot is used up.
func (r *Room) unrestored(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var note restoring
	if found, err := w.Recall(restoreKey, &note); err != nil || !found {
		return "nothing was restored", err
	}
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	for _, t := range note.Machines {
		m, err := s.named(ctx, t.Machine)
		if err != nil {
			return "", err
		}
		if !m.there() || m.ID != t.ID {
			continue
		}
		if there, err := t.there(ctx, m); err != nil || there {
			return "", errors.Join(err, fmt.Errorf("look for snapshot %s of %s: it is still there", note.Safety, t.Machine))
		}
	}
	return "the machines are what they were before the restore", nil
}
