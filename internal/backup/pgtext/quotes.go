package pgtext

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// escapes tells whether the quote after before opens an E'…' string.
func escapes(before []byte) bool {
	n := len(before)
	return n > 0 && (before[n-1] == 'E' || before[n-1] == 'e') && (n == 1 || !inName(before[n-2]))
}

func inName(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// window is what is in the buffer, at least one byte.
func (s *scanner) window() ([]byte, error) {
	if _, err := s.in.Peek(1); err != nil {
		return nil, err
	}
	return s.in.Peek(s.in.Buffered())
}

// pass keeps the first n bytes of the buffer.
func (s *scanner) pass(window []byte, n int) {
	s.keep(window[:n]...)
	_, _ = s.in.Discard(n) // they are in the buffer
}

// quoted reads to the end of a quote. A doubled quote is two of them.
func (s *scanner) quoted(mark byte, escapes bool) error {
	for {
		window, err := s.window()
		if err != nil {
			return within(err, "a quote")
		}
		end := bytes.IndexByte(window, mark)
		if escapes {
			search := window
			if end >= 0 {
				search = window[:end]
			}
			if back := bytes.IndexByte(search, '\\'); back >= 0 {
				s.pass(window, back+1)
				c, err := s.in.ReadByte()
				if err != nil {
					return within(err, "a quote")
				}
				s.keep(c)
				continue
			}
		}
		if end < 0 {
			s.pass(window, len(window))
			continue
		}
		s.pass(window, end+1)
		if !s.follows(mark) {
			return nil
		}
		window, _ = s.window() // follows has seen it
		s.pass(window, 1)
	}
}

// dollar reads a dollar quote; its first dollar is taken. $1 is none, and
// neither is a dollar within a name.
func (s *scanner) dollar(before []byte) error {
	if len(before) > 0 && inName(before[len(before)-1]) {
		return nil
	}
	tag := []byte{'$'}
	for {
		next, err := s.in.Peek(len(tag))
		if err != nil {
			return nil //nolint:nilerr // the end of the text: no quote
		}
		c := next[len(next)-1]
		if c == '$' {
			tag = append(tag, c)
			break
		}
		const longest = 256
		if !inName(c) || len(tag) == 1 && '0' <= c && c <= '9' || len(tag) > longest {
			return nil
		}
		tag = append(tag, c)
	}
	s.keep(tag[1:]...)
	_, _ = s.in.Discard(len(tag) - 1) // Peek has seen them
	for {
		window, err := s.window()
		if err != nil {
			return within(err, "a dollar quote")
		}
		if end := bytes.Index(window, tag); end >= 0 {
			s.pass(window, end+len(tag))
			return nil
		}
		// The tag may stand across the end of what is there.
		if dollar := bytes.LastIndexByte(window, '$'); dollar >= 0 && len(window)-dollar < len(tag) {
			if dollar > 0 {
				s.pass(window, dollar)
				continue
			}
			next, err := s.in.Peek(len(tag))
			if err != nil {
				return within(err, "a dollar quote")
			}
			if !bytes.Equal(next, tag) {
				s.pass(next, 1)
			}
			continue
		}
		s.pass(window, len(window))
	}
}

func within(err error, what string) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("it ends within %s", what)
	}
	return err
}

// rows reads to the line `\.`.
func (s *scanner) rows(table string) error {
	const mark = "\\.\n"
	for begins := true; ; {
		if begins {
			head, err := s.in.Peek(len(mark))
			if string(head) == mark {
				_, err = s.in.Discard(len(mark))
				return err
			}
			if err != nil && len(head) == 0 {
				return err
			}
		}
		window, err := s.window()
		if err != nil {
			return err
		}
		n := len(window)
		if end := bytes.Index(window, []byte("\n"+mark)); end >= 0 {
			n, begins = end+1, true
		} else if tail := bytes.LastIndexByte(window[max(0, n-len(mark)):], '\n'); tail >= 0 {
			n, begins = max(0, n-len(mark))+tail+1, true // the mark may stand across the end of what is there
		} else {
			begins = false
		}
		if s.visit.Rows != nil {
			s.visit.Rows(table, window[:n])
		}
		_, _ = s.in.Discard(n) // they are in the buffer
	}
}
