package ignore

import (
	"strings"
	"unicode/utf8"
)

// bytesIn is the set of bytes that a bracket expression matches.
type bytesIn [256]bool

// bracket translates a bracket expression at the start of p and says how long
// it is, 0 when git can't read it. A slash is never matched.
func bracket(p string) (string, int) {
	i := 1
	negate := i < len(p) && (p[i] == '!' || p[i] == '^')
	if negate {
		i++
	}
	var has bytesIn
	for first := true; first || i < len(p) && p[i] != ']'; first = false {
		n := has.class(p[i:])
		if n == 0 {
			n = has.span(p[i:])
		}
		if n <= 0 {
			return "", 0
		}
		i += n
	}
	if i >= len(p) {
		return "", 0
	}
	var set strings.Builder
	for c := range has {
		if has[c] != negate && c != '/' {
			set.WriteString(escape(byte(c)))
		}
	}
	if set.Len() == 0 {
		return "", 0
	}
	return `[` + set.String() + `]`, i + 1
}

// class adds a named class like [:alpha:] and says how long its name is: 0 when
// p does not begin with one, -1 when it is one that nobody knows.
func (has *bytesIn) class(p string) int {
	if !strings.HasPrefix(p, "[:") {
		return 0
	}
	end := strings.IndexByte(p[2:], ']')
	if end < 0 {
		return -1
	}
	name, named := strings.CutSuffix(p[2:2+end], ":")
	if !named {
		return 0
	}
	class, known := classes()[name]
	if !known {
		return -1
	}
	for c := range utf8.RuneSelf {
		has[c] = has[c] || class(byte(c))
	}
	return 2 + end + 1
}

// span adds a single byte or a range like a-z and says how long it is, 0 when
// it is cut off.
func (has *bytesIn) span(p string) int {
	if p == "" {
		return 0
	}
	low, n := literal(p)
	if n == 0 {
		return 0
	}
	has[low] = true
	if n+1 >= len(p) || p[n] != '-' || p[n+1] == ']' {
		return n
	}
	high, m := literal(p[n+1:])
	if m == 0 {
		return 0
	}
	for c := int(low); c <= int(high); c++ {
		has[c] = true
	}
	return n + 1 + m
}

// classes are the named classes that git knows, of ASCII alone.
func classes() map[string]func(byte) bool {
	between := func(low, high byte) func(byte) bool {
		return func(c byte) bool { return low <= c && c <= high }
	}
	upper, lower, digit, graph := between('A', 'Z'), between('a', 'z'), between('0', '9'), between('!', '~')
	alpha := func(c byte) bool { return upper(c) || lower(c) }
	alnum := func(c byte) bool { return alpha(c) || digit(c) }
	return map[string]func(byte) bool{
		"alnum": alnum, "alpha": alpha, "digit": digit, "upper": upper, "lower": lower, "graph": graph,
		"print":  between(' ', '~'),
		"punct":  func(c byte) bool { return graph(c) && !alnum(c) },
		"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
		"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
		"space":  func(c byte) bool { return strings.IndexByte(" \t\n\r", c) >= 0 },
		"xdigit": func(c byte) bool { return digit(c) || between('a', 'f')(c) || between('A', 'F')(c) },
	}
}
