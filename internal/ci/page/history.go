package page

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/report"
)

// historyView is how this run stands among those before it.
type historyView struct {
	What   string
	Charts []chart
	Runs   []earlierRow
}

// chart is one figure over the runs, the newest at the right.
type chart struct {
	Name, Last, Range string
	Segments          []segment
	Points            []point
}

// Places in a chart, in percent.
type (
	segment struct{ X1, Y1, X2, Y2 string }
	point   struct {
		X, Y, Title  string
		Failed, Last bool
	}
)

type earlierRow struct {
	ID, Start, Time, Lines string
	Jobs                   string
	Failed                 bool
	Word                   string
}

const (
	mostRuns   = 60
	mostCharts = 6 // of sizes
)

func (m maker) history() *historyView {
	earlier := m.run.Earlier[max(0, len(m.run.Earlier)-mostRuns):]
	if len(earlier) == 0 || len(m.run.Jobs) == 0 {
		return nil
	}
	runs := append(slices.Clone(earlier), Remember(m.run))
	v := historyView{What: m.number("n.runs", len(runs))}
	add := func(name string, text func(float64) string, value func(outcome.Earlier) (float64, bool)) {
		if c, ok := m.chart(name, runs, text, value); ok {
			v.Charts = append(v.Charts, c)
		}
	}
	add(m.of("time"), func(f float64) string { return report.Duration(time.Duration(f)) },
		func(e outcome.Earlier) (float64, bool) { return float64(e.Duration), true })
	add(m.of("coverage"), func(f float64) string { return fmt.Sprintf("%.1f %%", f) },
		func(e outcome.Earlier) (float64, bool) { return e.Lines, e.Lines >= 0 })
	sizes := sizesOf(m.run)
	names := make([]string, 0, len(sizes))
	for name := range sizes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), mostCharts)] {
		add(m.of("history.size", m.line(name, 80)), func(f float64) string { return report.Bytes(int64(f)) },
			func(e outcome.Earlier) (float64, bool) { size, has := e.Sizes[name]; return float64(size), has })
	}
	for i, e := range slices.Backward(runs) {
		v.Runs = append(v.Runs, m.earlierRow(e, i == len(runs)-1))
	}
	return &v
}

func (m maker) earlierRow(e outcome.Earlier, last bool) earlierRow {
	row := earlierRow{ID: m.line(e.ID, 80), Start: e.Start.Format("2006-01-02 15:04"), Time: report.Duration(e.Duration), Lines: "–", Failed: e.Failed > 0}
	if e.Lines >= 0 {
		row.Lines = fmt.Sprintf("%.1f %%", e.Lines)
	}
	if last {
		row.ID = m.of("this.run")
	}
	row.Word = m.of("state.passed")
	if row.Failed {
		row.Word = m.number("n.failed", e.Failed)
	}
	row.Jobs = strconv.Itoa(e.Jobs)
	if e.Restored > 0 {
		row.Jobs += " (" + m.number("n.restored", e.Restored) + ")"
	}
	return row
}

// chart draws one figure; two runs at least must have it, and this one too.
func (m maker) chart(name string, runs []outcome.Earlier, text func(float64) string, value func(outcome.Earlier) (float64, bool)) (chart, bool) {
	var xs []int
	var ys []float64
	for i, e := range runs {
		if y, has := value(e); has {
			xs, ys = append(xs, i), append(ys, y)
		}
	}
	if len(xs) < 2 || xs[len(xs)-1] != len(runs)-1 {
		return chart{}, false
	}
	low, high := slices.Min(ys), slices.Max(ys)
	last := len(ys) - 1
	c := chart{Name: name, Last: text(ys[last]), Range: m.of("history.from", text(ys[0]), text(ys[last]), text(low), text(high))}
	place := func(i int) (x, y string) {
		height := 0.5
		if high > low {
			height = (ys[i] - low) / (high - low)
		}
		// Points have a size: the edges stay free.
		return percent(2 + 96*float64(xs[i])/float64(len(runs)-1)), percent(88 - 76*height)
	}
	for i := range ys {
		x, y := place(i)
		e := runs[xs[i]]
		if i > 0 {
			x0, y0 := place(i - 1)
			c.Segments = append(c.Segments, segment{x0, y0, x, y})
		}
		if e.Failed > 0 || i == last {
			c.Points = append(c.Points, point{x, y, e.Start.Format("2006-01-02 15:04") + ": " + text(ys[i]), e.Failed > 0, i == last})
		}
	}
	return c, true
}
