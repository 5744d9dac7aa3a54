// Package dotenv reads .env files as the programs of a project read them, holds
// them against their templates, and makes them without losing a value.
//
// Two libraries count, python-dotenv and dotenv of Node, and they do not agree on
// everything: a file is read by the rules of both, and a variable that they read
// differently is told. References such as ${NAME} stay as they are written, since
// only some readers fill them in. A file is taken apart into pieces that together
// are its text, so that adding a variable leaves every other byte alone.
//
// Values are secrets until the contrary is known: what is shown of them is masked,
// and what is kept for a way back is a file of mode 0600, never a journal.
package dotenv

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Piece is a stretch of a file: a variable, a comment, or a line that
// python-dotenv cannot read and leaves out. Empty lines before it belong to it.
type Piece struct {
	Text    string // as it stands in the file, line breaks included
	Line    int    // where it starts, empty lines left out; from 1
	Name    string // "" for a comment and for a broken piece
	Value   string
	Set     bool // false for a name without =
	Broken  bool
	Comment bool
}

// Parse takes a text apart as python-dotenv does, without filling in references.
// The pieces' texts, one after the other, are the text.
func Parse(text string) []Piece {
	r := reader{rest: text, line: 1, grammar: newGrammar()}
	var all []Piece
	for r.rest != "" {
		all = append(all, r.piece())
	}
	return all
}

// grammar are python-dotenv's own expressions. Where it reads "whitespace" it
// means that of Unicode, and four separators more.
type grammar struct {
	blank, export, quotedName, name, inner, equals, single, double, bare, comment, end, rest, tail *regexp.Regexp
}

func newGrammar() grammar {
	const space = `[\s\v\x1c-\x1f\x{85}\p{Z}]`
	const inline = `[\t\v\f\x1c-\x1f\x{85}\p{Z}]`
	start := func(pattern string) *regexp.Regexp { return regexp.MustCompile(`\A(?:` + pattern + `)`) }
	return grammar{
		blank:      start(space + `*`),
		export:     start(`(?:export` + inline + `+)?`),
		quotedName: start(`'([^']+)'`),
		name:       start(`([^=#\s\v\x1c-\x1f\x{85}\p{Z}]+)`),
		inner:      start(inline + `*`),
		equals:     start(`=` + inline + `*`),
		single:     start(`'((?:\\'|[^'])*)'`),
		double:     start(`"((?:\\"|[^"])*)"`),
		bare:       start(`([^\r\n]*)`),
		comment:    start(`(?:` + inline + `*#[^\r\n]*)?`),
		end:        start(inline + `*(?:\r\n|\n|\r|\z)`),
		rest:       start(`[^\r\n]*(?:\r\n|\r|\n)?`),
		tail:       regexp.MustCompile(space + `+#.*`),
	}
}

type reader struct {
	grammar
	rest string
	line int
}

// take moves past what an expression matches here, and gives its group.
func (r *reader) take(e *regexp.Regexp) (string, bool) {
	at := e.FindStringSubmatchIndex(r.rest)
	if at == nil {
		return "", false
	}
	group := ""
	if len(at) > 2 {
		group = r.rest[at[2]:at[3]]
	}
	r.line += lines(r.rest[:at[1]])
	r.rest = r.rest[at[1]:]
	return group, true
}

// lines counts line breaks: \r\n is one.
func lines(text string) int {
	return strings.Count(text, "\n") + strings.Count(text, "\r") - strings.Count(text, "\r\n")
}

func (r *reader) piece() Piece {
	before := r.rest
	r.take(r.blank)
	p := Piece{Line: r.line}
	if r.rest == "" || !r.binding(&p) {
		p.Broken = r.rest != "" || p.Line != r.line || strings.TrimSpace(before) != ""
		p.Name, p.Value, p.Set = "", "", false
		r.take(r.grammar.rest)
	}
	p.Text = before[:len(before)-len(r.rest)]
	return p
}

// binding reads one line, or as many as a quoted value has; false is a line that
// python-dotenv gives up on.
func (r *reader) binding(p *Piece) bool {
	r.take(r.export)
	var ok bool
	switch {
	case strings.HasPrefix(r.rest, "#"):
		p.Comment, ok = true, true
	case strings.HasPrefix(r.rest, "'"):
		p.Name, ok = r.take(r.quotedName)
		p.Name = oneBreak(p.Name)
	default:
		p.Name, ok = r.take(r.name)
	}
	if !ok {
		return false
	}
	r.take(r.inner)
	if strings.HasPrefix(r.rest, "=") {
		r.take(r.equals)
		if p.Value, ok = r.value(); !ok {
			return false
		}
		p.Set = true
	}
	r.take(r.comment)
	_, ok = r.take(r.end)
	return ok
}

func (r *reader) value() (string, bool) {
	switch {
	case strings.HasPrefix(r.rest, "'"):
		text, ok := r.take(r.single)
		return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(oneBreak(text)), ok
	case strings.HasPrefix(r.rest, `"`):
		text, ok := r.take(r.double)
		return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\a`, "\a", `\b`, "\b", `\f`, "\f", `\n`, "\n", `\r`, "\r", `\t`, "\t", `\v`, "\v").Replace(oneBreak(text)), ok
	case r.rest == "" || r.rest[0] == '\n' || r.rest[0] == '\r':
		return "", true
	}
	text, ok := r.take(r.bare)
	text = r.tail.ReplaceAllString(text, "")
	return strings.TrimRightFunc(text, pythonSpace), ok
}

func pythonSpace(c rune) bool {
	return c >= 0x1c && c <= 0x1f || strings.ContainsRune(" \t\n\v\f\r\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000", c) || c >= 0x2000 && c <= 0x200a
}

// oneBreak is a text as a program gets it that opens the file as text.
func oneBreak(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// Values are the variables of the pieces. Of a name that stands twice the last one
// counts, for all readers, even where it has no value.
func Values(pieces []Piece) map[string]string {
	all := map[string]string{}
	for _, p := range pieces {
		switch {
		case p.Set:
			all[p.Name] = p.Value
		case p.Name != "":
			delete(all, p.Name)
		}
	}
	return all
}

// Valid says whether a text can be a .env file: UTF-8 without a zero byte.
func Valid(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
