package lenient

import (
	"bytes"
	"unicode/utf8"
)

// pass writes a unit, unless too much of its run has passed already.
func (f *filter) pass(unit string) {
	f.last = f.last[:0]
	// A long unit is letters only: it may be split.
	if room := longest - f.run; f.where != tag && len(unit) > utf8.UTFMax && room < len(unit) && unit[0] != '&' {
		unit = unit[:max(0, room)]
	}
	if f.run += len(unit); f.run <= longest || f.where == tag {
		f.out.WriteString(unit)
	}
}

// markup takes a plain byte in, and follows what part of a document it is in.
func (f *filter) markup(c byte) {
	switch f.where {
	case text:
		if c == '<' {
			f.open()
			return
		}
	case tag:
		switch c {
		case '>':
			f.enter(text, ">")
			return
		case '"':
			f.enter(double, `"`)
			return
		case '\'':
			f.enter(single, `'`)
			return
		}
	case double:
		if c == '"' {
			f.enter(tag, `"`)
			return
		}
	case single:
		if c == '\'' {
			f.enter(tag, `'`)
			return
		}
	case cdata:
		if f.ends(c, "]]>") {
			return
		}
	case comment:
		if f.ends(c, "-->") {
			return
		}
	}
	f.run++
	if f.run <= longest || f.where == tag {
		f.out.WriteByte(c)
	}
}

// open takes the < of a tag, a comment or CDATA in.
func (f *filter) open() {
	for begin, where := range map[string]state{"![CDATA[": cdata, "!--": comment} {
		if next, _ := f.in.Peek(len(begin)); string(next) == begin {
			_, _ = f.in.Discard(len(begin))
			f.enter(where, "<"+begin)
			return
		}
	}
	f.enter(tag, "<")
}

func (f *filter) enter(where state, with string) {
	f.out.WriteString(with)
	f.where, f.run, f.last = where, 0, f.last[:0]
}

// ends holds back what may be the end of CDATA or of a comment: the end passes
// also when the run before it was too long.
func (f *filter) ends(c byte, end string) bool {
	f.last = append(f.last, c)
	if bytes.HasSuffix(f.last, []byte(end)) {
		// What of the end has passed as text is not written twice.
		written := len(end) - 1
		if f.run > longest {
			written = max(0, written-(f.run-longest))
		}
		f.enter(text, end[written:])
		return true
	}
	if len(f.last) > len(end) {
		f.last = append(f.last[:0], f.last[1:]...)
	}
	return false
}
