package retention_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/retention"
	"iact-infra/internal/config"
)

// TestTheRulesKeepWhatResticKeepsAndSayWhy is the meaning of the rules, case by
// case. The lines are the history, newest first, each with the reasons to keep
// it; a line without a reason goes. The outcomes are those of restic 0.19.
func TestTheRulesKeepWhatResticKeepsAndSayWhy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		keep config.Keep
		want string
	}{
		{"the newest ones", config.Keep{Last: 2}, `
2026-11-23T15:00:00Z  last snapshot
2026-11-23T14:00:00Z  last snapshot
2026-11-23T13:00:00Z
`},
		{"more than there are", config.Keep{Last: 5}, `
2026-11-23T15:00:00Z  last snapshot
2026-11-23T14:00:00Z  last snapshot
`},
		{"rules are alternatives", config.Keep{Last: 1, Daily: 2, Monthly: 2}, `
2026-11-23T15:00:00Z  last snapshot, daily snapshot, monthly snapshot
2026-11-23T14:00:00Z
2026-11-22T15:00:00Z  daily snapshot
2026-11-21T15:00:00Z
2026-10-31T23:59:59Z  monthly snapshot
2026-10-31T23:59:58Z
`},
		{"only days that have one count", config.Keep{Daily: 3}, `
2026-11-23T00:00:00Z  daily snapshot
2026-11-20T23:59:59Z  daily snapshot
2026-11-20T00:00:00Z
2025-01-01T12:00:00Z  daily snapshot
2024-12-31T12:00:00Z
`},
		{"the oldest stays while a rule has some left", config.Keep{Daily: 3, Monthly: 2}, `
2026-11-23T15:00:00Z  daily snapshot, monthly snapshot
2026-11-23T14:00:00Z
2026-11-22T15:00:00Z  daily snapshot
2026-11-22T14:00:00Z  oldest daily snapshot, oldest monthly snapshot
`},
		{"the oldest goes when the rule has none left", config.Keep{Daily: 2}, `
2026-11-23T15:00:00Z  daily snapshot
2026-11-22T15:00:00Z  daily snapshot
2026-11-22T14:00:00Z
`},
		{"all days there are", config.Keep{Daily: config.Unlimited}, `
2026-11-23T15:00:00Z  daily snapshot
2026-11-23T14:00:00Z
2020-11-22T15:00:00Z  daily snapshot
2020-11-22T14:00:00Z
2010-11-22T14:00:00Z  daily snapshot
2010-11-22T13:00:00Z  oldest daily snapshot
`},
		{"hours end on the hour", config.Keep{Hourly: 2}, `
2026-11-23T15:00:00Z  hourly snapshot
2026-11-23T14:59:59Z  hourly snapshot
2026-11-23T14:00:00Z
2026-11-23T13:00:00Z
`},
		{"the same hour of another day is another hour", config.Keep{Hourly: 2}, `
2026-11-23T15:00:00Z  hourly snapshot
2026-11-22T15:00:00Z  hourly snapshot
2026-11-21T15:00:00Z
`},
		{"weeks go from Monday to Sunday", config.Keep{Weekly: 3}, `
2026-11-23T00:00:00Z  weekly snapshot
2026-11-22T23:59:59Z  weekly snapshot
2026-11-16T00:00:00Z
2026-11-15T23:59:59Z  weekly snapshot
2026-11-10T23:59:59Z
`},
		{"a week over the end of a year is one week", config.Keep{Weekly: 4}, `
2027-01-04T01:00:00Z  weekly snapshot
2027-01-03T01:00:00Z  weekly snapshot
2026-12-28T01:00:00Z
2026-12-27T01:00:00Z  weekly snapshot
2025-01-05T01:00:00Z  weekly snapshot
2024-12-30T01:00:00Z
2024-12-29T01:00:00Z
`},
		{"the first and last week of a year are two", config.Keep{Weekly: config.Unlimited}, `
2026-12-29T01:00:00Z  weekly snapshot
2025-12-29T01:00:00Z  weekly snapshot
2024-12-31T01:00:00Z  weekly snapshot
2024-01-01T01:00:00Z  weekly snapshot
`},
		{"months of every length, and a leap day", config.Keep{Monthly: 3}, `
2024-03-01T00:00:00Z  monthly snapshot
2024-02-29T23:59:59Z  monthly snapshot
2024-02-01T00:00:00Z
2024-01-31T23:59:59Z  monthly snapshot
2023-12-31T23:59:59Z
`},
		{"years, one of them leap", config.Keep{Yearly: 3}, `
2025-01-01T00:00:00Z  yearly snapshot
2024-12-31T00:00:00Z  yearly snapshot
2024-12-30T00:00:00Z
2023-12-31T00:00:00Z  yearly snapshot
2022-12-31T00:00:00Z
`},
		{"a leap day is a day of its own", config.Keep{Daily: 3}, `
2024-03-01T10:00:00Z  daily snapshot
2024-02-29T10:00:00Z  daily snapshot
2024-02-28T10:00:00Z  daily snapshot
2024-02-27T10:00:00Z
`},
		{"two of one second are two, and one day", config.Keep{Last: 2, Daily: 1}, `
2026-11-23T15:00:00Z  last snapshot, daily snapshot
2026-11-23T15:00:00Z  last snapshot
2026-11-23T15:00:00Z
`},
		{"a span is measured from the newest and leaves its far end out", config.Keep{Within: span(t, "1d")}, `
2026-11-23T15:00:00Z  within 1d
2026-11-22T15:00:01Z  within 1d
2026-11-22T15:00:00Z
2026-11-22T14:59:59Z
`},
		{"a month back from the end of a long one", config.Keep{Within: span(t, "1m")}, `
2026-03-31T12:00:00Z  within 1m
2026-03-03T12:00:01Z  within 1m
2026-03-03T12:00:00Z
2026-02-28T12:00:01Z
`},
		{"a year back from a leap day", config.Keep{Within: span(t, "1y")}, `
2024-02-29T12:00:00Z  within 1y
2023-03-01T12:00:01Z  within 1y
2023-03-01T12:00:00Z
`},
		{"all units of a span", config.Keep{Within: span(t, "3h7d5m2y")}, `
2026-11-23T15:00:00Z  within 2y5m7d3h
2024-06-16T12:00:01Z  within 2y5m7d3h
2024-06-16T12:00:00Z
`},
		{"the newest of each period in a span", config.Keep{WithinHourly: span(t, "2h"), WithinDaily: span(t, "2d"), WithinWeekly: span(t, "14d"), WithinMonthly: span(t, "2m"), WithinYearly: span(t, "2y")}, `
2026-11-23T15:30:00Z  hourly within 2h, daily within 2d, weekly within 14d, monthly within 2m, yearly within 2y
2026-11-23T15:00:00Z
2026-11-23T13:40:00Z  hourly within 2h
2026-11-23T13:20:00Z
2026-11-22T09:00:00Z  daily within 2d, weekly within 14d
2026-11-20T09:00:00Z
2026-11-15T09:00:00Z  weekly within 14d
2026-10-15T09:00:00Z  monthly within 2m
2025-10-15T09:00:00Z  yearly within 2y
2025-09-15T09:00:00Z  oldest yearly within 2y
`},
		{"the oldest of a span, when it is the oldest of all", config.Keep{WithinDaily: span(t, "3d")}, `
2026-11-23T15:00:00Z  daily within 3d
2026-11-22T15:00:00Z  daily within 3d
2026-11-22T14:00:00Z
2026-11-22T13:00:00Z  oldest daily within 3d
`},
		{"tags keep for ever", config.Keep{Last: 1, Tags: []string{"golden", "release, signed"}}, `
2026-11-23T15:00:00Z  last snapshot
2026-11-22T15:00:00Z	golden  has tags [golden]
2026-11-21T15:00:00Z	signed
2026-11-20T15:00:00Z	signed,release,golden  has tags [golden], has tags [release, signed]
2026-11-19T15:00:00Z	gold
`},
		{"each set has its own calendar", config.Keep{Daily: 3}, `
2026-11-23T01:00:00+02:00  daily snapshot
2026-11-22T22:30:00Z  daily snapshot
2026-11-22T15:00:00-06:00
2026-11-22T20:00:00Z
2026-11-21T20:00:00-06:00  daily snapshot
`},
		{"a neighbour in another zone begins the day anew", config.Keep{Daily: 4}, `
2026-11-23T01:00:00+02:00  daily snapshot
2026-11-22T22:30:00Z  daily snapshot
2026-11-23T00:15:00+02:00  daily snapshot
2026-11-22T20:00:00Z  daily snapshot
2026-11-21T20:00:00Z
`},
		{"clocks go forward: an hour is missing", config.Keep{Hourly: 3}, `
2026-03-29T04:10:00+02:00  hourly snapshot
2026-03-29T03:10:00+02:00  hourly snapshot
2026-03-29T01:50:00+01:00  hourly snapshot
2026-03-29T01:10:00+01:00
2026-03-29T00:10:00+01:00
`},
		{"clocks go back: an hour comes twice and is one", config.Keep{Hourly: 3}, `
2026-10-25T03:10:00+01:00  hourly snapshot
2026-10-25T02:50:00+01:00  hourly snapshot
2026-10-25T02:50:00+02:00
2026-10-25T01:50:00+02:00  hourly snapshot
2026-10-25T00:50:00+02:00
`},
		{"fractions of a second order sets", config.Keep{Last: 1}, `
2026-11-23T15:00:00.5Z  last snapshot
2026-11-23T15:00:00Z
`},
		{"one set", config.Keep{Daily: 1, WithinYearly: span(t, "1h")}, `
2026-11-23T15:00:00Z  daily snapshot, yearly within 1h
`},
		{"none", config.Keep{Last: 1}, "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			golden(t, test.keep, late(), strings.TrimPrefix(test.want, "\n"))
		})
	}
}

