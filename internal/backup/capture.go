package backup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// capture returns the work of a capture step: it lays down all sources of some
// kinds, one after the other. A failure of one is deferred, so that the others
// are captured and sealed.
func (r *Room) capture(kinds ...string) procedure.Action {
	return func(ctx context.Context, w *procedure.Work) error {
		s, err := r.current()
		if err != nil {
			return err
		}
		sources, gone := s.of(kinds), s.missing(kinds)
		if len(sources) == 0 && len(gone) == 0 {
			return r.nothing(w, kinds)
		}
		draft, err := s.begin(r)
		if err != nil {
			return err
		}
		began := time.Now()
		for _, held := range gone {
			err := s.gone(held)
			if absent := r.volumesAbsent(); absent != nil && held.Kind == source.KindVolume {
				err = fmt.Errorf("find source %s (%s): %w", held.Name, held.Origin, absent)
			}
			s.add(manifest.Source{Name: held.Name, Kind: held.Kind, State: manifest.Failed, Error: err.Error(), Origin: held.Origin}, err)
			if !s.serverDown(held) { // else backup:prepare has told it, once for all of its databases
				w.Defer(err)
			}
		}
		for _, p := range sources {
			done, err := s.one(ctx, w, draft, p)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.add(done, err)
			if p.err == nil { // else backup:prepare has told it
				w.Defer(err)
			}
		}
		s.spent(&s.phases.Capture, began, false)
		if r.sealsLater() {
			return nil
		}
		return r.seal(ctx, w)
	}
}

// gone is the error for a source that an earlier set holds and this run lacks.
func (s *session) gone(held manifest.Source) error {
	if s.serverDown(held) {
		return fault.New(fault.Failed, "start the server", fmt.Errorf("find source %s (%s): its server does not answer", held.Name, held.Origin))
	}
	return fault.New(fault.Failed, "if it is gone for good, add it to the configuration: backup: {retired: ["+held.Name+"]}",
		fmt.Errorf("find source %s (%s): an earlier set holds it, and it is not there any more", held.Name, held.Origin))
}

// serverDown says whether a source of an earlier set belongs to a server that
// was found in this run and does not answer.
func (s *session) serverDown(held manifest.Source) bool {
	return slices.ContainsFunc(s.sources, func(p *planned) bool {
		server := p.Kind() == source.KindGlobals || p.Kind() == source.KindMariaDB // which names no database then
		return p.err != nil && server && strings.HasPrefix(held.Origin, p.Origin()+"/")
	})
}

// nothing is the end of a capture step that has no source. Alone it could do
// nothing of what it was asked for; as a part of a whole backup that is fine.
func (r *Room) nothing(w *procedure.Work, kinds []string) error {
	if r.sealsLater() {
		w.Say.Info("no source of kind %s", kinds[0])
		return nil
	}
	return fault.New(fault.Missing, "config:show prints backup.sources; messages above say what was looked for",
		fmt.Errorf("back up: there is no source of kind %s", kinds[0]))
}

// one captures one source.
func (s *session) one(ctx context.Context, w *procedure.Work, draft *store.Draft, p *planned) (manifest.Source, error) {
	began := time.Now()
	done := manifest.Source{Name: p.Name(), Kind: p.Kind(), Origin: p.Origin(), Dir: source.Dir(p), State: manifest.Failed}
	err := p.err
	if err == nil {
		err = s.around(ctx, w, p, func(ctx context.Context) error { return s.again(ctx, w, draft, p, &done) })
	}
	done.Seconds = time.Since(began).Seconds()
	var unread *unreadable
	if errors.As(err, &unread) {
		return done, err // the set holds the rest
	}
	if err != nil {
		done.State, done.Error, done.Dir = manifest.Failed, firstLine(err.Error()), ""
		err = fmt.Errorf("back up %s: %w", p.Name(), err)
		if ctx.Err() == nil { // a cancelled run leaves its parts for the next one
			if drop := draft.Drop(source.Dir(p)); drop != nil {
				err = errors.Join(err, drop)
			}
		}
	}
	return done, err
}

// around runs the shell lines that the configuration puts before and after a
// source. Those after run whatever happened: they may start again what the
// ones before have stopped.
func (s *session) around(ctx context.Context, w *procedure.Work, p *planned, work func(context.Context) error) error {
	run := func(ctx context.Context, lines []string) error {
		for _, line := range lines {
			if err := p.door(w.Door).Run(ctx, p.line(line)); err != nil {
				return fmt.Errorf("run %q: %w", line, err)
			}
		}
		return nil
	}
	err := run(ctx, p.config.Before)
	if err == nil {
		limited, cancel := ctx, context.CancelFunc(func() {})
		if p.config.Timeout > 0 {
			limited, cancel = context.WithTimeoutCause(ctx, p.config.Timeout,
				fault.New(fault.Failed, "raise timeout of source "+p.Name(), fmt.Errorf("it took longer than its timeout of %s", p.config.Timeout)))
		}
		err = work(limited)
		if limited.Err() != nil && ctx.Err() == nil {
			err = context.Cause(limited)
		}
		cancel()
	}
	if len(p.config.After) == 0 {
		return err
	}
	const atMost = time.Minute // when the run was cancelled
	late, cancel := ctx, context.CancelFunc(func() {})
	if ctx.Err() != nil {
		late, cancel = context.WithTimeout(context.WithoutCancel(ctx), atMost)
	}
	defer cancel()
	return errors.Join(err, run(late, p.config.After))
}

