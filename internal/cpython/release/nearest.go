package release

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// nearest sorts the known versions by how likely each is what was meant by s, which may be anything. The series counts
// most, then the patch; where s names no patch, the newest one is meant. A preview is meant only by who writes one.
func nearest(s string, known []Version) []Version {
	want := [3]int{math.MaxInt32, math.MaxInt32, math.MaxInt32}
	numbers := regexp.MustCompile(`[0-9]+`).FindAllString(s, len(want))
	for i, digits := range numbers {
		if n, err := strconv.Atoi(digits); err == nil && n < want[i] {
			want[i] = n
		}
	}
	preview := regexp.MustCompile(`[0-9](a|b|rc)[0-9]`).MatchString(s)
	rank := func(v Version) [5]int {
		var unwanted, anywhere int
		if v.Pre != "" && !preview {
			unwanted = 1
		}
		if len(numbers) < 2 {
			anywhere = unwanted // no series is asked for: not even the newest one, if it has only previews
		}
		return [5]int{distance(v.Major, want[0]), anywhere, distance(v.Minor, want[1]), unwanted, distance(v.Patch, want[2])}
	}
	sorted := slices.Clone(known)
	slices.SortFunc(sorted, func(a, b Version) int {
		ranks, others := rank(a), rank(b)
		return cmp.Or(slices.Compare(ranks[:], others[:]), b.Compare(a))
	})
	return slices.Compact(sorted)
}

func distance(a, b int) int { return max(a-b, b-a) }
