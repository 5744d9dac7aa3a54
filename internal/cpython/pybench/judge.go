package pybench

import (
	"fmt"
	"math"
	"slices"
)

// Verdicts on one result.
const (
	Faster  = "faster" // or smaller
	Slower  = "slower" // or larger
	Same    = "same"
	Unclear = "unclear"
)

// trifle is a difference that is real and that nobody minds: the order in which
// a linker puts functions makes as much.
const trifle = 0.02

// Ratio is new by old, with the interval that holds the truth 19 times of 20.
type Ratio struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func (r Ratio) String() string { return fmt.Sprintf("%.3f [%.3f, %.3f]", r.Value, r.Low, r.High) }

// compare is the ratio of values that were measured in pairs. Logarithms make
// twice as fast and twice as slow equally far from the same.
func compare(old, fresh []float64) Ratio {
	return ratio(logs(old, fresh))
}

func logs(old, fresh []float64) []float64 {
	all := make([]float64, min(len(old), len(fresh)))
	for i := range all {
		all[i] = math.Log(fresh[i] / old[i])
	}
	return all
}

// ratio keeps within what JSON can hold: two wild pairs have an interval whose
// end would be infinite.
func ratio(logs []float64) Ratio {
	const far = 300
	centre, low, high := estimate(logs)
	return Ratio{math.Exp(centre), math.Exp(max(low, -far)), math.Exp(min(high, far))}
}

// verdict tells a difference that is there and matters from one that is not
// there, and both from what these measurements cannot tell.
func verdict(r Ratio, threshold float64) string {
	limit := regressing(threshold)
	switch {
	case r.Low > 1 && r.Value > 1+trifle:
		return Slower
	case r.High < 1 && r.Value < 1/(1+trifle):
		return Faster
	case r.Low >= 1/limit && r.High <= limit:
		return Same
	}
	return Unclear
}

// judge turns what was measured into results.
func (r *Report) judge(m *meter) {
	r.Results, r.Unmeasured = []Result{}, []Unmeasured{}
	r.Unmeasured = append(r.Unmeasured, m.unmeasured...)
	var times [][]float64
	unclear := 0
	for _, s := range m.series {
		if len(s.values[0]) < 2 || m.dropped(s.name) {
			continue
		}
		one := Result{
			Name: s.name, Unit: s.unit, Ratio: compare(s.values[0], s.values[1]),
			Old: sample(s.values[0], s.peaks[0]), New: sample(s.values[1], s.peaks[1]),
		}
		one.Verdict = verdict(one.Ratio, r.Threshold)
		if one.Verdict == Unclear {
			unclear++
		}
		if s.unit == second {
			times = append(times, logs(s.values[0], s.values[1]))
		}
		r.Results = append(r.Results, one)
	}
	r.Mean = mean(times)
	if r.Notes == nil {
		r.Notes = []string{}
	}
	if unclear > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d of %d results are unclear: measure again on a quieter machine, or with more rounds", unclear, len(r.Results)))
	}
}

// mean is the geometric mean of the ratios of time. Its interval comes from the
// rounds, too: each of them is a small comparison of its own.
func mean(times [][]float64) *Ratio {
	if len(times) == 0 {
		return nil
	}
	rounds := len(times[0])
	for _, one := range times {
		rounds = min(rounds, len(one))
	}
	means := make([]float64, rounds)
	for _, one := range times {
		for i := range means {
			means[i] += one[i] / float64(len(times))
		}
	}
	all := ratio(means)
	return &all
}

// sample sums up the values of one side.
func sample(values []float64, peaks []int64) Sample {
	sorted := slices.Sorted(slices.Values(values))
	s := Sample{Median: middle(sorted), N: len(values), Values: values}
	s.Spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / s.Median
	if len(peaks) > 0 {
		s.PeakBytes = slices.Max(peaks)
	}
	return s
}
