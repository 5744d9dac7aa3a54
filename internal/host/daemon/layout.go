package daemon

import (
	"bytes"
	"strings"
)

// layout is the form in which somebody wrote a file.
type layout struct {
	newline string
	unit    string // of indentation
	colon   string // between a key and its value
}

// layoutOf looks at the first key of a file; without one it is Docker's own form.
func layoutOf(text []byte, root node) layout {
	l := layout{newline: "\n", unit: "  ", colon: ": "}
	if bytes.Contains(text, []byte("\r\n")) {
		l.newline = "\r\n"
	}
	if len(root.members) == 0 {
		return l
	}
	first := root.members[0]
	if between := string(text[first.keyEnd:first.value.start]); !strings.Contains(between, "\n") {
		l.colon = between
	}
	if ownLine(text, first.keyStart) {
		// A closing brace that is indented, too, is not part of the unit.
		outer := l.indentAt(text, root.start)
		if unit := strings.TrimPrefix(l.indentAt(text, first.keyStart), outer); unit != "" {
			l.unit = unit
		}
	}
	return l
}

// indentAt is the white space at the beginning of the line that an offset is on.
func (layout) indentAt(text []byte, offset int) string {
	line := text[bytes.LastIndexByte(text[:offset], '\n')+1 : offset]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// ownLine says whether nothing but white space stands before an offset on its line.
func ownLine(text []byte, offset int) bool {
	at := bytes.LastIndexByte(text[:offset], '\n')
	return at >= 0 && len(bytes.TrimSpace(text[at:offset])) == 0
}

// insert adds members to an object behind those that it has.
func (l layout) insert(text []byte, n node, missing []wish) edit {
	if len(n.members) == 0 {
		outer := l.indentAt(text, n.start)
		inner := outer + l.unit
		lines := make([]string, len(missing))
		for i, w := range missing {
			lines[i] = l.newline + inner + l.member(w, inner)
		}
		return edit{n.start + 1, n.end - 1, strings.Join(lines, ",") + l.newline + outer}
	}
	last := n.members[len(n.members)-1]
	var out strings.Builder
	for _, w := range missing {
		if ownLine(text, last.keyStart) {
			indent := l.indentAt(text, last.keyStart)
			out.WriteString("," + l.newline + indent + l.member(w, indent))
			continue
		}
		space := ""
		if strings.HasSuffix(l.colon, " ") {
			space = " "
		}
		out.WriteString("," + space + compact(w.key) + l.colon + l.inline(w))
	}
	return edit{last.value.end, last.value.end, out.String()}
}

func (l layout) member(w wish, indent string) string {
	return compact(w.key) + l.colon + l.render(w, indent)
}

// render is the value of a wish for a line with that indentation.
func (l layout) render(w wish, indent string) string {
	if len(w.fields) == 0 {
		return w.value
	}
	lines := make([]string, len(w.fields))
	for i, field := range w.fields {
		lines[i] = l.newline + indent + l.unit + l.member(field, indent+l.unit)
	}
	return "{" + strings.Join(lines, ",") + l.newline + indent + "}"
}

// inline is the value of a wish on one line.
func (l layout) inline(w wish) string {
	if len(w.fields) == 0 {
		return w.value
	}
	parts := make([]string, len(w.fields))
	for i, field := range w.fields {
		parts[i] = compact(field.key) + l.colon + l.inline(field)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
