package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disktar"
	"iact-infra/internal/backup/machine"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// vmRestoration is one run of backup:restoreVM.
type vmRestoration struct {
	livening
	hands
	place *vmPlace
	about *machine.Description
	laid  map[string]*laidDisk // by target
	from  machine.Definition
	made  bool // something may be there that abandon has to remove
	seen  *RestoredVM
}

func (r *Room) newVMRestoration(w *procedure.Work) *vmRestoration {
	return &vmRestoration{
		livening: livening{room: r, w: w, kind: "machine"}, laid: map[string]*laidDisk{},
		seen: &RestoredVM{Run: w.Run, Warnings: []string{}, Disks: []RestoredDisk{}, Phases: map[string]float64{}},
	}
}

// restoreVM makes a machine anew, under a name that nothing has. With -drill it
// is proved and taken away again.
func (r *Room) restoreVM(ctx context.Context, w *procedure.Work) error {
	t := r.newVMRestoration(w)
	if err := t.run(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	r.restoredVM = t
	r.mu.Unlock()
	w.Publish(t.seen, t.seen.Write)
	return nil
}

func (t *vmRestoration) run(ctx context.Context) error {
	phases := []phase{
		{"choose", t.choose},
		{"look", t.look},
		{"verify", t.verify},
		{"ask", t.ask},
		{"create", t.create},
		{"load", t.load},
		{"compare", t.compare},
		{"define", t.define},
		{"prove", t.prove},
		{"remove", t.takeAway},
	}
	drill := func(name string) bool { return !t.pick.Drill && (name == "prove" || name == "remove") }
	return t.through(ctx, phases, t.seen.Phases, drill, t.cleanUp)
}

const notAMachine = "not a whole machine"

// verify reads what the set holds to its end before anything is made.
func (t *vmRestoration) verify(ctx context.Context) (err error) {
	if t.parts, err = t.set.Parts(t.held); err != nil {
		return t.damaged(err, notAMachine)
	}
	t.from.Files = map[string][]byte{}
	err = t.fed(ctx, "reading "+t.held.Name, func(stream io.Reader) (err error) {
		t.about, err = readMachine(stream, func(m *disktar.Member, in io.Reader) error {
			name, wanted := definitionFile(m)
			if !wanted {
				return nil
			}
			t.from.Files[name], err = io.ReadAll(in)
			return err
		})
		return err
	})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return err
	default:
		return t.damaged(err, notAMachine)
	}
	files := t.from.Files
	t.from = t.about.Definition
	t.from.Files = files
	return nil
}

// create makes the directory of the machine. What killed runs have left goes
// first.
func (t *vmRestoration) create(ctx context.Context) error {
	for _, left := range t.unfinished() {
		if err := left.remove(ctx, t.hands); err != nil {
			return err
		}
		t.w.Say.Info("removed %s, which a restore that was killed has left", left.Dir)
	}
	for _, d := range t.about.Holds {
		t.place.Disks[d.Target] = t.place.disk(d.Target)
	}
	for name := range t.from.Files {
		t.place.Files = append(t.place.Files, name)
	}
	t.made = true
	if err := t.note(); err != nil {
		return err
	}
	return t.place.make(t.hands)
}

// machineKey is what the step writes down what it makes under.
const machineKey = "machine"

// note writes down what is made, before it is and after.
func (t *vmRestoration) note() error { return t.w.Record(machineKey, t.place) }

// load writes the disks, with their holes.
func (t *vmRestoration) load(ctx context.Context) error {
	err := t.fed(ctx, "restoring "+t.held.Name, func(stream io.Reader) error {
		_, err := readMachine(stream, func(m *disktar.Member, in io.Reader) (err error) {
			for _, d := range t.about.Holds {
				if d.File == m.Name {
					t.laid[d.Target], err = layDisk(t.hands.disk, t.place.Disks[d.Target], m, in)
				}
			}
			return err
		})
		return err
	})
	var bad *archive.PartError
	if errors.As(err, &bad) { // since it was read
		return t.damaged(err, notAMachine)
	}
	return err
}

