package generate

import "strings"

// groovy is the text of a script with blocks, indented as they are open.
type groovy struct {
	text strings.Builder
	deep int
}

func (g *groovy) line(s string) {
	if s != "" {
		g.text.WriteString(strings.Repeat("    ", g.deep) + s)
	}
	g.text.WriteByte('\n')
}

func (g *groovy) open(head string) {
	g.line(head + " {")
	g.deep++
}

func (g *groovy) close() {
	g.deep--
	g.line("}")
}

// single is s as a string in which Groovy puts in nothing. Backslashes are
// doubled, which also keeps \u0027 from becoming a quote before it is read.
func single(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(s) + "'"
}
