package symptom

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// minLiteral is the shortest literal text that is worth looking for.
const minLiteral = 8

// A pattern is one wording of an entry.
type pattern struct {
	entry   int // index in the catalogue
	rank    int // index in the entry
	source  string
	literal string   // the longest of the texts below
	texts   []string // what every match holds
}

// compile makes the regular expression. A blank matches one separator, which
// is all that Normalise leaves of any white space, and a dot matches them too.
func (p pattern) compile() *regexp.Regexp {
	return regexp.MustCompile(expression(p.source))
}

func expression(source string) string {
	var b strings.Builder
	b.WriteString("(?s)")
	class := false
	for i := 0; i < len(source); i++ {
		switch ch := source[i]; {
		case ch == '\\' && i+1 < len(source):
			b.WriteByte(ch)
			i++
			b.WriteByte(source[i])
		case ch == '[' && !class:
			class = true
			b.WriteByte(ch)
		case ch == ']' && class:
			class = false
			b.WriteByte(ch)
		case ch == ' ' && class:
			b.WriteString(` \n`)
		case ch == ' ':
			b.WriteString(`[ \n]`)
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

// newPattern analyses the source of a pattern; it also returns the names of
// the pattern's groups.
func newPattern(source string) (p pattern, groups []string, err error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return pattern{}, nil, err
	}
	p.source = source
	run := ""
	gap := func() {
		if len(run) > len(p.literal) {
			p.literal = run
		}
		if len(run) >= minLiteral {
			p.texts = append(p.texts, run)
		}
		run = ""
	}
	walkLiterals(tree, func(text string) { run += text }, gap)
	gap()
	if len(p.literal) < minLiteral {
		return pattern{}, nil, fmt.Errorf("pattern %q has no literal text of %d bytes", source, minLiteral)
	}
	return p, tree.CapNames(), nil
}

// possible is false where a match is not, for want of one of the texts that it
// would hold: a regular expression takes far longer to find that out.
func (p pattern) possible(text []byte) bool {
	for _, literal := range p.texts {
		if !contains(text, literal) {
			return false
		}
	}
	return true
}

// walkLiterals calls text for what stands in every match, in order, and gap
// for whatever may stand between.
func walkLiterals(re *syntax.Regexp, text func(string), gap func()) {
	switch {
	case re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0:
		text(string(re.Rune))
	case re.Op == syntax.OpConcat, re.Op == syntax.OpCapture:
		for _, sub := range re.Sub {
			walkLiterals(sub, text, gap)
		}
	case re.Op == syntax.OpEmptyMatch, re.Op == syntax.OpWordBoundary:
	default:
		gap()
	}
}
