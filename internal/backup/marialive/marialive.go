// Package marialive is how a MariaDB server takes a dumped database back.
//
// Such a server cannot rename a database, and a table that has triggers cannot
// move to another one. So a dump is loaded into a new database beside the live
// one. When it is proved right, all tables of both change places in one RENAME
// TABLE, which clients see as one moment, whatever the tables hold. What a
// database defines beside its tables (triggers, views, routines, events) is
// dropped and made anew around that moment, from texts that were written down
// before.
//
// An Exchange says where everything is. It is written down before the live
// database is touched, and another process can finish or go back with it and
// the texts. Whatever is killed at whatever moment, the live tables are the old
// ones or the new ones, all of them.
package marialive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/command"
)

// Server is a MariaDB server and what reaches its client programs.
type Server struct {
	Door *command.Door
	Disk *disk.Disk // writes the texts; nil writes them, too
	// Client builds the command of a client program that logs in, as one that
	// only reads. What it has as standard input comes before all other input.
	Client func(program string, args ...string) command.Command
	// Dump is the command that dumps a database as its source does.
	Dump func(database string) command.Command
}

// client is a session of the client program: it ends at the first error, never
// connects again by itself, and takes no line of its input for a command of its
// own but DELIMITER.
func (m *Server) client(database string) command.Command {
	args := []string{
		"--batch", "--raw", "--skip-column-names", "--binary-mode", "--skip-reconnect",
		"--default-character-set=utf8mb4", "--max-allowed-packet=1G",
	}
	if database != "" {
		args = append(args, "--database="+database)
	}
	return m.Client("mariadb", args...)
}

// change runs SQL text that changes something.
func (m *Server) change(ctx context.Context, database string, sql io.Reader) error {
	c := m.client(database)
	c.Changes = true
	return plain(m.Door.Feed(ctx, c, after(c.Stdin, sql)))
}

// after puts what a program reads behind the password that its command may
// bring along.
func after(login, input io.Reader) io.Reader {
	if login == nil {
		return input
	}
	return io.MultiReader(login, input)
}

// execute runs one statement that changes something.
func (m *Server) execute(ctx context.Context, sql string) error {
	return m.change(ctx, "", strings.NewReader(mode+sql+";\n"))
}

// mode makes texts that quoteText has quoted mean what they say.
const mode = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';\n"

// rows runs a query whose rows are one JSON value each.
func rows[T any](ctx context.Context, m *Server, sql string) ([]T, error) {
	c := m.client("")
	c.Stdin = after(c.Stdin, strings.NewReader(mode+sql+";\n"))
	out, err := m.Door.Text(ctx, c).String()
	if err != nil {
		return nil, plain(err)
	}
	var all []T
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, len(out)+1)
	for lines.Scan() {
		var one T
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("read answer of mariadb: %w", err)
		}
		all = append(all, one)
	}
	return all, lines.Err()
}

// row is rows for a query that gives one.
func row[T any](ctx context.Context, m *Server, sql string) (T, error) {
	all, err := rows[T](ctx, m, sql)
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("read answer of mariadb: %d rows instead of one", len(all))
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// schema is a database as the server knows it.
type schema struct {
	Charset   string `json:"charset"`
	Collation string `json:"collation"`
	Comment   string `json:"comment"`
}

// schema looks for a database, nil when there is none.
func (m *Server) schema(ctx context.Context, database string) (*schema, error) {
	all, err := rows[schema](ctx, m, "SELECT JSON_OBJECT('charset', DEFAULT_CHARACTER_SET_NAME, 'collation', DEFAULT_COLLATION_NAME)"+
		" FROM information_schema.SCHEMATA WHERE "+exactly("SCHEMA_NAME", database))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// Objects are the names of what a database holds, sorted.
type Objects struct {
	Tables   []string `json:"tables,omitempty"` // and sequences
	Views    []string `json:"views,omitempty"`
	Triggers []string `json:"triggers,omitempty"`
	Routines []string `json:"routines,omitempty"` // as "PROCEDURE name"
	Events   []string `json:"events,omitempty"`
}

// Objects lists what a database holds.
func (m *Server) Objects(ctx context.Context, database string) (Objects, error) {
	type named struct {
		Kind string `json:"k"`
		Name string `json:"n"`
	}
	all := "SELECT JSON_OBJECT('k', k, 'n', n) FROM (" +
		"SELECT IF(TABLE_TYPE = 'VIEW', 'view', 'table') AS k, TABLE_NAME AS n FROM information_schema.TABLES WHERE " + exactly("TABLE_SCHEMA", database) +
		" UNION ALL SELECT 'trigger', TRIGGER_NAME FROM information_schema.TRIGGERS WHERE " + exactly("EVENT_OBJECT_SCHEMA", database) + // which is that of the trigger
		" UNION ALL SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE " + exactly("ROUTINE_SCHEMA", database)
	events := " UNION ALL SELECT 'event', EVENT_NAME FROM information_schema.EVENTS WHERE " + same("EVENT_SCHEMA", database)
	found, err := rows[named](ctx, m, all+events+") AS o")
	if noEvents(err) {
		found, err = rows[named](ctx, m, all+") AS o")
	}
	if err != nil {
		return Objects{}, err
	}
	var o Objects
	for _, one := range found {
		switch one.Kind {
		case "table":
			o.Tables = append(o.Tables, one.Name)
		case "view":
			o.Views = append(o.Views, one.Name)
		case "trigger":
			o.Triggers = append(o.Triggers, one.Name)
		case "event":
			o.Events = append(o.Events, one.Name)
		default:
			o.Routines = append(o.Routines, one.Kind+" "+one.Name)
		}
	}
	for _, names := range [][]string{o.Tables, o.Views, o.Triggers, o.Routines, o.Events} {
		slices.Sort(names)
	}
	return o, nil
}

// noEvents says that a statement failed because the server was started with
// event_scheduler=DISABLED: it does not even list events then.
func noEvents(err error) bool { return err != nil && strings.Contains(err.Error(), "ERROR 1577 ") }

// empty says that nothing is there.
func (o Objects) empty() bool {
	return len(o.Tables)+len(o.Views)+len(o.Triggers)+len(o.Routines)+len(o.Events) == 0
}

// plain gives the server's own words for a failure of the client program.
func plain(err error) error {
	var ended *command.Error
	if !errors.As(err, &ended) {
		return err
	}
	if ended.Program == "sh" { // which has become the client
		ended.Program = "mariadb"
	}
	return explained(ended)
}
