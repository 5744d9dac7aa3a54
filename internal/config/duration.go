package config

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// durationPattern is the form of a duration, for the schema as well. Units go
// from large to small, so that nothing can be read in two ways.
const durationPattern = `^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$`

// longest is above any sensible age; it keeps the arithmetic from overflowing.
const longest = 36500 * 24 * time.Hour

func units() []time.Duration {
	day := 24 * time.Hour
	return []time.Duration{7 * day, day, time.Hour, time.Minute, time.Second}
}

// parseDuration reads 90s, 90m, 2h, 30d, 2w or several of them, large to small.
func parseDuration(s string) (time.Duration, bool) {
	parts := regexp.MustCompile(durationPattern).FindStringSubmatch(s)
	if s == "" || parts == nil {
		return 0, false
	}
	var sum time.Duration
	for i, unit := range units() {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(parts[i+1][:len(parts[i+1])-1], 10, 64)
		if err != nil || n > int64(longest/unit) {
			return 0, false
		}
		sum += time.Duration(n) * unit
	}
	return sum, sum <= longest
}

// formatDuration writes what parseDuration reads; weeks are written as days.
func formatDuration(d time.Duration) string {
	var b strings.Builder
	for i, unit := range units() {
		if i > 0 && d >= unit {
			b.WriteString(strconv.FormatInt(int64(d/unit), 10) + "?dhms"[i:i+1])
			d %= unit
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
