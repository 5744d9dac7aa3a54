package fingerprint_test

import (
	"context"
	"fmt"
	"testing"

	"iact-infra/internal/ci/fingerprint"
)

// BenchmarkAnUnchangedTreeOf20000Files is a run with nothing changed, seen from
// here: the index is read, the tree walked, and ten jobs ask. Target: 150 ms on
// two cores. Cold is the same without an index.
func BenchmarkAnUnchangedTreeOf20000Files(b *testing.B) {
	r := newTree(b)
	for i := range 20000 {
		r.put(fmt.Sprintf("c%d/d%d/e%d/file%d.js", i%4, i/100%10, i/1000, i), fmt.Sprintf("%d %4000d", i, i))
	}
	r.put(".gitignore", "node_modules/\n*.log\n*.pyc\n.env\n/dist\ncoverage/\n**/build/out\n")
	r.list(fingerprint.Selection{Dir: "."})
	for name, index := range map[string]string{"warm": r.at(".iact/ci/index"), "cold": ""} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s, err := fingerprint.Open(context.Background(), fingerprint.Options{Root: r.dir, Index: index})
				r.must(err)
				for job := range 10 {
					l, err := s.Inputs(context.Background(), fingerprint.Selection{Dir: fmt.Sprintf("c%d", job%4), Patterns: []string{"!*.md"}})
					r.must(err)
					if len(l.Files) != 5000 {
						b.Fatal(len(l.Files))
					}
				}
				r.must(s.Save())
			}
		})
	}
}
