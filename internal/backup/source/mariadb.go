package source

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// MariaDB is one database of a MariaDB or MySQL server: the SQL text that
// mariadb-dump or mysqldump writes.
type MariaDB struct {
	Label    string
	Database string // empty: a server that does not answer, which is what Check says
	Server   *MariaDBServer
	Lock     bool
	Timeout  time.Duration

	known MariaDBDatabase // filled by Check
	tool  MariaDBTool
	notes []string
}

// Name implements Source.
func (m *MariaDB) Name() string { return m.Label }

// Kind implements Source.
func (m *MariaDB) Kind() string { return KindMariaDB }

// Origin implements Source.
func (m *MariaDB) Origin() string {
	if m.Database == "" {
		return m.Server.Origin()
	}
	return m.Server.Origin() + "/" + m.Database
}

// Check implements Source.
func (m *MariaDB) Check(ctx context.Context, door *command.Door) (Check, error) {
	m.notes = nil
	if m.Database == "" {
		if _, err := m.Server.Databases(ctx, door); err != nil {
			return Check{}, err
		}
		return Check{}, fault.New(0, "run the backup again", fmt.Errorf("ask MariaDB at %s: it answers only now", m.Origin()))
	}
	known, err := m.Server.Look(ctx, door, m.Database)
	if err != nil {
		return Check{}, err
	}
	m.known = known
	if m.tool, err = FindMariaDBTool(ctx, door); err != nil {
		return Check{}, err
	}
	if err := m.complete(); err != nil {
		return Check{}, err
	}
	check := Check{Estimate: known.Size}
	if release(m.tool.Version) < release(known.Version) || m.tool.MySQL != !strings.Contains(known.Version, "MariaDB") {
		check.Warnings = append(check.Warnings, fmt.Sprintf("%s %s is not of the server's release (%s): what it does not know may be missing in the dump", m.tool.Program, m.tool.Version, known.Version))
	}
	return check, nil
}

// complete refuses what would leave something out without a word, or fail in
// the middle, and notes what a restore should know.
func (m *MariaDB) complete() error {
	d := m.known
	if len(d.Broken) > 0 {
		b := d.Broken[0]
		hint := "copy its files, then run REPAIR TABLE " + backticks(m.Database) + "." + backticks(b.Name) + "; rows that it loses are in older sets"
		if b.Kind == "view" {
			hint = "SHOW CREATE VIEW " + backticks(b.Name) + " shows what it reads: bring that back, or drop the view"
		}
		return fault.New(0, hint,
			fmt.Errorf("read %s %s.%s%s: %s", b.Kind, m.Database, b.Name, more(len(d.Broken)), b.What))
	}
	if lacks := d.lacks(m.Lock); len(lacks) > 0 {
		return fault.New(0, fmt.Sprintf("GRANT %s ON %s.* TO %s", strings.Join(lacks, ", "), backticks(m.Database), account(d.User)),
			fmt.Errorf("dump database %s: the login %s lacks %s, and without it a dump leaves things out or fails", m.Database, d.User, strings.Join(lacks, ", ")))
	}
	if len(d.Orphans) > 0 {
		o := d.Orphans[0]
		if m.Lock && o.Kind == "view" { // locking a view asks its definer
			return fault.New(0, "CREATE USER "+account(o.What)+" ACCOUNT LOCK, or give the view another definer",
				fmt.Errorf("lock view %s.%s: its definer %s is no user of this server", m.Database, o.Name, o.What))
		}
		m.note("%s %s%s: the definer %s is no user of this server; what it defines fails when it is used, also after a restore: CREATE USER, or give it another definer", o.Kind, o.Name, more(len(d.Orphans)), o.What)
	}
	if !d.Routines {
		m.note("procedures and functions of others are not seen by the login %s and not in the dump: GRANT SELECT ON mysql.proc", d.User)
	}
	if len(d.Loose) > 0 && !m.Lock {
		const most = 5
		m.note("not transactional, so not of one moment with the rest unless nobody writes: %s%s; lock: true makes them so", strings.Join(d.Loose[:min(most, len(d.Loose))], ", "), more(len(d.Loose)-most+1))
	}
	if d.NoEvents {
		m.note("events are not in the dump: the server runs with event_scheduler=DISABLED and does not show them (OFF does)")
	}
	if d.Versioned && !m.history() {
		m.note("rows of the past of tables WITH SYSTEM VERSIONING are not in the dump: %s %s cannot write them", m.tool.Program, m.tool.Version)
	}
	return nil
}

func (m *MariaDB) history() bool {
	return m.known.Versioned && !m.known.ByTransaction && m.tool.keepsHistory()
}

func (m *MariaDB) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

// more counts what a message does not name.
func more(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n-1)
}

func (m *MariaDB) dump() command.Command {
	c := m.Server.Dump(MariaDBDump{Tool: m.tool, Database: m.Database, Lock: m.Lock, History: m.history(), NoEvents: m.known.NoEvents})
	c.Timeout = m.Timeout
	return c
}

// Capture implements Source.
func (m *MariaDB) Capture(ctx context.Context, to To) (Captured, error) {
	began := time.Now().UTC()
	text, err := m.stream(ctx, to)
	if err != nil {
		return Captured{}, fmt.Errorf("dump database %s: %w", m.Database, err)
	}
	notes := m.notes
	if text.packet() > 1<<30 {
		notes = append(notes, fmt.Sprintf("one row takes %s of text; no server takes more than 1 GiB at once: it cannot be loaded", report.Bytes(text.longest)))
	}
	d := m.known
	return Captured{Snapshot: began, Notes: notes, Detail: map[string]string{
		"database": m.Database, "server_version": d.Version, "dump_program": m.tool.Program, "dump_version": m.tool.Version,
		"charset": d.Charset, "collation": d.Collation, "database_size": strconv.FormatInt(d.Size, 10),
		"not_transactional": list(d.Loose), "definers": list(d.Definers), "lock": strconv.FormatBool(m.Lock),
		"history": strconv.FormatBool(m.history()), "events": d.events(),
		"max_allowed_packet": strconv.FormatInt(text.packet(), 10), "collations": list(d.Collations), "lower_case_table_names": d.CaseMode,
	}}, nil
}

// stream lays down what the dump program writes. The program must end well, and
// its last line must be there.
func (m *MariaDB) stream(ctx context.Context, to To) (*dumpText, error) {
	out, err := to.Door.Stream(ctx, Buffered(ctx, to.Door, m.dump()))
	if err != nil {
		return nil, m.Server.explain(m.tool.Program, err)
	}
	defer out.Abort()
	text := &dumpText{r: out}
	if _, err = to.Layer.Stream(text); err == nil {
		err = out.Close()
	}
	if err != nil {
		return nil, m.Server.explain(m.tool.Program, err)
	}
	if !text.whole() {
		return nil, fault.New(0, "run the backup again", fmt.Errorf("%s ended without %q: the dump is cut short", m.tool.Program, DumpTrailer))
	}
	return text, nil
}

// Plan implements Source.
func (m *MariaDB) Plan(door *command.Door, dir string) string { return planned(door, m.dump(), dir) }

// list is a list of names as one text.
func list(names []string) string {
	if names == nil {
		names = []string{}
	}
	text, _ := json.Marshal(names)
	return string(text)
}
