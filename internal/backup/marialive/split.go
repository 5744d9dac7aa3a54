package marialive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// splitter reads the SQL text of a dump and gives what makes tables and their
// rows; what the text defines beside them (triggers, events, routines, views)
// it writes to defs. So a dump can be loaded beside the live database without
// an event that begins to run there, and without the ALTER DATABASE by which
// mariadb-dump frames a routine: that names the database that was dumped.
type splitter struct {
	in   *bufio.Reader
	defs io.Writer
	// from and to are the quoted names of the database that was dumped and of
	// the one that is loaded: a default of a sequence names its database.
	from, to string
	limit    int64 // of a statement, as the server takes it; 0 is any

	begun   bool   // the header is over
	until   string // what ends a definition of several lines; empty outside of one
	open    bool   // a statement of the load goes on
	length  int64  // of that statement
	table   string // the table that it makes or fills, as the dump writes it
	toDefs  bool   // of the line that is being read
	toLoad  bool
	midline bool
	last    byte   // of what the line had so far
	rest    []byte // of the load, not yet given
	err     error
}

const splitBuffer = 1 << 20

func newSplitter(in io.Reader, defs io.Writer, from, to string, limit int64) *splitter {
	return &splitter{in: bufio.NewReaderSize(in, splitBuffer), defs: defs, from: quoteName(from), to: quoteName(to), limit: limit}
}

// Read implements io.Reader.
func (s *splitter) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(s.rest) > 0 {
			c := copy(p[n:], s.rest)
			n, s.rest = n+c, s.rest[c:]
			continue
		}
		// What was read before must be out before a read that may wait.
		if s.err != nil || n > 0 && s.in.Buffered() == 0 {
			break
		}
		piece, err := s.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			err = nil
		}
		s.err = err
		if len(piece) > 0 {
			if err := s.piece(piece); err != nil {
				s.err = err
			}
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, s.err
}

// piece takes a line, or a part of a long one.
func (s *splitter) piece(b []byte) error {
	if !s.midline {
		s.route(b)
	}
	whole := b[len(b)-1] == '\n'
	if s.toLoad {
		s.length += int64(len(b))
		if s.limit > 0 && s.length > s.limit {
			return &tooLong{table: s.table, limit: s.limit}
		}
		s.rest = b
		if s.open && bytes.HasPrefix(b, []byte("  `")) && !s.midline {
			if err := s.column(b); err != nil {
				return err
			}
		}
	}
	if s.toDefs {
		if _, err := s.defs.Write(b); err != nil {
			return err
		}
	}
	if end := bytes.TrimRight(b, " \r\n"); len(end) > 0 {
		s.last = end[len(end)-1]
	}
	s.midline = !whole
	if whole {
		s.ended(b)
	}
	return nil
}

// route decides where a line goes, by how it begins.
func (s *splitter) route(b []byte) {
	s.toDefs, s.toLoad, s.last = false, true, 0
	begins := func(words ...string) bool {
		for _, w := range words {
			if bytes.HasPrefix(b, []byte(w)) {
				return true
			}
		}
		return false
	}
	define := func(until string) {
		s.begun, s.toDefs, s.toLoad, s.until = true, true, false, until
	}
	switch {
	case s.until != "":
		s.toDefs, s.toLoad = true, false
	case s.open:
	case begins("DELIMITER "):
		define("DELIMITER ;")
	case begins("/*!50003 ", "/*!50106 ", "/*!50001 ", "/*!50013 ", "ALTER DATABASE "):
		define(";")
	case !s.begun && begins("/*!", "/*M!"), begins("/*!40", "/*!10") && bytes.Contains(b, []byte("=@OLD_")):
		s.toDefs = true // of the session
	case begins("--", "\n"):
	case begins("LOCK TABLES ", "UNLOCK TABLES;"):
		// Nobody else is there, and a table whose default comes from a sequence
		// could not be filled: the lock does not name the sequence.
		s.begun, s.toLoad = true, false
	default:
		s.begun = true
		s.open, s.length = true, 0
		if begins("CREATE TABLE ", "INSERT INTO ", "REPLACE INTO ") {
			s.table = tableOf(b)
		}
	}
}

