package pybench

import (
	"fmt"
	"io"
	"strings"
)

// pageStyle follows the reader's choice of light or dark, as the plot does.
const pageStyle = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", Verdana, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: #ffffff; color: #1f2328; }
svg { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .25rem .8rem; border-bottom: 1px solid #d0d7de; text-align: right; white-space: nowrap; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
.slower { color: #b34700; font-weight: 600; }
.faster { color: #0b64b0; }
.how { color: #57606a; }
@media (prefers-color-scheme: dark) {
body { background: #0d1117; color: #e6edf3; }
th, td { border-color: #30363d; }
.slower { color: #ff9d57; }
.faster { color: #58a6ff; }
.how { color: #9ea7b3; }
}
`

// readingAid explains what the numbers are, below them.
const readingAid = `Every benchmark ran in pairs of processes, one of each interpreter next to each other, in turns old first and new first. The ratio is the centre of the ratios of the pairs (Hodges and Lehmann); its interval holds the truth 19 times of 20 (Wilcoxon's signed ranks; Student's with fewer than six pairs). Less is better. Below 1 the new interpreter is faster or smaller. The shipped suite counts processor time, startup is by the clock, memory is the peak of a process.`

// HTML writes one page that needs nothing else: the plot, the table, the notes.
// It is XML, too.
func (r *Report) HTML(w io.Writer) error {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n" + `<html xmlns="http://www.w3.org/1999/xhtml" lang="en">` + "\n<head>\n" + `<meta charset="utf-8"/>` + "\n")
	b.WriteString(`<meta name="viewport" content="width=device-width, initial-scale=1"/>` + "\n")
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n", escape(r.title()), pageStyle)
	fmt.Fprintf(&b, "<h1>%s</h1>\n<p class=\"how\">%s</p>\n", escape(r.title()), escape(r.how()))
	fmt.Fprintf(&b, "<div class=\"scroll\">\n%s</div>\n", r.svg())
	r.htmlTable(&b)
	for _, part := range r.remarks() {
		fmt.Fprintf(&b, "<h2>%s</h2>\n<ul>\n", escape(part.title))
		for _, line := range part.lines {
			fmt.Fprintf(&b, "<li>%s</li>\n", escape(line))
		}
		b.WriteString("</ul>\n")
	}
	fmt.Fprintf(&b, "<h2>How to read it</h2>\n<p>%s</p>\n", escape(readingAid))
	for _, side := range []struct {
		label string
		is    Identity
	}{{"Old", r.Old}, {"New", r.New}} {
		fmt.Fprintf(&b, "<p class=\"how\">%s: %s, %s, %s %s</p>\n", side.label, escape(side.is.Program), escape(side.is.Version), escape(side.is.Compiler), escape(strings.Join(side.is.Build, " ")))
	}
	b.WriteString("</body>\n</html>\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func (r *Report) htmlTable(b *strings.Builder) {
	b.WriteString("<div class=\"scroll\">\n<table>\n")
	for i, row := range r.rows() {
		cell, class := "td", ""
		switch {
		case i == 0:
			cell = "th"
		case i <= len(r.Results) && (r.Results[i-1].Verdict == Slower || r.Results[i-1].Verdict == Faster):
			class = r.Results[i-1].Verdict
		}
		b.WriteString("<tr>")
		for j, text := range row {
			if j == len(row)-1 && class != "" {
				fmt.Fprintf(b, "<%s class=\"%s\">%s</%s>", cell, class, escape(text), cell)
				continue
			}
			fmt.Fprintf(b, "<%s>%s</%s>", cell, escape(text), cell)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n</div>\n")
}
