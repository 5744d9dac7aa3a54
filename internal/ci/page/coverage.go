package page

import (
	"cmp"
	"slices"
	"strconv"

	"iact-infra/internal/ci/coverage"
)

// coverageView is what the tests have reached.
type coverageView struct {
	Total string
	Note  string
	State string
	Rows  []coverageRow
	Files []coverageFile
}

type coverageRow struct {
	Name, Job       string
	Lines, Branches string
	Threshold       string
	Width, Mark     string // of the meter, and where the threshold is
	Below           bool
}

type coverageFile struct {
	Path, Lines, Width string
	Missed             int
}

const mostFiles = 12

func (m maker) coverage() *coverageView {
	var v coverageView
	var files []coverage.File
	var all coverage.Report
	below := false
	for _, j := range m.run.Jobs {
		c := j.Coverage
		if c == nil {
			continue
		}
		row := m.coverageRow(j.Component, *c)
		row.Job = m.line(j.Name, 100)
		below = below || row.Below
		v.Rows = append(v.Rows, row)
		files = append(files, c.Files...)
		all.Lines, all.Branches = sum(all.Lines, c.Lines), sum(all.Branches, c.Branches)
	}
	if m.run.Coverage != nil {
		all, files = *m.run.Coverage, m.run.Coverage.Files
	}
	if len(v.Rows) == 0 && m.run.Coverage == nil {
		return nil
	}
	v.Rows = v.Rows[:min(len(v.Rows), mostJobs)]
	if len(v.Rows) != 1 {
		total := m.coverageRow("", all)
		total.Name = m.of("all.components")
		v.Rows = append(v.Rows, total)
	}
	v.Total, v.State = share(all.Lines), "passed"
	if all.Branches.All > 0 {
		v.Note = m.of("branches", share(all.Branches))
	}
	if below {
		v.Note, v.State = m.of("threshold.not"), "failed"
	}
	v.Files = m.worst(files)
	return &v
}

func (m maker) coverageRow(component string, c coverage.Report) coverageRow {
	row := coverageRow{Name: m.line(component, 100), Lines: share(c.Lines), Width: percent(c.Lines.Percent())}
	if c.Branches.All > 0 {
		row.Branches = share(c.Branches)
	}
	if least := m.run.Thresholds[component]; component != "" && least > 0 {
		row.Threshold = strconv.FormatFloat(least, 'f', -1, 64) + " %"
		row.Mark = percent(min(least, 100))
		row.Below = c.Lines.Percent() < least
	}
	return row
}

// worst lists the files with the most lines that no test has reached: that is
// where the next test gains most.
func (m maker) worst(files []coverage.File) []coverageFile {
	files = slices.DeleteFunc(slices.Clone(files), func(f coverage.File) bool { return f.Lines.Covered >= f.Lines.All })
	slices.SortStableFunc(files, func(a, b coverage.File) int {
		return cmp.Or(cmp.Compare(missed(b), missed(a)), cmp.Compare(a.Path, b.Path))
	})
	var rows []coverageFile
	for _, f := range files[:min(len(files), mostFiles)] {
		rows = append(rows, coverageFile{m.line(f.Path, 300), share(f.Lines), percent(f.Lines.Percent()), missed(f)})
	}
	return rows
}

func missed(f coverage.File) int { return f.Lines.All - f.Lines.Covered }

func sum(a, b coverage.Count) coverage.Count {
	return coverage.Count{Covered: a.Covered + b.Covered, All: a.All + b.All}
}

// share is a count in percent. It is cut, not rounded: 99.96 is not all.
func share(c coverage.Count) string {
	if c.All <= 0 {
		return "–"
	}
	tenths := 1000 * int64(c.Covered) / int64(c.All)
	return strconv.FormatFloat(float64(tenths)/10, 'f', 1, 64) + " %"
}
