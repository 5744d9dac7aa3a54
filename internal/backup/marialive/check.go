package marialive

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Need is what a dump asks of the server that it goes into, as its set tells.
// What is empty or zero is not asked for.
type Need struct {
	Version    string   // of the server that was dumped: "10.11.19-MariaDB"
	Collations []string // of its tables and columns
	CaseMode   string   // lower_case_table_names there
	Size       int64    // bytes of the dump
	Packet     int64    // max_allowed_packet that it needs
}

// Facts are what a look at the server shows.
type Facts struct {
	Version   string `json:"version"`
	Packet    int64  `json:"packet"` // max_allowed_packet
	CaseMode  string `json:"case_mode"`
	DataDir   string `json:"data_dir"`
	Host      string `json:"host"`
	Scheduler string `json:"scheduler"`
	Tables    int    `json:"tables"` // of the live database
	Size      int64  `json:"size"`   // of it, with its indexes
	Sessions  int    `json:"sessions"`
	Exists    bool   `json:"-"` // there is a live database
}

// Look asks the server all that would make a restore of a database fail later.
func (m *Server) Look(ctx context.Context, live string, need Need) (*Facts, error) {
	version, err := row[string](ctx, m, "SELECT CONCAT('\"', @@version, '\"')")
	if err != nil {
		return nil, err
	}
	if major, minor, ok := release(version); ok && (!strings.Contains(version, "MariaDB") || major == 10 && minor < 3) {
		return nil, fault.New(fault.Missing, "restore it on MariaDB 10.3 or newer; backup:restore writes the dump to a file, which the mysql client loads",
			fmt.Errorf("check server: it is version %s, and a database is brought back to life on MariaDB 10.3 or newer only", version))
	}
	s, err := row[Facts](ctx, m, "SELECT JSON_OBJECT('version', @@version, 'packet', @@global.max_allowed_packet, 'case_mode', CAST(@@lower_case_table_names AS CHAR),"+
		" 'data_dir', @@datadir, 'host', @@hostname, 'scheduler', @@event_scheduler,"+
		" 'tables', (SELECT COUNT(*) FROM information_schema.TABLES WHERE "+exactly("TABLE_SCHEMA", live)+" AND TABLE_TYPE <> 'VIEW'),"+
		" 'size', (SELECT CAST(IFNULL(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS INTEGER) FROM information_schema.TABLES WHERE "+exactly("TABLE_SCHEMA", live)+"),"+
		" 'sessions', (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE "+same("DB", live)+"))")
	if err != nil {
		return nil, err
	}
	known, err := m.schema(ctx, live)
	if err != nil {
		return nil, err
	}
	s.Exists = known != nil
	for _, refuse := range []func() error{
		func() error { return m.fits(ctx, s, need) },
		func() error { return m.rights(ctx, live) },
		func() error { return m.alone(ctx, live) },
	} {
		if err := refuse(); err != nil {
			return &s, err
		}
	}
	return &s, nil
}

// fits compares the server with what the dump needs.
func (m *Server) fits(ctx context.Context, s Facts, need Need) error {
	if major, minor, ok := release(need.Version); ok {
		here, there, ok := release(s.Version)
		if ok && (here < major || here == major && there < minor) {
			return fault.New(fault.Missing, fmt.Sprintf("restore it on MariaDB %d.%d or newer; backup:restore writes the dump to a file meanwhile", major, minor),
				fmt.Errorf("check server: it is MariaDB %s, the dump was made of the newer %s", s.Version, need.Version))
		}
	}
	if need.CaseMode != "" && need.CaseMode != s.CaseMode {
		return fault.New(fault.Missing, "start the server with lower_case_table_names = "+need.CaseMode+", which a server is given when it is installed",
			fmt.Errorf("check server: its lower_case_table_names is %s, where the dump was made %s: names of tables would change or clash", s.CaseMode, need.CaseMode))
	}
	if need.Packet > s.Packet {
		return fault.New(fault.Missing, "let it take more, then run it again: SET GLOBAL max_allowed_packet = 1073741824",
			fmt.Errorf("check server: its max_allowed_packet is %d bytes, the longest row of the dump needs %d", s.Packet, need.Packet))
	}
	if len(need.Collations) > 0 {
		known, err := rows[string](ctx, m, "SELECT JSON_QUOTE(COLLATION_NAME) FROM information_schema.COLLATIONS"+
			" UNION SELECT JSON_QUOTE(FULL_COLLATION_NAME) FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY")
		if err != nil && strings.Contains(err.Error(), "ERROR 1054 ") { // before 10.10
			known, err = rows[string](ctx, m, "SELECT JSON_QUOTE(COLLATION_NAME) FROM information_schema.COLLATIONS")
		}
		if err != nil {
			return err
		}
		for _, c := range need.Collations {
			if c != "" && !slices.Contains(known, c) {
				return fault.New(fault.Missing, "restore it on a server that knows it (the dump was made on "+need.Version+")",
					fmt.Errorf("check server: MariaDB %s does not know the collation %s of the dump", s.Version, c))
			}
		}
	}
	return m.space(s, need.Size)
}

