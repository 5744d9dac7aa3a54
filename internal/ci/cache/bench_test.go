package cache_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// BenchmarkTree saves and restores outputs of two sizes. In place is a restore of
// what is there already: 20 ms for 200 files, 300 ms for 20,000 is what it may take.
func BenchmarkTree(b *testing.B) {
	for _, files := range []int{200, 20000} {
		r := newRig(b)
		r.job.Outputs = []string{"ui/dist"}
		random := rand.New(rand.NewPCG(1, 2))
		words := make([]string, 3000)
		for i := range words {
			words[i] = fmt.Sprintf("w%x ", random.Uint32())
		}
		var size int64
		for i := range files {
			var text strings.Builder
			for range 500 {
				text.WriteString(words[int(random.ExpFloat64()*200)%len(words)])
			}
			size += int64(text.Len())
			r.put(fmt.Sprintf("ui/dist/p%d/lib/f%d.js", i/20, i), text.String())
		}
		name := func(what string) string { return fmt.Sprintf("%s/%d", what, files) }
		b.Run(name("save"), func(b *testing.B) {
			b.SetBytes(size)
			for n := 0; b.Loop(); n++ {
				r.save(n)
			}
		})
		r.save(1)
		b.Run(name("restore"), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				r.must(os.RemoveAll(r.at(".iact/ci/placed")))
				r.restored(1)
			}
		})
		b.Run(name("in place"), func(b *testing.B) {
			for b.Loop() {
				if !r.restored(1).Untouched {
					b.Fatal("unpacked again")
				}
			}
		})
	}
}
