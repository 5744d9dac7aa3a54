package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/compare"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// restoration is one run of backup:restoreDB.
type restoration struct {
	room   *Room
	w      *procedure.Work
	asked  string // the source, as it was typed
	pick   choice
	config *config.Config
	store  *store.Store
	set    *store.Set
	held   *manifest.Source
	parts  []manifest.Part
	taker  taker
	want   compare.Digest // what the dump holds
	done   *RestoredDB
	locked func() // gives the store's lock back
}

// restoreDB is step 10: a database comes back to life. Until the last phase
// whatever is live stays as it is.
func (r *Room) restoreDB(ctx context.Context, w *procedure.Work) error {
	t := &restoration{room: r, w: w, done: &RestoredDB{Run: w.Run, Warnings: []string{}, Phases: map[string]float64{}}}
	err := t.run(ctx)
	if t.locked != nil {
		t.locked()
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.restored = t
	r.mu.Unlock()
	w.Publish(t.done, t.done.Write)
	return nil
}

func (t *restoration) run(ctx context.Context) error {
	phases := []struct {
		name string
		do   func(context.Context) error
	}{
		{"choose", t.choose},
		{"look", t.look},
		{"verify", t.verify},
		{"ask", t.ask},
		{"create", t.create},
		{"load", t.load},
		{"dress", t.dress},
		{"compare", t.compare},
		{"swap", t.swap},
	}
	for _, phase := range phases {
		began := time.Now()
		err := phase.do(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return t.abandoned(ctx, restoring(t.name(), err))
		}
		t.done.Phases[phase.name+"_seconds"] = time.Since(began).Seconds()
	}
	return nil
}

// name is the source for messages.
func (t *restoration) name() string {
	switch {
	case t.held != nil:
		return t.held.Name
	case t.asked != "":
		return t.asked
	}
	return "database"
}

// look finds the server and everything that can be refused at once.
func (t *restoration) look(ctx context.Context) (err error) {
	if t.taker, err = t.newTaker(ctx); err != nil {
		return err
	}
	if err := t.taker.look(ctx); err != nil {
		return err
	}
	there := t.taker.there()
	switch {
	case t.pick.To != "" && there != nil:
		return fault.New(fault.Usage, "let -to name a new database, or leave it out to take the place of the live one",
			fmt.Errorf("database %s is there already at %s, and a restore never overwrites", t.pick.To, there.server))
	case t.pick.To == "" && !t.pick.Yes && t.room.o.Answers == nil:
		return fault.New(fault.Usage, "add -yes=true, or -to=NAME to restore beside it",
			fmt.Errorf("%s would take the live name, and nobody is at a terminal to be asked", t.held.Detail["database"]))
	}
	return nil
}

// verify reads the dump to its end before anything changes: each part against
// its hash, and the whole for what it holds and needs.
func (t *restoration) verify(ctx context.Context) (err error) {
	if t.parts, err = t.set.Parts(t.held); err != nil {
		return t.damaged(err)
	}
	err = t.fed(ctx, "reading "+t.held.Name, func(dump io.Reader) (err error) {
		t.want, err = t.taker.read(ctx, dump)
		return err
	})
	if err != nil && ctx.Err() == nil {
		return t.damaged(err)
	}
	if err == nil {
		err = t.taker.fits(ctx)
	}
	return err
}

// damaged says that a set cannot be restored. A program that is missing is no
// fault of the set.
func (t *restoration) damaged(err error) error {
	var bad *archive.PartError
	switch {
	case fault.Code(err) == fault.Missing:
		return err
	case errors.As(err, &bad):
		err = fmt.Errorf("part %s/%w", t.held.Dir, bad)
	default:
		err = fmt.Errorf("not a complete dump: %w", err)
	}
	return fault.New(fault.Invalid, "nothing was changed; take another set (backup:list shows them); backup:verify -set="+t.set.Manifest.ID+" says what is damaged",
		fmt.Errorf("set %s is damaged: %w", t.set.Manifest.ID, err))
}

// fed lets somebody read the dump, and shows how far it is.
func (t *restoration) fed(ctx context.Context, label string, use func(io.Reader) error) error {
	stream := archive.Reader(ctx, filepath.Join(t.set.Dir, t.held.Dir), t.parts)
	defer stream.Close()
	bar := t.w.Say.Progress(label, t.held.Size)
	defer bar.Done()
	return use(&meter{r: stream, add: bar.Add})
}

func (t *restoration) create(ctx context.Context) error { return t.taker.create(ctx) }

func (t *restoration) load(ctx context.Context) error {
	bar := t.w.Say.Progress("loading "+t.held.Name, t.held.Size)
	dump := archive.NewReplay(ctx, filepath.Join(t.set.Dir, t.held.Dir), t.parts, bar.Add)
	err := t.taker.load(ctx, dump)
	bar.Done()
	_ = dump.Close() // which only ends what a failed load has left unread
	var bad *archive.PartError
	if errors.As(err, &bad) { // since it was read
		return t.damaged(err)
	}
	return err
}

func (t *restoration) dress(ctx context.Context) error { return t.taker.dress(ctx) }

// compare reads back what was loaded and holds it against the dump.
func (t *restoration) compare(ctx context.Context) error {
	t.w.Say.Info("comparing what was loaded with the dump")
	got, err := t.taker.digest(ctx)
	if err != nil {
		return fmt.Errorf("read the restored database back: %w", err)
	}
	differ := compare.Diff(t.want, got)
	if len(differ) > 0 {
		return t.differs(differ)
	}
	t.done.Compared.Tables, t.done.Compared.Rows, t.done.Compared.Bytes = got.Total()
	return nil
}

func (t *restoration) differs(differ []compare.Difference) error {
	const most = 5
	var first []string
	for _, d := range differ[:min(most, len(differ))] {
		first = append(first, d.String())
	}
	if len(differ) > most {
		first = append(first, fmt.Sprintf("and %d more", len(differ)-most))
	}
	hint := "nothing live was changed and the new database is dropped; take another set, or look at the dump: backup:restore -source=" + t.held.Name + " -to=FILE"
	if t.held.Kind == source.KindPostgres && t.held.Detail["timezone"] == "" {
		hint += "; this set does not tell the time zone of its dump: if only moments differ, set PGTZ to it"
	}
	return fault.New(fault.Invalid, hint, fmt.Errorf("what was loaded is not what the dump holds: %s", strings.Join(first, "; ")))
}

func (t *restoration) swap(ctx context.Context) error { return t.taker.take(ctx) }

// abandoned cleans up after a run that failed or was cancelled, and returns why.
func (t *restoration) abandoned(ctx context.Context, why error) error {
	if t.taker == nil {
		return why
	}
	if keep, _ := strconv.ParseBool(t.room.o.Getenv("IACT_KEEP")); keep && ctx.Err() == nil {
		t.w.Say.Warn("what was restored so far stays as it is; procedure:rollback or the next restore removes it")
		return why
	}
	const atMost = time.Minute
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), atMost)
	defer cancel()
	if err := t.taker.abandon(late); err != nil {
		t.w.Say.Warn("what this run has made could not be removed, the next one does it: %v", err)
	}
	return why
}

