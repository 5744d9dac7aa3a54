package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/compare"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/pglive"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// postgresTaker is the taker for PostgreSQL.
type postgresTaker struct {
	*restoration
	server  *pglive.Server
	facts   *pglive.Facts
	needs   *pglive.Needs
	globals *pglive.Globals // to be made; nil for none
	place   pglive.Place
	keeps   string // the name that the old database gets
	at      time.Time
}

func (t *restoration) newPostgres(ctx context.Context) (taker, error) {
	server, door, err := t.postgresServer(ctx)
	if err != nil {
		return nil, err
	}
	p := &postgresTaker{restoration: t, server: &pglive.Server{Server: server, Door: door}, at: t.room.o.Now().UTC()}
	p.place.Target = t.held.Detail["database"]
	if t.pick.To != "" {
		p.place.Target = t.pick.To
	}
	return p, nil
}

func (p *postgresTaker) look(ctx context.Context) (err error) {
	const longest = 63
	if len(p.place.Target) > longest {
		return fault.New(fault.Usage, "shorten it", fmt.Errorf("-to=%s: a name has at most %d bytes", p.place.Target, longest))
	}
	if p.facts, err = p.server.Look(ctx, p.place.Target, p.held.Detail); err != nil {
		return unreachable(err)
	}
	p.done.Database, p.done.Server = p.place.Target, p.server.Origin()
	if p.pick.To != "" && p.facts.There != nil {
		return nil // which is refused whatever it is
	}
	if err := p.server.Refuse(ctx, p.facts, p.held.Detail, p.held.Size); err != nil {
		return err
	}
	if p.facts.There != nil {
		if p.keeps, err = p.server.Free(ctx, p.place.Target, "before", p.at); err != nil {
			return err
		}
	}
	p.place.Session = pglive.SessionOf(p.storeName(), p.place.Target)
	p.server.Session = p.place.Session
	p.place.Name, err = p.server.Free(ctx, p.place.Target, "restoring", p.at)
	return err
}

// unreachable gives the failure of a first look the code of a prerequisite: psql
// ends with 2 when it cannot log in.
func unreachable(err error) error {
	const noConnection = 2
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == noConnection {
		return fault.New(fault.Missing, "start the server, or put its login right in backup.sources", err)
	}
	return err
}

func (p *postgresTaker) read(ctx context.Context, dump io.Reader) (digest compare.Digest, err error) {
	digest, p.needs, err = p.server.Read(ctx, dump)
	if err == nil {
		err = p.needs.Detail(p.held.Detail)
	}
	return digest, err
}

func (p *postgresTaker) there() *liveDatabase {
	d := p.facts.There
	if d == nil {
		return nil
	}
	return &liveDatabase{name: d.Name, server: p.server.Origin(), size: d.Size, sessions: d.Sessions, keeps: p.keeps}
}

// fits decides what is done about roles and tablespaces that the server lacks.
func (p *postgresTaker) fits(ctx context.Context) error {
	lacking := p.facts.Lacking(p.needs)
	globals, err := p.readGlobals(ctx, lacking)
	if err != nil {
		return err
	}
	hint := "create them there first (CREATE ROLE NAME)"
	if globals == nil || globals.Empty() {
		return p.server.Complain(lacking, hint)
	}
	if p.pick.Globals != globalsNone {
		p.w.Say.Info("the server lacks this, which set %s holds:\n%s", p.set.Manifest.ID, strings.Join(globals.Shown(), "\n"))
	}
	if p.pick.Globals == "" {
		p.pick.Globals = globalsNone
		if p.room.o.Answers != nil {
			yes, err := p.confirm(ctx, "create it? Roles that are there stay as they are. [y/N]")
			if err != nil {
				return err
			}
			if yes {
				p.pick.Globals = globalsMissing
			}
		}
	}
	if p.pick.Globals == globalsMissing {
		p.globals = globals
		return p.server.Complain(globals.Missing(lacking), hint)
	}
	if left := globals.Missing(lacking); len(left.Roles)+len(left.Tablespaces) == 0 {
		hint = "-globals=missing creates what the set holds of them"
	}
	return p.server.Complain(lacking, hint)
}

// readGlobals reads the roles that the set holds of the same server, nil when
// it holds none.
func (p *postgresTaker) readGlobals(ctx context.Context, lacking *pglive.Needs) (*pglive.Globals, error) {
	for i := range p.set.Manifest.Sources {
		held := &p.set.Manifest.Sources[i]
		if held.Kind != source.KindGlobals || held.State == manifest.Failed || !strings.HasPrefix(p.held.Origin, held.Origin+"/") {
			continue
		}
		parts, err := p.set.Parts(held)
		if err != nil {
			return nil, fault.New(fault.Invalid, "take another set, or -globals=none", fmt.Errorf("read %s: %w", held.Name, err))
		}
		stream := archive.Reader(ctx, filepath.Join(p.set.Dir, held.Dir), parts)
		defer stream.Close()
		globals, err := pglive.ReadGlobals(stream, p.facts, lacking)
		if err != nil && ctx.Err() == nil {
			err = fault.New(fault.Invalid, "take another set, or -globals=none", fmt.Errorf("set %s is damaged: %s: %w", p.set.Manifest.ID, held.Name, err))
		}
		return globals, err
	}
	return nil, nil //nolint:nilnil // none is no error
}

// keep writes down where everything is, before it changes and after.
func (p *postgresTaker) keep() error { return p.w.Record(placeKey, p.place) }

