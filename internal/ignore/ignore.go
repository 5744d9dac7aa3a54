// Package ignore matches paths against patterns in the syntax of gitignore:
// the last pattern that matches decides, "!" takes back, a slash in front or
// within anchors a pattern at the root, a slash at the end means directories
// only, "**" crosses directories. As in git, what lies in a directory that is
// left out can't be taken back, since nobody looks into it.
package ignore

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// List is a compiled list of patterns.
type List struct {
	rules []rule
	below string // put before each path
}

type rule struct {
	back     bool // "!": matching paths are not left out
	dir      bool // directories only
	anchored bool // compared with the whole path, else with the last name
	literal  string
	suffix   string         // "*.log" without its star, the commonest pattern
	pattern  *regexp.Regexp // nil when literal or suffix says it all
}

// Verdict is what a list says about a path.
type Verdict int

// The verdicts. A list that says nothing leaves it to the lists above it.
const (
	Silent Verdict = iota
	Out
	Back
)

// Compile reads patterns, one each. Empty ones and comments are allowed.
func Compile(patterns []string) (*List, error) {
	l := &List{}
	for _, p := range patterns {
		r, ok, err := compile(p)
		if err != nil {
			return nil, fmt.Errorf("exclude pattern %q: %w", p, err)
		}
		if ok {
			l.rules = append(l.rules, r)
		}
	}
	return l, nil
}

// Match says whether a path (relative, with slashes) is left out.
func (l *List) Match(path string, dir bool) bool { return l.Judge(path, dir) == Out }

// Judge says what the last pattern that matches a path says of it.
func (l *List) Judge(path string, dir bool) Verdict {
	path = wide(l.below + path)
	name := path[strings.LastIndexByte(path, '/')+1:]
	for i := len(l.rules) - 1; i >= 0; i-- {
		r := &l.rules[i]
		if r.dir && !dir {
			continue
		}
		subject := name
		if r.anchored {
			subject = path
		}
		if r.matches(subject) {
			if r.back {
				return Back
			}
			return Out
		}
	}
	return Silent
}

func (r *rule) matches(subject string) bool {
	switch {
	case r.pattern != nil:
		return r.pattern.MatchString(subject)
	case r.suffix != "":
		return strings.HasSuffix(subject, r.suffix)
	default:
		return subject == r.literal
	}
}

func compile(p string) (rule, bool, error) {
	var r rule
	p = trimBlanks(strings.TrimSuffix(p, "\r"))
	if p == "" || p[0] == '#' {
		return r, false, nil
	}
	if p[0] == '!' {
		r.back, p = true, p[1:]
	}
	if strings.HasSuffix(p, "/") {
		r.dir, p = true, strings.TrimSuffix(p, "/")
	}
	if strings.Contains(p, "/") {
		r.anchored, p = true, strings.TrimPrefix(p, "/")
	}
	if p == "" {
		return r, false, nil
	}
	if !strings.ContainsAny(p, `*?[\`) {
		r.literal = wide(p)
		return r, true, nil
	}
	if rest := strings.TrimPrefix(p, "*"); !r.anchored && rest != "" && !strings.ContainsAny(rest, `*?[\`) {
		r.suffix = wide(rest)
		return r, true, nil
	}
	source := translate(p)
	if source == "" {
		return r, false, nil // git: a pattern that can't be read matches nothing
	}
	pattern, err := regexp.Compile(source)
	r.pattern = pattern
	return r, err == nil, err
}

// trimBlanks removes blanks at the end unless a backslash protects them.
func trimBlanks(p string) string {
	for strings.HasSuffix(p, " ") {
		slashes := len(p) - 1 - len(strings.TrimRight(p[:len(p)-1], `\`))
		if slashes%2 == 1 {
			break
		}
		p = p[:len(p)-1]
	}
	return p
}

// translate turns a pattern into a regular expression over bytes, which wide
// has made runes of. It is empty for a pattern that git can't read.
func translate(p string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(p); {
		rest := p[i:]
		switch rest[0] {
		case '*':
			stars := len(rest) - len(strings.TrimLeft(rest, "*"))
			i += stars
			whole := stars > 1 && (i == stars || p[i-stars-1] == '/')
			switch {
			case whole && (i == len(p) || strings.HasPrefix(p[i:], `\/`)):
				b.WriteString(`.*`)
			case whole && p[i] == '/':
				b.WriteString(`(?:[^/]+/)*`)
				i++
			default:
				b.WriteString(`[^/]*`)
			}
		case '?':
			b.WriteString(`[^/]`)
			i++
		case '[':
			class, n := bracket(rest)
			if n == 0 {
				return ""
			}
			b.WriteString(class)
			i += n
		case '\\':
			if len(rest) == 1 {
				return ""
			}
			b.WriteString(escape(rest[1]))
			i += 2
		default:
			b.WriteString(escape(rest[0]))
			i++
		}
	}
	b.WriteString(`\z`)
	return b.String()
}

// wide makes a rune of each byte: git compares bytes, whatever they mean.
func wide(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return s
	}
	runes := make([]rune, len(s))
	for i := range runes {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func literal(p string) (byte, int) {
	if p[0] != '\\' {
		return p[0], 1
	}
	if len(p) == 1 {
		return 0, 0
	}
	return p[1], 2
}

func escape(c byte) string { return fmt.Sprintf(`\x{%02x}`, c) }

// Below is the list as a directory below sees it, whose paths then begin there.
func (l *List) Below(dir string) *List { return &List{rules: l.rules, below: l.below + dir + "/"} }