// ended looks at the end of a line that is whole.
func (s *splitter) ended(b []byte) {
	switch {
	case s.until == ";" && s.last == ';', s.until != "" && s.until != ";" && string(bytes.TrimRight(b, " \r\n")) == s.until:
		s.until = ""
	case s.open && s.last == ';':
		s.open, s.length = false, 0
	}
}

// column looks at the line of a column. A default that takes its number from a
// sequence names the sequence's database, which is not the one that is loaded
// and may be gone; the definitions give the column its own text back.
func (s *splitter) column(b []byte) error {
	if !bytes.Contains(b, []byte("val("+s.from+".")) {
		return nil
	}
	s.rest = []byte(renamed(string(b), s.from, s.to))
	line := strings.TrimSuffix(strings.TrimSpace(string(b)), ",")
	_, err := fmt.Fprintf(s.defs, "%s%s MODIFY COLUMN %s;\n", modify, s.table, line)
	return err
}

const modify = "ALTER TABLE "

// renamed lets the sequences in a column's text be those of another database.
func renamed(text, from, to string) string {
	for _, call := range []string{"nextval(", "lastval("} {
		text = strings.ReplaceAll(text, call+from+".", call+to+".")
	}
	return text
}

// tableOf is the first quoted name in a line.
func tableOf(b []byte) string {
	at := bytes.IndexByte(b, '`')
	if at < 0 {
		return ""
	}
	for end := at + 1; end < len(b); end++ {
		if b[end] != '`' {
			continue
		}
		if end+1 < len(b) && b[end+1] == '`' {
			end++
			continue
		}
		return string(b[at : end+1])
	}
	return ""
}

// tooLong says that the server would refuse a statement of the dump.
type tooLong struct {
	table string
	limit int64
}

func (t *tooLong) Error() string {
	return fmt.Sprintf("a row of table %s is longer than the server takes: its max_allowed_packet is %d bytes", t.table, t.limit)
}

// Hint implements the hint of package fault.
func (t *tooLong) Hint() string {
	return "let the server take more, then run it again: SET GLOBAL max_allowed_packet = 1073741824"
}

// retarget makes the definitions of one database those of another: whatever
// names the database itself. With disabled, events are made but do not run.
func retarget(defs []byte, from, to string, disabled bool) []byte {
	var out bytes.Buffer
	out.Grow(len(defs))
	from, to = quoteName(from), quoteName(to)
	inside := false
	for line := range bytes.Lines(defs) {
		switch {
		case bytes.HasPrefix(line, []byte("DELIMITER ")):
			inside = string(bytes.TrimSpace(line)) != "DELIMITER ;"
			out.Write(line)
		case !inside && bytes.HasPrefix(line, []byte("ALTER DATABASE "+from+" ")):
			out.WriteString("ALTER DATABASE " + to)
			out.Write(line[len("ALTER DATABASE "+from):])
		case !inside && bytes.HasPrefix(line, []byte(modify)):
			out.WriteString(renamed(string(line), from, to))
		case inside && disabled && bytes.HasPrefix(line, []byte("/*!50106 CREATE")):
			out.Write(asleep(line))
		default:
			out.Write(line)
		}
	}
	return out.Bytes()
}

// asleep disables the event that a line makes. Its state follows the schedule,
// which holds nothing but numbers and times.
func asleep(line []byte) []byte {
	name := bytes.Index(line, []byte("EVENT `"))
	if name < 0 {
		return line
	}
	from := name + len("EVENT ") + len(tableOf(line[name:]))
	rest := line[from:]
	at := bytes.Index(rest, []byte("PRESERVE ENABLE"))
	if at < 0 {
		return line
	}
	return append(append(append([]byte{}, line[:from+at]...), "PRESERVE DISABLE"...), rest[at+len("PRESERVE ENABLE"):]...)
}

// quoteName is a name of the server, quoted.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quoteText is a text of the server, quoted, whatever the mode of the session.
func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
