package report

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Bytes writes a size in the unit that a person reads: "512 B", "1.2 GiB".
func Bytes(n int64) string {
	if n < 0 {
		if n == math.MinInt64 {
			n++
		}
		return "-" + Bytes(-n)
	}
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, units := float64(n)/1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	// 1023.5 rounds to four digits: that is 1.0 of the next unit.
	for value >= 1023.5 && len(units) > 1 {
		value, units = value/1024, units[1:]
	}
	if value < 99.95 {
		return fmt.Sprintf("%.1f %s", value, units[0])
	}
	return fmt.Sprintf("%.0f %s", value, units[0])
}

// Duration writes a time span with two figures at most that matter:
// "40 ms", "2.1 s", "3 min 10 s", "2 h 5 min", "3 d 4 h".
func Duration(d time.Duration) string {
	if d < 0 {
		if d == math.MinInt64 {
			d++
		}
		return "-" + Duration(-d)
	}
	switch {
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 59950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour-500*time.Millisecond:
		d = d.Round(time.Second)
		return pair(int64(d/time.Minute), "min", int64(d%time.Minute/time.Second), "s")
	case d < 24*time.Hour-30*time.Second:
		d = d.Round(time.Minute)
		return pair(int64(d/time.Hour), "h", int64(d%time.Hour/time.Minute), "min")
	default:
		d = d.Round(time.Hour)
		return pair(int64(d/(24*time.Hour)), "d", int64(d%(24*time.Hour)/time.Hour), "h")
	}
}

// seconds is Duration without fractions, for a time that is still running.
func seconds(d time.Duration) string {
	if d = d.Round(time.Second); d < time.Minute {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return Duration(d)
}

func pair(high int64, highUnit string, low int64, lowUnit string) string {
	if low == 0 {
		return fmt.Sprintf("%d %s", high, highUnit)
	}
	return fmt.Sprintf("%d %s %d %s", high, highUnit, low, lowUnit)
}

// Age writes how long ago then was, rounded down to one unit: "5 min", "3 d".
// A moment in the future, as after a clock was set back, is negative: "-2 h".
func Age(now, then time.Time) string {
	d := now.Sub(then)
	if d < 0 {
		// Below a second the clocks agree.
		if d > -time.Second {
			return "0 s"
		}
		return "-" + Age(then, now)
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
}
