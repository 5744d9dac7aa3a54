package retention_test

import (
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/retention"
	"iact-infra/internal/config"
)

// everyRule is a policy in which all rules are on.
func everyRule(span config.Span) config.Keep {
	return config.Keep{
		Last: 3, Hourly: 24, Daily: 7, Weekly: 5, Monthly: 12, Yearly: config.Unlimited, Within: span,
		WithinHourly: span, WithinDaily: span, WithinWeekly: span, WithinMonthly: span, WithinYearly: span, Tags: []string{"a,b"},
	}
}

// hourlySets is a history of n sets, one an hour, the oldest first.
func hourlySets(n int) []retention.Set {
	sets := make([]retention.Set, n)
	for i := range sets {
		sets[i].Time = time.Date(2010, 1, 1, i, 30, 0, 0, time.UTC)
	}
	return sets
}

// BenchmarkDecideOnAThousandSets has 0.1 s to stay below, store and all.
func BenchmarkDecideOnAThousandSets(b *testing.B) {
	sets, keep := hourlySets(1000), everyRule(span(b, "1y"))
	b.ReportAllocs()
	for b.Loop() {
		retention.Apply(sets, keep, late())
	}
}

func BenchmarkReadAndDecideOnAMillionLines(b *testing.B) {
	var text strings.Builder
	for _, set := range hourlySets(1_000_000) {
		text.WriteString(set.Time.Format(time.RFC3339) + "\n")
	}
	keep := everyRule(span(b, "1y"))
	b.ReportAllocs()
	for b.Loop() {
		h, err := retention.ReadHistory(strings.NewReader(text.String()))
		if err != nil {
			b.Fatal(err)
		}
		retention.Apply(h.Sets, keep, late())
	}
}
