package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Server is a PostgreSQL server and how to log in to it. Empty fields are left
// to the client programs, which read PGHOST, PGUSER, ~/.pgpass and so on.
type Server struct {
	Place    string // where the client programs run; empty is this machine
	Host     string // a name, or the directory of the socket
	Port     int
	User     string
	As       string // the user to run the client programs as
	Password string // from a file; never in argv
	Getenv   func(string) string
}

// Client builds a command of a client program, as one that only reads.
func (s *Server) Client(program string, args ...string) command.Command {
	c := command.Read(program, append(s.login(), args...)...)
	c.As = s.As
	if s.Password != "" {
		c.Env = append(c.Env, "PGPASSWORD="+s.Password)
		c.Secrets = append(c.Secrets, s.Password)
	}
	return c
}

// login is never a prompt: -w fails where a password would be asked for.
func (s *Server) login() []string {
	args := []string{"-w"}
	if s.Host != "" {
		args = append(args, "-h", s.Host)
	}
	if s.Port != 0 {
		args = append(args, "-p", strconv.Itoa(s.Port))
	}
	if s.User != "" {
		args = append(args, "-U", s.User)
	}
	return args
}

// Origin is the server for people: HOST:PORT, after the place where HOST is
// known.
func (s *Server) Origin() string {
	host := s.Host
	if host == "" && s.Place == "" {
		host = s.Getenv("PGHOST")
	}
	if host == "" {
		host = "local"
	}
	host = at(s.Place, host)
	if s.Port == 0 {
		return host
	}
	return host + ":" + strconv.Itoa(s.Port)
}

// Connection names a database to a client program. A name that looks like a
// connection string would be taken for one, so it is put into one.
func Connection(database string) string {
	if !strings.Contains(database, "=") && !strings.Contains(database, "://") {
		return database
	}
	return "dbname='" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(database) + "'"
}

// Query runs one SQL statement that only reads and returns one JSON value.
func (s *Server) Query(ctx context.Context, door *command.Door, database, sql string, into any) error {
	c := s.Client("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", Connection(database), "-c", sql)
	out, err := door.Text(ctx, c).String()
	if err != nil {
		return err
	}
	if strings.TrimSpace(out) == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("read answer of psql: %w", err)
	}
	return nil
}

// Database is what the server says about one database.
type Database struct {
	Name      string `json:"name"`
	Size      int64  `json:"size"`
	Encoding  string `json:"encoding"`
	Collate   string `json:"collate"`
	Ctype     string `json:"ctype"`
	Owner     string `json:"owner"`
	ACL       string `json:"acl"`
	Provider  string `json:"provider"` // of the locale: "c" (libc), "i" (ICU), "b"; "" before PostgreSQL 15
	ICULocale string `json:"icu_locale"`
	Limit     int    `json:"connection_limit"`
	Settings  string `json:"settings"`
	Place     string `json:"tablespace"`
	Comment   string `json:"comment"`
	Version   int    `json:"server_version_num"`
	Server    string `json:"server_version"`
	Connects  bool   `json:"allows_connections"`
	Passwords bool   `json:"may_read_passwords"`
}

const databasesSQL = `SELECT coalesce(json_agg(d ORDER BY d.name), '[]') FROM (
 SELECT datname AS name, CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END AS size,
  pg_encoding_to_char(encoding) AS encoding,
  datcollate AS collate, datctype AS ctype, pg_get_userbyid(datdba) AS owner, coalesce(datacl::text, '') AS acl,
  coalesce(to_jsonb(pg_database)->>'datlocprovider', '') AS provider,
  coalesce(to_jsonb(pg_database)->>'datlocale', to_jsonb(pg_database)->>'daticulocale', '') AS icu_locale,
  datconnlimit AS connection_limit, datallowconn AS allows_connections,
  coalesce((SELECT json_agg(json_build_object('role', coalesce(r.rolname, ''), 'settings', s.setconfig))::text
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = pg_database.oid), '') AS settings,
  (SELECT spcname FROM pg_tablespace WHERE pg_tablespace.oid = dattablespace) AS tablespace,
  coalesce(shobj_description(oid, 'pg_database'), '') AS comment,
  current_setting('server_version_num')::int AS server_version_num, current_setting('server_version') AS server_version,
  has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS may_read_passwords
 FROM pg_database WHERE NOT datistemplate) d`

// Databases lists the databases that are not templates.
func (s *Server) Databases(ctx context.Context, door *command.Door, connect string) ([]Database, error) {
	var all []Database
	if err := s.Query(ctx, door, connect, databasesSQL, &all); err != nil {
		return nil, fmt.Errorf("ask PostgreSQL at %s: %w", s.Origin(), err)
	}
	return all, nil
}

