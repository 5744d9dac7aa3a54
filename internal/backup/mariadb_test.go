package backup_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/backup"
	"iact-infra/internal/backup/compare"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// mariadb is a source of the configuration.
func mariadb(c *testbed.MariaDBServer, name, database string, more ...string) string {
	fields := []string{"name: " + name, "kind: mariadb", `database: "` + database + `"`, "socket: " + c.Socket, "user: " + c.User}
	return "{" + strings.Join(append(fields, more...), ", ") + "}"
}

// withMariaDB is a rig that also backs up a database of its own, and a first
// set of both. Its clients read no option files of this machine.
func withMariaDB(t *testing.T) (r *rig, c *testbed.MariaDBServer, database string) {
	t.Helper()
	c = testbed.MariaDB(t)
	database = c.CreateDatabase(t)
	c.SQL(t, database, "CREATE TABLE calls (n int PRIMARY KEY, what varchar(40)); INSERT INTO calls SELECT seq, md5(seq) FROM seq_1_to_20000")
	r = newRig(t, mariadb(c, "ivr", database))
	r.env = []string{"HOME=" + r.root}
	r.good("backup:all")
	return r, c, database
}

// mariaShell runs a line as a person would, with client programs that reach a
// server as root by its socket.
func mariaShell(t *testing.T, c *testbed.MariaDBServer, dir, line string, env ...string) {
	t.Helper()
	home := t.TempDir()
	must(t, os.WriteFile(filepath.Join(home, ".my.cnf"), []byte("[client]\nsocket="+c.Socket+"\nuser="+c.User+"\n"), 0o600))
	sh := command.Change("/bin/sh", "-e", "-c", line)
	sh.Dir = dir
	sh.Env = append([]string{"HOME=" + home}, env...)
	if err := command.NewDoor(command.Local()).Run(context.Background(), sh); err != nil {
		t.Fatalf("%s\n%v", line, err)
	}
}

// dumped is what a database holds, by a dump of it.
func dumped(t *testing.T, c *testbed.MariaDBServer, database string) compare.Digest {
	t.Helper()
	dump := command.Read("mariadb-dump", append(c.Login(), "--single-transaction", "--hex-blob", "--dump-history", "--max-allowed-packet=1G", "--default-character-set=utf8mb4", "--", database)...)
	out, err := command.NewDoor(command.Local()).Stream(context.Background(), dump)
	must(t, err)
	digest, err := compare.MariaDB(out)
	must(t, err)
	must(t, out.Close())
	return digest
}

// definitions is a database's SQL without its rows.
func definitions(t *testing.T, c *testbed.MariaDBServer, database string) []string {
	t.Helper()
	dump := command.Read("mariadb-dump", append(c.Login(), "--no-data", "--single-transaction", "--routines", "--triggers", "--events", "--skip-dump-date", "--default-character-set=utf8mb4", "--", database)...)
	text, err := command.NewDoor(command.Local()).Text(context.Background(), dump).String()
	must(t, err)
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "-- ") {
			kept = append(kept, line)
		}
	}
	return kept
}

// mariaOddities fills a database with what a dump may get wrong.
const mariaOddities = "CREATE TABLE `Odd ``%s\" name` (`the ``id` bigint unsigned AUTO_INCREMENT PRIMARY KEY, `c%` varchar(200) DEFAULT ';\n-- x' COMMENT 'it''s\n(', t text CHARACTER SET latin1,\n" +
	` b longblob, bits bit(9), d date, dt datetime(6), ts timestamp NULL, n decimal(30, 10), f float, dbl double, e enum('a''b', 'ñ'), s set('x', 'y'), j longtext CHECK (json_valid(j)),
 y year, tm time(3), g geometry, v int AS (n * 2) VIRTUAL, p int AS (n * 3) PERSISTENT, KEY (c, n));
SET sql_mode = '';
`

