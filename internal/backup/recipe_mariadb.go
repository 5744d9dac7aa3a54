package backup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"iact-infra/internal/backup/manifest"
)

func mariadbRecipe(b *bytes.Buffer, s *manifest.Source) {
	d := s.Detail
	fmt.Fprintf(b, "A dump of database %q (server %s, %s %s) as it was at %s.\nIt goes into a new database, beside the one that may still be there, by a login that may do all\n(on Debian: root):\n\n",
		d["database"], d["server_version"], d["dump_program"], d["dump_version"], s.Snapshot.Format(moment))
	fmt.Fprintf(b, "    %s\n", createMariaDB(d))
	fmt.Fprintf(b, "    %s | %s\n", decoded(s.Dir), loadMariaDB(d))
	if serverTakesLess(d) {
		b.WriteString("\nIts longest row is more than a server takes by default, hence the first line; the next start of the\nserver undoes that.\n")
	}
	var definers []string
	_ = json.Unmarshal([]byte(d["definers"]), &definers)
	if len(definers) > 0 {
		fmt.Fprintf(b, "\nIts views, routines, triggers and events run as %s. Users are not part of a set: create\nthose that the server lacks, or using them fails with ERROR 1449.\n", strings.Join(definers, ", "))
	}
	if d["events"] != "0" {
		b.WriteString("\nIt has events: where the event scheduler is on, they run in the new database as well.\n")
	}
	b.WriteString("\nOn a server where the database is still alive, leave out the lines that begin with ALTER DATABASE, which\nname that one: put sed '/^ALTER DATABASE /d' before the client.\n")
	b.WriteString("\nA client of MySQL, or an old one of MariaDB, may stop at the first line (Unknown command '\\-'): leave\nthat line out, with tail -n +2 before the client.\n")
}

// createMariaDB makes a new database like the one that was dumped, beside it.
func createMariaDB(d map[string]string) string {
	sql := fmt.Sprintf("CREATE DATABASE `%s` CHARACTER SET %s COLLATE %s", strings.ReplaceAll(d["database"]+"_restored", "`", "``"), d["charset"], d["collation"])
	if serverTakesLess(d) {
		sql = "SET GLOBAL max_allowed_packet = 1073741824; " + sql
	}
	return "mariadb -e " + word(sql)
}

// loadMariaDB reads a dump into it.
func loadMariaDB(d map[string]string) string {
	return "mariadb --max-allowed-packet=1G --default-character-set=utf8mb4 --binary-mode " + word("--database="+d["database"]+"_restored")
}

// serverTakesLess says that a server with the default max_allowed_packet does
// not take the longest row.
func serverTakesLess(d map[string]string) bool {
	const byDefault = 16 << 20
	need, err := strconv.ParseInt(d["max_allowed_packet"], 10, 64)
	return err == nil && need > byDefault
}
