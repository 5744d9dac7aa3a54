// Package pglive is how a PostgreSQL server takes a dumped database back.
//
// A dump is loaded into a new database beside the live one. When it is proved
// right, both change their names in one transaction: clients see the old
// database or the new one, whatever is killed at whatever moment. The rename
// holds a lock that keeps new sessions waiting, so another session ends those
// that are there. Nothing that outlives the transaction refuses connections.
//
// A Place says where everything is. It is written down before each change, and
// another process can go back with nothing else.
package pglive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
)

// Server is a PostgreSQL server and what reaches its client programs.
type Server struct {
	*source.Server
	Door *command.Door
	// Session is the application name of every session, so that those of a
	// run that was killed can be told from all others.
	Session string
}

// maintenance is the database for what is about others.
const maintenance = "postgres"

// client is a command of a client program with the session's name.
func (s *Server) client(program string, args ...string) command.Command {
	c := s.Client(program, args...)
	if s.Session != "" {
		c.Env = append(c.Env, "PGAPPNAME="+s.Session, "PGOPTIONS="+strings.TrimSpace(s.options()+" "+patience))
	}
	return c
}

// patience outranks the limits that a server, a role or the restored database
// itself has for its users: a load takes as long as it takes.
const patience = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"

// options are those that the user of this machine gives to every session.
func (s *Server) options() string {
	if s.Place != "" || s.Getenv == nil {
		return ""
	}
	return s.Getenv("PGOPTIONS")
}

// statement is the command that runs SQL. Several statements are one
// transaction of the server's, which it ends whole even if psql is killed.
func (s *Server) statement(database, sql string) command.Command {
	c := s.client("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", source.Connection(database), "-c", sql)
	c.Changes = true
	return c
}

func (s *Server) execute(ctx context.Context, database, sql string) error {
	return s.Door.Run(ctx, s.statement(database, sql))
}

// Ident is a name as SQL writes it.
func Ident(name string) string {
	plain := name != "" && (name[0] < '0' || name[0] > '9') && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
	if plain && !reserved(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// reserved tells the words that are no names without quotes. Quoting one too
// many does no harm.
func reserved(name string) bool {
	const words = " all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check" +
		" coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time" +
		" current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign" +
		" freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join lateral" +
		" leading least left like limit localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or" +
		" order out outer overlaps overlay placing position precision primary public real references returning right row select session_user setof similar" +
		" smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user using values" +
		" varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot" +
		" xmlserialize xmltable "
	return strings.Contains(words, " "+name+" ")
}

// Literal is a text as SQL writes it, whatever the server's settings.
func Literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// Beside is the name of a database beside another one: NAME_infix_TIME, with
// NAME cut to what the server's names can hold.
func Beside(name, infix string, at time.Time) string {
	return besides(name, infix) + at.UTC().Format(stamp)
}

// Free is Beside at the first moment from at on whose name nothing has.
func (s *Server) Free(ctx context.Context, name, infix string, at time.Time) (string, error) {
	for ; ; at = at.Add(time.Second) {
		free := Beside(name, infix, at)
		taken, err := s.Named(ctx, free)
		if err != nil || taken == nil {
			return free, err
		}
	}
}

const (
	stamp   = "20060102150405"
	longest = 63 // bytes of a name
)

func besides(name, infix string) string {
	infix = "_" + infix + "_"
	for len(name)+len(infix)+len(stamp) > longest {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name + infix
}

// SessionOf is the application name of the sessions that bring a database back
// from a store. Whoever holds the store's lock knows that all of them are its
// own, or of a run that was killed.
func SessionOf(store, target string) string {
	sum := sha256.Sum256([]byte(store + "\x00" + target))
	return "iact-restore-" + hex.EncodeToString(sum[:8])
}

// Database is one that is there.
type Database struct {
	Name     string `json:"name"`
	OID      int64  `json:"oid"`
	Size     int64  `json:"size"`
	Owner    string `json:"owner"`
	Comment  string `json:"comment"`
	Sessions int    `json:"sessions"`
	Beyond   int    `json:"beyond"` // sessions that this login may not end
	Mine     bool   `json:"mine"`   // this login may do with it what its owner may
}

const databasesSQL = `SELECT coalesce(json_agg(d), '[]') FROM (
 SELECT datname AS name, oid::bigint AS oid, pg_get_userbyid(datdba) AS owner, coalesce(shobj_description(oid, 'pg_database'), '') AS comment,
  CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END AS size,
  pg_has_role(datdba, 'USAGE') AS mine,
  (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = pg_database.oid AND a.usesysid IS NOT NULL) AS sessions,
  (SELECT count(*) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid WHERE a.datid = pg_database.oid AND NOT ` + maySignal + `) AS beyond
 FROM pg_database WHERE %s) d`

const maySignal = `((SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
   OR NOT r.rolsuper AND (pg_has_role(r.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')))`

// databases lists the databases for which a condition holds.
func (s *Server) databases(ctx context.Context, where string) ([]Database, error) {
	var all []Database
	if err := s.Query(ctx, s.Door, maintenance, fmt.Sprintf(databasesSQL, where), &all); err != nil {
		return nil, fmt.Errorf("ask PostgreSQL at %s: %w", s.Origin(), err)
	}
	return all, nil
}

func (s *Server) database(ctx context.Context, where string) (*Database, error) {
	all, err := s.databases(ctx, where)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// Named is the database of a name, nil when there is none.
func (s *Server) Named(ctx context.Context, name string) (*Database, error) {
	return s.database(ctx, "datname = "+Literal(name))
}

// Numbered is the database of a number, which outlives all renames.
func (s *Server) Numbered(ctx context.Context, oid int64) (*Database, error) {
	return s.database(ctx, fmt.Sprintf("oid = %d", oid))
}
