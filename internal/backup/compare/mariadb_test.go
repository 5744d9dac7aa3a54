package compare_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"iact-infra/internal/backup/compare"
)

const trailer = "-- Dump completed\n"

func digest(t *testing.T, dump string) compare.Digest {
	t.Helper()
	d, err := compare.MariaDB(strings.NewReader(dump))
	if err != nil {
		t.Fatalf("%v\n%s", err, dump)
	}
	slow, err := compare.MariaDB(iotest.OneByteReader(strings.NewReader(dump)))
	if err != nil || len(compare.Diff(d, slow)) > 0 {
		t.Fatalf("read byte by byte it differs: %v %v\n%s", err, compare.Diff(d, slow), dump)
	}
	return d
}

// rowsOf tells a digest as "name=rows …".
func rowsOf(d compare.Digest, names ...string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%s=%d", name, d[name].Rows))
	}
	return strings.Join(all, " ")
}

func TestRowsAreCountedWhateverTheyHold(t *testing.T) {
	t.Parallel()
	for row, rows := range map[string]int64{
		`(1)`:                                 1,
		`(1),(2)`:                             2,
		"\n(1,'a'),\n(2,'b')":                 2,
		`('),('),(';'),('--'),('/*')`:         4,
		`('it\'s'),('\\'),('\\\''),('a''b')`:  4,
		`('\'),(\''),('\\\\'),('')`:           3,
		`(0x00FF,NULL,-1.5e-3,_binary '\0)')`: 1,
		`('"'),("x")`:                         2,
		"('`'),('\xf0\x9f\x98\x80'),('\xff')": 3,
		`((1)),(2)`:                           2,
	} {
		for _, head := range []string{"INSERT INTO `t` VALUES ", "INSERT INTO `t` (`a`, `b)` , `c``)`, row_start) VALUES\n"} {
			d := digest(t, head+row+";\n"+trailer)
			if got := d["t"].Rows; got != rows || len(d) != 1 {
				t.Errorf("%s%s: %d rows in %d tables, want %d in 1", head, row, got, len(d), rows)
			}
		}
	}
}

// TestOnlyStatementsOfTheDumpItselfCount: what stands in comments, strings,
// names and the bodies of routines is none of them.
func TestOnlyStatementsOfTheDumpItselfCount(t *testing.T) {
	t.Parallel()
	d := digest(t, "/*M!999999\\- enable the sandbox mode */ \n"+
		"-- MariaDB dump\n-- it's `odd`\n#INSERT INTO `n` VALUES (1);\n/* INSERT INTO `n` VALUES (2); */\n"+
		"DROP TABLE IF EXISTS `a``b c%`;\n"+
		"CREATE TABLE `a``b c%` (`x` int COMMENT 'it''s;\nINSERT INTO `n` VALUES (3);\\'', KEY `;\nINSERT INTO n`(`x`));\n"+
		"CREATE TABLE `empty` (\n  `x` int -- don't\n);\n"+
		"/*!50001 CREATE TABLE `view` (`x` int) */;\n/*!50001 CREATE VIEW `view` AS SELECT ';\nINSERT INTO `n` VALUES (4);' AS `x` */;\n"+
		"LOCK TABLES `a``b c%` WRITE;\n/*!40000 ALTER TABLE `a``b c%` DISABLE KEYS */;\n"+
		"INSERT INTO `a``b c%` VALUES\n(1),\n(2);\nINSERT INTO `a``b c%` VALUES\n(3);\nUNLOCK TABLES;\n"+
		"/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES' */ ;\n"+
		"DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN\n"+
		"-- don't; delimit;;\n# nor 'here;;\n  SET @x = '\\'; /* it's ;; */\nINSERT INTO `n` VALUES (5);\n  SET @y = \"';;\n\";\nEND */;;\nDELIMITER ;\n"+
		"/*!50003 SET sql_mode              = @saved_sql_mode */ ;\n"+
		"DELIMITER ;;\nCREATE PROCEDURE p() BEGIN\nINSERT INTO `n` VALUES ('\\';;');\nEND ;;\nDELIMITER ;\n"+
		"CREATE SEQUENCE `s` start with 1;\nDO SETVAL(`s`, 1001, 0);\n"+trailer+"\n\n")
	if got := rowsOf(d, "a`b c%", "empty", "s", "n", "view"); got != "a`b c%=3 empty=0 s=1 n=0 view=0" || len(d) != 3 {
		t.Errorf("the dump holds %s, %d tables", got, len(d))
	}
}

func TestOrderAndStatementsOfRowsDoNotMatterButTheirValuesDo(t *testing.T) {
	t.Parallel()
	want := digest(t, "INSERT INTO `t` VALUES\n(1,'a'),\n(2,'b'),\n(2,'b');\n"+trailer)
	for dump, same := range map[string]bool{
		"INSERT INTO `t` VALUES (2,'b'),(1,'a');\nINSERT INTO `t` VALUES (2,'b');\n":   true,
		"INSERT INTO `t` (`x`, `y`) VALUES (2,'b'),(2,'b'),(1,'a');\n":                 true,
		"INSERT INTO `t` VALUES (1,'a'),(1,'a'),(2,'b');\n":                            false,
		"INSERT INTO `t` VALUES (1,'b'),(2,'a'),(2,'b');\n":                            false,
		"INSERT INTO `t` VALUES (1,'a'),(2,'b');\n":                                    false,
		"INSERT INTO `t` VALUES (1,'a'),(2,'b'),(2,'b');\nCREATE TABLE `u` (x int);\n": false,
		"INSERT INTO `u` VALUES (1,'a'),(2,'b'),(2,'b');\n":                            false,
	} {
		if diff := compare.Diff(want, digest(t, dump+trailer)); (len(diff) == 0) != same {
			t.Errorf("%s differs by %v, want it the same: %v", dump, diff, same)
		}
	}
	a, b := digest(t, "DO SETVAL(`s`, 1, 0);\n"+trailer), digest(t, "DO SETVAL(`s`, 2, 0);\n"+trailer)
	if len(compare.Diff(a, b)) != 1 {
		t.Error("two values of a sequence are the same")
	}
}

