package page

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/report"
)

// timeline is the jobs over the slots that ran them. Places and widths are in
// percent of the picture's width.
type timeline struct {
	Height   int // of the picture, in pixels
	Lanes    []lane
	Ticks    []tick
	Waited   bool // some job waited for a slot
	What     string
	Serial   string
	Saved    string
	Critical []criticalJob
	Chain    string // how long the critical path is
}

type lane struct {
	Y    int
	Bars []bar
}

type tick struct{ X, Text string }

type criticalJob struct {
	N          int
	Name, Time string
}

// bar is a job on the timeline.
type bar struct {
	N        int
	X, W     string
	State    outcome.State
	Title    string
	Critical bool
	// Text is the job's name where it fits. Narrow says that it fits on a telephone
	// too; where it does not, the job's number may.
	Text       string
	Narrow     bool
	WideNumber bool
	Number     bool
}

// jobRow is a job in the table below the timeline.
type jobRow struct {
	N        int
	Name     string
	State    outcome.State
	Word     string
	Time     string
	Saved    string
	Waited   string
	Tests    string
	Log      string
	Critical bool
	Bar      *span
	Wait     *span
}

type span struct{ X, W string }

const (
	mostJobs   = 400
	laneHeight = 36
	axisHeight = 24
	wideWidth  = 860 // of the picture on a desktop, at least
	thinWidth  = 280 // on a telephone
	letter     = 7.2 // width of one, at the size of the labels
)

func (m maker) timeline() (timeline, []jobRow, string) {
	t := timeline{}
	jobs := m.run.Jobs
	shown := jobs[:min(len(jobs), mostJobs)]
	scale := m.scale()
	lanes := lanesOf(shown)
	critical := criticalPath(jobs)
	t.Height = len(lanes)*laneHeight + axisHeight
	for i := range lanes {
		t.Lanes = append(t.Lanes, lane{Y: i * laneHeight})
	}
	var rows []jobRow
	var serial, saved time.Duration
	for i, j := range jobs {
		serial += max(j.Duration, j.Saved)
		saved += max(0, j.Saved-j.Duration)
		if i < len(shown) {
			row := m.jobRow(i+1, j, scale)
			row.Critical = critical[i]
			t.Waited = t.Waited || row.Wait != nil
			rows = append(rows, row)
		}
		if i < len(shown) && ran(j) {
			at, _ := slices.BinarySearch(lanes, j.Lane)
			b := m.bar(i+1, j, scale)
			b.Critical = critical[i]
			t.Lanes[at].Bars = append(t.Lanes[at].Bars, b)
		}
	}
	if len(lanes) > 0 {
		t.Ticks = ticks(scale.whole)
		t.What = m.of("timeline.what", m.number("n.jobs", len(jobs)), m.number("n.lanes", len(lanes)))
		m.compare(&t, serial, saved)
		m.chain(&t, critical)
	}
	more := ""
	if n := len(jobs) - len(shown); n > 0 {
		more = m.number("n.more", n)
	}
	return t, rows, more
}

// compare says what the run has won over one job after the other.
func (m maker) compare(t *timeline, serial, saved time.Duration) {
	whole := m.run.Duration
	t.Serial = m.of("serial.plain", report.Duration(serial))
	if times := float64(serial) / float64(max(whole, 1)); times >= 1.05 && whole > 0 {
		t.Serial = m.of("serial", report.Duration(serial), report.Duration(whole), ratio(times))
	}
	if saved > 0 {
		t.Saved = m.of("saved.all", report.Duration(saved))
	}
}

func ratio(times float64) string {
	if times >= 9.95 {
		return strconv.FormatFloat(times, 'f', 0, 64)
	}
	return strconv.FormatFloat(times, 'f', 1, 64)
}

func (m maker) chain(t *timeline, critical map[int]bool) {
	var whole time.Duration
	for i, j := range m.run.Jobs {
		if critical[i] {
			whole += j.Duration
			t.Critical = append(t.Critical, criticalJob{i + 1, m.line(j.Name, 100), report.Duration(j.Duration)})
		}
	}
	slices.SortStableFunc(t.Critical, func(a, b criticalJob) int {
		return m.run.Jobs[a.N-1].Start.Compare(m.run.Jobs[b.N-1].Start)
	})
	if len(t.Critical) < 2 || len(t.Critical) > 30 {
		t.Critical = nil
		return
	}
	t.Chain = report.Duration(whole)
}

// scale turns moments into percent of the whole.
type scale struct {
	start time.Time
	whole time.Duration
}

