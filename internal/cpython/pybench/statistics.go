package pybench

import (
	"math"
	"slices"
)

// How sure an interval is: it misses the truth in miss of all cases, half of
// them on either side.
const miss = 0.05

// estimate is the centre of differences that were measured in pairs, with an
// interval for it. It is Hodges and Lehmann's estimator and the interval of
// Wilcoxon's signed rank test. Both ask only that noise is as likely to make a
// difference larger as smaller, which pairing and turning the order around see
// to; no shape of the noise is assumed, a process that was disturbed hardly
// counts, and nothing is drawn at random, so the same values give the same
// answer. A bootstrap of a dozen values would miss more often than it says.
//
// Fewer than six pairs have no such interval: then it is Student's.
func estimate(differences []float64) (centre, low, high float64) {
	averages := walsh(differences)
	centre = middle(averages)
	if len(differences) < 6 {
		low, high = student(differences)
		return centre, min(low, centre), max(high, centre)
	}
	cut := rankCut(len(differences))
	return centre, averages[cut], averages[len(averages)-1-cut]
}

// walsh are the means of all pairs, each value with itself included, in order.
func walsh(values []float64) []float64 {
	averages := make([]float64, 0, len(values)*(len(values)+1)/2)
	for i, a := range values {
		for _, b := range values[i:] {
			averages = append(averages, (a+b)/2)
		}
	}
	slices.Sort(averages)
	return averages
}

// rankCut is how many averages lie outside of the interval on either side: the
// largest sum of ranks that chance stays at or below in less than half of miss.
func rankCut(n int) int {
	most := n * (n + 1) / 2
	ways := make([]float64, most+1) // to choose ranks that have this sum, as a share of all
	ways[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := most; sum >= 0; sum-- {
			ways[sum] /= 2
			if sum >= rank {
				ways[sum] += ways[sum-rank] / 2
			}
		}
	}
	below := 0.0
	for sum, share := range ways {
		if below += share; below > miss/2 {
			return max(sum-1, 0)
		}
	}
	return 0
}

// student is the interval around the mean of a few values.
func student(values []float64) (low, high float64) {
	quantile := []float64{12.706, 4.303, 3.182, 2.776}[len(values)-2]
	mean, squares := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	n := float64(len(values))
	half := quantile * math.Sqrt(squares/(n-1)/n)
	return mean - half, mean + half
}

// median is the middle of values, which stay as they are.
func median(values []float64) float64 { return middle(slices.Sorted(slices.Values(values))) }

func middle(sorted []float64) float64 { return quantile(sorted, 0.5) }

// quantile is the value below which that share of sorted values lies.
func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