func oddRows() string {
	table := "`Odd ``%s\" name`"
	columns := "(`c%`, t, b, bits, d, dt, ts, n, f, dbl, e, s, j, y, tm, g)"
	return strings.ReplaceAll(mariaOddities, "KEY (c, n)", "KEY (`c%`, n)") +
		"INSERT INTO " + table + " " + columns + " VALUES ('\\'\\\\\\n\\t\\r\\0\\Z\"`%_(),;', 'ñandú', x'00FF27225C0A0D1A00', b'100000001', '0000-00-00', '0000-00-00 00:00:00.000000', NULL, -12345678901234567890.0123456789, 1.17549e-38, 2.2250738585072014e-308, 'a''b', 'x,y', '{\"a\": [1, \"\\\\\\\"\"]}', 0, '-838:59:59.999', ST_GeomFromText('LINESTRING(0 0, 1.5 2)')),\n" +
		"('😀 日本 \u2028', '', '', b'0', '2026-02-28', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', 0, -0.0, 1e308, '', '', '[]', 2155, '00:00:00', NULL),\n" +
		"(NULL, NULL, NULL, NULL, NULL, NULL, '1970-01-02 00:00:01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);\n" +
		"INSERT INTO " + table + " " + columns + " SELECT concat('row ', seq), 'x', unhex(md5(seq)), seq % 512, '2026-01-01' + INTERVAL seq DAY, now(6), now(), seq / 7, seq / 3, seq / 9, 'ñ', 'y', '1', 2026, '12:00:00.5', Point(seq, -seq) FROM seq_1_to_5000;\n" +
		"CREATE TABLE child (id bigint unsigned, CONSTRAINT `f``k` FOREIGN KEY (id) REFERENCES " + table + " (`the ``id`) ON DELETE CASCADE, CHECK (id > 0)); INSERT INTO child SELECT seq FROM seq_1_to_3;\n"
}

const mariaMore = `
CREATE TABLE empty (n int);
CREATE TABLE my (n int PRIMARY KEY, v varchar(90)) ENGINE=MyISAM; INSERT INTO my SELECT seq, md5(seq) FROM seq_1_to_3000; DELETE FROM my WHERE n % 3 = 0; INSERT INTO my SELECT seq, repeat('m', 80) FROM seq_4001_to_4500;
CREATE TABLE ar (n int PRIMARY KEY, v text) ENGINE=Aria; INSERT INTO ar SELECT seq, repeat('a', 17 * seq % 9001) FROM seq_1_to_2000; DELETE FROM ar WHERE n % 2 = 0; INSERT INTO ar SELECT seq, repeat('b', seq % 3000) FROM seq_4001_to_6000;
CREATE TABLE mem (n int) ENGINE=MEMORY; INSERT INTO mem VALUES (1), (2);
CREATE TABLE parted (n int, at date) PARTITION BY RANGE (n) (PARTITION p0 VALUES LESS THAN (1000), PARTITION p1 VALUES LESS THAN MAXVALUE); INSERT INTO parted SELECT seq, '2026-01-01' FROM seq_1_to_2000;
CREATE TABLE versioned (n int PRIMARY KEY, v int) WITH SYSTEM VERSIONING; INSERT INTO versioned VALUES (1, 1), (2, 2); UPDATE versioned SET v = 3 WHERE n = 1; DELETE FROM versioned WHERE n = 2;
CREATE TABLE nokey (n int, v varchar(40)); INSERT INTO nokey SELECT seq % 7, md5(seq) FROM seq_1_to_2000; INSERT INTO nokey VALUES (1, 'twice'), (1, 'twice');
CREATE TABLE huge (n int PRIMARY KEY, b longblob); INSERT INTO huge VALUES (1, repeat(x'00', 40 * 1024 * 1024)), (2, 'small');
CREATE SEQUENCE sq START WITH 5 INCREMENT BY 2; SELECT nextval(sq), nextval(sq);
CREATE VIEW v1 AS SELECT n, ';\n-- ' AS t FROM my; CREATE VIEW a_v2 AS SELECT count(*) AS c FROM v1;
CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN x + 1;
DELIMITER ;;
CREATE PROCEDURE p() BEGIN
INSERT INTO empty VALUES (1); -- it's a comment;
# another's
SELECT ';;
INSERT INTO nokey VALUES (1);' AS t; /* and ; one */
END;;
CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW BEGIN SET NEW.id = NEW.id; SET @x = 'a;b'; END;;
DELIMITER ;
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'it''s' DO DELETE FROM empty;
`

