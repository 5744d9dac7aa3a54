package marialive_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/backup/marialive"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// The variables by which a test tells its own binary to restore and be killed.
const (
	tourVariable = "MARIALIVE_TEST_TOUR" // the exchange, as JSON; the dump lies in its directory's parent
	killVariable = "MARIALIVE_TEST_KILL" // the number of the command at which SIGKILL comes, before it or :PAUSE after its start
	tourLogin    = "MARIALIVE_TEST_LOGIN"

	countVariable = "MARIALIVE_TEST_COUNT" // a file that gets one byte a command; empty is none
)

func TestMain(m *testing.M) {
	if os.Getenv(tourVariable) == "" {
		m.Run()
		return
	}
	if err := tour(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// mortal is this machine, on which the process dies at its nth command.
type mortal struct {
	command.Transport
	nth, at int64
	late    time.Duration // -1 is before it
}

func (m *mortal) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	n := atomic.AddInt64(&m.nth, 1)
	if path := os.Getenv(countVariable); path != "" {
		if err := os.WriteFile(path, make([]byte, n), 0o600); err != nil {
			return nil, err
		}
	}
	if n == m.at && m.late < 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	p, err := m.Transport.Start(ctx, c, stdout)
	if n == m.at {
		time.Sleep(m.late) // the program is under way, this far or that
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return p, err
}

// tour restores an exchange from its dump.
func tour() error {
	e := &marialive.Exchange{}
	if err := json.Unmarshal([]byte(os.Getenv(tourVariable)), e); err != nil {
		return err
	}
	number, pause, found := strings.Cut(os.Getenv(killVariable), ":")
	late := time.Duration(-1)
	if found {
		var err error
		if late, err = time.ParseDuration(pause); err != nil {
			return err
		}
	}
	at, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	m := &marialive.Server{Door: command.NewDoor(&mortal{Transport: command.Local(), at: at, late: late})}
	m.Client = func(program string, args ...string) command.Command {
		return command.Read(program, append(strings.Split(os.Getenv(tourLogin), "\n"), args...)...)
	}
	dump, err := os.Open(filepath.Join(filepath.Dir(e.Dir), "dump.sql"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	for _, step := range []func() error{
		func() error { return m.Load(ctx, e, dump, 0) },
		func() error { return m.Prepare(ctx, e) },
		func() error { return m.TakeOver(ctx, e) },
		func() error { return m.Check(ctx, e) },
		func() error { return m.Conclude(ctx, e) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

const smallSQL = "CREATE DATABASE DB; USE DB; CREATE TABLE p (id int PRIMARY KEY, v varchar(9)); CREATE TABLE c (id int PRIMARY KEY, pid int, CONSTRAINT k FOREIGN KEY (pid) REFERENCES p (id));" +
	"CREATE TABLE log (w varchar(9)); INSERT INTO p VALUES (1, 'good'), (2, 'good'); INSERT INTO c VALUES (1, 2); CREATE VIEW v AS SELECT * FROM p; CREATE VIEW w AS SELECT * FROM v;" +
	"CREATE TRIGGER t BEFORE INSERT ON p FOR EACH ROW INSERT INTO log VALUES ('x'); CREATE PROCEDURE r() SELECT 1; CREATE PROCEDURE kept() SELECT 2;" +
	"CREATE USER IF NOT EXISTS iact_app@localhost; GRANT EXECUTE ON PROCEDURE kept TO iact_app@localhost; CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO SELECT 1;"

const laterSQL = "USE DB; UPDATE p SET v = 'bad'; DROP TABLE c; CREATE TABLE n (a int); CREATE OR REPLACE VIEW v AS SELECT id, 'x' AS v FROM p; DROP PROCEDURE r; CREATE TRIGGER u BEFORE UPDATE ON p FOR EACH ROW INSERT INTO log VALUES ('u');"

// TestRealSlowMariaDBKillAtAnyCommandLeavesOldOrNew kills a restore at its first
// command, at its second, and so on until it succeeds, before the command and
// in its middle. The live tables are the old ones or the new ones, all of them.
// The next run, or the undo from another process, brings the rest.
func TestRealSlowMariaDBKillAtAnyCommandLeavesOldOrNew(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late %v", late), func(t *testing.T) {
			t.Parallel()
			var group errgroup.Group
			var nth, last atomic.Int64
			stride := int64(testbed.Stride(11)) // odd: both ways on
			for range 2 {
				group.Go(func() error {
					for last.Load() == 0 {
						n := 1 + stride*(nth.Add(1)-1)
						kill := fmt.Sprint(n)
						if late {
							kill += fmt.Sprintf(":%dms", n%5*4)
						}
						// Each command is killed before it with the one way on and in it with the other.
						if !killedAt(t, kill, (n%2 == 0) == late) {
							last.Store(n)
						}
					}
					return nil
				})
			}
			_ = group.Wait()
			if last.Load() < 15 {
				t.Errorf("only %d commands were walked through", last.Load())
			}
		})
	}
}

// TestRealSlowMariaDBKillWhileTheTablesChangePlaces kills a restore at many
// moments of the commands by which the new tables get the live name, and of
// those right before and after. Each moment is left both ways.
func TestRealSlowMariaDBKillWhileTheTablesChangePlaces(t *testing.T) {
	t.Parallel()
	// After the exchange come the look at the rights, the rights, a check, and the clearing away, which are two.
	const before, behind = 1, 5
	whole := newMaria(t)
	e := whole.names()
	whole.sql(strings.ReplaceAll(smallSQL, "DB", e.Live))
	must(t, os.WriteFile(filepath.Join(filepath.Dir(e.Dir), "dump.sql"), []byte(whole.dump(e.Live)), 0o600))
	count := filepath.Join(t.TempDir(), "count")
	whole.counted = count
	whole.tour(e, "0")
	data, err := os.ReadFile(count)
	must(t, err)
	swap := len(data) - behind
	for _, undo := range []bool{false, true} {
		t.Run(fmt.Sprintf("undo %v", undo), func(t *testing.T) {
			t.Parallel()
			pauses := []int{0, 2, 4, 7, 11, 16, 25, 40, 60}
			for i := 0; i < len(pauses); i += testbed.Stride(5) {
				for nth := swap - before; nth <= swap+2; nth++ {
					if kill := fmt.Sprintf("%d:%dms", nth, pauses[i]); !killedAt(t, kill, undo) {
						t.Errorf("%s: the restore came to its end", kill)
					}
				}
			}
		})
	}
}

// killedAt kills a restore at its nth command, false when it came to its end.
func killedAt(t *testing.T, kill string, undo bool) bool {
	m := newMaria(t)
	e := m.names()
	e.Becomes.Charset, e.Becomes.Collation = "utf8mb4", "utf8mb4_general_ci"
	m.sql(strings.ReplaceAll(smallSQL, "DB", e.Live))
	good := m.all(e.Live)
	state := filepath.Dir(e.Dir)
	must(t, os.WriteFile(filepath.Join(state, "dump.sql"), []byte(m.dump(e.Live)), 0o600))
	goodTables := m.tables(e.Live)
	m.sql(strings.ReplaceAll(laterSQL, "DB", e.Live))
	bad, badTables := m.all(e.Live), m.tables(e.Live)
	killed := m.tour(e, kill)
	must(t, m.Quiet(context.Background(), e.Live))
	switch tables := m.tables(e.Live); {
	case !killed && tables != goodTables:
		t.Errorf("command %s: after a whole restore there is %s", kill, tables)
	case tables != goodTables && tables != badTables:
		t.Errorf("command %s: the live tables are neither the old nor the new ones: %s", kill, tables)
	}
	if undo {
		for range 2 {
			if _, err := m.Back(context.Background(), e); err != nil {
				t.Fatalf("command %s: undo: %v", kill, err)
			}
		}
		if _, err := m.Is(context.Background(), e); err != nil {
			t.Errorf("command %s: after the undo: %v", kill, err)
		}
		if got := m.all(e.Live); got != bad {
			t.Errorf("command %s: after the undo:\n%s", kill, difference(bad, got))
		}
		return killed
	}
	said, err := m.Settle(context.Background(), e.Live, state)
	if err != nil {
		t.Fatalf("command %s: next run: %v", kill, err)
	}
	if got := m.all(e.Live); got != bad && got != good {
		t.Errorf("command %s: the next run found, and said %q:\n%s", kill, said, difference(good, got))
	}
	left, err := m.Leftovers(context.Background(), e.Live, "/store")
	must(t, err)
	for _, name := range left {
		must(t, m.Drop(context.Background(), name))
	}
	if names := m.sql("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '" + e.Live + "\\_restoring%'"); names != "" {
		t.Errorf("command %s: %s is left", kill, names)
	}
	return killed
}

// tables is what the tables of a database hold. Each is named to the dump: a
// view of a view that the kill left without the other would end it.
func (m *maria) tables(database string) string {
	m.t.Helper()
	names := strings.Fields(m.sql("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '" + database + "' AND TABLE_TYPE <> 'VIEW' ORDER BY 1"))
	if len(names) == 0 {
		return "no tables"
	}
	server := *m.Server
	server.Dump = func(database string) command.Command {
		return m.Client("mariadb-dump", append([]string{"--single-transaction", "--quick", "--hex-blob", "--", database}, names...)...)
	}
	digest, err := server.Digest(context.Background(), database)
	must(m.t, err)
	data, err := json.Marshal(digest)
	must(m.t, err)
	return string(data) + fmt.Sprintf("%x", digest["`p`"].Sum)
}

// tour restores in a process of its own, true when that was killed.
func (m *maria) tour(e *marialive.Exchange, kill string) bool {
	m.t.Helper()
	self, err := os.Executable()
	must(m.t, err)
	data, err := json.Marshal(e)
	must(m.t, err)
	c := command.Change(self)
	c.Env = []string{tourVariable + "=" + string(data), killVariable + "=" + kill, tourLogin + "=" + strings.Join(m.login, "\n"), countVariable + "=" + m.counted}
	err = m.door.Run(context.Background(), c)
	if err != nil && !strings.Contains(err.Error(), "SIGKILL") {
		m.t.Fatalf("command %s: %v", kill, err)
	}
	return err != nil
}
