package backup

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// planned is a source of this run. A source whose check failed stays in the
// list, so that the set names it.
type planned struct {
	source.Source
	config config.Source     // empty for sources that were found, not configured
	place  command.Transport // where its programs run; nil is this machine
	check  source.Check
	err    error
}

// door leads to where the programs of the source run.
func (p *planned) door(local *command.Door) *command.Door {
	if p.place == nil {
		return local
	}
	return local.Via(p.place)
}

// line is a shell line that the configuration puts before or after the source.
func (p *planned) line(text string) command.Command {
	c := command.Change("sh", "-c", text)
	c.As = p.config.As
	return c
}

// shown is such lines as a person types them.
func (p *planned) shown(door *command.Door, lines []string) []string {
	if p.place == nil && p.config.As == "" {
		return lines
	}
	var all []string
	for _, line := range lines {
		all = append(all, door.Show(p.line(line)))
	}
	return all
}

// sockets is where PostgreSQL puts its sockets by default, mysqlSocket is the
// socket of MariaDB.
const (
	sockets     = "/var/run/postgresql"
	mysqlSocket = "/run/mysqld/mysqld.sock"
)

// find lists the sources of this run and says on say what is absent.
func (r *Room) find(ctx context.Context, door *command.Door, c *config.Config, s *store.Store, say *report.Line) ([]*planned, error) {
	if c.Backup.Auto {
		return r.auto(ctx, door, c, s, say), nil
	}
	all, err := r.configured(c, s)
	if err != nil {
		return nil, err
	}
	return unique(append(all, r.foundVolumes(ctx, door, c, s, say)...), s), nil
}

// auto finds what this machine has: the databases of the PostgreSQL and MariaDB
// servers that answer, and the project directory.
func (r *Room) auto(ctx context.Context, door *command.Door, c *config.Config, s *store.Store, say *report.Line) []*planned {
	servers := source.Sockets(sockets, r.o.Getenv)
	if named := source.FromEnvironment(r.o.Getenv); named != nil && named.Host != sockets {
		servers = append(servers, named)
	}
	var all []*planned
	for _, server := range servers {
		all = append(all, r.databases(ctx, door, server, say)...)
	}
	server := source.MariaDBSocket(mysqlSocket, r.o.Getenv)
	if server != nil {
		all = append(all, r.mariadb(ctx, door, server, say)...)
	}
	if len(servers) == 0 && server == nil { // few machines have both
		say.Info("no PostgreSQL server here: no socket in %s, and PGHOST names none", sockets)
		say.Info("no MariaDB server here: no socket %s, and MYSQL_UNIX_PORT names none", mysqlSocket)
	}
	all = append(all, &planned{Source: &source.Files{
		Label: "config", Path: c.Project, Exclude: c.Backup.Exclude, Skip: []string{c.Backup.Store, stateDir(c)}, FreeIn: s.Free,
	}})
	return unique(append(all, r.foundVolumes(ctx, door, c, s, say)...), s)
}

func (r *Room) databases(ctx context.Context, door *command.Door, server *source.Server, say *report.Line) []*planned {
	found, err := server.Databases(ctx, door, "postgres")
	if err != nil {
		// There is a server, or there should be: its check fails and says why.
		return []*planned{{Source: &source.Globals{Label: "roles", Server: server}}}
	}
	var all []*planned
	for _, d := range found {
		if kept(d.Name) {
			say.Info("database %s at %s was kept by a restore: it is left out", d.Name, server.Origin())
			continue
		}
		if !d.Connects {
			say.Warn("database %s at %s allows no connections: it is left out", d.Name, server.Origin())
			continue
		}
		if d.Name == "postgres" {
			if empty, err := server.Empty(ctx, door, d.Name); err == nil && empty {
				continue
			}
		}
		all = append(all, &planned{Source: &source.Postgres{Label: label(d.Name), Database: d.Name, Server: server}})
	}
	return append(all, &planned{Source: &source.Globals{Label: "roles", Server: server}})
}

// mariadb lists the databases of a MariaDB server. For one that does not answer
// there is a source whose check fails and says why: a clean stop takes the
// socket away, so there should be a server.
func (r *Room) mariadb(ctx context.Context, door *command.Door, server *source.MariaDBServer, say *report.Line) []*planned {
	found, err := server.Databases(ctx, door)
	if err != nil {
		return []*planned{{Source: &source.MariaDB{Label: "mariadb", Server: server}}}
	}
	var all []*planned
	for _, name := range found {
		if kept(name) {
			say.Info("database %s at %s was kept by a restore: it is left out", name, server.Origin())
			continue
		}
		all = append(all, &planned{Source: &source.MariaDB{Label: label(name), Database: name, Server: server}})
	}
	return all
}

