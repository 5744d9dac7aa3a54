package page

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"

	"iact-infra/internal/ci/outcome"
)

// Text writes what a terminal shows at the end of a run: a table of the jobs, and
// the failures. It is plain: without colour, and as wide as its longest name.
func Text(w io.Writer, run outcome.Run, opt Options) error {
	v := viewOf(run, opt)
	said := wordsIn(opt.Lang)
	var out bytes.Buffer
	rows := [][]string{{said.of("job"), said.of("state"), said.of("took"), said.of("saved"), said.of("tests")}}
	for _, j := range v.Jobs {
		rows = append(rows, []string{j.Name, j.Word, j.Time, j.Saved, j.Tests})
	}
	if len(v.Jobs) > 0 {
		columns(&out, rows, map[int]bool{2: true, 3: true, 4: true})
		if v.MoreJobs != "" {
			out.WriteString(v.MoreJobs + "\n")
		}
		out.WriteString("\n")
	}
	for _, f := range v.Failures {
		out.WriteString(f.Word + ": " + f.Name)
		if f.Why != "" {
			out.WriteString(": " + f.Why)
		}
		out.WriteString("\n")
		if a := f.Advice; a != nil {
			indented(&out, said.of("cause"), a.Cause)
			indented(&out, said.of("fix"), a.Fix)
		}
	}
	const most = 10
	if v.Tests != nil && len(v.Tests.Failed) > 0 {
		out.WriteString(said.of("failed.tests") + ":\n")
		for _, t := range v.Tests.Failed[:min(len(v.Tests.Failed), most)] {
			out.WriteString("  " + t.Job + ": " + t.Name + "\n")
			if t.Message != "" {
				out.WriteString("    " + cut(t.Message, 200) + "\n")
			}
		}
		if n := failedIn(v.Tests.Jobs) - most; n > 0 {
			out.WriteString("  " + said.number("n.more", n) + "\n")
		}
	}
	out.WriteString(v.Headline + ": " + v.Sub + "\n")
	if t := v.Timeline; t.Serial != "" {
		out.WriteString(strings.TrimSpace(t.Serial+" "+t.Saved) + "\n")
	}
	_, err := out.WriteTo(w)
	return err
}

func failedIn(jobs []testCounts) (n int) {
	for _, j := range jobs {
		n += j.Failed
	}
	return n
}

func indented(out *bytes.Buffer, name, text string) {
	out.WriteString("  " + name + ": " + strings.ReplaceAll(text, "\n", "\n    ") + "\n")
}

// columns aligns cells by what a terminal shows of them; figures stand at the
// right, and a column that is empty below its head is left out.
func columns(out *bytes.Buffer, rows [][]string, figures map[int]bool) {
	widths := map[int]int{}
	for _, row := range rows[1:] {
		for i, cell := range row {
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	for i, cell := range rows[0] {
		if widths[i] > 0 {
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] == 0 {
				continue
			}
			blanks := strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell))
			if figures[i] {
				line.WriteString(blanks + cell + "  ")
			} else {
				line.WriteString(cell + blanks + "  ")
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// testCount is how the tests of a job are told in a cell: "2/40" failed.
func testCount(failed, all int) string {
	if failed > 0 {
		return strconv.Itoa(failed) + "/" + strconv.Itoa(all)
	}
	return strconv.Itoa(all)
}
