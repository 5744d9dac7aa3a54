package marialive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"iact-infra/internal/command"
)

// Line is one line of a plan; a load reads the dump, without what would run
// beside the live database or change it.
type Line struct {
	Command command.Command
	Load    bool
	Note    string // instead of a command, what Go works out by itself
}

// BesideFilter is a filter for a plan: it leaves events out, which would run, and the
// statements that name the database that was dumped.
const BesideFilter = `sed '/^-- Dumping events for database/,/^-- Dumping routines for database/d; /^ALTER DATABASE /d; /^LOCK TABLES /d'`

// Plan is what an exchange amounts to. The names of the tables, and what is
// defined around them, are known only when the dump has been loaded.
func (m *Server) Plan(e *Exchange, exists bool) []Line {
	sql := func(text string) Line {
		c := m.Client("mariadb", "-e", text)
		c.Changes = true
		return Line{Command: c}
	}
	load := m.client(e.New)
	load.Changes = true
	lines := []Line{sql("CREATE DATABASE " + quoteName(e.New) + e.Becomes.clause()), {Command: load, Load: true}}
	if exists {
		lines = append(lines,
			sql("CREATE DATABASE "+quoteName(e.Before)),
			Line{Note: fmt.Sprintf("for all tables, in one statement: RENAME TABLE %s.T TO %s.T, …, %s.T TO %[1]s.T, …", quoteName(e.Live), quoteName(e.Before), quoteName(e.New))})
	} else {
		lines = append(lines,
			sql("CREATE DATABASE "+quoteName(e.Live)+e.Becomes.clause()),
			Line{Note: fmt.Sprintf("for all tables, in one statement: RENAME TABLE %s.T TO %s.T, …", quoteName(e.New), quoteName(e.Live))})
	}
	lines = append(lines, Line{Note: "around it: triggers, views, routines and events of the old database dropped, those of the dump made"})
	return append(lines, sql(DropStatement(e.New)))
}

// DropStatement is the statement that drops a database.
func DropStatement(database string) string { return "DROP DATABASE " + quoteName(database) }

// clause is how CREATE DATABASE and ALTER DATABASE say it.
func (s schema) clause() string {
	text := ""
	if s.Charset != "" {
		text += " CHARACTER SET " + s.Charset
	}
	if s.Collation != "" {
		text += " COLLATE " + s.Collation
	}
	return text
}

// Done says nil when an exchange had come to its end and the live name still
// holds what was restored.
func (m *Server) Done(ctx context.Context, e *Exchange) error {
	for _, name := range []string{planFile, doneFile} {
		if _, err := os.Stat(filepath.Join(e.Dir, name)); err != nil {
			return fmt.Errorf("the restore of %s had not come to its end", e.Live)
		}
	}
	e = e.prepared()
	swapped, err := m.Swapped(ctx, e)
	if err == nil && !swapped && len(e.Fresh.Tables) > 0 {
		err = errors.New("the restored tables do not have the live name")
	}
	if err != nil {
		return err
	}
	return m.Check(ctx, e)
}
