package source

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Postgres is one database of a PostgreSQL server: the bytes of
// pg_dump -Fc -Z0, which pg_restore reads.
type Postgres struct {
	Label    string
	Database string
	Server   *Server
	Timeout  time.Duration

	known   Database // filled by Check
	version string   // of pg_dump
}

// Name implements Source.
func (p *Postgres) Name() string { return p.Label }

// Kind implements Source.
func (p *Postgres) Kind() string { return KindPostgres }

// Origin implements Source.
func (p *Postgres) Origin() string { return p.Server.Origin() + "/" + p.Database }

// Check implements Source.
func (p *Postgres) Check(ctx context.Context, door *command.Door) (Check, error) {
	all, err := p.Server.Databases(ctx, door, p.Database)
	if err != nil {
		// Is it the server that fails, or is there no such database? It says so
		// in a language of its own: another database tells.
		others, asked := p.Server.Databases(ctx, door, "postgres")
		if asked != nil || slices.ContainsFunc(others, func(d Database) bool { return d.Name == p.Database }) {
			return Check{}, err
		}
	}
	for _, d := range all {
		if d.Name == p.Database {
			p.known = d
		}
	}
	if p.known.Name == "" {
		return Check{}, fault.New(fault.Missing, "correct the name, or put it on backup.retired", fmt.Errorf("find database %s at %s: there is none", p.Database, p.Server.Origin()))
	}
	version, warning, err := p.Server.Tool(ctx, door, "pg_dump", p.known)
	if err != nil {
		return Check{}, err
	}
	p.version = version
	check := Check{Estimate: p.known.Size}
	if warning != "" {
		check.Warnings = append(check.Warnings, warning)
	}
	return check, nil
}

func (p *Postgres) dump() command.Command {
	c := p.Server.Client("pg_dump", "-Fc", "-Z0", "-d", Connection(p.Database))
	c.Env = append(c.Env, "PGTZ="+Timezone) // in which moments are written down
	c.Timeout = p.Timeout
	return c
}

// Timezone is that of the sessions that dump, so that two dumps of the same data
// write moments alike.
const Timezone = "UTC"

// Capture implements Source.
func (p *Postgres) Capture(ctx context.Context, to To) (Captured, error) {
	began := time.Now().UTC()
	if err := stream(ctx, p.dump(), to); err != nil {
		return Captured{}, fmt.Errorf("dump database %s: %w", p.Database, err)
	}
	d := p.known
	return Captured{Snapshot: began, Detail: map[string]string{
		"database": d.Name, "server_version": d.Server, "dump_version": p.version, "encoding": d.Encoding,
		"collate": d.Collate, "ctype": d.Ctype, "owner": d.Owner, "acl": d.ACL, "provider": d.Provider, "icu_locale": d.ICULocale,
		"connection_limit": strconv.Itoa(d.Limit), "settings": d.Settings, "comment": d.Comment, "tablespace": d.Place,
		"database_size": strconv.FormatInt(d.Size, 10), "timezone": Timezone,
	}}, nil
}

// Plan implements Source.
func (p *Postgres) Plan(door *command.Door, dir string) string { return planned(door, p.dump(), dir) }

// Globals are what belongs to a server and to none of its databases: roles,
// memberships, tablespaces. Without the right to read them, passwords of roles
// are left out, which is noted.
type Globals struct {
	Label  string
	Server *Server

	passwords bool
	version   string
	server    Database
}

// Name implements Source.
func (g *Globals) Name() string { return g.Label }

// Kind implements Source.
func (g *Globals) Kind() string { return KindGlobals }

// Origin implements Source.
func (g *Globals) Origin() string { return g.Server.Origin() }

// Check implements Source.
func (g *Globals) Check(ctx context.Context, door *command.Door) (Check, error) {
	all, err := g.Server.Databases(ctx, door, "postgres")
	if err != nil {
		return Check{}, err
	}
	if len(all) == 0 {
		return Check{}, fmt.Errorf("ask PostgreSQL at %s: it lists no database", g.Server.Origin())
	}
	g.server, g.passwords = all[0], all[0].Passwords
	if g.version, _, err = g.Server.Tool(ctx, door, "pg_dumpall", all[0]); err != nil {
		return Check{}, err
	}
	check := Check{Estimate: 1 << 20}
	if !g.passwords {
		check.Warnings = append(check.Warnings, "this login may not read the passwords of roles: they are left out")
	}
	return check, nil
}

func (g *Globals) dump() command.Command {
	args := []string{"--globals-only"}
	if !g.passwords {
		args = append(args, "--no-role-passwords")
	}
	return g.Server.Client("pg_dumpall", args...)
}

// Capture implements Source.
func (g *Globals) Capture(ctx context.Context, to To) (Captured, error) {
	began := time.Now().UTC()
	if err := stream(ctx, g.dump(), to); err != nil {
		return Captured{}, fmt.Errorf("dump roles of %s: %w", g.Server.Origin(), err)
	}
	captured := Captured{Snapshot: began, Detail: map[string]string{
		"server_version": g.server.Server, "dump_version": g.version, "passwords": strconv.FormatBool(g.passwords),
	}}
	if !g.passwords {
		captured.Notes = append(captured.Notes, "passwords of roles are not in the set: the login may not read them")
	}
	return captured, nil
}

// Plan implements Source.
func (g *Globals) Plan(door *command.Door, dir string) string { return planned(door, g.dump(), dir) }

// stream lays down what a program writes. The program must end well: Read of
// its stream tells the end only then.
func stream(ctx context.Context, c command.Command, to To) error {
	out, err := to.Door.Stream(ctx, Buffered(ctx, to.Door, c))
	if err != nil {
		return err
	}
	defer out.Abort()
	_, err = to.Layer.Stream(out)
	if err == nil {
		err = out.Close()
	}
	var ended *command.Error
	if errors.As(err, &ended) {
		ended.Program = c.Program // which stdbuf has become
	}
	if ended != nil && ended.Signal != "" {
		err = fault.New(0, "somebody ended it, or the machine ran out of memory (dmesg tells): run the backup again", err)
	}
	return err
}

// Buffered lets a program gather its output before it writes. pg_dump writes 4
// KiB at a time, 200,000 times a gigabyte, and each wakes the reader: that is a
// fifth of the time of a dump. More than 256 KiB makes the two take turns. Where there is no stdbuf it runs as it is.
func Buffered(ctx context.Context, door *command.Door, c command.Command) command.Command {
	if _, err := door.Look(ctx, "stdbuf"); err != nil {
		return c
	}
	c.Args = append([]string{"-o256K", c.Program}, c.Args...)
	c.Program = "stdbuf"
	return c
}

// planned is a dump as the shell line that comes closest.
func planned(door *command.Door, c command.Command, dir string) string {
	return strings.TrimSpace(door.Show(c)) + " | zstd -T0 -1 > " + command.Quote(filepath.Join(dir, "00000001.zst"))
}
