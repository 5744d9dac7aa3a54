package retention_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"iact-infra/internal/backup/retention"
)

func TestAHistoryIsOneTimeALineWithTagsBehindATab(t *testing.T) {
	t.Parallel()
	h := history(t, "\ufeff# made by hand\r\n2026-11-23T15:16:48Z\r\n\r\n  2026-11-22t15:16:48.25z\tgolden, release,,\r\n"+
		"\t\n# the end\n2026-11-21T23:00:00-06:00 \t\n2026-11-21T23:00:00+05:45")
	want := []retention.Set{
		{Time: time.Date(2026, 11, 23, 15, 16, 48, 0, time.UTC)},
		{Time: time.Date(2026, 11, 22, 15, 16, 48, 250000000, time.UTC), Tags: []string{"golden", "release"}},
		{Time: time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)},
		{Time: time.Date(2026, 11, 21, 17, 15, 0, 0, time.UTC)},
	}
	if len(h.Sets) != len(want) {
		t.Fatalf("%d sets, want %d", len(h.Sets), len(want))
	}
	for i, set := range h.Sets {
		if !set.Time.Equal(want[i].Time) || !slices.Equal(set.Tags, want[i].Tags) {
			t.Errorf("set %d is %v %q, want %v %q", i, set.Time, set.Tags, want[i].Time, want[i].Tags)
		}
	}
	if given := []string{"2026-11-23T15:16:48Z", "2026-11-22t15:16:48.25z", "2026-11-21T23:00:00-06:00", "2026-11-21T23:00:00+05:45"}; !slices.Equal(h.Given, given) {
		t.Errorf("the times are given back as %q", h.Given)
	}
	// The day is that of the zone that stands there, whatever zone this machine is in.
	if at := h.Sets[2].Time; at.Day() != 21 || at.Hour() != 23 {
		t.Errorf("the calendar of set 2 is that of %v", at)
	}
}

func TestABadLineOfAHistoryIsNamedByItsNumber(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"yesterday":                   `line 3: "yesterday" is no RFC 3339 time such as 2026-11-23T15:16:48Z`,
		"2026-11-23":                  `line 3: "2026-11-23" is no`,
		"2026-11-23 15:16:48Z":        `line 3: "2026-11-23 15:16:48Z" is no`,
		"2026-11-23T15:16:48":         `line 3: "2026-11-23T15:16:48" is no`,
		"2026-02-29T15:16:48Z":        `line 3: "2026-02-29T15:16:48Z" is no`,
		"2026-11-23T24:00:00Z":        `line 3: `,
		"2026-11-23T1:00:00Z":         `line 3: `,
		"2026-11-23T15:16:48+1:00":    `line 3: `,
		"2026-11-23T15:16:48,5Z":      `line 3: `,
		"2026-11-23T15:16:48Z golden": `line 3: "2026-11-23T15:16:48Z golden" is no`,
		"\tgolden":                    `line 3: "golden" is no`,
		"1764000000":                  `line 3: "1764000000" is no`,
		"\x1b[2J\x00":                 `line 3: "\x1b[2J\x00" is no`,
		strings.Repeat("x", 1000):     `line 3: "` + strings.Repeat("x", 60) + `"… is no`,
		"2026-11-23T15:16:48Z\t" + strings.Repeat("x", 1<<17): `line 3: it has more than 65536 bytes`,
	} {
		_, err := retention.ReadHistory(strings.NewReader("# one\n2026-11-23T15:16:48Z\n" + line + "\n2026-11-23T15:16:48Z\n"))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\x1b\x00") {
			t.Errorf("%.40q: %v, want %s", line, err, want)
		}
	}
	broken := errors.New("broken pipe")
	if _, err := retention.ReadHistory(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// FuzzAnyHistoryIsReadOrItsBadLineIsNamed holds, for all that can be read, that
// every set has a time that can be read again, and a verdict.
func FuzzAnyHistoryIsReadOrItsBadLineIsNamed(f *testing.F) {
	for _, seed := range []string{
		"", "\n\n", "#\n", "\ufeff2026-11-23T15:16:48Z", "2026-11-23T15:16:48Z\ta,b\n2026-11-23T15:16:48Z\n", "0000-01-01T00:00:00Z\n9999-12-31T23:59:59-23:59",
		"2026-11-23T15:16:48+24:00", "2024-02-29T23:59:60Z", "\t\t\t", "2026-11-23t15:16:48z\r\n", "2026-11-23T15:16:48.999999999999Z\n",
	} {
		f.Add(seed)
	}
	keep := span(f, "1y2m3d4h")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := retention.ReadHistory(strings.NewReader(text))
		if err != nil {
			if message := err.Error(); !strings.HasPrefix(message, "line ") || strings.ContainsAny(message, "\n\r\x00\x1b") {
				t.Errorf("%q: the error is %q", text, message)
			}
			return
		}
		for i, given := range h.Given {
			at, err := retention.ParseTime(given)
			if err != nil || !at.Equal(h.Sets[i].Time) {
				t.Errorf("%q is given back as %q: %v, %v", h.Sets[i].Time, given, at, err)
			}
		}
		policy := everyRule(keep)
		if verdicts := retention.Apply(h.Sets, policy, late()); len(verdicts) != len(h.Sets) || len(verdicts) > 0 && !verdicts[0].Keeps() {
			t.Errorf("%q has %d verdicts", text, len(verdicts))
		}
	})
}