// TestWholeTheLinesOfTheRecipeRestoreAMariaDBDatabaseOnAnotherServer, whose
// rows are compared with the original, and its definitions.
func TestWholeTheLinesOfTheRecipeRestoreAMariaDBDatabaseOnAnotherServer(t *testing.T) {
	t.Parallel()
	c := testbed.OwnMariaDB(t) // takes rows of 40 MB
	c.SQL(t, "mysql", "SET GLOBAL max_allowed_packet = 1073741824; CREATE USER owner@localhost; CREATE DATABASE `odd ``db%` CHARACTER SET latin1 COLLATE latin1_spanish_ci")
	const database = "odd `db%"
	c.SQL(t, database, oddRows())
	c.SQL(t, database, mariaMore+"CREATE DEFINER = owner@localhost VIEW owned AS SELECT 1 AS n")
	c.SQL(t, "mysql", "SET GLOBAL max_allowed_packet = DEFAULT") // dumping needs no more
	r := newRig(t, mariadb(c, "ivr", database))
	r.env = []string{"HOME=" + r.root}
	r.good("backup:all")
	one := source(t, r.newest(), "ivr")
	if one.State != "verified" || one.Kind != "mariadb" || !strings.Contains(strings.Join(one.Notes, "\n"), "not transactional, so not of one moment with the rest unless nobody writes: ar (Aria), mem (MEMORY), my (MyISAM)") {
		t.Errorf("the source is %+v: want it verified and the tables named that know no transactions", one)
	}

	set, bin := filepath.Join(r.root, "copied set"), filepath.Join(r.root, "bin")
	door := command.NewDoor(command.Local())
	must(t, door.Run(context.Background(), command.Change("cp", "-a", filepath.Join(r.store, r.newest().ID), set)))
	must(t, os.Mkdir(bin, 0o755))
	for _, tool := range []string{"sha256sum", "find", "sort", "xargs", "cat", "zstd", "mariadb"} {
		path, err := door.Look(context.Background(), tool)
		must(t, err)
		must(t, os.Symlink(path, filepath.Join(bin, tool)))
	}
	elsewhere := testbed.OwnMariaDB(t)
	lines := recipe(t, set)
	for _, name := range []string{"", "ivr"} {
		if lines[name] == "" {
			t.Fatalf("RESTORE.md has no lines for source %q", name)
		}
		mariaShell(t, elsewhere, set, lines[name], "PATH="+bin)
	}
	if !strings.Contains(read(t, filepath.Join(set, "RESTORE.md")), "run as owner@localhost, root@localhost.") {
		t.Error("RESTORE.md does not say which users the restored objects need")
	}
	want, got := dumped(t, c, database), dumped(t, elsewhere, database+"_restored")
	if diff := compare.Diff(want, got); len(diff) > 0 {
		t.Errorf("the restored database differs: %v", diff)
	}
	if tables, rows, _ := want.Total(); tables != 11 || rows < 14000 || want["versioned"].Rows != 3 {
		t.Errorf("%d tables with %d rows were compared, %d of them versioned", tables, rows, want["versioned"].Rows)
	}
	was, is := definitions(t, c, database), definitions(t, elsewhere, database+"_restored")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			t.Fatalf("its definition is %s where it was %s", is[i], was[i])
		}
	}
	if len(was) != len(is) || len(was) < 200 {
		t.Errorf("%d lines of definitions became %d", len(was), len(is))
	}
	what := "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'odd%'"
	if is := elsewhere.SQL(t, "mysql", what); is != "latin1_spanish_ci" {
		t.Errorf("its collation is %s", is)
	}
}

func TestRealAMariaDBDatabaseComesBackByTheCommandThatRestorePrints(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDB(t)
	file := filepath.Join(r.root, "it's a dump")
	done := parse[backup.Restored](t, r.runWith([]string{"IACT_FORMAT=json"}, "backup:restore", "-source=ivr", "-to="+file).ends(0).out)
	t.Cleanup(func() { c.SQL(t, "mysql", "DROP DATABASE IF EXISTS "+database+"_restored") })
	mariaShell(t, c, "", done.Next)
	if diff := compare.Diff(dumped(t, c, database), dumped(t, c, database+"_restored")); len(diff) > 0 {
		t.Errorf("the restored database differs: %v", diff)
	}
}

// TestRealASecondDumpOfTheSameDataCostsNothing: it holds no date.
func TestRealASecondDumpOfTheSameDataCostsNothing(t *testing.T) {
	t.Parallel()
	r, _, _ := withMariaDB(t)
	r.good("backup:all")
	if one := source(t, r.newest(), "ivr"); one.New != 0 || one.Size < 600_000 {
		t.Errorf("%d bytes of %d are new", one.New, one.Size)
	}
}
