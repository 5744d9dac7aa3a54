package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// MariaDBDatabase is what the server says about one database.
type MariaDBDatabase struct {
	Version            string
	User               string // that the login counts as: name@host
	CaseMode           string // lower_case_table_names
	Charset, Collation string
	Collations         []string // of tables and columns
	Size               int64    // bytes of data and indexes
	Loose              []string // tables that know no transactions: NAME (ENGINE)
	Views              bool
	Versioned          bool // tables with rows of the past
	ByTransaction      bool // that are kept by transaction, not by time
	Definers           []string
	Orphans            []MariaDBObject // whose definer is no user
	Broken             []MariaDBObject // that cannot be read
	Events             int
	NoEvents           bool     // the server does not show them
	Routines           bool     // the login sees all of them
	rights             []string // on the database or on everything
}

// MariaDBObject is a view, table, trigger … and what is said about it.
type MariaDBObject struct{ Kind, Name, What string }

func lookSQL() string {
	return `SELECT 'server', VERSION(), CURRENT_USER(), @@lower_case_table_names;
SELECT 'schema', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE ` + here("SCHEMA_NAME") + `;
SELECT 'table', t.TABLE_NAME, t.TABLE_TYPE, IFNULL(t.ENGINE, ''), IFNULL(t.DATA_LENGTH, 0) + IFNULL(t.INDEX_LENGTH, 0), IFNULL(e.TRANSACTIONS, ''), t.TABLE_COMMENT
 FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE ` + here("t.TABLE_SCHEMA") + ` ORDER BY t.TABLE_NAME;
SELECT 'object', 'view', TABLE_NAME, DEFINER FROM information_schema.VIEWS WHERE ` + here("TABLE_SCHEMA") + `;
SELECT 'object', LOWER(ROUTINE_TYPE), ROUTINE_NAME, DEFINER FROM information_schema.ROUTINES WHERE ` + here("ROUTINE_SCHEMA") + `;
SELECT 'object', 'trigger', TRIGGER_NAME, DEFINER FROM information_schema.TRIGGERS WHERE ` + here("EVENT_OBJECT_SCHEMA") + `;
SELECT DISTINCT 'collation', COLLATION_NAME FROM information_schema.COLUMNS WHERE ` + here("TABLE_SCHEMA") + ` AND COLLATION_NAME IS NOT NULL
 UNION SELECT 'collation', TABLE_COLLATION FROM information_schema.TABLES WHERE ` + here("TABLE_SCHEMA") + ` AND TABLE_COLLATION IS NOT NULL`
}

func eventsSQL() string {
	return `;
SELECT 'object', 'event', EVENT_NAME, DEFINER FROM information_schema.EVENTS WHERE ` + here("EVENT_SCHEMA")
}

func transactionSQL() string {
	return `SELECT COUNT(*) FROM information_schema.COLUMNS WHERE ` + here("TABLE_SCHEMA") + ` AND DATA_TYPE = 'bigint' AND GENERATION_EXPRESSION = 'ROW START'`
}

// here is the condition that a column names the database of the session.
// information_schema compares some names as texts for people, so that shop is
// Shop, where the server keeps them apart. The plain comparison stays, too: by
// it the server looks into one database only.
func here(column string) string {
	spelled := func(name string) string {
		return "CAST(IF(@@lower_case_table_names = 0, " + name + ", LOWER(" + name + ")) AS BINARY)"
	}
	return column + " = DATABASE() AND " + spelled(column) + " = " + spelled("DATABASE()")
}

// Look asks for all that a dump of a database depends on.
func (s *MariaDBServer) Look(ctx context.Context, door *command.Door, database string) (MariaDBDatabase, error) {
	var d MariaDBDatabase
	rows, err := s.Query(ctx, door, database, lookSQL()+eventsSQL())
	if refusal(err) == 1577 { // event_scheduler=DISABLED
		d.NoEvents = true
		rows, err = s.Query(ctx, door, database, lookSQL())
	}
	if refusal(err) == 1049 {
		return d, fault.New(fault.Missing, "correct the name, or put it on backup.retired", fmt.Errorf("find database %s at %s: there is none", database, s.Origin()))
	}
	if err != nil {
		return d, err
	}
	var objects []MariaDBObject
	for _, row := range rows {
		switch row[0] {
		case "server":
			d.Version, d.User, d.CaseMode = row[1], row[2], row[3]
		case "schema":
			d.Charset, d.Collation = row[1], row[2]
		case "table":
			d.table(row[1:])
		case "collation":
			d.Collations = append(d.Collations, row[1])
		case "object":
			objects = append(objects, MariaDBObject{row[1], row[2], row[3]})
			if row[1] == "event" {
				d.Events++
			}
		}
	}
	if d.Versioned {
		if rows, err = s.Query(ctx, door, database, transactionSQL()); err != nil {
			return d, err
		}
		d.ByTransaction = len(rows) == 1 && rows[0][0] != "0"
	}
	s.definers(ctx, door, &d, objects)
	grants, err := s.Query(ctx, door, "", "SHOW GRANTS")
	if err != nil {
		return d, err
	}
	d.granted(grants, database)
	return d, nil
}

// events counts them, if the server shows them.
func (d *MariaDBDatabase) events() string {
	if d.NoEvents {
		return "unknown"
	}
	return strconv.Itoa(d.Events)
}

// refusal is the number of the error by which a client program failed.
func refusal(err error) int {
	var failed *command.Error
	if !errors.As(err, &failed) {
		return 0
	}
	return errorNumber(failed.Stderr)
}

// table takes one row about a table or view.
func (d *MariaDBDatabase) table(row []string) {
	name, kind, engine, transactions, comment := row[0], row[1], row[2], row[4], row[5]
	size, _ := strconv.ParseInt(row[3], 10, 64)
	d.Size += size
	d.Versioned = d.Versioned || kind == "SYSTEM VERSIONED"
	switch {
	case kind == "VIEW":
		d.Views = true
		if comment != "VIEW" {
			d.Broken = append(d.Broken, MariaDBObject{"view", name, comment})
		}
	case engine == "": // it cannot be opened, and the comment says why
		d.Broken = append(d.Broken, MariaDBObject{"table", name, comment})
	case transactions != "YES":
		d.Loose = append(d.Loose, name+" ("+engine+")")
	}
}

// definers notes who defines views, routines, triggers and events, and which of
// those users are gone, where the login may know.
func (s *MariaDBServer) definers(ctx context.Context, door *command.Door, d *MariaDBDatabase, objects []MariaDBObject) {
	for _, o := range objects {
		if !slices.Contains(d.Definers, o.What) {
			d.Definers = append(d.Definers, o.What)
		}
	}
	slices.Sort(d.Definers)
	if len(objects) == 0 {
		return
	}
	users, err := s.Query(ctx, door, "", "SELECT CONCAT(User, '@', Host) FROM mysql.user")
	if err != nil {
		return
	}
	for _, o := range objects {
		if !slices.ContainsFunc(users, func(row []string) bool { return row[0] == o.What }) {
			d.Orphans = append(d.Orphans, o)
		}
	}
}
