// Package retention decides which backups of a history stay and why.
//
// The rules are those of restic's `forget --keep-*`, as of restic 0.19, and so
// are the words for the reasons. A backup stays when any rule keeps it. The
// rules go by the calendar and never by the moment at which they are asked:
// of the newest N days that have a backup, each keeps its newest one, and so
// for hours, weeks (Monday to Sunday, ISO 8601), months and years, in the time
// zone that each backup's own time is written in. As long as such a rule has
// not used up its N, it keeps the oldest backup of the history as well. Spans
// are measured back from the newest backup that is not in the future.
//
// Nothing here reads a clock, a disk or the environment.
package retention

import (
	"math"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/config"
)

// Set is one backup of a history.
type Set struct {
	Time time.Time // its zone counts: where its day ends
	Tags []string
}

// Verdict says of one set that it stays, and why, or that it goes.
type Verdict struct {
	Set     int      // its place in what was given to Apply
	Reasons []string // none: it goes
}

// Keeps reports that the set stays.
func (v Verdict) Keeps() bool { return len(v.Reasons) > 0 }

// Apply judges a history. The verdicts come newest first; sets of the same
// moment stay in the order in which they were given. Sets that are not before
// now lie in the future: no span is measured from them, and none excludes them.
func Apply(sets []Set, keep config.Keep, now time.Time) []Verdict {
	verdicts := make([]Verdict, len(sets))
	for i := range verdicts {
		verdicts[i].Set = i
	}
	slices.SortStableFunc(verdicts, func(a, b Verdict) int { return sets[b.Set].Time.Compare(sets[a.Set].Time) })
	rules := rulesOf(keep, newest(sets, now))
	tags := tagRules(keep.Tags)
	var reasons []string // one room for all
	for nth := range verdicts {
		set := sets[verdicts[nth].Set]
		reasons = reasons[:0]
		for _, t := range tags {
			if t.keeps(set) {
				reasons = append(reasons, t.reason)
			}
		}
		for i := range rules {
			if reason := rules[i].keeps(set.Time, nth, nth == len(verdicts)-1); reason != "" {
				reasons = append(reasons, reason)
			}
		}
		verdicts[nth].Reasons = slices.Clone(reasons)
	}
	return verdicts
}

// newest is the time of the newest set that is not in the future, or the zero
// time, which lies before all.
func newest(sets []Set, now time.Time) time.Time {
	var last time.Time
	for _, set := range sets {
		if set.Time.After(last) && set.Time.Before(now) {
			last = set.Time
		}
	}
	return last
}

// rule keeps the newest set of each period, as long as it may.
type rule struct {
	reason string
	period func(at time.Time, nth int) int
	left   int // periods that it may still keep; config.Unlimited never ends
	last   int // the period of the set that it has kept last
	bound  bool
	after  time.Time // when bound, only sets after it count
}

// rulesOf lists the rules that are on, in the order in which they give reasons.
func rulesOf(keep config.Keep, newest time.Time) []rule {
	var rules []rule
	back := func(reason string, period func(time.Time, int) int, span config.Span) {
		if span.Zero() {
			return
		}
		after := newest.AddDate(-span.Years, -span.Months, -span.Days).Add(-time.Duration(span.Hours) * time.Hour)
		rules = append(rules, rule{reason: reason + span.String(), period: period, left: config.Unlimited, last: math.MinInt, bound: true, after: after})
	}
	count := func(reason string, period func(time.Time, int) int, n int) {
		if n != 0 {
			rules = append(rules, rule{reason: reason, period: period, left: n, last: math.MinInt})
		}
	}
	back("within ", each, keep.Within)
	count("last snapshot", each, keep.Last)
	count("hourly snapshot", hour, keep.Hourly)
	count("daily snapshot", day, keep.Daily)
	count("weekly snapshot", week, keep.Weekly)
	count("monthly snapshot", month, keep.Monthly)
	count("yearly snapshot", year, keep.Yearly)
	back("hourly within ", hour, keep.WithinHourly)
	back("daily within ", day, keep.WithinDaily)
	back("weekly within ", week, keep.WithinWeekly)
	back("monthly within ", month, keep.WithinMonthly)
	back("yearly within ", year, keep.WithinYearly)
	return rules
}

// keeps judges the sets one after the other, newest first: the reason to keep
// this one, or "".
func (r *rule) keeps(at time.Time, nth int, oldest bool) string {
	if r.left == 0 || r.bound && !at.After(r.after) {
		return ""
	}
	period := r.period(at, nth)
	again := period == r.last
	if again && !oldest {
		return ""
	}
	r.last = period
	if r.left > 0 {
		r.left--
	}
	if again {
		return "oldest " + r.reason
	}
	return r.reason
}

// The periods have numbers. Only neighbours are ever compared.

func each(_ time.Time, nth int) int { return nth }
func hour(at time.Time, _ int) int  { return day(at, 0)*24 + at.Hour() }
func day(at time.Time, _ int) int   { return at.Year()*366 + at.YearDay() }
func month(at time.Time, _ int) int { return at.Year()*12 + int(at.Month()) }
func year(at time.Time, _ int) int  { return at.Year() }

func week(at time.Time, _ int) int {
	ofYear, n := at.ISOWeek() // a week belongs to the year that holds its Thursday
	return ofYear*54 + n
}

// tagRule keeps every set that has all of some tags.
type tagRule struct {
	reason string
	tags   []string
}

func tagRules(lists []string) []tagRule {
	var rules []tagRule
	for _, list := range lists {
		tags := Tags(list)
		rules = append(rules, tagRule{"has tags [" + strings.Join(tags, ", ") + "]", tags})
	}
	return rules
}

func (r tagRule) keeps(set Set) bool {
	return !slices.ContainsFunc(r.tags, func(tag string) bool { return !slices.Contains(set.Tags, tag) })
}

// Tags reads tags with commas between them.
func Tags(list string) []string {
	var tags []string
	for tag := range strings.SplitSeq(list, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}
