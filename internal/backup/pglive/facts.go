package pglive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// Facts are what a server says about itself, and about the name that a
// database is to come back under.
type Facts struct {
	Version     int      `json:"version"`
	Server      string   `json:"server"`
	Me          string   `json:"me"`
	Superuser   bool     `json:"superuser"`
	Creates     bool     `json:"creates"`
	Roles       []string `json:"roles"`
	Tablespaces []string `json:"tablespaces"`
	Encoding    bool     `json:"encoding"` // it knows the dump's
	ICU         bool     `json:"icu"`
	Directory   string   `json:"directory"` // of its data; "" when it may not be told
	Prepared    []string `json:"prepared"`  // transactions of the database that is there
	Slots       []string `json:"slots"`
	Subscribes  []string `json:"subscribes"`

	There *Database `json:"-"` // under that name
}

const factsSQL = `SELECT json_build_object(
 'version', current_setting('server_version_num')::int, 'server', current_setting('server_version'), 'me', current_user,
 'superuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
 'creates', (SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user),
 'roles', (SELECT json_agg(rolname) FROM pg_roles), 'tablespaces', (SELECT json_agg(spcname) FROM pg_tablespace),
 'encoding', pg_char_to_encoding(%[2]s) >= 0,
 'icu', EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i'),
 'directory', coalesce((SELECT setting FROM pg_settings WHERE name = 'data_directory'), ''),
 'prepared', (SELECT coalesce(json_agg(gid), '[]') FROM pg_prepared_xacts WHERE database = %[1]s),
 'slots', (SELECT coalesce(json_agg(slot_name), '[]') FROM pg_replication_slots WHERE database = %[1]s),
 'subscribes', (SELECT coalesce(json_agg(subname), '[]') FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = %[1]s AND subenabled))`

// Look asks a server what it has to say to a database that comes back as target.
func (s *Server) Look(ctx context.Context, target string, detail map[string]string) (*Facts, error) {
	f := &Facts{}
	if err := s.Query(ctx, s.Door, maintenance, fmt.Sprintf(factsSQL, Literal(target), Literal(detail["encoding"])), f); err != nil {
		return nil, fmt.Errorf("ask PostgreSQL at %s: %w", s.Origin(), err)
	}
	there, err := s.Named(ctx, target)
	f.There = there
	return f, err
}

// Refuse is why a database cannot come back here, nil when nothing is known
// against it. Nothing has changed then.
func (s *Server) Refuse(ctx context.Context, f *Facts, detail map[string]string, size int64) error {
	for _, check := range []func(context.Context, *Facts, map[string]string) error{s.versions, s.rights, s.spelling, s.free} {
		if err := check(ctx, f, detail); err != nil {
			return err
		}
	}
	return s.space(f, detail, size)
}

// versions holds the server and the client programs against the dump.
func (s *Server) versions(ctx context.Context, f *Facts, detail map[string]string) error {
	from, have := major(detail["server_version"]), f.Version/10000
	if from > have {
		return fault.New(fault.Missing, fmt.Sprintf("restore into a server of version %d or newer", from),
			fmt.Errorf("restore into PostgreSQL at %s (%s): the dump is of a newer server (%s)", s.Origin(), f.Server, detail["server_version"]))
	}
	version, number, err := source.ToolVersion(ctx, s.Door, "pg_restore")
	if err != nil {
		return err
	}
	if want := major(detail["dump_version"]); number < want {
		return fault.New(fault.Missing, fmt.Sprintf("install postgresql-client-%d (from apt.postgresql.org), or put one that is new enough first in PATH", want),
			fmt.Errorf("restore with pg_restore %s: the dump is of a newer pg_dump (%s)", version, detail["dump_version"]))
	}
	_, _, err = s.Tool(ctx, s.Door, "pg_dump", source.Database{Version: f.Version, Server: f.Server})
	return err
}

// major is the first number of a version; of one before 10 it is one digit.
func major(version string) int {
	digits, _, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(strings.TrimRight(digits, "abcdefghijklmnopqrstuvwxyz"))
	return n
}

func (s *Server) rights(_ context.Context, f *Facts, _ map[string]string) error {
	const way = "log in as a superuser (user and as of the source), or grant it"
	switch {
	case !f.Creates:
		return fault.New(fault.Missing, fmt.Sprintf("%s: ALTER ROLE %s CREATEDB", way, Ident(f.Me)), fmt.Errorf("restore into PostgreSQL at %s: %s may not create databases", s.Origin(), f.Me))
	case f.There != nil && !f.There.Mine:
		return fault.New(fault.Missing, way, fmt.Errorf("restore into PostgreSQL at %s: %s may not rename %s, which belongs to %s", s.Origin(), f.Me, f.There.Name, f.There.Owner))
	case f.There != nil && f.There.Beyond > 0:
		return fault.New(fault.Missing, fmt.Sprintf("%s: GRANT pg_signal_backend TO %s; or end them before", way, Ident(f.Me)),
			fmt.Errorf("restore into PostgreSQL at %s: %s may not end %d of the %d sessions of %s", s.Origin(), f.Me, f.There.Beyond, f.There.Sessions, f.There.Name))
	}
	return nil
}