// restoredDB proves that the restored database answers under its name.
func (r *Room) restoredDB(ctx context.Context, _ *procedure.Work) (procedure.Evidence, error) {
	r.mu.Lock()
	t := r.restored
	r.mu.Unlock()
	if t == nil {
		return "", errors.New("nothing was restored in this run")
	}
	seen, err := t.taker.holds(ctx)
	if err != nil {
		return "", err
	}
	c := t.done.Compared
	return procedure.Evidence(fmt.Sprintf("%s; %s, %d rows, %s as in the dump", seen, counted(c.Tables, "table"), c.Rows, report.Bytes(c.Bytes))), nil
}

// planRestoreDB chooses and looks, which only reads.
func (r *Room) planRestoreDB(ctx context.Context, w *procedure.Work) ([]string, error) {
	t := &restoration{room: r, w: w, done: &RestoredDB{Phases: map[string]float64{}}}
	var err error
	if t.config, t.store, err = r.opened(); err != nil {
		return nil, err
	}
	if err := t.pickSource(r.selection()); err != nil {
		return nil, restoring(t.name(), err)
	}
	if t.taker, err = t.newTaker(ctx); err != nil {
		return nil, err
	}
	if err := t.taker.look(ctx); err != nil {
		return nil, err
	}
	return slices.Concat([]string{"set -euo pipefail", "cd " + word(t.set.Dir)}, t.taker.plan(decoded(t.held.Dir))), nil
}
