package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Applied is what an Apply has done: all that Back needs.
type Applied struct {
	File    string   `json:"file"`
	Target  string   `json:"target"`           // what File leads to
	Backup  string   `json:"backup,omitempty"` // "" when the file was as wanted
	Absent  bool     `json:"absent,omitempty"` // there was no file
	Before  string   `json:"before"`           // the hash of the old file
	Ours    []string `json:"ours"`             // the hashes of what was put in its place
	Changes []Change `json:"changes,omitempty"`
	Needs   Need     `json:"needs,omitempty"`
	Running bool     `json:"running"` // the daemon ran before
	Hold    bool     `json:"hold"`    // and containers that have to be spared
	Moved   bool     `json:"moved"`   // to another data root or storage driver
	Spared  []string `json:"spared,omitempty"`
	Lost    []string `json:"lost,omitempty"` // containers that run no more, or in another process
	Proofs  []Proof  `json:"proofs,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Changed says whether anything was done.
func (a Applied) Changed() bool { return a.Needs != Nothing }

// Apply gives the daemon the wanted settings and proves them, or leaves the
// machine as it was.
func (d *Daemon) Apply(ctx context.Context, want Settings) (Applied, error) {
	p, err := d.Plan(ctx, want)
	if err != nil {
		return Applied{}, err
	}
	a := Applied{
		File: d.File, Target: p.now.target, Absent: p.before.absent, Before: p.before.sum(),
		Changes: p.Changes, Needs: p.Needs, Running: p.alive, Proofs: p.Proofs, Notes: p.Notes,
	}
	if p.Done() {
		return a, nil
	}
	t := p.turn(d)
	if t.checked, err = d.validate(ctx, p); err != nil {
		return Applied{}, err
	}
	a.Hold = t.hold
	a.Moved = slices.ContainsFunc(p.Proofs, func(proof Proof) bool {
		return proof.State == Wrong && (proof.Key == "data-root" || proof.Key == "storage-driver")
	})
	if err := d.prepare(ctx, &p, t, &a); err != nil {
		return Applied{}, err
	}
	t.log = d.Control.Why(ctx)
	forward, stop := context.WithTimeoutCause(ctx, d.limit(), late(d.limit()))
	defer stop()
	err = t.run(forward)
	if d.Door.Planning() {
		return a, err
	}
	if err == nil {
		if a.Proofs, err = d.prove(forward, want, t); err == nil {
			err = wrong(a.Proofs)
		}
	}
	if err == nil {
		d.count(forward, p.Containers, &a)
		return a, d.discard(ctx, d.File+openEnd)
	}
	return Applied{}, d.retreat(ctx, p, t, a, err)
}

// late is why a turn has no more time.
type late time.Duration

func (l late) Error() string { return "not done within " + time.Duration(l).String() }

func (p Plan) turn(d *Daemon) *turn {
	can, _ := p.spares()
	_, flagged := p.flags["live-restore"]
	t := &turn{
		daemon: d, there: p.now.sum(), need: p.Needs, final: content{target: p.now.target, text: p.Text, absent: p.before.absent && len(p.Changes) == 0},
		alive: p.alive, hold: len(p.Containers) > 0 && can, live: p.info.LiveRestoreEnabled, flagged: flagged,
	}
	if p.adopted == nil {
		return t
	}
	if !p.alive {
		// Its containers may run without it.
		t.hold = p.adopted.Hold
	}
	// What the killed run had reloaded and this one does not want goes.
	for _, w := range dropped(p.adopted.Changes) {
		if _, wanted := valueIn(p.Text, w.key); !wanted {
			t.drop = append(t.drop, w)
		}
	}
	return t
}

// validate asks dockerd itself where it can (from 23.0 on), about the file
// together with the command line. An older one says it at the reload.
func (d *Daemon) validate(ctx context.Context, p Plan) (checked bool, err error) {
	if d.Door.Planning() {
		return false, nil
	}
	help, err := d.text(ctx, command.Read(d.Program, "--help"))
	if err != nil {
		return false, fmt.Errorf("ask %s what it can: %w", d.Program, err)
	}
	if !strings.Contains(help, "--validate") {
		return false, nil
	}
	if err := d.write(ctx, p.now.target, p.Text); err != nil {
		return false, err
	}
	if _, err := d.text(ctx, command.Read(d.Program, "--validate", "--config-file", p.now.target+freshEnd)); err != nil {
		refused := fmt.Errorf("check the merged %s: dockerd refuses it: %w", d.File, err)
		if err := d.discard(ctx, p.now.target+freshEnd); err != nil {
			d.say("%v", err)
		}
		return false, fault.New(fault.Invalid, "nothing was changed; correct the key that it names", refused)
	}
	return true, nil
}

// prepare keeps the old file and says beside it what is under way, before
// anything changes.
func (d *Daemon) prepare(ctx context.Context, p *Plan, t *turn, a *Applied) error {
	sums, err := t.sums()
	if err != nil {
		return err
	}
	back, err := wayBack(p.before, p.Changes)
	if err != nil {
		return err
	}
	a.Ours = slices.Concat(sums, back)
	switch {
	case p.adopted != nil:
		a.Backup, a.Running, a.Moved = p.adopted.Backup, p.adopted.Running, a.Moved || p.adopted.Moved
		// The texts of the killed run are still ours, and may be in the place.
		a.Ours = append(a.Ours, p.adopted.Ours...)
	case len(p.Changes) == 0:
		return nil
	default:
		a.Backup = d.File + backupEnd + d.now().UTC().Format("20060102T150405.000000Z")
		if err := d.keep(ctx, p.now.target, a.Backup); err != nil {
			// On a full disk half of it may be there.
			if left := d.discard(ctx, a.Backup, p.now.target+freshEnd); left != nil {
				d.say("%v", left)
			}
			return err
		}
	}
	if err := d.open(ctx, *a); err != nil || d.Record == nil || d.Door.Planning() {
		return err
	}
	if err := d.Record(*a); err != nil {
		return fmt.Errorf("record what is under way: %w", err)
	}
	return nil
}

// count compares the containers with those of before.
func (d *Daemon) count(ctx context.Context, before []Container, a *Applied) {
	if len(before) == 0 {
		return
	}
	after, err := d.running(ctx)
	if err != nil {
		a.Notes = append(a.Notes, err.Error())
		return
	}
	same := map[Container]bool{}
	for _, c := range after {
		same[c] = true
	}
	for _, c := range before {
		if same[c] {
			a.Spared = append(a.Spared, c.Name)
		} else {
			a.Lost = append(a.Lost, c.Name)
		}
	}
}
