package compare

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
)

// sqlText reads SQL through a buffer of fixed size, and knows where strings,
// comments and statements end, as the client programs of MariaDB do.
type sqlText struct {
	r         io.Reader
	buf       []byte
	pos, end  int
	before    int64 // bytes that have left the buffer
	err       error // of r, once it has ended
	delimiter string
	plain     bool // \ is no escape: NO_BACKSLASH_ESCAPES
}

func newSQLText(r io.Reader) *sqlText {
	return &sqlText{r: r, buf: make([]byte, 1<<20), delimiter: ";"}
}

func (t *sqlText) offset() int64 { return t.before + int64(t.pos) }

// more reads on, after moving what is left to the front. It is false at the
// end of the text, or when the buffer is full.
func (t *sqlText) more() bool {
	if t.pos > 0 {
		t.before += int64(t.pos)
		t.end = copy(t.buf, t.buf[t.pos:t.end])
		t.pos = 0
	}
	for tries := 0; t.err == nil && t.end < len(t.buf); tries++ {
		n, err := t.r.Read(t.buf[t.end:])
		t.end += n
		t.err = err
		if n == 0 && err == nil && tries > 100 {
			t.err = io.ErrNoProgress
		}
		if n > 0 {
			return true
		}
	}
	return false
}

// ended is why there is no more text.
func (t *sqlText) ended() error {
	if t.err == nil || errors.Is(t.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return t.err
}

// peek is the next n bytes.
func (t *sqlText) peek(n int) ([]byte, error) {
	for t.end-t.pos < n {
		if !t.more() {
			return nil, t.ended()
		}
	}
	return t.buf[t.pos : t.pos+n], nil
}

// begin skips blanks and shows how the next statement begins: nothing at the
// end of the text.
func (t *sqlText) begin() ([]byte, error) {
	const enough = 32
	if _, err := t.blank(); err == nil {
		_, _ = t.peek(enough) // there may be less
	}
	if t.err != nil && !errors.Is(t.err, io.EOF) {
		return nil, t.err
	}
	return t.buf[t.pos:min(t.end, t.pos+enough)], nil
}

// blank skips blanks and is the byte behind them.
func (t *sqlText) blank() (byte, error) {
	for {
		for t.pos < t.end {
			c := t.buf[t.pos]
			if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
				return c, nil
			}
			t.pos++
		}
		if !t.more() {
			return 0, t.ended()
		}
	}
}

// skip leaves out n bytes and what follows up to a mark. A mark that never
// comes ends with the text: the caller finds that out.
func (t *sqlText) skip(n int, mark string) error {
	t.pos += n
	for {
		if i := bytes.Index(t.buf[t.pos:t.end], []byte(mark)); i >= 0 {
			t.pos += i + len(mark)
			return nil
		}
		t.pos = max(t.pos, t.end-len(mark)+1)
		if !t.more() {
			if err := t.ended(); !errors.Is(err, io.ErrUnexpectedEOF) {
				return err
			}
			t.pos = t.end
			return nil
		}
	}
}

// until is what stands before a mark, at most limit bytes.
func (t *sqlText) until(mark string, limit int) ([]byte, error) {
	for {
		if i := bytes.Index(t.buf[t.pos:min(t.end, t.pos+limit)], []byte(mark)); i >= 0 {
			found := bytes.Clone(t.buf[t.pos : t.pos+i])
			t.pos += i + len(mark)
			return found, nil
		}
		if t.end-t.pos >= limit {
			return nil, fmt.Errorf("no %q within %d bytes", mark, limit)
		}
		if !t.more() {
			return nil, t.ended()
		}
	}
}

// name reads the rest of a name in backticks.
func (t *sqlText) name() (string, error) {
	const longest = 1024 // 64 characters, each of them a doubled backtick
	name := ""
	for {
		piece, err := t.until("`", longest)
		if err != nil {
			return "", err
		}
		name += string(piece)
		if next, err := t.peek(1); err != nil || next[0] != '`' || len(name) > longest {
			return name, err
		}
		name += "`"
		t.pos++
	}
}

// columns reads a list of names in parentheses.
func (t *sqlText) columns() error {
	for {
		c, err := t.blank()
		if err != nil {
			return err
		}
		t.pos++
		if c == ')' {
			return nil
		}
		if c == '`' {
			if _, err := t.name(); err != nil {
				return err
			}
		}
	}
}

// delimit reads DELIMITER and what it sets.
func (t *sqlText) delimit() error {
	line, err := t.until("\n", 100)
	if err != nil {
		return err
	}
	t.delimiter = strings.TrimSpace(string(line[len("DELIMITER "):]))
	if t.delimiter == "" {
		return errors.New("DELIMITER sets none")
	}
	return nil
}

// row reads one row, from its opening to its closing parenthesis.
func (t *sqlText) row(h *heap) error {
	var at inRow
	n, done := at.scan(t.buf[t.pos:t.end])
	if done { // nearly always it is in the buffer as a whole
		sum := sha256.Sum256(t.buf[t.pos : t.pos+n])
		h.add(int64(n), sum[:])
		t.pos += n
		return nil
	}
	hash, size := sha256.New(), int64(0)
	for {
		_, _ = hash.Write(t.buf[t.pos : t.pos+n])
		size += int64(n)
		t.pos += n
		if done {
			h.add(size, hash.Sum(nil))
			return nil
		}
		if t.pos == t.end && !t.more() {
			return t.ended()
		}
		n, done = at.scan(t.buf[t.pos:t.end])
	}
}

// inRow is a place in a row: dumps are written without NO_BACKSLASH_ESCAPES.
type inRow struct {
	depth           int
	quoted, escaped bool
}

// scan goes on to the end of the row, or to that of b.
func (at *inRow) scan(b []byte) (n int, done bool) {
	for i := 0; i < len(b); {
		if at.escaped {
			at.escaped = false
			i++
			continue
		}
		if at.quoted {
			length := bytes.IndexByte(b[i:], '\'')
			found := length >= 0
			if !found {
				length = len(b) - i
			}
			escaped := oddBackslashes(b[i : i+length])
			i += length
			if !found {
				at.escaped = escaped
				return i, false
			}
			at.quoted = escaped
			i++
			continue
		}
		switch b[i] {
		case '\'':
			at.quoted = true
		case '(':
			at.depth++
		case ')':
			if at.depth--; at.depth == 0 {
				return i + 1, true
			}
		}
		i++
	}
	return len(b), false
}

// oddBackslashes says whether what follows b is escaped.
func oddBackslashes(b []byte) bool {
	n := len(b)
	for n > 0 && b[n-1] == '\\' {
		n--
	}
	return (len(b)-n)%2 == 1
}
