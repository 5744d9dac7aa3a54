package discover

import (
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/config/amend"
)

// Entry is a source of the configuration that dumps a database of the server:
// what is the default anyway is left out. Paths are written as they count from
// base where they lie below it.
func (s *Server) Entry(name, database, base string) []amend.Field {
	e := []amend.Field{{Key: "name", Value: name}, {Key: "kind", Value: s.Kind}}
	add := func(key string, value any, given bool) {
		if given {
			e = append(e, amend.Field{Key: key, Value: value})
		}
	}
	add("database", database, database != name)
	add("via", s.Via, s.Via != local)
	add("host", s.Host, s.Host != "" && s.Host != defaultSockets)
	add("port", s.Port, s.Port != 0 && s.Port != portOf(s.Kind))
	add("socket", s.Socket, s.Socket != "")
	add("user", s.User, s.User != "")
	add("as", s.As, s.As != "")
	add("password_file", Below(base, s.PasswordFile), s.PasswordFile != "")
	return e
}

// defaultSockets is where a configuration takes the socket of PostgreSQL to be.
const defaultSockets = "/var/run/postgresql"

// Below is a path as it counts from a directory, when it lies below it.
func Below(dir, path string) string {
	short, err := filepath.Rel(dir, path)
	if err != nil || short == ".." || strings.HasPrefix(short, "../") || path == "" {
		return path
	}
	return short
}

// Source is a source of one database of the server, for its name.
func (s *Server) Source(database, label string) source.Source {
	place := s.Via
	if place == local {
		place = ""
	}
	if s.Kind == source.KindMariaDB {
		return &source.MariaDB{Label: label, Database: database, Server: &source.MariaDBServer{Place: place, Host: s.Host, Port: s.Port, Socket: s.Socket, User: s.User, As: s.As}}
	}
	host := s.Host
	if host == "" {
		host = defaultSockets
	}
	return &source.Postgres{Label: label, Database: database, Server: &source.Server{Place: place, Host: host, Port: s.port(), User: s.User, As: s.As, Getenv: os.Getenv}}
}

// Here is the server of a source of this machine.
func Here(one source.Source) *Server {
	s := &Server{Via: local}
	switch one := one.(type) {
	case *source.Postgres:
		s.fromPostgres(one.Server)
	case *source.Globals:
		s.fromPostgres(one.Server)
	case *source.MariaDB:
		s.Kind, s.Host, s.Port, s.Socket, s.User, s.As = source.KindMariaDB, one.Server.Host, one.Server.Port, one.Server.Socket, one.Server.User, one.Server.As
	}
	return s
}

func (s *Server) fromPostgres(server *source.Server) {
	s.Kind, s.Host, s.Port, s.User, s.As = source.KindPostgres, server.Host, server.Port, server.User, server.As
}