// spelling is about what a database cannot change any more: encoding, locale.
func (s *Server) spelling(ctx context.Context, f *Facts, detail map[string]string) error {
	lacks := func(way, format string, args ...any) error {
		return fault.New(fault.Missing, way, fmt.Errorf("restore into PostgreSQL at %s (%s): it lacks %s", s.Origin(), f.Server, fmt.Sprintf(format, args...)))
	}
	switch provider := detail["provider"]; {
	case !f.Encoding:
		return lacks("restore into a server that knows it", "the encoding %s of the dump", detail["encoding"])
	case provider == "i" && (!f.ICU || f.Version < 150000):
		return lacks("restore into a server of version 15 or newer with ICU", "ICU locales, and the dump needs %s", detail["icu_locale"])
	case provider == "b" && f.Version < 170000:
		return lacks("restore into a server of version 17 or newer", "the builtin locales of version 17, and the dump needs %s", detail["icu_locale"])
	}
	for _, locale := range []string{detail["collate"], detail["ctype"]} {
		if locale == "" || locale == "C" || locale == "POSIX" {
			continue
		}
		// The server checks every category of a locale alike, and this one may be set.
		var answer any
		if err := s.Query(ctx, s.Door, maintenance, "SELECT to_json(set_config('lc_time', "+Literal(locale)+", true))", &answer); err != nil {
			return lacks("install it there (locale-gen "+locale+", or localedef), then start the server anew", "the locale %s of the dump", locale)
		}
	}
	return nil
}

// free is about what would hold the database that is there, or tear something
// apart, when it gives its name away.
func (s *Server) free(_ context.Context, f *Facts, _ map[string]string) error {
	switch {
	case f.There == nil:
		return nil
	case len(f.Prepared) > 0:
		return fault.New(fault.Missing, fmt.Sprintf("in %s: COMMIT PREPARED %s, or ROLLBACK PREPARED", f.There.Name, Literal(f.Prepared[0])),
			fmt.Errorf("restore %s: it has prepared transactions (%s), with which it cannot be renamed", f.There.Name, strings.Join(f.Prepared, ", ")))
	case len(f.Subscribes) > 0:
		return fault.New(fault.Missing, fmt.Sprintf("in %s: ALTER SUBSCRIPTION %s DISABLE", f.There.Name, Ident(f.Subscribes[0])),
			fmt.Errorf("restore %s: its subscriptions (%s) would go on in the old database, unseen", f.There.Name, strings.Join(f.Subscribes, ", ")))
	}
	return nil
}

// Remarks are what does not stand in the way, but wants to be known.
func (s *Server) Remarks(f *Facts) []string {
	if len(f.Slots) == 0 || f.There == nil {
		return nil
	}
	return []string{fmt.Sprintf("replication slots (%s) stay with the old database and hold back WAL: drop them, and begin again with their receivers", strings.Join(f.Slots, ", "))}
}

// space refuses a server on this machine whose disk cannot hold the database a
// second time. Of others nothing can be told.
func (s *Server) space(f *Facts, detail map[string]string, size int64) error {
	recorded, _ := strconv.ParseInt(detail["database_size"], 10, 64)
	need := max(size, recorded)
	var st unix.Statfs_t
	if f.Directory == "" || !s.Local() {
		return nil
	}
	if err := unix.Statfs(f.Directory, &st); err != nil {
		return nil //nolint:nilerr // the load itself will tell
	}
	if have := int64(st.Bavail) * st.Bsize; have < need {
		return fault.New(fault.Missing, "free space there: the restored database stands beside the one that is there",
			fmt.Errorf("restore into PostgreSQL at %s: %s are free in %s, %s are needed", s.Origin(), report.Bytes(have), f.Directory, report.Bytes(need)))
	}
	return nil
}

// Local tells whether the server runs on this machine.
func (s *Server) Local() bool {
	if s.Door.Name() != "local" {
		return false
	}
	host := s.Host
	if host == "" {
		host = s.Getenv("PGHOST")
	}
	return host == "" || host[0] == '/' || host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Lacking are the roles and tablespaces that a dump needs and a server has not.
func (f *Facts) Lacking(n *Needs) *Needs {
	lacking := &Needs{}
	for _, role := range n.Roles {
		if !slices.Contains(f.Roles, role) {
			lacking.Roles = append(lacking.Roles, role)
		}
	}
	for _, place := range n.Tablespaces {
		if !slices.Contains(f.Tablespaces, place) {
			lacking.Tablespaces = append(lacking.Tablespaces, place)
		}
	}
	return lacking
}

// Complain is the error for what is lacking, nil for nothing.
func (s *Server) Complain(lacking *Needs, hint string) error {
	var what []string
	if n := len(lacking.Roles); n > 0 {
		what = append(what, "roles "+some(lacking.Roles))
	}
	if n := len(lacking.Tablespaces); n > 0 {
		what = append(what, "tablespaces "+some(lacking.Tablespaces))
	}
	if len(what) == 0 {
		return nil
	}
	return fault.New(fault.Missing, hint, errors.New("restore into PostgreSQL at "+s.Origin()+": it lacks "+strings.Join(what, " and ")+", which the dump needs"))
}

// some is a list of names, the first of them if there are many.
func some(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
