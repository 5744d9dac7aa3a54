package compat

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// judgement answers what only an interpreter knows; nil is no opinion.
type judgement struct {
	Packaging bool    `json:"packaging"`
	Markers   []*bool `json:"markers"`
	Fits      []*bool `json:"fits"`
}

type judgeQuestion struct {
	Markers []string    `json:"markers"`
	Fits    [][2]string `json:"fits"`
}

// dependencyRow is what one side has of a dependency.
type dependencyRow struct {
	applies   bool
	installed *distribution
	misfit    string   // the declared versions that the installed one is none of
	pythons   string   // the Pythons that it is for, when this one is none of them
	state     string   // how its import went
	failed    []loaded // what did not import
}

// judged asks each side which requirements apply to it, and what fits.
func (r *run) judged(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, s := range []*side{r.old, r.new} {
		if s.known() {
			group.Go(func() error { return r.judgeSide(ctx, s) })
		}
	}
	return group.Wait()
}

func (d *dependency) row(r *run, s *side) *dependencyRow {
	if s == r.old {
		return &d.oldRow
	}
	return &d.newRow
}

func (r *run) judgeSide(ctx context.Context, s *side) error {
	q := r.judgeQuestion(s)
	answers, _, err := ask[judgement](ctx, r, s, judgeProbe, q, r.limit())
	if ctx.Err() != nil {
		return err
	}
	var j judgement
	if err == nil && len(answers) == 1 {
		j = answers[0]
	}
	if !j.Packaging && s == r.new && anyMarker(q.Markers) {
		r.report.add(Finding{Code: "CP-DEP-009", Level: Warn, Verdict: New, Title: "markers were not evaluated: every requirement was taken as meant",
			Evidence: s.program, Cause: "the interpreter has neither packaging nor pip", Fix: s.program + " -m ensurepip"})
	}
	fits := j.Fits
	next := func() bool { // no opinion counts as fitting
		if len(fits) == 0 {
			return true
		}
		one := fits[0]
		fits = fits[1:]
		return one == nil || *one
	}
	markers := j.Markers
	for _, d := range r.wanted {
		row := d.row(r, s)
		for _, one := range d.said {
			applies := len(markers) == 0 || markers[0] == nil || *markers[0]
			markers = markers[min(1, len(markers)):]
			row.applies = row.applies || applies
			if row.installed != nil && !next() && applies {
				row.misfit = one.Spec
			}
		}
		if row.installed != nil && !next() {
			row.pythons = row.installed.RequiresPython
		}
	}
	return nil
}

func anyMarker(all []string) bool {
	for _, one := range all {
		if one != "" {
			return true
		}
	}
	return false
}

// judgeQuestion asks in the order in which judgeSide reads the answers.
func (r *run) judgeQuestion(s *side) judgeQuestion {
	var q judgeQuestion
	for _, d := range r.wanted {
		installed := s.names[d.name]
		d.row(r, s).installed = installed
		for _, one := range d.said {
			q.Markers = append(q.Markers, one.Marker)
			if installed != nil {
				q.Fits = append(q.Fits, [2]string{one.Spec, installed.Version})
			}
		}
		if installed != nil {
			q.Fits = append(q.Fits, [2]string{installed.RequiresPython, s.facts.Version})
		}
	}
	return q
}
