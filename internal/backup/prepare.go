package backup

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// prepare is step 1: everything that would make a backup fail later is found
// out now, before a byte is written.
func (r *Room) prepare(ctx context.Context, w *procedure.Work) error {
	c, s, err := r.opened()
	if err != nil {
		return err
	}
	if err := s.Prepare(); err != nil {
		return err
	}
	// The lock is held until the process ends, by whatever means.
	unlock, err := s.Lock()
	if err != nil {
		return err
	}
	now, err := r.open(c, s)
	if err != nil {
		unlock()
		return err
	}
	now.unlock = unlock
	w.Defer(r.BringBack(ctx, w.Door, w.Say))
	for _, l := range now.sets {
		if l.Err != nil {
			w.Say.Warn("%v", l.Err)
		}
	}
	containers := overlooked(ctx, w.Door, c)
	defer func() {
		for _, line := range containers() {
			w.Say.Info("%s", line)
		}
	}()
	if now.sources, err = r.find(ctx, w.Door, c, s, w.Say); err != nil {
		return err
	}
	if err := now.check(ctx, w.Door); err != nil {
		return err
	}
	for _, p := range now.sources {
		if p.err != nil {
			p.err = fmt.Errorf("check %s: %w", p.Name(), p.err)
			w.Defer(p.err) // the other sources are still backed up
		}
		for _, warning := range p.check.Warnings {
			w.Say.Warn("%s: %s", p.Name(), warning)
		}
	}
	if err := now.room(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session = now
	// Large buffers and few pointers: the collector would let garbage pile up
	// to twice of what lives. GOMEMLIMIT still has the last word.
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(softMemory)
	}
	return nil
}

// checks is how many sources are looked at at a time: most of it is waiting for
// other hosts.
const checks = 4

// check looks at every source. The error is the end of the context.
func (s *session) check(ctx context.Context, door *command.Door) error {
	var all errgroup.Group
	all.SetLimit(checks)
	for _, p := range s.sources {
		all.Go(func() error {
			p.check, p.err = p.Check(ctx, p.door(door))
			return ctx.Err()
		})
	}
	return all.Wait()
}

// softMemory is what the collector keeps the heap to as long as it can.
const softMemory = 160 << 20

// room refuses a store without space for what may be written, and a margin.
func (s *session) room() error {
	free, err := s.store.Free()
	if err != nil {
		return err
	}
	need := s.estimate()
	need += need * int64(s.config.Backup.Margin) / 100
	if need > free {
		return fault.New(fault.Missing, "free space there, or let backup.store name a larger file system",
			fmt.Errorf("check space of %s: %s are free, this backup may need %s", s.store.Dir(), report.Bytes(free), report.Bytes(need)))
	}
	return nil
}

// estimate is what this run may write: of a source that an earlier set holds
// twice as much as was new then, else all that the source says.
func (s *session) estimate() int64 {
	const least = 16 << 20
	total := int64(least)
	for _, p := range s.sources {
		guess := p.check.Estimate
		for _, set := range s.known() {
			if held, ok := set.Manifest.Source(p.Name()); ok && held.State != manifest.Failed {
				guess = min(guess, held.Stored*2)
				break
			}
		}
		total += guess
	}
	return total
}

func (r *Room) prepared(_ context.Context, _ *procedure.Work) (procedure.Evidence, error) {
	s, err := r.current()
	if err != nil {
		return "", err
	}
	if err := s.store.Check(); err != nil {
		return "", err
	}
	free, err := s.store.Free()
	if err != nil {
		return "", err
	}
	return procedure.Evidence(fmt.Sprintf("%s (%s), %s free in %s", counted(len(s.sources), "source"), names(s.sources), report.Bytes(free), s.store.Dir())), nil
}
