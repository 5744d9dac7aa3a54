package compare

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MariaDB reads what mariadb-dump or mysqldump wrote of one database. The value
// of a sequence counts as a table of one row.
//
// Its sums do not depend on the order of the rows: an Aria table that was
// loaded gives them in another one. They do not depend on how rows are
// gathered into statements either. Memory stays flat however long a row is.
// A dump without its last line is an error.
func MariaDB(r io.Reader) (Digest, error) {
	d := &mariaDump{text: newSQLText(r), tables: map[string]*heap{}}
	if err := d.read(); err != nil {
		return nil, fmt.Errorf("read dump at byte %d: %w", d.text.offset(), err)
	}
	digest := Digest{}
	for name, h := range d.tables {
		digest[name] = h.table()
	}
	return digest, nil
}

// cut says that the dump lacks its end.
const cut = `it does not end with "-- Dump completed": the dump was cut short`

// heap adds rows up in any order: the sum of their hashes, lane by lane.
type heap struct {
	rows, bytes int64
	lanes       [4]uint64
}

func (h *heap) add(size int64, sum []byte) {
	h.rows++
	h.bytes += size
	for i := range h.lanes {
		h.lanes[i] += binary.LittleEndian.Uint64(sum[8*i:])
	}
}

func (h *heap) table() Table {
	t := Table{Rows: h.rows, Bytes: h.bytes}
	for i, lane := range h.lanes {
		binary.LittleEndian.PutUint64(t.Sum[8*i:], lane)
	}
	return t
}

// mariaDump reads a dump statement by statement.
type mariaDump struct {
	text   *sqlText
	tables map[string]*heap
	whole  bool // the last thing read was the last line of a dump
}

func (d *mariaDump) of(name string) *heap {
	h := d.tables[name]
	if h == nil {
		h = &heap{}
		d.tables[name] = h
	}
	return h
}

func (d *mariaDump) read() error {
	for {
		start, err := d.text.begin()
		if err != nil {
			return err
		}
		if len(start) == 0 {
			break
		}
		if line, ok := comment(start); ok {
			d.whole = d.whole || bytes.HasPrefix(start, []byte("-- Dump completed"))
			if err := d.text.skip(line, "\n"); err != nil {
				return err
			}
			continue
		}
		d.whole = false
		if err := d.statement(start); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return errors.New(cut)
			}
			return err
		}
	}
	if !d.whole {
		return errors.New(cut)
	}
	return nil
}

// comment says whether a whole line is one: -- …, or the line by which a dump
// asks the client for its sandbox mode.
func comment(start []byte) (skip int, ok bool) {
	for _, mark := range []string{"-- ", "--\n", "--\r", "#", `/*M!999999\-`, `/*!999999\-`} {
		if bytes.HasPrefix(start, []byte(mark)) {
			return len(strings.TrimRight(mark, "\r\n")), true
		}
	}
	return 0, string(start) == "--"
}

// statement reads one statement. Only three kinds matter, and none of them
// while another delimiter is set: that text is the body of a routine.
func (d *mariaDump) statement(start []byte) error {
	t := d.text
	prefix := func(words string) bool { return bytes.HasPrefix(start, []byte(words)) }
	if len(start) >= 10 && bytes.EqualFold(start[:10], []byte("DELIMITER ")) {
		return t.delimit()
	}
	if prefix("/*!50003 SET sql_mode ") { // of the routine that follows
		t.plain = bytes.Contains(t.line(), []byte("NO_BACKSLASH_ESCAPES"))
	}
	if t.delimiter != ";" {
		return t.rest()
	}
	for words, read := range map[string]func(*heap) error{"INSERT INTO `": d.insert, "CREATE TABLE `": d.declare, "DO SETVAL(`": d.sequence} {
		if !prefix(words) {
			continue
		}
		t.pos += len(words)
		name, err := t.name()
		if err != nil {
			return err
		}
		if err := read(d.of(name)); err != nil {
			return fmt.Errorf("%s%s`: %w", words, name, err)
		}
		return nil
	}
	return t.rest()
}

// declare makes an empty table count as one.
func (d *mariaDump) declare(*heap) error { return d.text.rest() }

// sequence reads the value of a sequence: up to the closing parenthesis.
func (d *mariaDump) sequence(h *heap) error {
	value, err := d.text.until(")", 200)
	if err != nil {
		return err
	}
	value = bytes.TrimLeft(value, ", ")
	sum := sha256.Sum256(value)
	h.add(int64(len(value)), sum[:])
	return d.text.rest()
}

// insert reads the rows of an INSERT, from behind the name of its table.
func (d *mariaDump) insert(h *heap) error {
	t := d.text
	c, err := t.blank()
	if err == nil && c == '(' { // the columns
		if err = t.columns(); err == nil {
			_, err = t.blank()
		}
	}
	if err != nil {
		return err
	}
	const values = "VALUES"
	word, err := t.peek(len(values))
	if err != nil {
		return err
	}
	if !bytes.EqualFold(word, []byte(values)) {
		return fmt.Errorf("%q where VALUES should stand", word)
	}
	t.pos += len(values)
	for first := true; ; first = false {
		c, err := t.blank()
		if err != nil {
			return err
		}
		if c == ';' && !first {
			t.pos++
			return nil
		}
		if c == ',' && !first {
			t.pos++
			if c, err = t.blank(); err != nil {
				return err
			}
		} else if !first {
			return fmt.Errorf("%q after a row", c)
		}
		if c != '(' {
			return fmt.Errorf("%q where a row should begin", c)
		}
		if err := t.row(h); err != nil {
			return err
		}
	}
}
