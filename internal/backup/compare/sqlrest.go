package compare

import (
	"bytes"
	"errors"
	"io"
)

// rest leaves out the rest of a statement, up to its delimiter. What looks like
// one in a string, a name or a comment is none. As for the client programs, a
// comment that begins with /*! or /*M! is code.
func (t *sqlText) rest() error {
	for {
		b, err := t.peek(1)
		if err != nil {
			return err
		}
		switch c := b[0]; {
		case c == '\'' || c == '"' || c == '`':
			t.pos++
			err = t.quoted(c)
		case c == '#' || c == '-' && t.follows("-- ", "--\t", "--\n", "--\r"):
			err = t.skip(1, "\n")
		case c == '/' && t.follows("/*") && !t.follows("/*!", "/*M!"):
			err = t.skip(2, "*/")
		case t.follows(t.delimiter):
			t.pos += len(t.delimiter)
			return nil
		default:
			t.pos++
		}
		if err != nil {
			return err
		}
	}
}

// line is the rest of a line, as far as the buffer holds it.
func (t *sqlText) line() []byte {
	const enough = 1024
	_, _ = t.peek(enough) // there may be less
	line, _, _ := bytes.Cut(t.buf[t.pos:min(t.end, t.pos+enough)], []byte("\n"))
	return line
}

// follows says whether the text goes on with one of these.
func (t *sqlText) follows(all ...string) bool {
	for _, one := range all {
		if next, err := t.peek(len(one)); err == nil && string(next) == one {
			return true
		}
	}
	return false
}

// quoted reads up to a closing quote, which counts as text when it is doubled
// or, outside of names, escaped.
func (t *sqlText) quoted(quote byte) error {
	for {
		b, err := t.peek(1)
		if err != nil {
			return err
		}
		t.pos++
		switch {
		case b[0] == '\\' && quote != '`' && !t.plain:
			if _, err := t.peek(1); err != nil {
				return err
			}
			t.pos++
		case b[0] != quote:
		default:
			next, err := t.peek(1)
			if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && next[0] != quote {
				return nil
			}
			if err != nil {
				return err
			}
			t.pos++
		}
	}
}