// space refuses a server of this machine whose disk cannot hold the dump once
// more. The rows take about what their text takes.
func (m *Server) space(s Facts, need int64) error {
	here, err := os.Hostname()
	if err != nil || here != s.Host || m.Door.Name() != "local" {
		return nil //nolint:nilerr // the server itself will tell
	}
	if _, err := os.Stat(filepath.Join(s.DataDir, "mysql")); err != nil {
		return nil //nolint:nilerr // a directory of another machine, or one that may not be read
	}
	var st unix.Statfs_t
	if err := unix.Statfs(s.DataDir, &st); err != nil {
		return nil //nolint:nilerr // as above
	}
	if free := int64(st.Bavail) * st.Bsize; free < need {
		return fault.New(fault.Missing, "free space there: the old tables stay until the restore is accepted",
			fmt.Errorf("check space of %s: %d MB are free, the restored tables may need %d MB", s.DataDir, free>>20, need>>20))
	}
	return nil
}

// alone refuses a database that tables of other ones point into.
func (m *Server) alone(ctx context.Context, live string) error {
	outside, err := m.Outsiders(ctx, live)
	if err != nil || len(outside) == 0 {
		return err
	}
	return fault.New(fault.Missing, "drop these keys and make them again after the restore, or restore beside with -to=",
		fmt.Errorf("check database %s: foreign keys of other databases point into it and would follow the old tables: %s", live, strings.Join(outside, ", ")))
}

// release reads major and minor of a server's version.
func release(version string) (major, minor int, ok bool) {
	fields := strings.SplitN(version, ".", 3)
	if len(fields) < 2 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(fields[0])
	minor, err2 := strconv.Atoi(strings.TrimSuffix(fields[1], "-MariaDB"))
	return major, minor, err1 == nil && err2 == nil
}

// explained gives the failure of a client program the way out that its number
// stands for.
func explained(e *command.Error) error {
	for _, known := range []struct {
		sign, hint string
		code       int
	}{
		{"ERROR 2002 ", "start the server, or correct host, port or socket of the source", fault.Missing},
		{"ERROR 2003 ", "start the server, or correct host, port or socket of the source", fault.Missing},
		{"ERROR 1045 ", "correct the source's user or password_file", fault.Missing},
		{"ERROR 1698 ", "run as the system user that this login belongs to (as: of the source), or name another login", fault.Missing},
		{"ERROR 1044 ", "let an administrator restore, or grant the rights", fault.Missing},
		{"ERROR 1142 ", "let an administrator restore, or grant the rights", fault.Missing},
		{"ERROR 1370 ", "let an administrator restore, or grant the rights on routines WITH GRANT OPTION: GRANT ALL ON *.* TO … WITH GRANT OPTION", fault.Missing},
		{"ERROR 1227 ", "what runs as another user needs SET USER or SUPER to be made: let an administrator restore, or grant it", fault.Missing},
		{"ERROR 1273 ", "restore it on a server that knows this collation", fault.Missing},
		{"ERROR 1115 ", "restore it on a server that knows this character set", fault.Missing},
		{"ERROR 1286 ", "install the storage engine on this server first", fault.Missing},
		{"ERROR 1577 ", "start the server with event_scheduler=OFF (or ON): with DISABLED it refuses to define the events of the dump", fault.Missing},
		{"ERROR 1153 ", "SET GLOBAL max_allowed_packet = 1073741824, then run it again", 0},
		{"ERROR 2006 ", "was the server stopped? If it was not: SET GLOBAL max_allowed_packet = 1073741824, then run it again", 0},
		{"ERROR 1205 ", "a session holds the tables for long: SHOW PROCESSLIST shows it, KILL ends it; then run it again", 0},
		{"ERROR 1114 ", "free space in the server's data directory, then run it again", 0},
		{"ERROR 1021 ", "free space in the server's data directory, then run it again", 0},
	} {
		if strings.Contains(e.Stderr, known.sign) {
			return fault.New(known.code, known.hint, e)
		}
	}
	return e
}
