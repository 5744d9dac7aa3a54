package retention_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"iact-infra/internal/backup/retention"
	"iact-infra/internal/config"
)

// model says the same as the rules in another way: as sets of runs. Sorted, the
// sets of one period stand together; the first of each run is kept, N runs of
// them, and when there are fewer runs than N, the last set of all as well.
func model(sets []retention.Set, keep config.Keep, now time.Time) map[int][]string {
	order := make([]int, len(sets))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return sets[b].Time.Compare(sets[a].Time) })
	why := map[int][]string{}
	past := slices.DeleteFunc(slices.Clone(order), func(i int) bool { return !sets[i].Time.Before(now) })
	limit := func(s config.Span) func(int) bool {
		if len(past) == 0 {
			return func(int) bool { return true }
		}
		at := sets[past[0]].Time
		y, m, d := at.Date()
		from := time.Date(y-s.Years, m-time.Month(s.Months), d-s.Days, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), at.Location())
		from = from.Add(time.Duration(s.Hours) * -time.Hour)
		return func(i int) bool { return sets[i].Time.Sub(from) > 0 }
	}
	runs := func(reason, layout string, n int, in func(int) bool) {
		var first []int
		before := ""
		var members []int
		for _, i := range order {
			if !in(i) {
				continue
			}
			members = append(members, i)
			if name := nameOf(sets[i].Time, layout, i); name != before {
				first, before = append(first, i), name
			}
		}
		for k, i := range first {
			if n < 0 || k < n {
				why[i] = append(why[i], reason)
			}
		}
		if len(members) == 0 || len(order) == 0 {
			return
		}
		oldest := order[len(order)-1]
		if in(oldest) && !slices.Contains(first, oldest) && (n < 0 || len(first) < n) {
			why[oldest] = append(why[oldest], "oldest "+reason)
		}
	}
	all := func(int) bool { return true }
	if !keep.Within.Zero() {
		runs("within "+keep.Within.String(), "", -1, limit(keep.Within))
	}
	for _, r := range []struct {
		reason, layout string
		n              int
	}{
		{"last", "", keep.Last}, {"hourly", "2006-01-02 15", keep.Hourly}, {"daily", "2006-01-02", keep.Daily},
		{"weekly", "week", keep.Weekly}, {"monthly", "2006-01", keep.Monthly}, {"yearly", "2006", keep.Yearly},
	} {
		if r.n != 0 {
			runs(r.reason+" snapshot", r.layout, r.n, all)
		}
	}
	for _, r := range []struct {
		reason, layout string
		span           config.Span
	}{
		{"hourly", "2006-01-02 15", keep.WithinHourly}, {"daily", "2006-01-02", keep.WithinDaily}, {"weekly", "week", keep.WithinWeekly},
		{"monthly", "2006-01", keep.WithinMonthly}, {"yearly", "2006", keep.WithinYearly},
	} {
		if !r.span.Zero() {
			runs(r.reason+" within "+r.span.String(), r.layout, -1, limit(r.span))
		}
	}
	return why
}

// nameOf names the period of a time: a week by its Monday, and no layout at all
// makes a period of every set.
func nameOf(at time.Time, layout string, i int) string {
	switch layout {
	case "":
		return fmt.Sprint("set ", i)
	case "week":
		return at.AddDate(0, 0, -(int(at.Weekday())+6)%7).Format("2006-01-02")
	}
	return at.Format(layout)
}

// some is a random history and policy.
func some(r *rand.Rand, zones bool) ([]retention.Set, config.Keep, time.Time) {
	n := r.IntN(40)
	step := []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 20 * 24 * time.Hour, 200 * 24 * time.Hour}[r.IntN(5)]
	start := time.Date(1999+r.IntN(30), time.Month(1+r.IntN(12)), 1+r.IntN(31), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
	sets := make([]retention.Set, n)
	for i := range sets {
		sets[i].Time = start.Add(-time.Duration(r.Int64N(int64(step) * int64(n))).Truncate(time.Second))
		if i > 0 && r.IntN(20) == 0 {
			sets[i].Time = sets[r.IntN(i)].Time
		}
		if zones && r.IntN(2) == 0 {
			sets[i].Time = sets[i].Time.In(time.FixedZone("", (r.IntN(109)-48)*900))
		}
	}
	var keep config.Keep
	for _, count := range []*int{&keep.Last, &keep.Hourly, &keep.Daily, &keep.Weekly, &keep.Monthly, &keep.Yearly} {
		if r.IntN(3) == 0 {
			*count = r.IntN(12) - 1
		}
	}
	for _, span := range []*config.Span{&keep.Within, &keep.WithinHourly, &keep.WithinDaily, &keep.WithinWeekly, &keep.WithinMonthly, &keep.WithinYearly} {
		for _, unit := range []*int{&span.Years, &span.Months, &span.Days, &span.Hours} {
			if r.IntN(8) == 0 {
				*unit = r.IntN(20)
			}
		}
	}
	now := start.Add(-time.Duration(r.Int64N(int64(step) * int64(n+1) / 2)))
	if r.IntN(2) == 0 {
		now = late()
	}
	return sets, keep, now
}

