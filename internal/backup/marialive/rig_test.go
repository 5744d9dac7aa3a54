package marialive_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/marialive"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// maria is a server of the tests and a way to take its databases back.
type maria struct {
	*marialive.Server
	t     testing.TB
	door  *command.Door
	login []string

	counted string // the file in which tour counts its commands; empty is none
}

func newMaria(t testing.TB, options ...command.Option) *maria {
	t.Helper()
	server := testbed.MariaDB(t)
	m := &maria{t: t, door: command.NewDoor(command.Local()), login: server.Login()}
	m.Server = &marialive.Server{Door: command.NewDoor(command.Local(), options...)}
	m.Client = func(program string, args ...string) command.Command {
		c := command.Read(program, server.Login()...)
		c.Args = append(c.Args, args...)
		return c
	}
	m.Dump = func(database string) command.Command {
		return m.Client("mariadb-dump", "--single-transaction", "--quick", "--routines", "--triggers", "--events", "--hex-blob", "--", database)
	}
	return m
}

// sql runs statements and gives what they print.
func (m *maria) sql(text string) string {
	m.t.Helper()
	c := m.Client("mariadb", "-N", "-B", "-r", "--default-character-set=utf8mb4")
	c.Changes = true
	c.Stdin = strings.NewReader(text)
	out, err := m.door.Text(context.WithoutCancel(m.t.Context()), c).String()
	if err != nil {
		m.t.Fatalf("%s: %v", firstLine(text), err)
	}
	return strings.TrimSuffix(out, "\n")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// database makes names of an exchange whose databases go when the test ends.
func (m *maria) names() *marialive.Exchange {
	m.t.Helper()
	name := "iact_t_" + strings.ToLower(rand.Text()[:10])
	e := marialive.NewExchange(name, name, m.t.TempDir(), "/store", time.Date(2026, 11, 23, 15, 16, 48, 0, time.UTC))
	e.Becomes.Charset, e.Becomes.Collation = "latin1", "latin1_spanish_ci"
	m.t.Cleanup(func() {
		for _, d := range []string{e.Live, e.New, e.Before, e.Undone} {
			m.sql("DROP DATABASE IF EXISTS " + d)
		}
		m.sql("DELETE FROM mysql.db WHERE Db = '" + name + "'; DELETE FROM mysql.tables_priv WHERE Db = '" + name + "'; FLUSH PRIVILEGES")
	})
	return e
}

// dump is the text of a dump.
func (m *maria) dump(database string) string {
	m.t.Helper()
	out, err := m.door.Text(context.WithoutCancel(m.t.Context()), m.Dump(database)).String()
	must(m.t, err)
	return out
}

// all is everything in a database that a restore brings back, as text that can
// be compared: its dump without what changes from one to the next.
func (m *maria) all(database string) string {
	m.t.Helper()
	lines := strings.Split(m.dump(database), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "-- Dump completed") || strings.HasPrefix(l, "-- Host: ")
	})
	return strings.Join(append(lines, m.sql("SELECT DEFAULT_COLLATION_NAME, SCHEMA_COMMENT FROM information_schema.SCHEMATA WHERE SCHEMA_NAME='"+database+"'"),
		m.sql("SELECT Routine_name, Proc_priv, User, Host FROM mysql.procs_priv WHERE Db='"+database+"' ORDER BY 1, 3")), "\n")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rich makes a database with something of every kind. DB stands for its name.
func (m *maria) rich(database string) {
	m.t.Helper()
	m.sql(strings.ReplaceAll(richSQL, "DB", database))
}

