package vm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/provider"
)

// clean is the snapshot of the procedure: taken once, right after provisioning.
const clean = "clean-provision"

// snapshotKey is where a run notes the snapshots that it is about to take.
const snapshotKey = "snapshot"

// taking is one snapshot of a run. It is known by its name and by what it says
// about itself: one of that name that somebody else has taken is never touched.
type taking struct {
	Machine string `json:"machine"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	About   string `json:"about"`
}

// there looks for the snapshot.
func (t taking) there(ctx context.Context, m machine) (bool, error) {
	known, err := m.provider.Snapshots(ctx, m.ID)
	return slices.ContainsFunc(known, func(one provider.Snapshot) bool { return one.Name == t.Name && one.Description == t.About }), err
}

// of is what is to be taken of a machine, or was.
func of(takes []taking, m machine) (taking, bool) {
	at := slices.IndexFunc(takes, func(t taking) bool { return t.ID == m.ID })
	if at < 0 {
		return taking{}, false
	}
	return takes[at], true
}

// snapshotTaken is Done of step 7: without a name it is the snapshot of the
// procedure that counts. One that was named has to be taken.
func (r *Room) snapshotTaken(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return "", err
	}
	if s.pick.Name != "" {
		return "", fmt.Errorf("%w: %s is to be taken", procedure.ErrNotDone, s.pick.Name)
	}
	for _, m := range all {
		there, err := has(ctx, m, clean)
		if err != nil {
			return "", err
		}
		if !there {
			return "", fmt.Errorf("%w: %s has no snapshot %s", procedure.ErrNotDone, m.Name, clean)
		}
	}
	return procedure.Evidence(clean + " of " + listed(all)), nil
}

// has looks for a snapshot of a machine.
func has(ctx context.Context, m machine, name string) (bool, error) {
	known, err := m.provider.Snapshots(ctx, m.ID)
	return slices.ContainsFunc(known, func(one provider.Snapshot) bool { return one.Name == name }), err
}

// snapshot is step 7. When one machine fails, those of the others that this run
// has taken go again: a half is no state to come back to. A run that was cut off
// goes on with what it was about to take.
func (r *Room) snapshot(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return err
	}
	name := s.pick.Name
	if name == "" {
		name = clean
	}
	if !regexp.MustCompile(provider.SnapshotPattern).MatchString(name) {
		return fault.New(fault.Usage, "a name has 1 to 64 of a-z A-Z 0-9 . _ - and begins with a letter or digit", fmt.Errorf("take snapshot %q: it cannot be called that", name))
	}
	var takes []taking
	if _, err := w.Recall(snapshotKey, &takes); err != nil {
		return err
	}
	for _, m := range all {
		if _, begun := of(takes, m); begun {
			continue
		}
		there, err := has(ctx, m, name)
		if err != nil {
			return err
		}
		switch {
		case there && s.pick.Name == "":
			continue
		case there:
			return fault.New(fault.Usage, "go tool mage vm:snapshots lists them; take another name", fmt.Errorf("take snapshot %s of %s: there is one of that name, and none is ever replaced", name, m.Name))
		}
		takes = append(takes, taking{Machine: m.Name, ID: m.ID, Name: name, About: "taken by vm:snapshot, run " + w.Run})
	}
	if err := r.take(ctx, w, s, all, takes); err != nil {
		return err
	}
	return each(ctx, all, func(ctx context.Context, m machine) error {
		if _, taken := of(takes, m); taken && m.on() {
			r.refresh(ctx, w, m)
		}
		return nil
	})
}

// refresh sets the clock of a machine, which stood while it was held. The
// snapshot is good without it, so a failure is no more than a warning.
func (r *Room) refresh(ctx context.Context, w *procedure.Work, m machine) {
	const limit = time.Minute
	if err := r.awake(ctx, w, m, limit); err != nil && ctx.Err() == nil {
		w.Say.Warn("%s may have a clock that is late since the snapshot: %v; go tool mage vm:verify tells", m.Name, err)
	}
}

// take takes snapshots, of one moment for each machine: its databases write down
// what they have, its system too, and the provider holds it for the moment.
// What was taken already, by the run that this one continues, stays as it is.
func (r *Room) take(ctx context.Context, w *procedure.Work, s *scene, all []machine, takes []taking) error {
	if err := w.Record(snapshotKey, takes); err != nil {
		return err
	}
	r.mu.Lock()
	r.taken = takes
	r.mu.Unlock()
	err := each(ctx, all, func(ctx context.Context, m machine) error {
		t, wanted := of(takes, m)
		if !wanted {
			return nil
		}
		if there, err := t.there(ctx, m); err != nil || there {
			return err
		}
		if m.on() {
			r.settle(ctx, w, m)
		}
		return m.provider.Take(ctx, m.ID, t.Name, t.About)
	})
	if err == nil {
		return nil
	}
	return errors.Join(err, r.drop(context.WithoutCancel(ctx), s, takes))
}

// settle has the databases of a machine write down what is only in memory, so
// that they start quickly from a snapshot. They would come back without it, too:
// so a failure is no more than a warning.
func (r *Room) settle(ctx context.Context, w *procedure.Work, m machine) {
	door, err := r.inside(w.Door, m.Name)
	if err == nil {
		const script = `cd / && wrong=0
if [ -S /var/run/postgresql/.s.PGSQL.5432 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- psql -X -q -w -h /var/run/postgresql -d postgres -c CHECKPOINT || wrong=1; fi
if [ -S /run/mysqld/mysqld.sock ] && command -v mariadb >/dev/null; then mariadb --protocol=socket -e 'FLUSH LOCAL TABLES' || wrong=1; fi
sync && exit "$wrong"`
		c := command.Change("sh", "-c", script)
		c.As, c.Timeout = "root", 2*time.Minute // a FLUSH waits for statements that run
		err = door.Run(ctx, c)
	}
	if err != nil && ctx.Err() == nil {
		w.Say.Warn("the databases of %s were not asked to write first: %v", m.Name, err)
	}
}

// snapshotThere is Validate of step 7.
func (r *Room) snapshotThere(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	r.mu.Lock()
	takes := r.taken
	r.mu.Unlock()
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	said := "nothing had to be taken"
	for i, t := range takes {
		m, err := s.named(ctx, t.Machine)
		if err != nil {
			return "", err
		}
		there, err := t.there(ctx, m)
		if err != nil {
			return "", err
		}
		if !there {
			return "", fmt.Errorf("look for snapshot %s of %s: it is not there", t.Name, t.Machine)
		}
		if i == 0 {
			said = t.Name + " of " + t.Machine
		} else {
			said += ", " + t.Machine
		}
	}
	return procedure.Evidence(said), nil
}

// dropSnapshot takes step 7 back: exactly what it has taken goes.
func (r *Room) dropSnapshot(ctx context.Context, w *procedure.Work) error {
	var takes []taking
	found, err := w.Recall(snapshotKey, &takes)
	if err != nil {
		return err
	}
	if !found || len(takes) == 0 {
		return procedure.ErrNothingToUndo
	}
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	return r.drop(ctx, s, takes)
}

// drop deletes snapshots that were ours to take. One that is not there was never
// taken, or is gone.
func (r *Room) drop(ctx context.Context, s *scene, takes []taking) error {
	var wrong error
	for _, t := range takes {
		m, err := s.named(ctx, t.Machine)
		there := false
		if err == nil && m.there() && m.ID == t.ID {
			there, err = t.there(ctx, m)
		}
		if there {
			err = m.provider.Delete(ctx, m.ID, t.Name)
		}
		wrong = errors.Join(wrong, err)
	}
	return wrong
}

func (r *Room) snapshotDropped(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var takes []taking
	if found, err := w.Recall(snapshotKey, &takes); err != nil || !found {
		return "nothing was taken", err
	}
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	for _, t := range takes {
		m, err := s.named(ctx, t.Machine)
		if err != nil {
			return "", err
		}
		if !m.there() || m.ID != t.ID {
			continue
		}
		if there, err := t.there(ctx, m); err != nil || there {
			return "", errors.Join(err, fmt.Errorf("look for snapshot %s of %s: it is still there", t.Name, t.Machine))
		}
	}
	return "the snapshots of the run are gone", nil
}