func TestRandomHistoriesAreJudgedAsTheModelSays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20000) {
		sets, keep, now := some(rand.New(rand.NewPCG(seed, 1)), seed%2 == 0)
		before := slices.Clone(sets)
		verdicts := retention.Apply(sets, keep, now)
		if !reflect.DeepEqual(sets, before) {
			t.Fatalf("seed %d: the history was changed", seed)
		}
		want := model(sets, keep, now)
		var seen []int
		for nth, v := range verdicts {
			if !slices.Equal(v.Reasons, want[v.Set]) {
				t.Fatalf("seed %d: %+v at %v\n%v is kept for %q, the model says %q", seed, keep, now, sets[v.Set].Time, v.Reasons, want[v.Set])
			}
			if nth > 0 && sets[v.Set].Time.After(sets[verdicts[nth-1].Set].Time) {
				t.Fatalf("seed %d: the verdicts are not in order", seed)
			}
			seen = append(seen, v.Set)
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != len(sets) {
			t.Fatalf("seed %d: %d of %d sets have a verdict", seed, len(slices.Compact(seen)), len(sets))
		}
	}
}

// kept is which sets stay.
func kept(sets []retention.Set, keep config.Keep, now time.Time) map[int]bool {
	stay := map[int]bool{}
	for _, v := range retention.Apply(sets, keep, now) {
		if v.Keeps() {
			stay[v.Set] = true
		}
	}
	return stay
}

func TestMoreIsNeverLess(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		sets, keep, now := some(r, seed%2 == 0)
		less := kept(sets, keep, now)
		more := keep
		counts := []*int{&more.Last, &more.Hourly, &more.Daily, &more.Weekly, &more.Monthly, &more.Yearly}
		if n := counts[r.IntN(len(counts))]; *n >= 0 {
			*n += 1 + r.IntN(3)
		}
		spans := []*config.Span{&more.Within, &more.WithinHourly, &more.WithinDaily, &more.WithinWeekly, &more.WithinMonthly, &more.WithinYearly}
		spans[r.IntN(len(spans))].Hours += r.IntN(100)
		after := kept(sets, more, now)
		for i := range less {
			if !after[i] {
				t.Fatalf("seed %d: %v is kept by %+v and not by %+v", seed, sets[i].Time, keep, more)
			}
		}
	}
}

func TestEveryRuleKeepsTheNewestSet(t *testing.T) {
	t.Parallel()
	hours := config.Span{Hours: 1}
	for name, keep := range map[string]config.Keep{
		"last": {Last: 1}, "hourly": {Hourly: 1}, "daily": {Daily: 1}, "weekly": {Weekly: 1}, "monthly": {Monthly: 1}, "yearly": {Yearly: 1},
		"unlimited": {Yearly: config.Unlimited}, "within": {Within: hours}, "within hourly": {WithinHourly: hours}, "within daily": {WithinDaily: hours},
		"within weekly": {WithinWeekly: hours}, "within monthly": {WithinMonthly: hours}, "within yearly": {WithinYearly: hours},
	} {
		for seed := range uint64(300) {
			sets, _, now := some(rand.New(rand.NewPCG(seed, 3)), true)
			if verdicts := retention.Apply(sets, keep, now); len(sets) > 0 && !verdicts[0].Keeps() {
				t.Fatalf("%s, seed %d: the newest set goes", name, seed)
			}
		}
	}
}

// TestRotatingTwiceRemovesNothingMore holds where all sets share one calendar,
// as those of a store do, which are in UTC.
func TestRotatingTwiceRemovesNothingMore(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		sets, keep, now := some(rand.New(rand.NewPCG(seed, 4)), false)
		stay := kept(sets, keep, now)
		var left []retention.Set
		for i, set := range sets {
			if stay[i] {
				left = append(left, set)
			}
		}
		if again := kept(left, keep, now); len(again) != len(left) {
			t.Fatalf("seed %d: %+v keeps %d sets and of them %d", seed, keep, len(left), len(again))
		}
	}
}
