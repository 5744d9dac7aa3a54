package marialive_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/backup/marialive"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

func TestRealMariaDBServerThatDoesNotFitIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e := m.names()
	m.sql("CREATE DATABASE " + e.Live)
	for name, c := range map[string]struct {
		need       marialive.Need
		says, hint string
	}{
		"of a newer server":     {marialive.Need{Version: "99.1.2-MariaDB"}, "the newer 99.1.2-MariaDB", "99.1 or newer"},
		"with a collation":      {marialive.Need{Collations: []string{"utf8mb4_bin", "utf8mb4_0900_ai_ci"}}, "does not know the collation utf8mb4_0900_ai_ci", "knows it"},
		"of other names":        {marialive.Need{CaseMode: "2"}, "lower_case_table_names", "lower_case_table_names = 2"},
		"with a large row":      {marialive.Need{Packet: 1 << 40}, "max_allowed_packet", "SET GLOBAL"},
		"larger than its disks": {marialive.Need{Size: 1 << 60}, "are free", "free space"},
	} {
		_, err := m.Look(t.Context(), e.Live, c.need)
		if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), c.says) || !strings.Contains(fault.Hint(err), c.hint) {
			t.Errorf("a dump %s: %v (%d, %q)", name, err, fault.Code(err), fault.Hint(err))
		}
	}
	facts, err := m.Look(t.Context(), e.Live, marialive.Need{Version: "5.5.60-MariaDB", Collations: []string{"utf8mb4_general_ci", "latin1_swedish_ci"}, CaseMode: "0", Packet: 1 << 20, Size: 1})
	if err != nil || !facts.Exists || facts.Packet < 1<<20 {
		t.Errorf("a dump that fits: %+v, %v", facts, err)
	}
}

func TestRealMariaDBDumpThatCannotBeLoadedLeavesTheLiveDatabaseAlone(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	for text, says := range map[string]string{
		"CREATE TABLE t (a int) COLLATE=utf8mb4_0900_ai_ci;\n":                                                                   "Unknown collation",
		"CREATE TABLE t (a int);\nINSERT INTO none VALUES (1);\n":                                                                "doesn't exist",
		"CREATE TABLE t (a int);\nDELIMITER ;;\nCREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1;;\nDELIMITER ;\n": "Unknown column",
	} {
		e := m.names()
		m.sql("CREATE DATABASE " + e.Live + "; CREATE TABLE " + e.Live + ".t (b int)")
		before := m.all(e.Live)
		err := m.Load(t.Context(), e, strings.NewReader("SET sql_mode='';\n"+text), 0)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := m.Back(t.Context(), e); err != nil {
			t.Error(err)
		}
		if _, err := m.Is(t.Context(), e); err != nil {
			t.Error(err)
		}
		if after := m.all(e.Live); after != before {
			t.Errorf("the live database changed:\n%s", difference(before, after))
		}
	}
}

// TestRealMariaDBClientsThatWriteAllTheTimeSeeTheOldOrTheNew lets clients write
// to two tables in one transaction while these change places. No transaction is
// torn: the two tables always hold the same number of rows, on both sides. And
// there is no moment without the tables.
func TestRealMariaDBClientsThatWriteAllTheTimeSeeTheOldOrTheNew(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e := m.names()
	e.Becomes.Charset, e.Becomes.Collation = "utf8mb4", "utf8mb4_general_ci"
	m.sql("CREATE DATABASE " + e.Live + "; USE " + e.Live + "; CREATE TABLE one (a int); CREATE TABLE two (a int); CREATE TABLE log (a int); CREATE TRIGGER t BEFORE INSERT ON one FOR EACH ROW INSERT INTO log VALUES (1)")
	dump := m.dump(e.Live)
	m.sql("INSERT INTO " + e.Live + ".one VALUES (0); INSERT INTO " + e.Live + ".two VALUES (0)")
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	write := func(database, text string) {
		writers.Go(func() {
			for ctx.Err() == nil {
				c := m.Client("mariadb", "--database="+database)
				c.Changes, c.Stdin = true, strings.NewReader(strings.ReplaceAll(text, "DB", e.Live))
				// One that is ended connects again, but none may find a table missing.
				if err := m.door.Run(context.Background(), c); err != nil && strings.Contains(err.Error(), "doesn't exist") {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		write(e.Live, "BEGIN; INSERT INTO one VALUES (1); DO SLEEP(0.005); INSERT INTO two VALUES (1); COMMIT;")
	}
	write("mysql", "BEGIN; INSERT INTO DB.two VALUES (2); DO SLEEP(0.002); INSERT INTO DB.one VALUES (2); COMMIT;") // whom nobody ends
	for m.sql("SELECT COUNT(*) > 20 FROM "+e.Live+".one") == "0" {
		time.Sleep(time.Millisecond)
	}
	for _, step := range []func(context.Context, *marialive.Exchange) error{
		func(ctx context.Context, e *marialive.Exchange) error {
			return m.Load(ctx, e, strings.NewReader(dump), 0)
		},
		m.Prepare, m.TakeOver, m.Check, m.Conclude,
	} {
		must(t, step(context.Background(), e))
	}
	for m.sql("SELECT COUNT(*) > 20 FROM "+e.Live+".one") == "0" {
		time.Sleep(time.Millisecond)
	}
	stop()
	writers.Wait()
	for _, database := range []string{e.Live, e.Before} {
		one, two := m.sql("SELECT COUNT(*) FROM "+database+".one"), m.sql("SELECT COUNT(*) FROM "+database+".two")
		if one != two || one == "0" {
			t.Errorf("%s holds %s and %s rows: a transaction is torn", database, one, two)
		}
	}
}

func TestRealMariaDBTableThatIsHeldForLongIsToldAndNothingChanges(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e := m.names()
	e.Becomes.Charset, e.Becomes.Collation = "utf8mb4", "utf8mb4_general_ci"
	m.sql("CREATE DATABASE " + e.Live + "; USE " + e.Live + "; CREATE TABLE held (a int); CREATE TRIGGER t BEFORE INSERT ON held FOR EACH ROW SET NEW.a = 1")
	before, dump := m.all(e.Live), m.dump(e.Live)
	must(t, m.Load(t.Context(), e, strings.NewReader(dump), 0))
	must(t, m.Prepare(t.Context(), e))
	// A session of another database, in a transaction that nobody ends.
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		held := m.Client("mariadb", "--unbuffered")
		line := `{ echo "BEGIN; SELECT * FROM ` + e.Live + `.held; SELECT GET_LOCK('` + e.Live + `', 0);"; exec sleep 60; } | "$@"`
		c := command.Change("sh", append([]string{"-c", line, "sh", held.Program}, held.Args...)...)
		_ = m.door.Run(ctx, c)
	}()
	for m.sql("SELECT IS_FREE_LOCK('"+e.Live+"')") == "1" {
		time.Sleep(5 * time.Millisecond)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second) // one try, not four
	defer cancel()
	err := m.TakeOver(short, e)
	stop()
	<-done
	if err == nil || !strings.Contains(err.Error(), "Lock wait timeout") || !strings.Contains(fault.Hint(err), "SHOW PROCESSLIST") {
		t.Errorf("it says %v (%s)", err, fault.Hint(err))
	}
	if _, err := m.Back(t.Context(), e); err != nil {
		t.Error(err)
	}
	if after := m.all(e.Live); after != before {
		t.Errorf("the live database changed:\n%s", difference(before, after))
	}
}
