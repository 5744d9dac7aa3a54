// Package lenient makes XML readable that test programs and linters write.
//
// They copy into it what a test has printed: colours, control characters and
// bytes of other encodings that XML forbids, and sometimes hundreds of megabytes
// of it. A reader of XML would refuse the first and hold the second in memory.
// The reader here stands in front of it: colours are dropped, forbidden characters
// become U+FFFD, and of any one run of text only the beginning passes. What it
// lets through is otherwise what was written: a document that is cut off, or is no
// XML, stays an error.
package lenient

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longest is how much of one run of text, or of one value of an attribute, passes.
const longest = 256 << 10

// Decoder reads XML through the filter.
func Decoder(r io.Reader) *xml.Decoder {
	d := xml.NewDecoder(reader(r))
	d.Entity = xml.HTMLEntity
	// What is not UTF-8 has been made so already.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return d
}

// Explain says what is wrong with a document in words that name the cause.
func Explain(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF"):
		return fmt.Errorf("it is cut off at line %d: the program that wrote it was stopped, or the disk is full: %w", syntax.Line, err)
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no well-formed XML: %w", err)
	}
	return err
}

func reader(r io.Reader) io.Reader {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	head, _ := in.Peek(200) // a shorter document ends here, and says so when it is read
	declared, _, _ := bytes.Cut(bytes.ToLower(head), []byte("?>"))
	return &filter{in: in, latin: bytes.Contains(declared, []byte("iso-8859-")) || bytes.Contains(declared, []byte("windows-125"))}
}

// filter passes a document on, unit by unit: a character, or a reference to one.
type filter struct {
	in    *bufio.Reader
	latin bool
	out   bytes.Buffer
	err   error

	where state
	run   int    // bytes of the run of text that have passed
	last  []byte // the last three bytes, to find the end of CDATA and of a comment
}

type state int

const (
	text state = iota
	tag
	single // a value in single quotes
	double
	cdata
	comment
)

func (f *filter) Read(p []byte) (int, error) {
	for f.out.Len() == 0 {
		if f.err != nil {
			return 0, f.err
		}
		for f.err == nil && f.out.Len() < 32<<10 {
			f.plain()
			f.err = f.step()
		}
	}
	return f.out.Read(p)
}

// plain takes in at once what lies ready of letters, digits and blanks: nearly
// all of a document, and nothing that ends or begins anything.
func (f *filter) plain() {
	ready, _ := f.in.Peek(f.in.Buffered())
	n := bytes.IndexFunc(ready, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !letter && (r < '.' || r > '9') && r != ' ' && r != '\n'
	})
	if n < 0 {
		n = len(ready)
	}
	if n == 0 {
		return
	}
	f.pass(string(ready[:n]))
	_, _ = f.in.Discard(n)
}

// step takes one unit in.
func (f *filter) step() error {
	c, err := f.in.ReadByte()
	if err != nil {
		return err
	}
	switch {
	case c == 0x1b:
		f.skipColour()
		return nil
	case c == '&' && f.where != cdata && f.where != comment:
		f.reference()
		return nil
	case c < ' ' && c != '\t' && c != '\n' && c != '\r':
		f.pass("\uFFFD")
		return nil
	case c >= utf8.RuneSelf && f.latin:
		f.pass(string(rune(c)))
		return nil
	case c >= utf8.RuneSelf:
		f.wide(c)
		return nil
	}
	f.markup(c)
	return nil
}

// skipColour drops what follows an escape character when it is one of the
// sequences that move or colour.
func (f *filter) skipColour() {
	next, _ := f.in.Peek(32)
	if len(next) == 0 || next[0] != '[' {
		return
	}
	for i, c := range next[1:] {
		switch {
		case c >= '0' && c <= '9' || c == ';' || c == '?' || c == ':':
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
			_, _ = f.in.Discard(i + 2)
			return
		default:
			return
		}
	}
}

// reference passes &name; and &#1; as a whole, so that a cut never splits one.
func (f *filter) reference() {
	next, _ := f.in.Peek(32)
	end := bytes.IndexByte(next, ';')
	if end < 0 || bytes.ContainsAny(next[:end], "<> \"'&\n") {
		f.pass("&") // the reader of XML refuses it, with its line
		return
	}
	name := string(next[:end])
	_, _ = f.in.Discard(end + 1)
	if number, is := strings.CutPrefix(name, "#"); is && !allowed(number) {
		if number == "27" || strings.EqualFold(number, "x1b") {
			f.skipColour()
			return
		}
		f.pass("\uFFFD")
		return
	}
	f.pass("&" + name + ";")
}

// allowed tells whether XML 1.0 has the character of a reference. What is no
// number passes: the reader of XML says what is wrong with it.
func allowed(number string) bool {
	base := 10
	if hex, is := strings.CutPrefix(strings.ToLower(number), "x"); is {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(number, base, 32)
	if err != nil {
		return !errors.Is(err, strconv.ErrRange)
	}
	return n == '\t' || n == '\n' || n == '\r' || n >= ' ' && n <= utf8.MaxRune && permitted(rune(n))
}

func permitted(r rune) bool {
	return utf8.ValidRune(r) && r != 0xFFFE && r != 0xFFFF
}

// wide passes a character of more than one byte.
func (f *filter) wide(first byte) {
	next, _ := f.in.Peek(utf8.UTFMax - 1)
	whole := append([]byte{first}, next...)
	r, size := utf8.DecodeRune(whole)
	if r == utf8.RuneError && size == 1 || !permitted(r) {
		f.pass("\uFFFD")
	} else {
		f.pass(string(whole[:size]))
	}
	if size > 1 {
		_, _ = f.in.Discard(size - 1)
	}
}
