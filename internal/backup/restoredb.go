package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/compare"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// restoration is one run of backup:restoreDB.
type restoration struct {
	livening
	taker taker
	want  compare.Digest // what the dump holds
	done  *RestoredDB
}

func (r *Room) newRestoration(w *procedure.Work) *restoration {
	return &restoration{
		livening: livening{room: r, w: w, kind: "database"},
		done:     &RestoredDB{Run: w.Run, Warnings: []string{}, Phases: map[string]float64{}},
	}
}

// restoreDB is step 10: a database comes back to life.
func (r *Room) restoreDB(ctx context.Context, w *procedure.Work) error {
	t := r.newRestoration(w)
	if err := t.run(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	r.restored = t
	r.mu.Unlock()
	w.Publish(t.done, t.done.Write)
	return nil
}

func (t *restoration) run(ctx context.Context) error {
	phases := []phase{
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
	return t.through(ctx, phases, t.done.Phases, func(string) bool { return false }, t.cleanUp)
}

// look finds the server and everything that can be refused at once.
func (t *restoration) look(ctx context.Context) (err error) {
	if t.taker, err = t.newTaker(ctx); err != nil {
		return err
	}
	if err := t.taker.look(ctx); err != nil {
		return err
	}
	if there := t.taker.there(); t.pick.To != "" && there != nil {
		return fault.New(fault.Usage, "let -to name a new database, or leave it out to take the place of the live one",
			fmt.Errorf("database %s is there already at %s, and a restore never overwrites", t.pick.To, there.server))
	}
	return t.nobodyToAsk(t.held.Detail["database"])
}

const notADump = "not a complete dump"

// verify reads the dump to its end before anything changes: each part against
// its hash, and the whole for what it holds and needs.
func (t *restoration) verify(ctx context.Context) (err error) {
	if t.parts, err = t.set.Parts(t.held); err != nil {
		return t.damaged(err, notADump)
	}
	err = t.fed(ctx, "reading "+t.held.Name, func(dump io.Reader) (err error) {
		t.want, err = t.taker.read(ctx, dump)
		return err
	})
	if err != nil && ctx.Err() == nil {
		return t.damaged(err, notADump)
	}
	if err == nil {
		err = t.taker.fits(ctx)
	}
	return err
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
		return t.damaged(err, notADump)
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

func (t *restoration) cleanUp(ctx context.Context, why error) error {
	if t.taker == nil {
		return why
	}
	return t.abandoned(ctx, why, t.taker.abandon)
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
	t := r.newRestoration(w)
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