// kept says whether a database is what a restore has left beside the live one.
// Somebody drops it one day, and no later run is to miss it then.
func kept(database string) bool {
	return regexp.MustCompile(`_(before|undone|restoring)_[0-9]{14}$`).MatchString(database)
}

// label makes a name of a set's directory out of a database's name.
func label(database string) string {
	clean := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
			return c
		case c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '-'
	}, database)
	clean = strings.TrimLeft(clean, "_-.")
	if clean == "" {
		return "database"
	}
	return clean[:min(len(clean), 60)]
}

// unique gives every source a name of its own.
func unique(all []*planned, s *store.Store) []*planned {
	for i, name := range newNaming(s).names(all) {
		p := all[i]
		switch s := p.Source.(type) {
		case *source.Postgres:
			s.Label = name
		case *source.Globals:
			s.Label = name
		case *source.MariaDB:
			s.Label = name
		case *source.Files:
			s.Label = name
		case *source.FarFiles:
			s.Label = name
		case *source.Volume:
			s.Label = name
		case *source.VM:
			s.Label = name
		}
	}
	return all
}

// far is the name of a place that is not this machine, "" for this machine.
func far(via string) string {
	if via == "local" {
		return ""
	}
	return via
}

// place is the transport to where the programs of a source run; nil is this
// machine.
func (r *Room) place(via string) (command.Transport, error) {
	if far(via) == "" {
		return nil, nil //nolint:nilnil // this machine needs none
	}
	places, err := r.o.Places()
	if err != nil {
		return nil, err
	}
	return places.Transport(via)
}

// doorTo is a door to a place by its name.
func (r *Room) doorTo(local *command.Door, via string) (*command.Door, error) {
	place, err := r.place(via)
	if err != nil || place == nil {
		return local, err
	}
	return local.Via(place), nil
}

// files is a source of files, here or in another place.
func files(one config.Source, c *config.Config, s *store.Store) source.Source {
	if place := far(one.Via); place != "" {
		return &source.FarFiles{Label: one.Name, Place: place, Path: one.Path, Exclude: one.Exclude, As: one.As, Timeout: one.Timeout}
	}
	return &source.Files{Label: one.Name, Path: one.Path, Exclude: one.Exclude, Skip: []string{c.Backup.Store, stateDir(c)}, FreeIn: s.Free}
}

// configured turns the list of the configuration into sources, and adds the
// roles of every server that it names.
func (r *Room) configured(c *config.Config, s *store.Store) ([]*planned, error) {
	var all, roles []*planned
	servers := map[string]bool{}
	for _, one := range c.Backup.Sources {
		place, err := r.place(one.Via)
		if err != nil {
			return nil, err
		}
		switch one.Kind {
		case source.KindFiles:
			all = append(all, &planned{config: one, place: place, Source: files(one, c, s)})
		case source.KindPostgres:
			server := &source.Server{Place: far(one.Via), Host: one.Host, Port: one.Port, User: one.User, As: one.As, Getenv: r.o.Getenv}
			if server.Password, err = one.Password(); err != nil {
				return nil, fmt.Errorf("log in for source %s: %w", one.Name, err)
			}
			all = append(all, &planned{config: one, place: place, Source: &source.Postgres{Label: one.Name, Database: one.Database, Server: server, Timeout: one.Timeout}})
			if !servers[server.Origin()] {
				servers[server.Origin()] = true
				roles = append(roles, &planned{place: place, Source: &source.Globals{Label: "roles", Server: server}})
			}
		case source.KindMariaDB:
			server := &source.MariaDBServer{Place: far(one.Via), Host: one.Host, Port: one.Port, Socket: one.Socket, User: one.User, As: one.As, PasswordFile: one.PasswordFile}
			if server.Password, err = one.Password(); err != nil {
				return nil, fmt.Errorf("log in for source %s: %w", one.Name, err)
			}
			all = append(all, &planned{config: one, place: place, Source: &source.MariaDB{Label: one.Name, Database: one.Database, Server: server, Lock: one.Lock, Timeout: one.Timeout}})
		case source.KindVolume:
			all = append(all, &planned{config: one, place: place, Source: r.volume(one, c, s)})
		case source.KindVM:
			all = append(all, &planned{config: one, place: place, Source: r.vm(one, c)})
		default:
			return nil, fault.New(fault.Usage, "", fmt.Errorf("%s: kind %s of source %s cannot be backed up", one.Origin, one.Kind, one.Name))
		}
	}
	return append(all, roles...), nil
}
