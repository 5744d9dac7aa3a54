package pybench

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The plot in its own units, which are pixels unless it is scaled.
const (
	plotWidth  = 960
	plotTop    = 78
	plotRow    = 26
	plotLeft   = 210 // of the axis
	plotRight  = 590
	plotText   = 606 // where the ratio stands
	plotEnd    = 944
	nameLength = 22 // letters of a name that are sure to have room
)

// plotStyle has colours that also those tell apart who see less red or green,
// and paper of its own: an image viewer may be of any colour.
const plotStyle = `
text { font: 13px system-ui, "DejaVu Sans", Verdana, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.small { font-size: 12px; fill: #57606a; }
.paper { fill: #ffffff; }
.stripe { fill: #f3f5f7; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.one { stroke: #57606a; stroke-width: 1.5; }
.limit { stroke: #b34700; stroke-width: 1; stroke-dasharray: 4 3; }
.faster { stroke: #0b64b0; fill: #0b64b0; }
.slower { stroke: #b34700; fill: #b34700; }
.same, .unclear { stroke: #6e7781; fill: #6e7781; }
.mean { stroke: #1f2328; fill: #1f2328; }
.bar { stroke-width: 2; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.small { fill: #9ea7b3; }
.paper { fill: #0d1117; }
.stripe { fill: #161b22; }
.grid { stroke: #30363d; }
.one { stroke: #9ea7b3; }
.limit { stroke: #ff9d57; }
.faster { stroke: #58a6ff; fill: #58a6ff; }
.slower { stroke: #ff9d57; fill: #ff9d57; }
.same, .unclear { stroke: #9ea7b3; fill: #9ea7b3; }
.mean { stroke: #e6edf3; fill: #e6edf3; }
}
`

// mark is one line of the plot.
type mark struct {
	name, class, text string
	ratio             Ratio
}

// SVG writes a forest plot: for each result the ratio and its interval, with a
// line where both interpreters are the same.
func (r *Report) SVG(w io.Writer) error {
	if _, err := io.WriteString(w, r.svg()); err != nil {
		return fmt.Errorf("write plot: %w", err)
	}
	return nil
}

func (r *Report) svg() string {
	marks := r.marks()
	var shown []Ratio
	for _, one := range marks {
		shown = append(shown, one.ratio)
	}
	a := newAxis(append(shown, Ratio{1, 1, regressing(r.Threshold)}), plotLeft, plotRight)
	bottom := plotTop + plotRow*len(marks)
	height := bottom + 62
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`, plotWidth, height, plotWidth, height)
	fmt.Fprintf(&b, "\n<title>%s</title>\n<style>%s</style>\n", escape(r.title()), plotStyle)
	fmt.Fprintf(&b, `<rect class="paper" x="0" y="0" width="%d" height="%d"/>`+"\n", plotWidth, height)
	label(&b, "title", 16, 28, "start", shorten(r.title(), 80))
	label(&b, "small", 16, 48, "start", shorten(r.how(), 110))
	label(&b, "small", plotText, plotTop-10, "start", "new/old [95 % interval]")
	for i := range marks {
		if i%2 == 0 {
			fmt.Fprintf(&b, `<rect class="stripe" x="8" y="%d" width="%d" height="%d"/>`+"\n", plotTop+plotRow*i, plotWidth-16, plotRow)
		}
	}
	for _, tick := range a.ticks() {
		class := "grid"
		if tick == 1 {
			class = "one"
		}
		line(&b, class, a.at(tick), plotTop, a.at(tick), float64(bottom))
		label(&b, "small", a.at(tick), float64(bottom+16), "middle", strconv.FormatFloat(tick, 'g', -1, 64))
	}
	line(&b, "limit", a.at(regressing(r.Threshold)), plotTop, a.at(regressing(r.Threshold)), float64(bottom))
	label(&b, "small", plotLeft, float64(bottom+36), "start", "← new is faster or smaller")
	label(&b, "small", plotRight, float64(bottom+36), "end", "new is slower or larger →")
	label(&b, "small", plotLeft, float64(bottom+52), "start", fmt.Sprintf("dashed: a regression is beyond it (%.0f %%); the axis is logarithmic", r.Threshold*100))
	for i, one := range marks {
		one.draw(&b, a, float64(plotTop+plotRow*i)+plotRow/2)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (r *Report) marks() []mark {
	var all []mark
	for _, one := range r.Results {
		all = append(all, mark{one.Name, one.Verdict, r.said(one), one.Ratio})
	}
	if r.Mean != nil {
		all = append(all, mark{"geometric mean of time", "mean", "", *r.Mean})
	}
	return all
}

// draw draws the interval as a bar and the ratio as a dot, the mean as a diamond.
// An end that lies outside of the axis is an arrow.
func (k mark) draw(b *strings.Builder, a axis, y float64) {
	class := k.class
	if !slices.Contains([]string{Faster, Slower, Same, Unclear, "mean"}, class) {
		class = Unclear // a report that was read may hold anything
	}
	fmt.Fprintf(b, "<g><title>%s</title>\n", escape(k.name+": "+k.ratio.String()))
	label(b, "", plotLeft-16, y+4.5, "end", shorten(k.name, nameLength))
	low, high, at := a.at(k.ratio.Low), a.at(k.ratio.High), a.at(k.ratio.Value)
	line(b, class+" bar", low, y, high, y)
	for _, end := range []struct {
		ratio, x, tip float64
	}{{k.ratio.Low, low, -7}, {k.ratio.High, high, 7}} {
		if a.holds(end.ratio) {
			line(b, class+" bar", end.x, y-5, end.x, y+5)
			continue
		}
		shape(b, class, [][2]float64{{end.x, y - 5}, {end.x + end.tip, y}, {end.x, y + 5}})
	}
	if class == "mean" {
		shape(b, class, [][2]float64{{at - 7, y}, {at, y - 6}, {at + 7, y}, {at, y + 6}})
	} else {
		fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="4.5"/>`+"\n", class, at, y)
	}
	label(b, "", plotText, y+4.5, "start", fmt.Sprintf("%s [%s]", times(k.ratio.Value), interval(k.ratio)))
	label(b, "small", plotEnd, y+4.5, "end", k.text)
	b.WriteString("</g>\n")
}

func label(b *strings.Builder, class string, x, y float64, anchor, text string) {
	fmt.Fprintf(b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", class, x, y, anchor, escape(text))
}

func line(b *strings.Builder, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

func shape(b *strings.Builder, class string, points [][2]float64) {
	var list []string
	for _, p := range points {
		list = append(list, fmt.Sprintf("%.1f,%.1f", p[0], p[1]))
	}
	fmt.Fprintf(b, `<polygon class="%s" points="%s"/>`+"\n", class, strings.Join(list, " "))
}

// escape is text as XML, and as HTML, can hold it.
func escape(s string) string {
	var b strings.Builder
	// A strings.Builder takes everything.
	_ = xml.EscapeText(&b, []byte(plain(s)))
	return b.String()
}

func shorten(s string, most int) string {
	if letters := []rune(s); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return s
}
