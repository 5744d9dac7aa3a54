package marialive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/backup/compare"
)

// create makes a database unless it is there. Where the server knows comments
// of databases it carries one by which a person sees what it is.
func (m *Server) create(ctx context.Context, database string, like schema, comment string) error {
	sql := "CREATE DATABASE IF NOT EXISTS " + quoteName(database) + like.clause()
	if comment != "" {
		sql += " /*M!100500 COMMENT = " + quoteText(comment) + " */"
	}
	return m.execute(ctx, sql)
}

// Drop drops a database, if it is there.
func (m *Server) Drop(ctx context.Context, database string) error {
	return m.execute(ctx, "DROP DATABASE IF EXISTS "+quoteName(database))
}

// dropEmpty drops a database that holds nothing.
func (m *Server) dropEmpty(ctx context.Context, database string) error {
	o, err := m.Objects(ctx, database)
	if err != nil || !o.empty() {
		return err
	}
	return m.Drop(ctx, database)
}

// Load makes e.New out of a dump, all but its events, which would run there. It
// keeps the definitions for the takeover and has tried every one of them when
// it returns, events as disabled ones. limit is how long a statement the server
// takes.
func (m *Server) Load(ctx context.Context, e *Exchange, dump io.Reader, limit int64) error {
	if err := m.create(ctx, e.New, e.Becomes, e.Mark); err != nil {
		return err
	}
	var text bytes.Buffer
	split := newSplitter(dump, &text, e.Dumped, e.New, limit)
	if err := m.change(ctx, e.New, split); err != nil {
		return m.because(err, split)
	}
	if err := m.keep(e.Dir, newText, text.Bytes()); err != nil {
		return err
	}
	if err := m.change(ctx, e.New, bytes.NewReader(retarget(text.Bytes(), e.Dumped, e.New, true))); err != nil {
		return fmt.Errorf("define the views, triggers, routines and events: %w", err)
	}
	loaded, err := m.Objects(ctx, e.New)
	if err != nil {
		return err
	}
	e.Fresh = loaded
	if len(loaded.Triggers) == 0 {
		return nil
	}
	var drop strings.Builder
	for _, t := range loaded.Triggers {
		fmt.Fprintf(&drop, "DROP TRIGGER %s;\n", quoteName(t))
	}
	return m.change(ctx, e.New, strings.NewReader(drop.String()))
}

// because prefers the reason of the reader to that of the program it fed.
func (m *Server) because(err error, split *splitter) error {
	if split.err != nil && !errors.Is(split.err, io.EOF) {
		return split.err
	}
	return err
}

// Digest is what a database holds, by a dump of it.
func (m *Server) Digest(ctx context.Context, database string) (compare.Digest, error) {
	out, err := m.Door.Stream(ctx, m.Dump(database))
	if err != nil {
		return nil, plain(err)
	}
	defer out.Abort()
	digest, err := compare.MariaDB(out)
	if err != nil {
		return nil, plain(err)
	}
	return digest, plain(out.Close())
}

// Check compares what the live name holds after the takeover with what was
// loaded: the rows were compared before, and moved with their tables.
func (m *Server) Check(ctx context.Context, e *Exchange) error {
	now, err := m.Objects(ctx, e.Live)
	if err != nil {
		return err
	}
	return e.Fresh.within(now, e.Live)
}

// within names the first object that a database lacks.
func (o Objects) within(now Objects, database string) error {
	for _, kind := range []struct {
		what      string
		want, got []string
	}{
		{"table", o.Tables, now.Tables}, {"view", o.Views, now.Views}, {"trigger", o.Triggers, now.Triggers},
		{"routine", o.Routines, now.Routines}, {"event", o.Events, now.Events},
	} {
		for _, name := range kind.want {
			if !slices.Contains(kind.got, name) {
				return fmt.Errorf("%s %s is not in %s", kind.what, name, database)
			}
		}
	}
	return nil
}

// Conclude clears away what only the way to the takeover needed.
func (m *Server) Conclude(ctx context.Context, e *Exchange) error {
	left, err := m.Objects(ctx, e.New)
	if err != nil {
		return err
	}
	if len(left.Tables) == 0 { // views and routines are left of it
		if err := m.Drop(ctx, e.New); err != nil {
			return err
		}
	}
	if !e.Existed {
		if err := m.execute(ctx, "ALTER DATABASE "+quoteName(e.Live)+e.Becomes.clause()+" /*M!100500 COMMENT = '' */"); err != nil {
			return err
		}
		if err := m.dropEmpty(ctx, e.Before); err != nil {
			return err
		}
	}
	return m.keep(e.Dir, doneFile, nil)
}

// Definers lists who the definitions of a dump run as and whom the server lacks.
func (m *Server) Definers(ctx context.Context, e *Exchange) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(e.Dir, newText))
	if err != nil {
		return nil, err
	}
	form := regexp.MustCompile("DEFINER ?= ?(`(?:[^`]|``)*`)@(`(?:[^`]|``)*`)")
	type account struct{ user, host string }
	unquoted := func(b []byte) string { return strings.ReplaceAll(string(b[1:len(b)-1]), "``", "`") }
	needed := map[account]bool{}
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("/*!5")) && !bytes.HasPrefix(line, []byte("CREATE ")) {
			continue
		}
		if found := form.FindSubmatch(line); found != nil {
			needed[account{unquoted(found[1]), unquoted(found[2])}] = true
		}
	}
	if len(needed) == 0 {
		return nil, nil
	}
	type user struct {
		User string `json:"u"`
		Host string `json:"h"`
	}
	known, err := rows[user](ctx, m, "SELECT JSON_OBJECT('u', User, 'h', Host) FROM mysql.user")
	if err != nil {
		return nil, err
	}
	for _, u := range known {
		delete(needed, account{u.User, u.Host})
	}
	var lacking []string
	for a := range needed {
		lacking = append(lacking, a.user+"@"+a.host)
	}
	slices.Sort(lacking)
	return lacking, nil
}

// Outsiders lists the foreign keys of other databases that point into one. They
// would follow the old tables when those move.
func (m *Server) Outsiders(ctx context.Context, database string) ([]string, error) {
	return rows[string](ctx, m, "SELECT JSON_QUOTE(CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME, ' (', CONSTRAINT_NAME, ')')) FROM information_schema.REFERENTIAL_CONSTRAINTS"+
		" WHERE "+same("UNIQUE_CONSTRAINT_SCHEMA", database)+" AND NOT "+same("CONSTRAINT_SCHEMA", database)+" ORDER BY 1")
}