func (m maker) scale() scale {
	s := scale{start: m.run.Start, whole: max(m.run.Duration, time.Millisecond)}
	for _, j := range m.run.Jobs {
		if !ran(j) {
			continue
		}
		if s.start.IsZero() || j.Start.Before(s.start) && s.start.Sub(j.Start) < s.whole {
			s.start = j.Start
		}
		s.whole = max(s.whole, end(j).Sub(s.start))
	}
	return s
}

func (s scale) at(moment time.Time) float64 {
	return min(100, max(0, 100*float64(moment.Sub(s.start))/float64(s.whole)))
}

func (s scale) span(from, to time.Time) span {
	x := s.at(from)
	return span{percent(x), percent(max(0, s.at(to)-x))}
}

func percent(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) + "%" }

func (m maker) bar(n int, j outcome.Job, s scale) bar {
	name := m.line(j.Name, 100)
	place := s.span(j.Start, end(j))
	b := bar{N: n, X: place.X, W: place.W, State: known(j.State)}
	b.Title = strings.Join([]string{strconv.Itoa(n) + ". " + name, m.of("state." + string(b.State)), report.Duration(j.Duration)}, ", ")
	if wait := waited(j); wait > 0 {
		b.Title += ", " + m.of("waited", report.Duration(wait))
	}
	part := (s.at(end(j)) - s.at(j.Start)) / 100
	room := func(text string, width float64) bool {
		return float64(uniseg.StringWidth(text))*letter+14 <= part*width
	}
	number := strconv.Itoa(n)
	if room(name, wideWidth) {
		b.Text, b.Narrow = name, room(name, thinWidth)
	}
	b.WideNumber = b.Text == "" && room(number, wideWidth)
	b.Number = !b.Narrow && room(number, thinWidth)
	return b
}

func (m maker) jobRow(n int, j outcome.Job, s scale) jobRow {
	row := jobRow{N: n, Name: m.line(j.Name, 100), State: known(j.State), Log: m.link(j.Log)}
	row.Word = m.of("state." + string(row.State))
	if !ran(j) {
		return row
	}
	place := s.span(j.Start, end(j))
	row.Time, row.Bar = report.Duration(j.Duration), &place
	if saved := j.Saved - j.Duration; saved > 0 {
		row.Saved = report.Duration(saved)
	}
	if wait := waited(j); wait > 0 {
		row.Waited = m.of("waited", report.Duration(wait))
		place := s.span(j.Ready, j.Start)
		row.Wait = &place
	}
	if t := j.Tests; t != nil {
		row.Tests = testCount(t.Failed, t.Passed+t.Failed)
	}
	return row
}

// waited is how long a job that could have begun had no slot; what takes no time
// for a person is none.
func waited(j outcome.Job) time.Duration {
	if wait := j.Start.Sub(j.Ready); !j.Ready.IsZero() && wait >= 50*time.Millisecond {
		return wait
	}
	return 0
}

// known is the state, or "unknown" for one of a newer toolkit.
func known(s outcome.State) outcome.State {
	switch s {
	case outcome.Passed, outcome.Restored, outcome.Failed, outcome.Warned, outcome.Blocked, outcome.Cancelled:
		return s
	}
	return "unknown"
}

// lanesOf lists the numbers of the slots in use, in order.
func lanesOf(jobs []outcome.Job) []int {
	var lanes []int
	for _, j := range jobs {
		if ran(j) {
			lanes = append(lanes, j.Lane)
		}
	}
	slices.Sort(lanes)
	return slices.Compact(lanes)
}

// ticks are the round times below the picture: four to eight of them.
func ticks(whole time.Duration) []tick {
	step := time.Millisecond
	for _, factor := range []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3} {
		if step = time.Duration(factor) * time.Millisecond; whole/step <= 6 {
			break
		}
	}
	for whole/step > 6 {
		step *= 2
	}
	marks := []tick{{"0%", "0"}}
	for at := step; at < whole; at += step {
		x := 100 * float64(at) / float64(whole)
		if x > 93 {
			break
		}
		marks = append(marks, tick{percent(x), axisTime(at)})
	}
	return marks
}

// axisTime is short: "200 ms", "5 s", "1:30", "2 h".
func axisTime(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatInt(int64(d/time.Second), 10) + " s"
	case d < time.Hour:
		seconds := int64(d % time.Minute / time.Second)
		return strconv.FormatInt(int64(d/time.Minute), 10) + ":" + strconv.FormatInt(seconds/10, 10) + strconv.FormatInt(seconds%10, 10)
	default:
		return strconv.FormatFloat(d.Hours(), 'f', -1, 64) + " h"
	}
}
