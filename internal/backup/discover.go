package backup

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/backup/discover"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/config/amend"
	"iact-infra/internal/report"
)

// Found is a database, or a server that does not show its own. Its JSON is part
// of the public interface.
type Found struct {
	Place    string `json:"place"` // as via of a source
	Kind     string `json:"kind,omitempty"`
	Database string `json:"database,omitempty"`
	Size     int64  `json:"size_bytes"`
	Name     string `json:"name,omitempty"` // of the source
	State    string `json:"state"`          // configured, proposed, added, or why it cannot be: needs password, not running …
	Note     string `json:"note,omitempty"`
	Fix      string `json:"fix,omitempty"`

	server *discover.Server
	entry  []amend.Field
}

// The states of a database. Those of a server that shows none are its own.
const (
	stateConfigured = "configured"
	stateProposed   = "proposed"
	stateAdded      = "added"
	stateImpossible = "not possible"
)

// Discovery is the result of backup:discover.
type Discovery struct {
	Found []Found

	room   *Room
	config *config.Config
	here   []Found       // what auto backs up here: databases of this machine
	files  []amend.Field // what auto backs up besides, as a source
	change *change       // nil until Add or Plan
}

// Discover is backup:discover: it looks for databases here, in containers and in
// Vagrant machines, and proposes a source for each that has none. Nothing is
// changed and nothing is started.
func (r *Room) Discover(ctx context.Context, door *command.Door, say *report.Line) (*Discovery, error) {
	c, s, err := r.opened()
	if err != nil {
		return nil, err
	}
	places, err := r.o.Places()
	if err != nil {
		return nil, err
	}
	d := &Discovery{Found: []Found{}, room: r, config: c}
	known, here, err := r.known(ctx, door, c, s)
	if err != nil {
		return nil, err
	}
	d.here, d.files = here, d.projectFiles()
	finder := &discover.Finder{
		Door: door, Docker: &source.Docker{}, Places: places, Vagrant: c.VM.Dir, Machines: c.VM.Machines, Say: say.Info,
		Password: func(via, kind string) string {
			return filepath.Join(stateDir(c), "passwords", strings.ReplaceAll(via, ":", "-")+"-"+kind)
		},
	}
	servers, err := finder.Look(ctx)
	if err != nil {
		return nil, err
	}
	found := slices.Clone(here)
	for i := range servers {
		found = append(found, rows(&servers[i])...)
	}
	d.judge(found, known, s)
	return d, nil
}

// known are the sources that a backup would have now, and the databases of this
// machine that auto finds, or would find.
func (r *Room) known(ctx context.Context, door *command.Door, c *config.Config, s *store.Store) (known []*planned, here []Found, err error) {
	found := r.auto(ctx, door, c, s, nil)
	if known = found; !c.Backup.Auto {
		if known, err = r.configured(c, s); err != nil {
			return nil, nil, err
		}
	}
	servers := map[any]*discover.Server{}
	for _, p := range found {
		var key any
		database := ""
		switch one := p.Source.(type) {
		case *source.Postgres:
			key, database = one.Server, one.Database
		case *source.MariaDB:
			key, database = one.Server, one.Database
		case *source.Globals:
			// After the databases of its server; alone when it shows none.
			if key = one.Server; servers[key] != nil {
				continue
			}
		default:
			continue
		}
		if servers[key] == nil {
			servers[key] = discover.Here(p.Source)
			servers[key].List(ctx, door)
		}
		here = append(here, rowHere(servers[key], database, p.Name()))
	}
	return known, here, command.Stopped(ctx)
}

// rowHere is a database of this machine that auto backs up by a name, or a
// server that shows none.
func rowHere(s *discover.Server, database, name string) Found {
	if database == "" && s.State != discover.Answers {
		return Found{Place: s.Via, Kind: s.Kind, State: string(s.State), Note: s.Note, Fix: s.Fix, server: s}
	}
	if database == "" { // with it come the roles, which is all there is
		database, name = "postgres", "postgres"
	}
	f := Found{Place: s.Via, Kind: s.Kind, Database: database, Name: name, State: stateConfigured, server: s}
	for _, one := range s.Databases {
		if one.Name == database {
			f.Size = one.Size
		}
	}
	return f
}

// rows are the databases of a server outside of this machine, or the server
// itself when it shows none.
func rows(s *discover.Server) []Found {
	var all []Found
	for _, one := range s.Databases {
		if !kept(one.Name) {
			all = append(all, Found{Place: s.Via, Kind: s.Kind, Database: one.Name, Size: one.Size, server: s})
		}
	}
	if s.State != discover.Answers {
		all = append(all, Found{Place: s.Via, Kind: s.Kind, State: string(s.State), Note: s.Note, Fix: s.Fix, server: s})
	}
	return all
}

// judge says of each database whether a source is of it, and names those that
// are proposed as a backup would.
func (d *Discovery) judge(found []Found, known []*planned, s *store.Store) {
	base := d.base()
	var all []*planned
	for _, p := range known {
		all = append(all, &planned{Source: p.Source, config: config.Source{Name: p.Name()}})
	}
	var proposed []int
	for i := range found {
		f := &found[i]
		if f.Database == "" || d.config.Backup.Auto && f.Place == "local" {
			continue
		}
		if one := slices.IndexFunc(d.config.Backup.Sources, func(one config.Source) bool { return f.server.Has(one) && one.Database == f.Database }); one >= 0 {
			f.Name, f.State = d.config.Backup.Sources[one].Name, stateConfigured
			continue
		}
		f.State = stateProposed
		proposed = append(proposed, i)
		all = append(all, &planned{Source: f.server.Source(f.Database, label(f.Database))})
	}
	naming := newNaming(s)
	for _, name := range d.config.Backup.Retired {
		naming.taken[name] = true
	}
	names := naming.names(all)[len(known):]
	for n, i := range proposed {
		f := &found[i]
		f.Name = names[n]
		f.entry = f.server.Entry(f.Name, f.Database, base)
		if err := d.possible(f.entry); err != nil {
			f.State, f.Note, f.entry = stateImpossible, firstLine(err.Error()), nil
		}
	}
	for i := range d.here {
		d.here[i].entry = d.here[i].server.Entry(d.here[i].Name, d.here[i].Database, base)
	}
	d.Found = append(d.Found, found...)
}

// projectFiles is the source of files that auto makes.
func (d *Discovery) projectFiles() []amend.Field {
	return []amend.Field{
		{Key: "name", Value: "config"}, {Key: "kind", Value: source.KindFiles},
		{Key: "path", Value: discover.Below(d.base(), d.config.Project)}, {Key: "exclude", Value: d.config.Backup.Exclude},
	}
}

// lines are entries as they stand in a list.
func lines(entries ...[]amend.Field) ([]string, error) {
	var all []string
	for _, e := range entries {
		line, err := amend.Map(e)
		if err != nil {
			return nil, fmt.Errorf("write a source: %w", err)
		}
		all = append(all, line)
	}
	return all, nil
}
