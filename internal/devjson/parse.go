package devjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// kind is what a value is.
type kind byte

const (
	object kind = '{'
	array  kind = '['
	text   kind = '"'
	other  kind = '0' // a number, true, false or null
)

func (k kind) String() string {
	return map[kind]string{object: "an object", array: "a list", text: "a text", other: "a number, true, false or null"}[k]
}

// value is a value and its place.
type value struct {
	kind    kind
	at      int
	text    string // of a text, without quotes; of a number and the like, as written
	members []member
	items   []value
}

type member struct {
	key   string
	at    int
	value value
}

// find is the last member of that name, which is the one that counts.
func (v value) find(key string) *member {
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].key == key {
			return &v.members[i]
		}
	}
	return nil
}

// problem is what keeps a text from being JSON with comments.
type problem struct {
	code                 string
	at                   int
	evidence, cause, fix string
}

// deepest is how far values may be nested.
const deepest = 200

// parse reads a text. What can be understood in spite of a problem is read on;
// without a value too little could be to judge it.
func parse(in []byte) (*value, []problem) {
	root, problems, whole := understood(in)
	if !whole {
		return nil, problems
	}
	return root, problems
}

// understood is what can be made of a text, up to where it stops to make sense.
func understood(in []byte) (root *value, problems []problem, whole bool) {
	p := &parser{in: in}
	if bytes.HasPrefix(in, []byte("\xef\xbb\xbf")) {
		p.at = 3
	}
	if bytes.HasPrefix(in, []byte("\xff\xfe")) || bytes.HasPrefix(in, []byte("\xfe\xff")) {
		p.stop(0, "the file is written in UTF-16", "tools read UTF-8, and find nothing in it", "iconv -f UTF-16 -t UTF-8 FILE > NEW, and put NEW in its place")
	}
	if p.space(); p.at == len(p.in) && !p.stopped {
		p.stop(p.at, "the file is empty", "nothing was written, or the file was cut off", `write the settings: {"image": "…"}`)
	}
	v := p.value(0)
	if p.space(); !p.stopped && p.at < len(p.in) {
		p.stop(p.at, p.here()+" after the end of the settings", "there is more than one value, or a brace closes too early", "see which } closes too early")
	}
	return &v, p.problems, !p.stopped && !p.passed
}

type parser struct {
	in       []byte
	at       int
	problems []problem
	stopped  bool
	passed   bool // over a part of the text
}

// stop notes a problem after which nothing more can be read.
func (p *parser) stop(at int, evidence, cause, fix string) {
	if !p.stopped {
		p.problems = append(p.problems, problem{"DC-SYNTAX", at, evidence, cause, fix})
	}
	p.stopped, p.at = true, len(p.in)
}

// here is the character at which the parser is, for people.
func (p *parser) here() string {
	if p.at >= len(p.in) {
		return "the end of the file"
	}
	r, _ := utf8.DecodeRune(p.in[p.at:])
	return fmt.Sprintf("%q", string(r))
}

func (p *parser) peek() byte {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

// space goes past white space and comments.
func (p *parser) space() {
	for p.at < len(p.in) {
		rest := p.in[p.at:]
		switch {
		case bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0:
			p.at++
		case bytes.HasPrefix(rest, []byte("//")):
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			p.at += end
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest, []byte("*/"))
			if end < 0 {
				p.stop(p.at, "the comment that begins here does not end", "/* wants its */", "end the comment")
				return
			}
			p.at += end + 2
		default:
			return
		}
	}
}

func (p *parser) value(depth int) value {
	v := value{at: p.at}
	switch c := p.peek(); {
	case p.stopped:
	case depth > deepest:
		p.stop(p.at, fmt.Sprintf("values are nested more than %d deep", deepest), "nobody writes such settings", "look at the file")
	case c == '{':
		v.kind = object
		p.list('}', v.at, func() { p.member(&v, depth) })
	case c == '[':
		v.kind = array
		p.list(']', v.at, func() { v.items = append(v.items, p.value(depth+1)) })
	case c == '"':
		v.kind, v.text = text, p.text()
	default:
		v.kind, v.text = other, p.word()
	}
	return v
}

