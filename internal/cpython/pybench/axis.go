package pybench

import "math"

// axis puts ratios on a line, by their logarithm: half and double are equally
// far from 1.
type axis struct {
	low, high   float64 // ratios at its ends
	left, right float64 // where these are
}

// newAxis is wide enough for all that is shown, but not for intervals that two
// wild pairs have blown up.
func newAxis(shown []Ratio, left, right float64) axis {
	const widest = 16
	a := axis{low: 1 / 1.25, high: 1.25, left: left, right: right}
	for _, one := range shown {
		a.low, a.high = min(a.low, one.Low/1.03), max(a.high, one.High*1.03)
	}
	a.low, a.high = max(a.low, 1.0/widest), min(a.high, widest)
	return a
}

// at is where a ratio is; outside ones are at the end.
func (a axis) at(ratio float64) float64 {
	ratio = min(max(ratio, a.low), a.high)
	return a.left + (a.right-a.left)*math.Log(ratio/a.low)/math.Log(a.high/a.low)
}

func (a axis) holds(ratio float64) bool { return ratio >= a.low && ratio <= a.high }

// ticks are round ratios that are far enough apart to be read; 1 is always one.
func (a axis) ticks() []float64 {
	const apart = 42
	chosen := []float64{1}
	for _, tick := range []float64{2, 0.5, 4, 0.25, 8, 0.125, 1.5, 0.67, 3, 0.33, 1.25, 0.8, 1.1, 0.9, 1.05, 0.95} {
		free := a.holds(tick)
		for _, other := range chosen {
			free = free && math.Abs(a.at(tick)-a.at(other)) >= apart
		}
		if free {
			chosen = append(chosen, tick)
		}
	}
	return chosen
}