const richSQL = "" +
	"CREATE DATABASE DB CHARACTER SET latin1 COLLATE latin1_spanish_ci; USE DB;\n" +
	"CREATE TABLE parent (id int PRIMARY KEY AUTO_INCREMENT, name varchar(50) CHARACTER SET utf8mb4, twice int AS (id * 2) VIRTUAL);\n" +
	"CREATE TABLE child (id int PRIMARY KEY, pid int, CONSTRAINT named FOREIGN KEY (pid) REFERENCES parent (id) ON DELETE CASCADE, FOREIGN KEY (pid) REFERENCES parent (id));\n" +
	"CREATE TABLE self (id int PRIMARY KEY, up int, CONSTRAINT self_up FOREIGN KEY (up) REFERENCES self (id));\n" +
	"CREATE TABLE myisam (a int, b text, FULLTEXT (b)) ENGINE=MyISAM;\n" +
	"CREATE TABLE aria (a int) ENGINE=Aria;\n" +
	"CREATE TABLE parts (a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);\n" +
	"CREATE TABLE versioned (a int) WITH SYSTEM VERSIONING;\n" +
	"CREATE TABLE generated (a int, b int AS (a + 1) STORED, c int AS (a + 2) VIRTUAL, KEY (c));\n" +
	"CREATE TABLE `odd``% ñ\\` (`a col` blob, KEY (`a col`(4)));\n" +
	"CREATE TABLE `-- Dumping events for database` (`DELIMITER ;;` text);\n" +
	"CREATE SEQUENCE seq START 5 CACHE 1;\n" +
	"CREATE TABLE numbered (id int DEFAULT nextval(seq) COMMENT 'nextval(`DB`.', x int);\n" +
	"CREATE TABLE audit (what varchar(100));\n" +
	"INSERT INTO parent (name) VALUES ('a'), ('ñ'), ('😀\\n-- x;\\nDELIMITER ;;\\n'); INSERT INTO child VALUES (1, 1), (2, 2); INSERT INTO self VALUES (1, NULL), (2, 1);\n" +
	"INSERT INTO myisam VALUES (1, 'hola'); INSERT INTO aria VALUES (2), (1); INSERT INTO parts VALUES (1), (99); INSERT INTO versioned VALUES (1); UPDATE versioned SET a = 2;\n" +
	"INSERT INTO generated (a) VALUES (1); INSERT INTO `odd``% ñ\\` VALUES (0x0a0d00ff27), (NULL); INSERT INTO numbered (x) VALUES (1), (2);\n" +
	"INSERT INTO `-- Dumping events for database` VALUES ('*/;\\n/*!50003 x');\n" +
	"CREATE VIEW first AS SELECT id, name FROM parent; CREATE VIEW a_second AS SELECT * FROM first WHERE id > 1; CREATE VIEW `odd v` AS SELECT id, '\n-- x;\n' AS c FROM DB.parent;\n" +
	"CREATE USER IF NOT EXISTS iact_definer@localhost, iact_app@localhost; GRANT ALL ON DB.* TO iact_definer@localhost;\n" +
	"DELIMITER ;;\n" +
	"CREATE TRIGGER t1 BEFORE INSERT ON parent FOR EACH ROW BEGIN\n  -- Final view structure;\n  INSERT INTO audit VALUES ('ins ñ');\nEND;;\n" +
	"CREATE DEFINER=iact_definer@localhost TRIGGER t2 AFTER UPDATE ON parent FOR EACH ROW INSERT INTO DB.audit VALUES ('upd');;\n" +
	"CREATE TRIGGER t3 AFTER UPDATE ON parent FOR EACH ROW FOLLOWS t2 INSERT INTO DB.audit VALUES ('upd2');;\n" +
	"CREATE DEFINER=iact_definer@localhost PROCEDURE p1(IN x int) BEGIN SELECT count(*) FROM parent; END;;\n" +
	"CREATE FUNCTION f1(x int) RETURNS int DETERMINISTIC RETURN x + 1;;\n" +
	"ALTER DATABASE DB COLLATE latin1_swedish_ci;; CREATE PROCEDURE p2() SELECT 1;; ALTER DATABASE DB COLLATE latin1_spanish_ci;;\n" +
	"CREATE EVENT `PRESERVE ENABLE` ON SCHEDULE EVERY 1 SECOND DO INSERT INTO DB.audit VALUES ('event');;\n" +
	"ALTER EVENT `PRESERVE ENABLE` DISABLE;;\n" +
	"SET sql_mode = 'ORACLE';; CREATE PACKAGE pk AS FUNCTION f RETURN int; END;; CREATE PACKAGE BODY pk AS FUNCTION f RETURN int AS BEGIN RETURN 1; END; END;;\n" +
	"DELIMITER ;\n" +
	"GRANT EXECUTE ON PROCEDURE DB.P1 TO iact_app@localhost; GRANT EXECUTE, ALTER ROUTINE ON FUNCTION DB.f1 TO iact_app@localhost WITH GRANT OPTION; GRANT SELECT ON DB.parent TO iact_app@localhost;\n"
