package marialive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Exchange is all that another process needs to finish the takeover of a live
// name or to go back. It is journalled, and kept in Dir with the definitions of
// both sides, before the live database is touched.
type Exchange struct {
	Live   string `json:"live"`
	New    string `json:"new"`    // what the dump was loaded into
	Before string `json:"before"` // takes the tables that were live
	Undone string `json:"undone"` // takes the tables that were loaded, when they had the live name and lose it
	Mark   string `json:"mark"`
	Dumped string `json:"dumped"` // the database that the dump was made of
	Asleep bool   `json:"asleep"` // events stay disabled: the original runs its own

	Ready   bool     `json:"ready"`   // the texts of both sides are written down
	Existed bool     `json:"existed"` // there was a live database
	Was     schema   `json:"was"`
	Becomes schema   `json:"becomes"`
	Old     Objects  `json:"old"`
	Fresh   Objects  `json:"fresh"`
	Grants  []grant  `json:"grants,omitempty"`
	Broken  []string `json:"broken,omitempty"` // old views, quoted, that read what is not there

	Dir string `json:"dir"`
}

// grant is a right on one routine, which goes when the routine is dropped.
type grant struct {
	Routine string `json:"r"` // as Objects has it
	Rights  string `json:"p"`
	User    string `json:"u"`
	Host    string `json:"h"`
}

// Files of an exchange's directory.
const (
	oldText  = "old.sql"
	newText  = "new.sql"
	planFile = "exchange.json"
	doneFile = "done" // nothing of it is half done
	backFile = "back" // the old tables have the live name again, or never lost it
)

// Prepare writes down what the live database defines, as the last thing before
// the takeover.
func (m *Server) Prepare(ctx context.Context, e *Exchange) error {
	known, err := m.schema(ctx, e.Live)
	if err != nil {
		return err
	}
	var text []byte
	if e.Existed = known != nil; e.Existed {
		e.Was = *known
		if e.Old, err = m.Objects(ctx, e.Live); err != nil {
			return err
		}
		if text, e.Broken, err = m.definitions(ctx, e.Live); err != nil {
			return fmt.Errorf("read the definitions of %s: %w", e.Live, err)
		}
		e.Old.Views = slices.DeleteFunc(e.Old.Views, func(v string) bool { return slices.Contains(e.Broken, quoteName(v)) })
		if e.Grants, err = m.grants(ctx, e.Live); err != nil {
			return err
		}
	}
	if err := keep(e.Dir, oldText, text); err != nil {
		return err
	}
	e.Ready = true
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return keep(e.Dir, planFile, data)
}

// definitions are what a database defines beside its tables, as text. Broken
// views, which read what is not there any more, cannot be made by their text:
// it goes without them.
func (m *Server) definitions(ctx context.Context, database string) (text []byte, broken []string, err error) {
	args := []string{"--force", "--no-data", "--skip-lock-tables", "--routines", "--triggers", "--default-character-set=utf8mb4"}
	scheduler, err := row[string](ctx, m, "SELECT JSON_QUOTE(@@global.event_scheduler)")
	if err != nil {
		return nil, nil, err
	}
	if scheduler != "DISABLED" {
		args = append(args, "--events")
	}
	out, err := m.Door.Stream(ctx, m.Client("mariadb-dump", append(args, "--", database)...))
	if err != nil {
		return nil, nil, plain(err)
	}
	defer out.Abort()
	var kept, rest bytes.Buffer
	_, err = io.Copy(&rest, newSplitter(out, &kept, database, database, 0))
	if err == nil {
		err = out.Close()
	}
	var ended *command.Error
	if errors.As(err, &ended) && onlyViews(ended.Stderr) {
		err = nil
	}
	for line := range strings.Lines(rest.String()) {
		if after, ok := strings.CutPrefix(line, "-- failed on view "); ok {
			broken = append(broken, tableOf([]byte(after)))
		}
	}
	return without(kept.Bytes(), broken), broken, plain(err)
}