// again lays a source down, anew when the connection to it was lost.
func (s *session) again(ctx context.Context, w *procedure.Work, draft *store.Draft, p *planned, done *manifest.Source) error {
	for attempt := 0; ; attempt++ {
		err := s.lay(ctx, w, draft, p, done)
		if !command.IsAway(err) || attempt >= p.config.Retries || ctx.Err() != nil {
			return err
		}
		if err := draft.Drop(source.Dir(p)); err != nil {
			return err
		}
		w.Say.Warn("%s: %v; trying again (%d of %d)", p.Name(), err, attempt+1, p.config.Retries)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(attempt+1) * time.Second):
		}
	}
}

func (s *session) lay(ctx context.Context, w *procedure.Work, draft *store.Draft, p *planned, done *manifest.Source) error {
	prior, shelf, err := s.prior(p, draft, w)
	if err != nil {
		return err
	}
	bar := w.Say.Progress(p.Name(), s.expected(p))
	layer, err := archive.NewLayer(ctx, s.press, draft.Disk(), filepath.Join(draft.Dir, source.Dir(p)), shelf, func(n int64) { bar.Add(int(n)) })
	if err != nil {
		return err
	}
	captured, err := p.Capture(ctx, source.To{Door: p.door(w.Door), Layer: layer, Press: s.press, Prior: prior})
	bar.Done()
	if err != nil {
		return layer.Abort(err)
	}
	laid, err := layer.Close()
	if err != nil {
		return err
	}
	syncing := time.Now()
	if err := draft.Disk().Sync(draft.Dir); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	s.spent(&s.phases.Sync, syncing, true)
	done.State, done.Size, done.Stored, done.New, done.Parts, done.List = manifest.Written, laid.Plain, laid.Stored, laid.New, len(laid.Parts), laid.List
	done.Snapshot, done.Notes, done.Detail, done.Files = captured.Snapshot, captured.Notes, captured.Detail, captured.Files
	w.Say.Info("%s: %s, %s new", p.Name(), report.Bytes(done.Size), report.Bytes(done.New))
	for _, note := range captured.Notes {
		w.Say.Warn("%s: %s", p.Name(), note)
	}
	if captured.Unreadable > 0 {
		return &unreadable{source: p.Name(), count: captured.Unreadable, first: captured.Notes[0]}
	}
	return nil
}

// expected is how many bytes the progress bar counts to.
func (s *session) expected(p *planned) int64 {
	for _, set := range s.known() {
		if held, ok := set.Manifest.Source(p.Name()); ok && held.State != manifest.Failed {
			return held.Size
		}
	}
	if p.check.Estimate > 0 {
		return p.check.Estimate
	}
	return -1
}

// unreadable says that a source was captured, but not all of it.
type unreadable struct {
	source string
	count  int
	first  string
}

func (u *unreadable) Error() string {
	return fmt.Sprintf("back up %s: %s could not be read, so the set lacks what is in there: %s", u.source, counted(u.count, "file"), u.first)
}

// Hint implements the hint of package fault.
func (u *unreadable) Hint() string { return "run as a user who may read them, or exclude them" }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// captured is what a capture step shows as its effect.
func (r *Room) captured(kinds ...string) procedure.Check {
	return func(_ context.Context, _ *procedure.Work) (procedure.Evidence, error) {
		s, err := r.current()
		if err != nil {
			return "", err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		var count, parts int
		var size, fresh int64
		for _, done := range s.done {
			for _, kind := range kinds {
				if done.Kind != kind || done.State == manifest.Failed {
					continue
				}
				count, parts, size, fresh = count+1, parts+done.Parts, size+done.Size, fresh+done.New
				if err := s.present(done); err != nil {
					return "", err
				}
			}
		}
		return procedure.Evidence(fmt.Sprintf("%s, %s in %s, %s new", counted(count, "source"), report.Bytes(size), counted(parts, "part"), report.Bytes(fresh))), nil
	}
}

// present makes sure that the list of a source's parts is what was written.
func (s *session) present(done manifest.Source) error {
	set := &store.Set{}
	switch {
	case s.draft != nil:
		set.Dir = s.draft.Dir
	case s.sealed != nil:
		set = s.sealed
	}
	_, err := set.Parts(&done)
	return err
}
