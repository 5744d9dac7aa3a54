package performance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/report"
)

// largest are the largest layers of docker history, each with its size and what
// made it.
func largest(history string, most int) []string {
	type layer struct {
		size int64
		by   string
	}
	var all []layer
	for line := range strings.Lines(history) {
		word, by, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if size, err := strconv.ParseInt(word, 10, 64); err == nil && size > 0 {
			all = append(all, layer{size, by})
		}
	}
	slices.SortStableFunc(all, func(a, b layer) int { return int(min(1, max(-1, b.size-a.size))) })
	var lines []string
	for _, l := range all[:min(most, len(all))] {
		by := strings.Join(strings.Fields(strings.TrimPrefix(l.by, "/bin/sh -c ")), " ")
		if len(by) > 60 {
			by = strings.ToValidUTF8(by[:60], "") + "…"
		}
		lines = append(lines, fmt.Sprintf("%s: %s", report.Bytes(l.size), by))
	}
	return lines
}
