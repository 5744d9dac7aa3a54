// Package pgtext reads the SQL text that pg_dump, pg_restore and pg_dumpall
// print: statements one by one, and the rows that follow a COPY.
//
// It knows quotes, dollar quotes and comments, so that a function's body that
// looks like a COPY is not taken for one. Rows pass by in blocks of any length:
// memory stays flat, however long a row is.
package pgtext

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Visitor gets what stands in a text. A nil function is not interested. What
// it is given is valid only during the call.
type Visitor struct {
	// Statement gets a statement without comments, from its first word to the
	// semicolon. Of one that is longer than Longest it gets the beginning.
	Statement func(text []byte) error
	// Rows gets the rows after a COPY, the table by the name in that statement.
	// A block may begin and end within a row; every row ends with a newline.
	Rows func(table string, block []byte)
	// Comment gets a line comment, without the dashes.
	Comment func(line []byte)
}

// Longest is how much of a statement is kept.
const Longest = 1 << 20

const bufferSize = 256 << 10

type scanner struct {
	in    *bufio.Reader
	visit Visitor
	text  []byte // of the statement that is being read; empty between two
	depth int    // of parentheses
	plain bool   // standard_conforming_strings: a backslash is nothing special
	line  bool   // the next byte begins a line
}

// Walk reads a text to its end. A text that ends within a statement or among
// rows is an error: it was cut short.
func Walk(r io.Reader, visit Visitor) error {
	s := &scanner{in: bufio.NewReaderSize(r, bufferSize), visit: visit, plain: true, line: true}
	for {
		c, err := s.in.ReadByte()
		if errors.Is(err, io.EOF) {
			if len(s.text) > 0 {
				return fmt.Errorf("read SQL text: it ends within a statement (%.40q)", s.text)
			}
			return nil
		}
		if err == nil {
			err = s.take(c)
		}
		if err != nil {
			return fmt.Errorf("read SQL text: %w", err)
		}
	}
}

// take deals with one byte outside of quotes, and with all that it opens.
func (s *scanner) take(c byte) error {
	begins := s.line
	s.line = c == '\n'
	switch {
	case len(s.text) == 0 && strings.IndexByte(" \n\t\r", c) >= 0:
		return nil
	case len(s.text) == 0 && begins && c == '\\':
		return s.skipLine() // a command of psql
	case c == '-' && s.follows('-'):
		return s.comment()
	case c == '/' && s.follows('*'):
		return s.block()
	}
	before := s.text // what stood before a quote decides what it is
	s.keep(c)
	switch c {
	case '\'':
		return s.quoted('\'', !s.plain || escapes(before))
	case '"':
		return s.quoted('"', false)
	case '$':
		return s.dollar(before)
	case '(':
		s.depth++
	case ')':
		s.depth--
	case ';':
		if s.depth <= 0 {
			return s.end()
		}
	}
	return nil
}

func (s *scanner) keep(text ...byte) {
	if room := Longest - len(s.text); room < len(text) {
		text = text[:room]
	}
	s.text = append(s.text, text...)
}

// follows tells whether the next byte is c. It takes none.
func (s *scanner) follows(c byte) bool {
	next, err := s.in.Peek(1)
	return err == nil && next[0] == c
}

// end hands a statement over, and the rows after it if it is a COPY.
func (s *scanner) end() error {
	text := s.text
	s.text, s.depth = s.text[:0], 0
	switch {
	case bytes.Equal(text, []byte("SET standard_conforming_strings = off;")):
		s.plain = false
	case bytes.Equal(text, []byte("SET standard_conforming_strings = on;")):
		s.plain = true
	}
	table, copies := Copied(text)
	if len(text) == Longest && bytes.HasPrefix(text, []byte("COPY ")) {
		return errors.New("a COPY statement has no end")
	}
	if s.visit.Statement != nil {
		if err := s.visit.Statement(text); err != nil {
			return err
		}
	}
	if !copies {
		return nil
	}
	if err := s.skipLine(); err != nil {
		return ended(err, table)
	}
	return ended(s.rows(table), table)
}

func ended(err error, table string) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("it ends among the rows of %s", table)
	}
	return err
}

// skipLine drops the rest of a line.
func (s *scanner) skipLine() error {
	s.line = true
	for {
		_, err := s.in.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// comment reads a line comment; its first dash is taken.
func (s *scanner) comment() error {
	line, err := s.in.ReadSlice('\n')
	s.line = true
	if s.visit.Comment != nil {
		s.visit.Comment(bytes.TrimRight(line[1:], "\n"))
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return s.skipLine()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	if len(s.text) > 0 {
		s.keep('\n')
	}
	return err
}

// block reads a block comment, which may hold others; its slash is taken.
func (s *scanner) block() error {
	depth, last := 0, byte('/')
	for {
		c, err := s.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("it ends within a comment")
		case err != nil:
			return err
		case last == '/' && c == '*':
			depth, c = depth+1, 0
		case last == '*' && c == '/':
			depth, c = depth-1, 0
		}
		if depth == 0 {
			if len(s.text) > 0 {
				s.keep(' ')
			}
			return nil
		}
		last = c
	}
}
