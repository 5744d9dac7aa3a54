package pybench

import "fmt"

// size is a value in the unit that a person reads, with three digits.
func size(value float64, unit string) string {
	switch unit {
	case bytes:
		return three(value/(1<<20)) + " MiB"
	case second:
		for _, step := range []struct {
			least float64
			name  string
		}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
			if value >= step.least {
				return three(value/step.least) + " " + step.name
			}
		}
		return three(value*1e9) + " ns"
	}
	return fmt.Sprintf("%.3g %s", value, unit)
}

func three(value float64) string {
	switch {
	case value < 9.995:
		return fmt.Sprintf("%.2f", value)
	case value < 99.95:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.0f", value)
}

// interval is the interval of a ratio.
func interval(r Ratio) string { return times(r.Low) + " – " + times(r.High) }

// times is a ratio. An end that two wild pairs have pushed out of sight has no
// digits worth reading.
func times(ratio float64) string {
	switch {
	case ratio > 100:
		return "> 100"
	case ratio < 0.01:
		return "< 0.01"
	}
	return fmt.Sprintf("%.3f", ratio)
}