// onlyViews says whether broken views are all that mariadb-dump met.
func onlyViews(stderr string) bool {
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasSuffix(line, "(1356)") {
			return false
		}
	}
	return stderr != ""
}

// without leaves out the statements that make some views.
func without(text []byte, views []string) []byte {
	if len(views) == 0 {
		return text
	}
	var out, statement bytes.Buffer
	named := false
	for line := range bytes.Lines(text) {
		if statement.Len() == 0 && !bytes.HasPrefix(line, []byte("/*!50001 CREATE ALGORITHM")) {
			out.Write(line)
			continue
		}
		statement.Write(line)
		if after, ok := bytes.CutPrefix(line, []byte("/*!50001 VIEW ")); ok {
			named = slices.Contains(views, tableOf(after))
		}
		if bytes.HasSuffix(bytes.TrimSpace(line), []byte(";")) {
			if !named {
				out.Write(statement.Bytes())
			}
			statement.Reset()
			named = false
		}
	}
	return out.Bytes()
}

// grants reads the rights on single routines. A login that may not read them
// has none to give back.
func (m *Server) grants(ctx context.Context, database string) ([]grant, error) {
	all, err := rows[grant](ctx, m, "SELECT JSON_OBJECT('r', CONCAT(Routine_type, ' ', Routine_name), 'p', Proc_priv, 'u', User, 'h', Host)"+
		" FROM mysql.procs_priv WHERE Db = "+quoteText(database))
	if err != nil && strings.Contains(err.Error(), "ERROR 1142 ") {
		return nil, nil
	}
	return all, err
}

// Swapped says on which side of the one moment an exchange is: whether the
// tables that were loaded have the live name. All of them move at once, so one
// tells of all.
func (m *Server) Swapped(ctx context.Context, e *Exchange) (bool, error) {
	before, err := m.Objects(ctx, e.Before)
	if err != nil || len(before.Tables) > 0 {
		return err == nil, err
	}
	if len(e.Fresh.Tables) == 0 || e.has(backFile) {
		return false, nil
	}
	for _, elsewhere := range []string{e.New, e.Undone} {
		o, err := m.Objects(ctx, elsewhere)
		if err != nil || slices.Contains(o.Tables, e.Fresh.Tables[0]) {
			return false, err
		}
	}
	return true, nil
}

func (e *Exchange) has(file string) bool {
	_, err := os.Stat(filepath.Join(e.Dir, file))
	return err == nil
}

// TakeOver gives the loaded tables the live name, and makes around them what
// the dump defines. It is the same when it has been done in part before.
func (m *Server) TakeOver(ctx context.Context, e *Exchange) error {
	if e.Existed {
		if err := m.create(ctx, e.Before, e.Was, ""); err != nil {
			return err
		}
	}
	if err := m.create(ctx, e.Live, e.Becomes, e.Mark); err != nil {
		return err
	}
	swapped, err := m.Swapped(ctx, e)
	if err != nil {
		return err
	}
	from, aside := e.New, e.Before
	if swapped {
		from, aside = "", ""
	}
	text, err := os.ReadFile(filepath.Join(e.Dir, newText))
	if err != nil {
		return fmt.Errorf("read the definitions of the dump: %w", err)
	}
	text = retarget(text, e.Dumped, e.Live, e.Asleep)
	return m.exchange(ctx, e, side{from: from, aside: aside, becomes: e.Becomes, text: text, routines: e.Fresh.Routines})
}

