package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/backup/store"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Rotation is the result of backup:rotate. Its JSON is part of the public
// interface.
type Rotation struct {
	Keep   []KeptSet    `json:"keep"`
	Remove []RemovedSet `json:"remove"`
	Freed  int64        `json:"freed_bytes"` // of the disk, links between sets taken into account

	sets []judged
	now  time.Time
	dry  bool
}

// KeptSet is a set that stays. The time is missing when the manifest cannot be
// read.
type KeptSet struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time,omitzero"`
	Reasons []string  `json:"reasons"` // SOURCE: RULE
}

// RemovedSet is a set that goes.
type RemovedSet struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
}

// rotate is step 8: sets that no source keeps are removed. It is no part of
// backup:all, which only ever adds: whoever wants both every night types
// backup:all backup:rotate. A backup that made no set at all cuts that chain.
func (r *Room) rotate(ctx context.Context, w *procedure.Work) error {
	_, s, err := r.opened()
	if err != nil {
		return err
	}
	r.TryBringBack(ctx, w.Door, w.Say)
	if err := s.Check(); err != nil {
		return err
	}
	if s.Exists() {
		release, err := r.hold(s)
		if err != nil {
			return err
		}
		defer release()
		if err := s.Prepare(); err != nil { // clears what an interrupted removal left
			return err
		}
	}
	done, err := r.measured(ctx)
	if err != nil {
		return err
	}
	done.suspicious(w.Say)
	ids := done.ids()
	if len(ids) > 0 {
		if err := w.Record("remove", ids); err != nil {
			return err
		}
		if err := s.Remove(ctx, ids...); err != nil {
			return err
		}
	}
	w.Publish(done, done.Write)
	return nil
}

// hold locks the store until release, unless this process holds it already:
// backup:prepare has locked it when targets are chained.
func (r *Room) hold(s *store.Store) (release func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.session != nil {
		return func() {}, nil
	}
	return s.Lock()
}

// Rotate is backup:rotate -dry: what would go and what would stay.
func (r *Room) Rotate(ctx context.Context) (*Rotation, error) {
	done, err := r.measured(ctx)
	if err != nil {
		return nil, err
	}
	done.dry = true
	return done, nil
}

// decide looks at the store and changes nothing.
func (r *Room) decide(ctx context.Context) (*Rotation, error) {
	c, s, err := r.opened()
	if err != nil {
		return nil, err
	}
	keep, err := policy(c.Backup.Keep)
	if err != nil {
		return nil, err
	}
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	done := &Rotation{Keep: []KeptSet{}, Remove: []RemovedSet{}, now: r.o.Now().UTC()}
	done.sets = judge(all, keep, done.now)
	for _, j := range done.sets {
		at := time.Time{}
		if j.listed.Set != nil {
			at = j.listed.Set.Manifest.Time
		}
		if len(j.reasons) > 0 {
			done.Keep = append(done.Keep, KeptSet{ID: j.listed.ID, Time: at, Reasons: j.because()})
			continue
		}
		done.Remove = append(done.Remove, RemovedSet{ID: j.listed.ID, Time: at})
	}
	return done, ctx.Err()
}

// measured is decide with what would come free, which looks at every file of the
// sets that go.
func (r *Room) measured(ctx context.Context) (*Rotation, error) {
	done, err := r.decide(ctx)
	if err != nil {
		return nil, err
	}
	_, s, err := r.opened()
	if err != nil {
		return nil, err
	}
	done.Freed, err = s.Freed(done.ids()...)
	return done, err
}

// policy is what the configuration says of real sets. A policy of tags alone
// would remove every night's set but the newest; it is refused.
func policy(keep config.Keep) (config.Keep, error) {
	timed := keep
	timed.Tags = nil
	if timed.Empty() {
		return keep, fault.New(fault.Usage, "give backup.keep a rule of time as well, such as last: 3 (config:show prints what is in force)",
			fmt.Errorf("rotate: backup.keep.tags %v is the only rule: every set without a tag would go", keep.Tags))
	}
	return keep, nil
}

func (d *Rotation) ids() []string {
	var ids []string
	for _, set := range d.Remove {
		ids = append(ids, set.ID)
	}
	return ids
}

// suspicious says what is odd about the sets.
func (d *Rotation) suspicious(say *report.Line) {
	for _, j := range d.sets {
		switch {
		case j.listed.Set == nil:
			say.Warn("set %s stays, nobody knows what it holds: %v", j.listed.ID, j.listed.Err)
		case j.listed.Set.Manifest.Time.After(d.now):
			say.Warn("set %s says that it was made on %s, and it is %s now: it stays and takes no place from others; check the clock",
				j.listed.ID, j.listed.Set.Manifest.Time.Format(moment), d.now.Format(moment))
		}
	}
}

// rotated proves that what had to go is gone, and that what stays can be opened
// as before.
func (r *Room) rotated(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	_, s, err := r.opened()
	if err != nil {
		return "", err
	}
	result := w.Published()
	if result == nil {
		return "", errors.New("look for removed sets: there is no result of the rotation")
	}
	done, ok := result.Value.(*Rotation)
	if !ok {
		return "", fmt.Errorf("look for removed sets: the result is a %T", result.Value)
	}
	for _, set := range done.Remove {
		if _, err := os.Lstat(filepath.Join(s.Dir(), set.ID)); err == nil {
			return "", fmt.Errorf("look for set %s: it is still there", set.ID)
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("look for set %s: %w", set.ID, err)
		}
	}
	all, err := s.List()
	if err != nil {
		return "", err
	}
	open := map[string]bool{}
	for _, l := range all {
		open[l.ID] = l.Set != nil
	}
	for _, j := range done.sets {
		if len(j.reasons) > 0 && j.listed.Set != nil && !open[j.listed.ID] {
			return "", fmt.Errorf("open set %s, which was to stay: it cannot be read", j.listed.ID)
		}
	}
	return procedure.Evidence(done.summary()), nil
}

// planRotate prints the lines that amount to it.
func (r *Room) planRotate(ctx context.Context, _ *procedure.Work) ([]string, error) {
	_, s, err := r.opened()
	if err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	done, err := r.decide(ctx)
	if err != nil {
		return nil, err
	}
	dir := word(s.Dir()) // quoted once: an id needs no quotes
	var lines []string
	for _, id := range done.ids() {
		lines = append(lines, "rm -rf "+dir+"/"+id)
	}
	return lines, nil
}