// golden applies a policy to the times of a table and holds the outcome against
// it. The order in which a history is given does not matter.
func golden(t *testing.T, keep config.Keep, now time.Time, want string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(want) {
		line, _, _ = strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		lines = append(lines, line)
	}
	want = strings.ReplaceAll(want, "\t", " ")
	for _, order := range []func(){func() {}, func() { slices.Reverse(lines) }} {
		order()
		h := history(t, strings.Join(lines, "\n"))
		for i, set := range h.Sets {
			if len(set.Tags) > 0 {
				h.Given[i] += " " + strings.Join(set.Tags, ",")
			}
		}
		if have := told(h, retention.Apply(h.Sets, keep, now)); have != want {
			t.Errorf("got\n%s\nwant\n%s", have, want)
		}
	}
}

// TestTheFutureMovesNoSpan pins what restic does with a clock that was wrong:
// spans are measured from the newest set before now, and a set after it lies in
// each of them. To the other rules it is a set as any other.
func TestTheFutureMovesNoSpan(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	golden(t, config.Keep{Within: span(t, "1d")}, now, `2035-01-01T00:00:00Z  within 1d
2034-01-01T00:00:00Z  within 1d
2026-11-23T15:00:00Z  within 1d
2026-11-22T16:00:00Z  within 1d
2026-11-22T14:00:00Z
`)
	golden(t, config.Keep{WithinDaily: span(t, "1d")}, now, `2035-01-01T01:00:00Z  daily within 1d
2035-01-01T00:00:00Z
2026-11-23T15:00:00Z  daily within 1d
2026-11-22T14:00:00Z
`)
	golden(t, config.Keep{Last: 1}, now, `2035-01-01T00:00:00Z  last snapshot
2026-11-23T15:00:00Z
`)
	// What is made at this very moment is not in the past yet.
	golden(t, config.Keep{Within: span(t, "1h")}, now, `2026-11-23T16:00:00Z  within 1h
2026-11-23T15:30:00Z  within 1h
2026-11-23T14:45:00Z  within 1h
2026-11-23T14:15:00Z
`)
	golden(t, config.Keep{Within: span(t, "1h")}, time.Time{}, `2026-11-23T16:00:00Z  within 1h
2010-11-23T15:30:00Z  within 1h
`)
}