func TestAMariaDBDumpWithoutItsLastLineIsAnError(t *testing.T) {
	t.Parallel()
	whole := "-- head\nCREATE TABLE `t` (`x` int);\nINSERT INTO `t` VALUES\n(1,'-- Dump completed\n'),\n(2,'x');\nDELIMITER ;;\nCREATE PROCEDURE p() SELECT 1 ;;\nDELIMITER ;\n"
	digest(t, whole+trailer)
	digest(t, whole+"-- Dump completed on 2026-11-23 23:13:48\n")
	digest(t, whole+"-- Dump completed") // the line break is no news
	for n := range whole {
		if d, err := compare.MariaDB(strings.NewReader(whole[:n])); err == nil {
			t.Fatalf("%d of %d bytes are a whole dump: %v", n, len(whole), d)
		}
	}
	for _, more := range []string{"INSERT INTO `t` VALUES (3);", "x", "/*!40101 SET x */;"} {
		if _, err := compare.MariaDB(strings.NewReader(whole + trailer + more)); err == nil {
			t.Errorf("a dump goes on after its last line: %s", more)
		}
	}
	for _, wrong := range []string{"INSERT INTO `t` VALUES;", "INSERT INTO `t` VALUES (1) (2);", "INSERT INTO `t` SELECT 1;", "INSERT INTO `t` VALUES (1),;", "DELIMITER \n"} {
		if _, err := compare.MariaDB(strings.NewReader(wrong + "\n" + trailer)); err == nil {
			t.Errorf("%s is taken for rows", wrong)
		}
	}
	broken := io.MultiReader(strings.NewReader(whole), iotest.ErrReader(os.ErrDeadlineExceeded))
	if _, err := compare.MariaDB(broken); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// long is a dump with one row of n bytes, made while it is read.
func long(n int64) io.Reader {
	return io.MultiReader(strings.NewReader("INSERT INTO `t` VALUES\n(1,'"), io.LimitReader(letters{}, n), strings.NewReader("'),\n(2,'b');\n"+trailer))
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "abc),(\\'"[i%8]
	}
	return len(p) &^ 7, nil
}

func TestSlowMemoryStaysFlatHoweverLongARowIs(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := compare.MariaDB(long(200 << 20))
	runtime.ReadMemStats(&after)
	if err != nil || d["t"].Rows != 2 || d["t"].Bytes < 200<<20 {
		t.Fatalf("a long row: %+v, %v", d["t"], err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("%d MiB were allocated", used>>20)
	}
}

func BenchmarkMariaDB(b *testing.B) {
	var dump strings.Builder
	for i := 0; dump.Len() < 64<<20; {
		dump.WriteString("INSERT INTO `w` VALUES\n")
		for range 3000 {
			fmt.Fprintf(&dump, "(%d,'%s',0.975063171214,'2024-01-04 13:12:58',0xB23D3C6010061CF2FD12823F25BF96E6),\n", i, strings.Repeat("b1de243cdbafc7cc", 8))
			i++
		}
		dump.WriteString("(0,NULL);\n")
	}
	dump.WriteString(trailer)
	b.SetBytes(int64(dump.Len()))
	for b.Loop() {
		if _, err := compare.MariaDB(strings.NewReader(dump.String())); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzMariaDB(f *testing.F) {
	f.Add("INSERT INTO `t` VALUES (1,'a\\''),(2,'(');\n", uint8(3))
	f.Add("DELIMITER ;;\nCREATE TRIGGER x BEGIN\nINSERT INTO `t` VALUES (1); END ;;\nDELIMITER ;\n", uint8(1))
	f.Add("/*!50001 CREATE VIEW `v` AS SELECT 'a;b' */;\nCREATE TABLE `a``b` (x int);\nDO SETVAL(`s`, 1, 0);\n", uint8(7))
	f.Fuzz(func(t *testing.T, dump string, step uint8) {
		dump += "\n" + trailer
		want, err := compare.MariaDB(strings.NewReader(dump))
		got, again := compare.MariaDB(&steps{strings.NewReader(dump), int(step)%13 + 1})
		if (err == nil) != (again == nil) || len(compare.Diff(want, got)) > 0 {
			t.Fatalf("read in pieces it is %v (%v), else %v (%v)", got, again, want, err)
		}
		if err != nil {
			return
		}
		if _, err := compare.MariaDB(strings.NewReader(dump[:len(dump)-len(trailer)])); err == nil && !strings.Contains(dump[:len(dump)-len(trailer)], "-- Dump completed") {
			t.Fatal("without its last line it is whole")
		}
		// Another table beside it changes nothing else.
		more, err := compare.MariaDB(strings.NewReader("INSERT INTO `of its own` VALUES (1);\n" + dump))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range compare.Diff(want, more) {
			if d.Table != "of its own" {
				t.Fatalf("a table before it changes %s", d)
			}
		}
	})
}

// steps gives n bytes at a time.
type steps struct {
	r io.Reader
	n int
}

func (s *steps) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }
