package discover

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// List asks a server of this machine for its databases, and notes why it does
// not show them.
func (s *Server) List(ctx context.Context, door *command.Door) {
	var err error
	s.State = Answers
	if s.Databases, err = s.list(ctx, door, ""); err != nil {
		s.State, s.Note, s.Fix = stateOf(err), oneLine(err), fault.Hint(err)
	}
}

// list asks the server for its databases.
func (s *Server) list(ctx context.Context, door *command.Door, password string) ([]Database, error) {
	switch server := s.Source("", "").(type) {
	case *source.MariaDB:
		if password != "" {
			server.Server.PasswordFile, server.Server.Password = s.PasswordFile, password
		}
		return inMariaDB(ctx, door, server.Server)
	case *source.Postgres:
		server.Server.Password = password
		return inPostgres(ctx, door, server.Server)
	}
	return nil, nil
}

// inPostgres lists the databases of a server that are worth a backup: none that
// allows no connection, and postgres only when it holds something, or when it
// is all there is: with it the roles of the server are kept.
func inPostgres(ctx context.Context, door *command.Door, server *source.Server) ([]Database, error) {
	connect := "postgres"
	found, err := server.Databases(ctx, door, connect)
	if err != nil && strings.Contains(said(err), `database "postgres" does not exist`) {
		connect = "template1"
		found, err = server.Databases(ctx, door, connect)
	}
	if err != nil {
		return nil, err
	}
	var all []Database
	var spare *Database
	for _, d := range found {
		one := Database{d.Name, d.Size}
		if !d.Connects {
			continue
		}
		if d.Name == "postgres" {
			empty, err := server.Empty(ctx, door, d.Name)
			if ctx.Err() != nil {
				return nil, err
			}
			if err == nil && empty {
				spare = &one
				continue
			}
		}
		all = append(all, one)
	}
	if len(all) == 0 && spare != nil {
		all = append(all, *spare)
	}
	return all, nil
}

// Names differ in upper and lower case alone, as well, whatever the collation.
const sizesSQL = "SELECT s.SCHEMA_NAME, IFNULL(SUM(t.DATA_LENGTH + t.INDEX_LENGTH), 0) FROM information_schema.SCHEMATA s" +
	" LEFT JOIN information_schema.TABLES t ON BINARY t.TABLE_SCHEMA = BINARY s.SCHEMA_NAME" +
	" WHERE s.SCHEMA_NAME NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') GROUP BY BINARY s.SCHEMA_NAME, s.SCHEMA_NAME ORDER BY 1"

// inMariaDB lists the databases of a server but its own.
func inMariaDB(ctx context.Context, door *command.Door, server *source.MariaDBServer) ([]Database, error) {
	rows, err := server.Query(ctx, door, "", sizesSQL)
	if err != nil {
		return nil, err
	}
	var all []Database
	for _, row := range rows {
		if len(row) != 2 {
			continue
		}
		size, _ := strconv.ParseInt(row[1], 10, 64)
		all = append(all, Database{row[0], size})
	}
	return all, nil
}

// said is all that a client program and its error have said.
func said(err error) string {
	text := err.Error()
	var failed *command.Error
	if errors.As(err, &failed) {
		text += "\n" + failed.Stderr
	}
	return text
}

// stateOf is what a failed login tells of a server.
func stateOf(err error) State {
	for _, refused := range []string{"no password supplied", "password authentication failed", "Access denied for user"} {
		if strings.Contains(said(err), refused) {
			return NeedsPassword
		}
	}
	return NoAnswer
}
