package testbed

import (
	"os"

	"iact-infra/internal/testbed/cluster"
)

// Stride is the distance between the points at which a test kills or breaks what it tests: most, or 1 where time does
// not count. Loops of hundreds of points that each run a program several times are more than a CI has time for; the points
// that are left are always the same ones.
func Stride(most int) int {
	if os.Getenv(cluster.WholeVariable) == "1" {
		return 1
	}
	return most
}

// Sample is every most-th of a table's cases, or all of them where time does not count.
func Sample[T any](all []T, most int) []T {
	var some []T
	for i := 0; i < len(all); i += Stride(most) {
		some = append(some, all[i])
	}
	return some
}