// compare reads the disks back.
func (t *vmRestoration) compare(ctx context.Context) error {
	for _, d := range t.about.Holds {
		laid := t.laid[d.Target]
		if err := laid.check(ctx, t.place.Disks[d.Target]); err != nil {
			return fault.New(fault.Invalid, "what was made is removed; dmesg may say what is wrong with the disk", fmt.Errorf("read disk %s back: %w", d.Target, err))
		}
		t.seen.Disks = append(t.seen.Disks, RestoredDisk{Target: d.Target, File: t.place.Disks[d.Target], Size: laid.size, Data: laid.data()})
	}
	return nil
}

// define makes the machine of it.
func (t *vmRestoration) define(ctx context.Context) (err error) {
	if t.place.ID, err = t.Define(ctx, t.from, t.place.as()); err != nil {
		return fmt.Errorf("define machine %s: %w", t.place.Domain, err)
	}
	if err := t.note(); err != nil {
		return err
	}
	// Its provider may have given the disks another form.
	found, err := t.Find(ctx, t.place.Provider, t.place.Domain)
	if err == nil && found == nil {
		err = fmt.Errorf("define machine %s: it is not there", t.place.Domain)
	}
	if err != nil {
		return err
	}
	for i, d := range t.seen.Disks {
		at := slices.IndexFunc(found.Disks, func(one machine.Disk) bool { return one.Target == d.Target })
		if at < 0 {
			return fmt.Errorf("define machine %s: it has no disk %s", t.place.Domain, d.Target)
		}
		t.seen.Disks[i].File = found.Disks[at].Path
	}
	if !t.pick.Drill {
		if err := t.place.finish(t.hands); err != nil {
			return err
		}
	}
	t.seen.tell(t)
	return nil
}

func (t *vmRestoration) warn(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	t.w.Say.Warn("%s", line)
	t.seen.Warnings = append(t.seen.Warnings, line)
}

func (t *vmRestoration) cleanUp(ctx context.Context, why error) error {
	if !t.made {
		return why
	}
	return t.abandoned(ctx, why, func(late context.Context) error { return t.place.remove(late, t.hands) })
}

// planRestoreVM chooses and looks, which only reads.
func (r *Room) planRestoreVM(ctx context.Context, w *procedure.Work) ([]string, error) {
	t := r.newVMRestoration(w)
	var err error
	if t.config, t.store, err = r.opened(); err != nil {
		return nil, err
	}
	if err := t.pickVM(r.selection()); err != nil {
		return nil, restoring(t.name(), err)
	}
	if err := t.look(ctx); err != nil {
		return nil, err
	}
	return t.planned(), nil
}

// planned is what all this amounts to, as shell lines.
func (t *vmRestoration) planned() []string {
	show := func(words ...string) string { return t.w.Door.Show(command.Change(words[0], words[1:]...)) }
	p := t.place
	lines := []string{
		"set -euo pipefail", "cd " + word(t.set.Dir), show("mkdir", "-m", "711", p.Dir),
		decoded(t.held.Dir) + " | tar -x -S -C " + word(p.Dir), "# the disks are read back and compared with the set",
	}
	switch p.Provider {
	case "virtualbox":
		lines = append(lines, show("VBoxManage", "createvm", "--name", p.Domain, "--register"), "# with the settings and disks of "+p.Dir)
	default:
		lines = append(lines, "# definition/domain.xml with the new name and the paths of the disks in "+p.Dir, show("virsh", "define", p.Dir+"/domain.xml"))
	}
	if !t.pick.Drill {
		return lines
	}
	switch p.Provider {
	case "virtualbox":
		lines = append(lines, show("VBoxManage", "startvm", p.Domain, "--type", "headless"), "# its databases are asked", show("VBoxManage", "unregistervm", p.Domain, "--delete"))
	default:
		lines = append(lines, show("virsh", "start", p.Domain), "# its databases are asked", show("virsh", "destroy", p.Domain), show("virsh", "undefine", p.Domain, "--nvram"))
	}
	return append(lines, show("rm", "-r", p.Dir))
}

// stamp is a moment in names.
func stamp(at time.Time) string { return at.UTC().Format("20060102150405") }