func (p *postgresTaker) create(ctx context.Context) error {
	if err := p.sweep(ctx); err != nil {
		return err
	}
	// What a killed run has made belongs to the one that goes on with it.
	var before pglive.Place
	if _, err := p.w.Recall(placeKey, &before); err != nil {
		return err
	}
	p.place.Roles, p.place.Tablespaces = before.Roles, before.Tablespaces
	s := p.server
	if err := p.w.Record(serverKey, serverNote{Via: s.Place, Host: s.Host, Port: s.Port, User: s.User, As: s.As, Source: p.held.Name}); err != nil {
		return err
	}
	if p.globals != nil {
		if err := p.makeGlobals(ctx); err != nil {
			return err
		}
	}
	if err := p.keep(); err != nil {
		return err
	}
	if err := s.Create(ctx, &p.place, p.facts, p.held.Detail, pglive.Mark(p.set.Manifest.ID, p.storeName(), p.at)); err != nil {
		return err
	}
	return p.keep()
}

// storeName tells this store from others that are restored from.
func (p *postgresTaker) storeName() string { return p.room.o.Host + ":" + p.store.Dir() }

// sweep ends what killed runs have begun, and drops what they have left.
func (p *postgresTaker) sweep(ctx context.Context) error {
	if err := p.server.Quiet(ctx); err != nil {
		return err
	}
	left, err := p.server.Leftovers(ctx, p.place.Target, p.storeName())
	if err != nil {
		return err
	}
	for _, d := range left {
		p.w.Say.Info("dropping %s, which a restore that was killed has left", d.Name)
		if err := p.server.Drop(ctx, d.Name); err != nil {
			return err
		}
	}
	return nil
}

func (p *postgresTaker) makeGlobals(ctx context.Context) error {
	roles, places := p.globals.Names()
	madeRoles, madePlaces := p.place.Roles, p.place.Tablespaces
	p.place.Roles, p.place.Tablespaces = slices.Concat(madeRoles, roles), slices.Concat(madePlaces, places)
	if err := p.keep(); err != nil {
		return err
	}
	if err := p.server.Make(ctx, p.globals); err != nil {
		return err
	}
	roles, places, err := p.server.Numbers(ctx, p.globals)
	if err != nil {
		return err
	}
	p.place.Roles, p.place.Tablespaces = slices.Concat(madeRoles, roles), slices.Concat(madePlaces, places)
	p.done.Roles, p.done.Tablespaces = p.globals.Roles, p.globals.Tablespaces
	return nil
}

func (p *postgresTaker) load(ctx context.Context, dump io.Reader) error {
	if jobs := p.jobs(); jobs > 1 {
		if f := p.scratchFile(); f != nil {
			defer f.Close()
			return p.loadSideBySide(ctx, dump, f, jobs)
		}
	}
	return p.server.Load(ctx, p.place.Name, dump)
}

func (p *postgresTaker) dress(ctx context.Context) error {
	warnings, err := p.server.Dress(ctx, p.place.Name, p.held.Detail)
	if err != nil {
		return err
	}
	if err := p.server.Analyze(ctx, p.place.Name); err != nil {
		if ctx.Err() != nil {
			return err
		}
		warnings = append(warnings, fmt.Sprintf("the planner has no statistics, run ANALYZE later: %v", err))
	}
	for _, warning := range append(warnings, p.server.Remarks(p.facts)...) {
		p.w.Say.Warn("%s", warning)
		p.done.Warnings = append(p.done.Warnings, warning)
	}
	return nil
}

func (p *postgresTaker) digest(ctx context.Context) (compare.Digest, error) {
	return p.server.Digest(ctx, p.place.Name, p.held.Detail["timezone"])
}

func (p *postgresTaker) take(ctx context.Context) error {
	there, err := p.server.Named(ctx, p.place.Target)
	if err != nil {
		return err
	}
	if there != nil && p.pick.To != "" {
		return fault.New(fault.Usage, "let -to name a new database", fmt.Errorf("database %s was made meanwhile, and a restore never overwrites", there.Name))
	}
	if there != nil {
		if p.place.Old, err = p.server.Free(ctx, there.Name, "before", p.at); err != nil {
			return err
		}
		p.place.OldOID = there.OID
	}
	if err := p.keep(); err != nil {
		return err
	}
	if err := p.server.Take(ctx, &p.place, p.held.Detail["comment"]); err != nil {
		return err
	}
	if p.place.OldOID != 0 {
		p.done.Old = p.place.Old
		p.done.Drop, p.done.Back = p.server.Commands(&p.place, p.at)
	}
	return nil
}

func (p *postgresTaker) holds(ctx context.Context) (string, error) {
	return p.server.Holds(ctx, &p.place)
}

// abandon is the undo of a run whose facts are still at hand.
func (p *postgresTaker) abandon(ctx context.Context) error {
	if p.place.Name == "" || p.facts == nil {
		return nil
	}
	said, err := p.server.Back(ctx, &p.place, p.at)
	for _, line := range said {
		p.w.Say.Info("%s", line)
	}
	return err
}

func (p *postgresTaker) plan(dump string) []string {
	var lines []string
	for _, c := range p.server.Plan(&p.place, p.facts, p.held.Detail, p.at) {
		if c.Program == "pg_restore" {
			lines = append(lines, dump+" | "+p.server.Door.Show(c))
			continue
		}
		lines = append(lines, p.server.Door.Show(c))
	}
	return lines
}
