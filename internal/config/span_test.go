package config_test

import (
	"reflect"
	"testing"

	"iact-infra/internal/config"
)

func TestASpanIsReadInAnyOrderAndWrittenFromYearsToHours(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Span{
		"0": {}, "0d": {}, "7d": {Days: 7}, "6m": {Months: 6}, "2y5m7d3h": {Years: 2, Months: 5, Days: 7, Hours: 3},
		"3h7d": {Days: 7, Hours: 3}, "999999y": {Years: 999999}, "007d": {Days: 7},
	} {
		have, err := config.ParseSpan(text)
		if err != nil || have != want {
			t.Errorf("%s is %+v, %v; want %+v", text, have, err, want)
		}
		if again, err := config.ParseSpan(have.String()); err != nil || again != want {
			t.Errorf("%s is written as %s, which is %+v, %v", text, have, again, err)
		}
	}
	if s := (config.Span{Hours: 3, Years: 2}).String(); s != "2y3h" {
		t.Errorf("two years and three hours are written as %s", s)
	}
	for _, text := range []string{"", "w", "1w", "1y4m3w1d", "d", "7", "-7d", "1y-5d", "+1d", "1.5d", " 7d", "1 d", "1d1d", "\u07c0d", "1D", "99999999999999999999h"} {
		if have, err := config.ParseSpan(text); err == nil {
			t.Errorf("%q is read as %+v", text, have)
		}
	}
}

func FuzzASpanThatIsReadIsWrittenAndReadAgain(f *testing.F) {
	for _, seed := range []string{"0", "2y5m7d3h", "1w", "-1d", "9999999h", "1d1d", "", "0h0d0m0y", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		have, err := config.ParseSpan(text)
		if err != nil {
			if have != (config.Span{}) || err.Error() == "" {
				t.Errorf("%q: %+v comes with the error %q", text, have, err)
			}
			return
		}
		if again, err := config.ParseSpan(have.String()); err != nil || again != have {
			t.Errorf("%q is %+v, written as %s, which is %+v, %v", text, have, have, again, err)
		}
		if have.Years < 0 || have.Months < 0 || have.Days < 0 || have.Hours < 0 {
			t.Errorf("%q is read as %+v", text, have)
		}
	})
}

func TestTheRulesOfKeepAreReadAndThoseLeftOutAreOff(t *testing.T) {
	t.Parallel()
	keep := func(content string) config.Keep {
		return mustLoad(t, checkout(t, "config/iact.yaml", content)).Backup.Keep
	}
	have := keep("backup: {keep: {last: unlimited, hourly: -1, yearly: 9, within: 2y5m7d3h, within_yearly: 10y, within_daily: 0, tags: ['a, b', c]}}")
	want := config.Keep{
		Last: config.Unlimited, Hourly: config.Unlimited, Yearly: 9, Within: config.Span{Years: 2, Months: 5, Days: 7, Hours: 3},
		WithinYearly: config.Span{Years: 10}, Tags: []string{"a, b", "c"},
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("got  %+v\nwant %+v", have, want)
	}
	if have := keep("backup:\n  keep:\n"); have.Last != 3 || have.Daily != 7 || have.Weekly != 5 || have.Monthly != 12 {
		t.Errorf("a keep without a value is %+v, not the default", have)
	}
	for content, empty := range map[string]bool{"{last: 1}": false, "{last: unlimited}": false, "{within: 1h}": false, "{tags: [a]}": false} {
		if have := keep("backup: {keep: " + content + "}"); have.Empty() != empty {
			t.Errorf("%s is empty: %t", content, have.Empty())
		}
	}
}
