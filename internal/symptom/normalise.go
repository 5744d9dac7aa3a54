package symptom

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest line that is kept whole; a longer one is cut.
const maxLine = 64 << 10

// Normalise makes logs comparable. It drops escape sequences, frames, control
// and invisible characters, makes typographic and escaped quotes plain, takes time stamps,
// process ids and container names off the front of lines, and leaves one
// separator, a blank or a line break, of any white space.
func Normalise(text string) string {
	var b strings.Builder
	n := newNormaliser(func(line []byte) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.Write(line)
	})
	_ = n.readFrom(strings.NewReader(text)) // a strings.Reader has no errors
	return b.String()
}

// A normaliser turns a stream into normalised lines, none of them empty.
type normaliser struct {
	line func([]byte)
	out  []byte
}

func newNormaliser(line func([]byte)) *normaliser { return &normaliser{line: line} }

func (n *normaliser) readFrom(r io.Reader) error {
	buf := make([]byte, maxLine)
	have := 0
	for {
		got, err := r.Read(buf[have:])
		have += got
		rest := n.lines(buf[:have])
		if len(rest) == len(buf) {
			cut := bytes.LastIndexAny(rest, " \t") + 1
			if cut == 0 {
				cut = len(rest)
			}
			n.emit(rest[:cut])
			rest = rest[cut:]
		}
		have = copy(buf, rest)
		if err != nil {
			n.emit(buf[:have])
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// lines emits the whole lines and returns the rest. A carriage return ends a
// line too: what a progress display overwrites was a line of its own.
func (n *normaliser) lines(b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return b
		}
		n.emit(b[:i])
		b = b[i+1:]
	}
}

func (n *normaliser) emit(line []byte) {
	for {
		i := bytes.IndexByte(line, '\r')
		if i < 0 {
			break
		}
		n.emitOne(line[:i])
		line = line[i+1:]
	}
	n.emitOne(line)
}

func (n *normaliser) emitOne(line []byte) {
	n.out = flatten(n.out[:0], line)
	if text := stripPrefixes(n.out); len(text) > 0 {
		n.line(text)
	}
}

// flatten appends the characters of a line that count.
func flatten(out, line []byte) []byte {
	for i := 0; i < len(line); {
		b := line[i]
		switch {
		case b == 0x1b:
			i += escapeLength(line[i:])
			continue
		case b <= ' ' || b == 0x7f:
			// Controls other than white space vanish.
			if b == ' ' || b == '\t' || b == '\v' || b == '\f' {
				out = blank(out)
			}
			i++
			continue
		case b == '"':
			out = quote(out)
			i++
			continue
		case b < utf8.RuneSelf:
			out = append(out, b)
			i++
			continue
		}
		r, size := utf8.DecodeRune(line[i:])
		out = flattenRune(out, r)
		i += size
	}
	return bytes.TrimRight(out, " ")
}

func flattenRune(out []byte, r rune) []byte {
	switch {
	case r >= 0x2018 && r <= 0x201b:
		return append(out, '\'')
	case r >= 0x201c && r <= 0x201f:
		return quote(out)
	case r >= 0x2500 && r <= 0x259f, r == 0xa0, r == 0x202f, r == 0x0085, r == 0x2028, r == 0x2029:
		return blank(out)
	case r >= 0x200b && r <= 0x200f, r >= 0x2060 && r <= 0x2064, r == 0xfeff, r == 0xad:
		return out
	}
	return utf8.AppendRune(out, r) // a byte that is not UTF-8 becomes U+FFFD
}

// quote takes off what escapes a quote: JSON and dockerd's log have messages
// inside of quotes.
func quote(out []byte) []byte {
	return append(bytes.TrimRight(out, `\`), '"')
}

func blank(out []byte) []byte {
	if len(out) == 0 || out[len(out)-1] == ' ' {
		return out
	}
	return append(out, ' ')
}

// escapeLength measures the escape sequence at the start of b: CSI (colours,
// cursor), OSC (titles, links), or the escape character alone.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return len(b)
	}
	switch b[1] {
	case '[':
		for i := 2; i < len(b); i++ {
			if b[i] >= 0x40 && b[i] <= 0x7e {
				return i + 1
			}
			if b[i] < 0x20 || b[i] > 0x7e {
				return i
			}
		}
		return len(b)
	case ']':
		for i := 2; i < len(b); i++ {
			if b[i] == 0x07 {
				return i + 1
			}
			if b[i] == 0x1b {
				if i+1 < len(b) && b[i+1] == '\\' {
					return i + 2
				}
				return i
			}
		}
		return len(b)
	case '(', ')':
		return min(3, len(b))
	}
	return 1
}