// Empty says whether a database has no tables, types, functions, schemas … of
// its own.
func (s *Server) Empty(ctx context.Context, door *command.Door, database string) (bool, error) {
	const sql = `SELECT json_build_object('n', (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%')
 + (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%')
 + (SELECT count(*) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%')
 + (SELECT count(*) FROM pg_namespace WHERE nspname NOT IN ('information_schema', 'public') AND nspname NOT LIKE 'pg\_%')
 + (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql') + (SELECT count(*) FROM pg_largeobject_metadata))`
	var answer struct{ N int64 }
	if err := s.Query(ctx, door, database, sql, &answer); err != nil {
		return false, fmt.Errorf("ask PostgreSQL at %s about %s: %w", s.Origin(), database, err)
	}
	return answer.N == 0, nil
}

// Tool checks that a client program is there and not older than the server.
func (s *Server) Tool(ctx context.Context, door *command.Door, program string, server Database) (version, warning string, err error) {
	version, major, err := ToolVersion(ctx, door, program)
	if err != nil {
		return "", "", err
	}
	want := server.Version / 10000
	if major < want {
		return "", "", fault.New(fault.Missing, fmt.Sprintf("install postgresql-client-%d (from apt.postgresql.org), or put one that is new enough first in PATH", want),
			fmt.Errorf("dump with %s %s: it is older than the server at %s (%s) and would refuse", program, version, s.Origin(), server.Server))
	}
	if major > want {
		warning = fmt.Sprintf("%s %s is newer than the server (%s): its dump may not load into a server of version %d", program, version, server.Server, want)
	}
	return version, warning, nil
}

// ToolVersion asks a client program for its version.
func ToolVersion(ctx context.Context, door *command.Door, program string) (version string, major int, err error) {
	out, err := door.Text(ctx, command.Read(program, "--version")).String()
	if err != nil {
		var missing *command.NotFound
		if errors.As(err, &missing) {
			return "", 0, fault.New(fault.Missing, "install it: apt-get install postgresql-client", err)
		}
		return "", 0, fmt.Errorf("ask %s for its version: %w", program, err)
	}
	if version, major, err = parseVersion(out); err != nil {
		return "", 0, fmt.Errorf("ask %s for its version: %w", program, err)
	}
	return version, major, nil
}

// parseVersion reads "pg_dump (PostgreSQL) 15.18 (Debian …)".
func parseVersion(out string) (version string, major int, err error) {
	_, rest, ok := strings.Cut(out, "(PostgreSQL) ")
	if !ok {
		return "", 0, fmt.Errorf("%q names no version", strings.TrimSpace(out))
	}
	version = strings.Fields(rest + " ?")[0]
	digits := strings.TrimRight(version, "abcdefghijklmnopqrstuvwxyz0123456789.")
	if digits != "" {
		return "", 0, fmt.Errorf("%q names no version", strings.TrimSpace(out))
	}
	end := 0
	for end < len(version) && version[end] >= '0' && version[end] <= '9' {
		end++
	}
	major, err = strconv.Atoi(version[:end])
	if err != nil {
		return "", 0, fmt.Errorf("%q names no version", strings.TrimSpace(out))
	}
	return version, major, nil
}

// Sockets lists the servers whose sockets lie in a directory, as root logging
// in by peer authentication as the user postgres.
func Sockets(dir string, getenv func(string) string) []*Server {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var all []*Server
	for _, file := range found {
		number, ok := strings.CutPrefix(file.Name(), ".s.PGSQL.")
		port, err := strconv.Atoi(number)
		if !ok || err != nil { // something else, or the lock file beside the socket
			continue
		}
		s := &Server{Host: dir, Port: port, Getenv: getenv}
		if os.Geteuid() == 0 && getenv("PGUSER") == "" {
			s.As, s.User = "postgres", "postgres"
		}
		all = append(all, s)
	}
	return all
}

// FromEnvironment is the server that PGHOST names, nil when it names none.
func FromEnvironment(getenv func(string) string) *Server {
	host := getenv("PGHOST")
	if host == "" {
		return nil
	}
	s := &Server{Host: host, Getenv: getenv}
	s.Port, _ = strconv.Atoi(getenv("PGPORT"))
	s.User = getenv("PGUSER")
	if strings.HasPrefix(host, "/") && s.User == "" && os.Geteuid() == 0 {
		s.As, s.User = "postgres", "postgres"
	}
	return s
}

// at is a name of something in a place, for people.
func at(place, name string) string {
	if place == "" {
		return name
	}
	return place + " " + name
}
