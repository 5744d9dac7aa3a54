package marialive_test

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"iact-infra/internal/backup/marialive"
)

// TestRealMariaDBDatabaseWhoseNameDiffersByCaseAloneIsLeftAlone restores Shop
// and goes back where there is a shop, and a señal beside a senal: the server
// keeps them apart, and information_schema does not.
func TestRealMariaDBDatabaseWhoseNameDiffersByCaseOrAccentIsLeftAlone(t *testing.T) {
	t.Parallel()
	for what, twin := range map[string]func(string) string{
		"case":   strings.ToUpper,
		"accent": func(name string) string { return strings.Replace(name, "iact", "íact", 1) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := newMaria(t)
			e := m.names()
			e.Becomes.Charset, e.Becomes.Collation = "utf8mb4", "utf8mb4_general_ci"
			other := twin(e.Live)
			t.Cleanup(func() { m.sql("DROP DATABASE IF EXISTS `" + other + "`") })
			// InnoDB does not keep the names of their foreign keys apart.
			m.sql(strings.NewReplacer("DB", "`"+other+"`", "CONSTRAINT k", "CONSTRAINT other_k").Replace(smallSQL))
			m.sql(strings.ReplaceAll(smallSQL, "DB", e.Live) + "DROP TRIGGER t; DROP EVENT e; CREATE TRIGGER mine BEFORE INSERT ON p FOR EACH ROW INSERT INTO log VALUES ('mine');")
			was, neighbour := m.all(e.Live), m.all(other)
			dump := m.dump(e.Live)

			// Somebody works in the other one all the time.
			input, says := io.Pipe()
			session := m.Client("mariadb", "--unbuffered", "--batch", "--skip-column-names", "--default-character-set=utf8mb4", "--database="+other)
			session.Stdin = input
			out, err := m.door.Stream(t.Context(), session)
			must(t, err)
			defer out.Abort()
			defer says.Close()
			_, err = io.WriteString(says, "SELECT CONNECTION_ID();\n")
			must(t, err)
			id, err := bufio.NewReader(out).ReadString('\n')
			must(t, err)
			untouched := func(when string) {
				t.Helper()
				if now := m.all(other); now != neighbour {
					t.Errorf("%s, %s changed:\n%s", when, other, difference(neighbour, now))
				}
				if m.sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = "+strings.TrimSpace(id)) != "1" {
					t.Errorf("%s, the session of %s is gone", when, other)
				}
			}
			facts, err := m.Look(t.Context(), e.Live, marialive.Need{})
			must(t, err)
			if facts.Sessions != 0 {
				t.Errorf("%d sessions are counted, none is of %s", facts.Sessions, e.Live)
			}
			m.sql("UPDATE " + e.Live + ".p SET v = 'bad'")
			bad := m.all(e.Live)
			must(t, m.Load(t.Context(), e, strings.NewReader(dump), 0))
			must(t, m.Prepare(t.Context(), e))
			if len(e.Old.Triggers) != 1 || len(e.Old.Events) != 0 || len(e.Fresh.Triggers) != 0 && e.Fresh.Triggers[0] != "mine" {
				t.Errorf("what is written down is of another database, too: %+v", e.Old)
			}
			must(t, m.TakeOver(t.Context(), e))
			must(t, m.Check(t.Context(), e))
			must(t, m.Conclude(t.Context(), e))
			if now := m.all(e.Live); now != was {
				t.Errorf("after the restore:\n%s", difference(was, now))
			}
			untouched("after the restore")
			_, err = m.Back(t.Context(), e)
			must(t, err)
			if now := m.all(e.Live); now != bad {
				t.Errorf("after the way back:\n%s", difference(bad, now))
			}
			untouched("after the way back")
		})
	}
}

func TestRealMariaDBForeignKeyOfADatabaseThatDiffersByCaseAloneIsSeen(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e := m.names()
	other := strings.ToUpper(e.Live)
	t.Cleanup(func() { m.sql("DROP DATABASE IF EXISTS `" + other + "`") })
	m.sql("CREATE DATABASE " + e.Live + "; CREATE DATABASE " + other + "; CREATE TABLE " + e.Live + ".t (a int PRIMARY KEY);" +
		"CREATE TABLE " + other + ".u (a int, CONSTRAINT outside FOREIGN KEY (a) REFERENCES " + e.Live + ".t (a));")
	for database, want := range map[string]int{e.Live: 1, other: 0} {
		found, err := m.Outsiders(t.Context(), database)
		must(t, err)
		if len(found) != want {
			t.Errorf("foreign keys into %s: %q, want %d", database, found, want)
		}
	}
	m.sql("DROP TABLE " + other + ".u")
}
