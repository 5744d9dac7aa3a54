package journal

import (
	"slices"
	"time"
)

const (
	// enough runs for an estimate: the median of five ignores two odd ones.
	enough = 5
	// lookBack bounds how many journals are read for it: an estimate is
	// wanted before every step, and years of nightly runs pile up.
	lookBack = 100
)

// Estimate is the median duration of the last five times that step, a target,
// ended well on this machine. false means that it never did.
func Estimate(dir, step string) (time.Duration, bool) {
	files, err := paths(dir)
	if err != nil {
		return 0, false
	}
	var took []float64
	for _, path := range files[:min(len(files), lookBack)] {
		r, err := Read(path)
		if err != nil {
			continue
		}
		for _, e := range slices.Backward(r.Entries) {
			if e.Event == Result && e.Outcome == OK && e.Step == step && len(took) < enough {
				took = append(took, e.Seconds)
			}
		}
		if len(took) == enough {
			break
		}
	}
	if len(took) == 0 {
		return 0, false
	}
	slices.Sort(took)
	middle := len(took) / 2
	median := took[middle]
	if len(took)%2 == 0 {
		median = (took[middle-1] + median) / 2
	}
	return time.Duration(median * float64(time.Second)), true
}
