package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/report"
)

// view is what is shown of a run. Its texts are clean and have their final length.
type view struct {
	Lang      string
	Project   string
	State     outcome.State // passed, failed or cancelled; "" when there was no job
	Headline  string
	Sub       string // how many of the jobs went which way
	Facts     []fact
	Tiles     []tile
	Failures  []failure
	Blocked   []string
	Cancelled []string
	Timeline  timeline
	Jobs      []jobRow
	MoreJobs  string
	Tests     *testsView
	Coverage  *coverageView
	Findings  *findingsView
	Artifacts []artifactRow
	History   *historyView
	Left      []leftRow
}

// fact is a line of the head: where and when the run was.
type fact struct {
	Name, Value, Note string
	Code              bool
}

// tile is one figure of the overview, with the section that tells more.
type tile struct {
	Name, Value, Note string
	Link              string
	State             string // passed, failed or warned, or "" for no judgement
}

type leftRow struct {
	Job       string
	Processes []string
}

// maker makes the view: a run, the words, and what keeps texts clean.
type maker struct {
	words
	*cleaner
	run outcome.Run
}

func viewOf(run outcome.Run, opt Options) view {
	m := maker{words: wordsIn(opt.Lang), cleaner: newCleaner(opt.Clean), run: run}
	v := view{Lang: m.lang, Project: m.line(run.Project, 100)}
	v.Failures, v.Blocked, v.Cancelled = m.failures()
	v.Timeline, v.Jobs, v.MoreJobs = m.timeline()
	v.Tests = m.tests()
	v.Coverage = m.coverage()
	v.Findings = m.findings()
	v.Artifacts = m.artifacts()
	v.History = m.history()
	v.Left = m.left()
	m.opening(&v)
	v.Tiles = m.tiles(v)
	return v
}

// opening says in a sentence how the run ended.
func (m maker) opening(v *view) {
	n := map[outcome.State]int{}
	for _, j := range m.run.Jobs {
		n[j.State]++
	}
	switch {
	case len(m.run.Jobs) == 0:
		v.Headline, v.Sub = m.of("nothing"), m.of("nothing.why")
	case n[outcome.Failed] > 0 || n[outcome.Blocked] > 0:
		v.State, v.Headline = outcome.Failed, m.of("failed")
	case n[outcome.Cancelled] > 0:
		v.State, v.Headline = outcome.Cancelled, m.of("cancelled")
	default:
		v.State, v.Headline = outcome.Passed, m.of("passed")
	}
	if v.Sub == "" {
		v.Sub = m.sub(n)
	}
	m.facts(v)
}

func (m maker) sub(n map[outcome.State]int) string {
	all := len(m.run.Jobs)
	if n[outcome.Restored] == all {
		return m.of("all.cached")
	}
	parts := []string{m.number("n.jobs", all)}
	for _, p := range []struct {
		key   string
		state outcome.State
	}{
		{"n.failed", outcome.Failed}, {"n.blocked", outcome.Blocked}, {"n.cancelled", outcome.Cancelled},
		{"n.warned", outcome.Warned}, {"n.restored", outcome.Restored},
	} {
		if n[p.state] > 0 {
			parts = append(parts, m.number(p.key, n[p.state]))
		}
	}
	return strings.Join(parts, " · ")
}

func (m maker) facts(v *view) {
	add := func(key, value, note string, code bool) {
		if value != "" {
			v.Facts = append(v.Facts, fact{m.of(key), value, note, code})
		}
	}
	dirty := ""
	if m.run.Dirty {
		dirty = m.of("dirty")
	}
	add("branch", m.line(m.run.Branch, 100), "", true)
	commit := m.line(m.run.Commit, 100)
	if len(commit) == 40 {
		commit = commit[:10]
	}
	add("commit", commit, dirty, true)
	if !m.run.Start.IsZero() {
		add("started", m.run.Start.Format("2006-01-02 15:04 MST"), "", false)
	}
	cores := ""
	if m.run.Cores > 0 {
		cores = m.number("n.cores", m.run.Cores)
	}
	add("host", m.line(m.run.Host, 60), cores, false)
	add("run", m.line(m.run.ID, 80), "", true)
}

// tiles are the figures that most people look for, each only where it is known.
func (m maker) tiles(v view) []tile {
	if len(m.run.Jobs) == 0 {
		return nil
	}
	first := tile{Name: m.of("time"), Value: report.Duration(m.run.Duration), Link: "timeline"}
	if n := len(m.run.Earlier); n > 0 {
		first.Note = m.of("time.before", report.Duration(m.run.Earlier[n-1].Duration))
	}
	tiles := []tile{first}
	if t := v.Tests; t != nil {
		tiles = append(tiles, tile{Name: m.of("tests"), Value: fmt.Sprint(t.All), Note: t.Note, Link: "tests", State: t.State})
	}
	if c := v.Coverage; c != nil {
		tiles = append(tiles, tile{Name: m.of("coverage"), Value: c.Total, Note: c.Note, Link: "coverage", State: c.State})
	}
	if f := v.Findings; f != nil {
		tiles = append(tiles, tile{Name: m.of("findings"), Value: fmt.Sprint(f.All), Note: f.Note, Link: "findings", State: f.State})
	}
	if len(v.Artifacts) > 0 {
		tiles = append(tiles, m.sizeTile(v.Artifacts))
	}
	return tiles
}

func (m maker) left() []leftRow {
	var rows []leftRow
	for _, j := range m.run.Jobs {
		if len(j.Left) == 0 {
			continue
		}
		row := leftRow{Job: m.line(j.Name, 100)}
		for _, process := range j.Left[:min(len(j.Left), 20)] {
			row.Processes = append(row.Processes, m.line(process, 200))
		}
		rows = append(rows, row)
	}
	return rows[:min(len(rows), 50)]
}

// end is when a job ended.
func end(j outcome.Job) time.Time { return j.Start.Add(j.Duration) }

// ran tells whether a job had a slot: a blocked one never began.
func ran(j outcome.Job) bool { return j.State != outcome.Blocked && !j.Start.IsZero() }

// inState lists the names of the jobs that ended so.
func (m maker) inState(state outcome.State) []string {
	var names []string
	for _, j := range m.run.Jobs {
		if j.State == state {
			names = append(names, m.line(j.Name, 100))
		}
	}
	return names[:min(len(names), mostJobs)]
}

// failed lists the jobs that failed, in the order in which they did; those that
// were allowed to come last.
func (m maker) failed() []outcome.Job {
	failed := slices.DeleteFunc(slices.Clone(m.run.Jobs), func(j outcome.Job) bool {
		return j.State != outcome.Failed && j.State != outcome.Warned
	})
	slices.SortStableFunc(failed, func(a, b outcome.Job) int {
		if a.State != b.State {
			if a.State == outcome.Failed {
				return -1
			}
			return 1
		}
		return end(a).Compare(end(b))
	})
	return failed
}