// list reads what stands between two brackets: items with commas between them,
// and after the last one if somebody likes it.
func (p *parser) list(end byte, opened int, item func()) {
	p.at++
	for comma := true; ; {
		p.space()
		switch c := p.peek(); {
		case p.stopped:
			return
		case c == end:
			p.at++
			return
		case p.at == len(p.in):
			line, _ := position(p.in, opened)
			p.stop(opened, fmt.Sprintf("the %q of line %d is never closed", string(p.in[opened]), line), "the CLI takes the end of the file for it", fmt.Sprintf("add the missing %q where it belongs", string(end)))
			return
		case c == '}' || c == ']':
			line, _ := position(p.in, opened)
			p.stop(p.at, fmt.Sprintf("%s closes the %q of line %d", p.here(), string(p.in[opened]), line), "brackets do not match", fmt.Sprintf("%q belongs here, or a bracket before it is missing", string(end)))
			return
		case c == ',':
			p.stop(p.at, "a comma without a value before it", "a value was taken out, and its comma was not", "take the comma out")
			return
		case !comma:
			p.problems = append(p.problems, problem{"DC-SYNTAX", p.at, "a comma is missing before " + p.here(), "the CLI reads on and says nothing", "put a comma behind the value before"})
		}
		item()
		p.space()
		if comma = p.peek() == ',' && !p.stopped; comma {
			p.at++
		}
	}
}

func (p *parser) member(v *value, depth int) {
	m := member{at: p.at}
	if p.peek() != '"' {
		p.bare(depth)
		return
	}
	m.key = p.text()
	if p.space(); p.stopped {
		return
	}
	if p.peek() != ':' {
		p.stop(p.at, fmt.Sprintf("%s after the key %q", p.here(), m.key), "a colon belongs between a key and its value", "put a colon there")
		return
	}
	p.at++
	if p.space(); p.stopped {
		return
	}
	m.value = p.value(depth + 1)
	if first := v.find(m.key); first != nil && !p.stopped {
		line, _ := position(p.in, first.at)
		p.problems = append(p.problems, problem{"DC-DUPLICATE", m.at, fmt.Sprintf("the key %q is there already, in line %d", m.key, line), "the last one counts, and nobody says so", "take one of the two out"})
	}
	if !p.stopped || len(m.value.members)+len(m.value.items) > 0 {
		v.members = append(v.members, m)
	}
}

// bare passes over a key without quotes and its value, as the CLI does.
func (p *parser) bare(depth int) {
	at, here := p.at, p.here()
	name := regexp.MustCompile(`^[A-Za-z_$][\w$.-]*`).Find(p.in[p.at:])
	if p.at += len(name); len(name) > 0 {
		p.space()
	}
	const cause, fix = "keys stand in double quotes; the CLI passes over this one without a word", "quote the key"
	if len(name) == 0 || p.peek() != ':' {
		p.at = at
		p.stop(at, here+" where a key should begin", cause, fix)
		return
	}
	p.problems, p.passed = append(p.problems, problem{"DC-SYNTAX", at, here + " where a key should begin", cause, fix}), true
	p.at++
	if p.space(); !p.stopped {
		p.value(depth + 1)
	}
}

// text reads a text in double quotes.
func (p *parser) text() string {
	start := p.at
	for p.at++; p.at < len(p.in); p.at++ {
		switch p.in[p.at] {
		case '\\':
			p.at++
		case '\n':
			p.stop(start, "the text that begins here does not end in its line", `it lacks its closing "`, "close the quotes")
			return ""
		case '"':
			p.at++
			var s string
			if err := json.Unmarshal(p.in[start:p.at], &s); err != nil {
				p.stop(start, "the text that begins here has a character that JSON does not take", err.Error(), `write a backslash as \\ and a tab as \t`)
			}
			return s
		}
	}
	p.stop(start, "the text that begins here does not end", `it lacks its closing "`, "close the quotes")
	return ""
}

// word reads a number, true, false or null.
func (p *parser) word() string {
	start := p.at
	for p.at < len(p.in) && bytes.IndexByte([]byte(" \t\r\n,:{}[]\"/"), p.in[p.at]) < 0 {
		p.at++
	}
	word := p.in[start:p.at]
	if !json.Valid(word) {
		p.at = start
		evidence := fmt.Sprintf("%.40q is no value", string(word))
		if len(word) == 0 {
			evidence = p.here() + " where a value should be"
		}
		p.stop(start, evidence, `a value is a text in double quotes, a number, true, false, null, a list or an object`, "put a text in double quotes, or correct the value")
	}
	return string(word)
}
