package marialive

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const splitDump = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump\n\n/*!40101 SET NAMES utf8mb4 */;\n" +
	"DROP TABLE IF EXISTS `t`;\n/*!40101 SET @saved_cs_client     = @@character_set_client */;\n" +
	"CREATE TABLE `t` (\n  `id` int(11) DEFAULT nextval(`db`.`s`),\n  `c` text COMMENT 'x;y'\n) ENGINE=InnoDB;\n" +
	"LOCK TABLES `t` WRITE;\nINSERT INTO `t` VALUES\n(1,'/*!50003 no */;'),\n(2,'DELIMITER ;;');\nUNLOCK TABLES;\n" +
	"/*!50003 SET sql_mode              = '' */ ;\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON t FOR EACH ROW BEGIN\nALTER DATABASE `db` x;\nEND */;;\nDELIMITER ;\n" +
	"/*!50106 DROP EVENT IF EXISTS `e` */;\nDELIMITER ;;\n/*!50106 CREATE*/ /*!50106 EVENT `PRESERVE ENABLE` ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE ENABLE DO SELECT 'PRESERVE ENABLE' */ ;;\nDELIMITER ;\n" +
	"ALTER DATABASE `db` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;\n" +
	"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`localhost` */\n/*!50001 VIEW `v` AS select '\n-- ' */;\n" +
	"/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n-- Dump completed\n"

// split runs a splitter to its end.
func split(t *testing.T, in io.Reader, limit int64) (load, defs string, err error) {
	t.Helper()
	var kept bytes.Buffer
	out, err := io.ReadAll(newSplitter(in, &kept, "db", "other", limit))
	return string(out), kept.String(), err
}

func TestADumpIsSplitIntoTablesAndWhatIsDefinedAroundThem(t *testing.T) {
	t.Parallel()
	load, defs, err := split(t, strings.NewReader(splitDump), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nextval(`other`.`s`)", "(1,'/*!50003 no */;'),\n(2,'DELIMITER ;;');\n", "sandbox", "SQL_MODE=@OLD_SQL_MODE"} {
		if !strings.Contains(load, want) {
			t.Errorf("the load lacks %q:\n%s", want, load)
		}
	}
	for _, not := range []string{"TRIGGER", "EVENT", "VIEW", "ALTER DATABASE", "LOCK TABLES", "DELIMITER ;\n"} {
		if strings.Contains(load, not) {
			t.Errorf("the load holds %q:\n%s", not, load)
		}
	}
	for _, want := range []string{"TRIGGER t", "EVENT `PRESERVE ENABLE`", "VIEW `v` AS select '\n-- ' */;\n", "ALTER DATABASE `db` CHARACTER SET", "SET NAMES", "ALTER TABLE `t` MODIFY COLUMN `id` int(11) DEFAULT nextval(`db`.`s`);\n"} {
		if !strings.Contains(defs, want) {
			t.Errorf("the definitions lack %q:\n%s", want, defs)
		}
	}
	if strings.Contains(defs, "INSERT INTO `t`") {
		t.Errorf("the definitions hold rows:\n%s", defs)
	}
}

func TestADumpIsSplitTheSameHoweverItArrives(t *testing.T) {
	t.Parallel()
	load, defs, _ := split(t, strings.NewReader(splitDump), 0)
	for name, in := range map[string]io.Reader{"byte by byte": iotest.OneByteReader(strings.NewReader(splitDump)), "with its end": iotest.DataErrReader(strings.NewReader(splitDump))} {
		l, d, err := split(t, in, 0)
		if err != nil || l != load || d != defs {
			t.Errorf("%s: %v, %d and %d bytes instead of %d and %d", name, err, len(l), len(d), len(load), len(defs))
		}
	}
	long := "INSERT INTO `t` VALUES\n('" + strings.Repeat("x", 3*splitBuffer) + "');\nDELIMITER ;;\nCREATE PROCEDURE p() SELECT '" + strings.Repeat("y", 2*splitBuffer) + "' ;;\nDELIMITER ;\n"
	l, d, err := split(t, strings.NewReader(long), 0)
	if err != nil || len(l)+len(d) != len(long) || strings.Contains(l, "y") || strings.Contains(d, "x") {
		t.Errorf("long lines: %v, %d and %d of %d bytes", err, len(l), len(d), len(long))
	}
}

func TestARowThatTheServerWouldRefuseIsToldWithItsTable(t *testing.T) {
	t.Parallel()
	_, _, err := split(t, strings.NewReader("INSERT INTO `a``b` VALUES\n(1),\n('"+strings.Repeat("x", 5000)+"');\n"), 4096)
	if err == nil || !strings.Contains(err.Error(), "`a``b`") || !strings.Contains(err.Error(), "4096") {
		t.Errorf("it says %v", err)
	}
	if _, _, err = split(t, strings.NewReader(strings.Repeat("INSERT INTO `t` VALUES\n(1);\n", 1000)), 4096); err != nil {
		t.Errorf("many short statements: %v", err)
	}
}

func TestADumpThatFailsInTheMiddleIsNoWholeLoad(t *testing.T) {
	t.Parallel()
	if _, _, err := split(t, io.MultiReader(strings.NewReader(splitDump[:300]), iotest.ErrReader(io.ErrClosedPipe)), 0); err == nil {
		t.Error("the failure of the dump was swallowed")
	}
}

func TestDefinitionsAreMadeForAnotherDatabase(t *testing.T) {
	t.Parallel()
	_, defs, _ := split(t, strings.NewReader(splitDump), 0)
	text := string(retarget([]byte(defs), "db", "o`x", true))
	for _, want := range []string{"ALTER DATABASE `o``x` CHARACTER SET", "nextval(`o``x`.`s`)", "\nALTER DATABASE `db` x;\n", "EVENT `PRESERVE ENABLE` ON SCHEDULE", "NOT PRESERVE DISABLE DO SELECT 'PRESERVE ENABLE'"} {
		if !strings.Contains(text, want) {
			t.Errorf("they lack %q:\n%s", want, text)
		}
	}
	if awake := string(retarget([]byte(defs), "db", "db", false)); awake != defs {
		t.Errorf("for the same database they changed:\n%s", awake)
	}
}

func TestViewsThatAreBrokenAreLeftOut(t *testing.T) {
	t.Parallel()
	_, defs, _ := split(t, strings.NewReader(splitDump), 0)
	text := string(without([]byte(defs), []string{"`v`"}))
	if strings.Contains(text, "`v`") || strings.Contains(text, "ALGORITHM") || !strings.Contains(text, "TRIGGER t") || !strings.HasSuffix(text, "@OLD_SQL_MODE */;\n") {
		t.Errorf("without the view:\n%s", text)
	}
}

func TestNamesBesideFitTheServer(t *testing.T) {
	t.Parallel()
	e := NewExchange(strings.Repeat("ñ", 64), "x", "/state", "store", fixed())
	for _, name := range []string{e.New, e.Before, e.Undone} {
		if n := len([]rune(name)); n != 64 {
			t.Errorf("%s has %d characters", name, n)
		}
	}
	if e.New == e.Before || len(lockName(e.Live)) > 64 {
		t.Error(e.New, e.Before, lockName(e.Live))
	}
}

func fixed() time.Time { return time.Date(2026, 11, 23, 15, 16, 48, 0, time.UTC) }