// GoBack gives the old tables the live name again, and makes around them what
// was defined. Those that were loaded are kept aside: something may have been written to
// them since.
func (m *Server) GoBack(ctx context.Context, e *Exchange) error {
	swapped, err := m.Swapped(ctx, e)
	if err != nil {
		return err
	}
	there, err := m.schema(ctx, e.Before)
	if err != nil {
		return err
	}
	if swapped && there == nil && len(e.Old.Tables) > 0 {
		return e.lost(fmt.Errorf("%s is not there any more", e.Before))
	}
	live, err := m.schema(ctx, e.Live)
	if err != nil {
		return err
	}
	if live == nil && !e.Existed {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(e.Dir, oldText))
	if err != nil {
		return e.lost(err)
	}
	back := side{becomes: e.Was, text: text, routines: e.Old.Routines}
	if swapped {
		if err := m.create(ctx, e.Undone, e.Becomes, ""); err != nil {
			return err
		}
		back.from, back.aside = e.Before, e.Undone
	}
	if live == nil {
		if err := m.create(ctx, e.Live, e.Was, ""); err != nil {
			return err
		}
	}
	if !e.Existed {
		back.becomes = e.Becomes
	}
	if err := m.exchange(ctx, e, back); err != nil {
		return err
	}
	if !e.Existed {
		if err := m.dropEmpty(ctx, e.Live); err != nil {
			return err
		}
	}
	return m.dropEmpty(ctx, e.Before)
}

// Quiet waits until the session of a run that was killed has come to the end of
// what it had begun: the server finishes a statement whose client has gone.
func (m *Server) Quiet(ctx context.Context, live string) error {
	const pause, most = 50 * time.Millisecond, 5 * time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, most, errors.New("a takeover that was cut short still runs on the server: SHOW PROCESSLIST shows what it waits for"))
	defer cancel()
	lock := quoteText(lockName(live))
	for {
		busy, err := row[int](ctx, m, "SELECT (IS_FREE_LOCK("+lock+") = 0) + (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE CONCAT('%', "+lock+", '%'))")
		if err != nil || busy == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// side is what the live name becomes.
type side struct {
	from, aside string // databases; empty when the tables are where they belong
	becomes     schema
	text        []byte
	routines    []string
}

// attempts is how often an exchange is tried: a client that connects again may
// hold a table, or make one, between the look and the moment.
const attempts = 4

func (m *Server) exchange(ctx context.Context, e *Exchange, to side) error {
	for try := 1; ; try++ {
		script, err := m.script(ctx, e, to)
		if err != nil {
			return err
		}
		// A script that has begun comes to its end: it takes seconds, and
		// without it the live database would lack its triggers.
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
		err = m.change(late, "", bytes.NewReader(script))
		cancel()
		if err == nil || try == attempts || ctx.Err() != nil || !passing(err) {
			return err
		}
	}
}

// passing says that an exchange failed for what clients did in that moment.
func passing(err error) bool {
	return slices.ContainsFunc([]string{"ERROR 1205 ", "ERROR 1146 ", "ERROR 1050 ", "ERROR 1213 ", "ERROR 1017 ", "ERROR 1051 "}, func(code string) bool { return strings.Contains(err.Error(), code) })
}

// script is an exchange as SQL. The server takes the first part as one
// statement, which a client that is killed does not tear apart.
func (m *Server) script(ctx context.Context, e *Exchange, to side) ([]byte, error) {
	live, err := m.Objects(ctx, e.Live)
	if err != nil {
		return nil, err
	}
	var incoming, moves []string
	if to.from != "" {
		for _, t := range live.Tables {
			moves = append(moves, qualified(e.Live, t)+" TO "+qualified(to.aside, t))
		}
		arriving, err := m.Objects(ctx, to.from)
		if err != nil {
			return nil, err
		}
		incoming = arriving.Tables
		for _, t := range incoming {
			moves = append(moves, qualified(to.from, t)+" TO "+qualified(e.Live, t))
		}
	}
	var b strings.Builder
	b.WriteString(mode)
	b.WriteString("SET SESSION lock_wait_timeout = 5;\nDELIMITER ;;\nBEGIN NOT ATOMIC\n")
	fmt.Fprintf(&b, " IF GET_LOCK(%s, 60) IS NOT TRUE THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'another restore of this database is under way'; END IF;\n", quoteText(lockName(e.Live)))
	if len(moves) > 0 {
		b.WriteString(" BEGIN\n  DECLARE CONTINUE HANDLER FOR 1094, 1095, 1227 BEGIN END;\n")
		fmt.Fprintf(&b, "  FOR s IN (SELECT ID FROM information_schema.PROCESSLIST WHERE DB = %s AND ID <> CONNECTION_ID() AND COMMAND NOT IN ('Daemon', 'Binlog Dump')) DO KILL s.ID; END FOR;\n END;\n", quoteText(e.Live))
	}
	for _, t := range live.Triggers {
		fmt.Fprintf(&b, " DROP TRIGGER IF EXISTS %s;\n", qualified(e.Live, t))
	}
	for _, v := range live.Views {
		if slices.Contains(incoming, v) {
			fmt.Fprintf(&b, " DROP VIEW IF EXISTS %s;\n", qualified(e.Live, v))
		}
	}
	if len(moves) > 0 {
		b.WriteString(" RENAME TABLE " + strings.Join(moves, ",\n  ") + ";\n")
	}
	b.WriteString("END;;\nDELIMITER ;\n")
	for _, one := range live.Events {
		fmt.Fprintf(&b, "DROP EVENT IF EXISTS %s;\n", qualified(e.Live, one))
	}
	for _, one := range live.Routines {
		kind, name := routine(one)
		b.WriteString(spoken(kind, fmt.Sprintf("DROP %s IF EXISTS %s;\n", kind, qualified(e.Live, name))))
	}
	for _, one := range live.Views {
		fmt.Fprintf(&b, "DROP VIEW IF EXISTS %s;\n", qualified(e.Live, one))
	}
	fmt.Fprintf(&b, "ALTER DATABASE %s%s;\nUSE %[1]s;\n", quoteName(e.Live), to.becomes.clause())
	b.Write(to.text)
	b.WriteString("\n" + mode)
	for _, g := range e.Grants {
		if slices.Contains(to.routines, g.Routine) {
			b.WriteString(g.statement(e.Live))
		}
	}
	return []byte(b.String()), nil
}

func (g grant) statement(database string) string {
	kind, name := routine(g.Routine)
	var rights []string
	option := ""
	for _, right := range strings.Split(g.Rights, ",") {
		if right == "Grant" {
			option = " WITH GRANT OPTION"
			continue
		}
		rights = append(rights, strings.ToUpper(right))
	}
	if len(rights) == 0 {
		rights = []string{"USAGE"}
	}
	who := quoteText(g.User) + "@" + quoteText(g.Host)
	if g.Host == "" {
		who = quoteText(g.User)
	}
	return spoken(kind, fmt.Sprintf("GRANT %s ON %s %s TO %s%s;\n", strings.Join(rights, ", "), kind, qualified(database, name), who, option))
}

// spoken puts a statement about a package into the only mode that knows them.
func spoken(kind, statement string) string {
	if !strings.HasPrefix(kind, "PACKAGE") {
		return statement
	}
	return "SET SESSION sql_mode = 'ORACLE';\n" + statement + mode
}

// routine splits what Objects says about one; a kind may have two words.
func routine(one string) (kind, name string) {
	if rest, ok := strings.CutPrefix(one, "PACKAGE BODY "); ok {
		return "PACKAGE BODY", rest
	}
	kind, name, _ = strings.Cut(one, " ")
	return kind, name
}

func qualified(database, name string) string { return quoteName(database) + "." + quoteName(name) }

// lockName is what sessions that exchange a database lock, at most 64 bytes.
func lockName(database string) string {
	sum := sha256.Sum256([]byte(database))
	return "iact.restore." + hex.EncodeToString(sum[:16])
}

// keep writes a file that must be there after a crash.
func keep(dir, name string, data []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, name+".tmp"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
