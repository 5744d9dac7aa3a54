package survey

import "iact-infra/internal/verdict"

// Satisfies is for its table and its fuzzer.
func Satisfies(v, ranges string) (ok, known bool) { return satisfies(version(v), ranges) }

// Judge holds made-up resources against the wants.
func Judge(w Wants, cores int, available, free, inodes int64, watches int) []verdict.Finding {
	return look{Wants: w}.judge(resources{cores: cores, memory: max(available, 16<<30), available: available, free: free, inodes: inodes, totalInodes: 1 << 20, watches: watches})
}
