package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"testing"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
)

// BenchmarkStream lays down 256 MiB of lines as pgbench's tables hold them.
func BenchmarkStream(b *testing.B) {
	var text bytes.Buffer
	for i := 0; text.Len() < 64<<20; i++ {
		fmt.Fprintf(&text, "%d\t%d\t0\t                                                                                    \n", i, i/100000)
	}
	press, err := archive.NewPress("fast")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	const rounds = 4
	b.SetBytes(int64(text.Len()) * rounds)
	for n := 0; b.Loop(); n++ {
		layer, err := archive.NewLayer(context.Background(), press, disk.New(nil), filepath.Join(dir, strconv.Itoa(n)), nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		var all []io.Reader
		for range rounds {
			all = append(all, bytes.NewReader(text.Bytes()))
		}
		if _, err := layer.Stream(io.MultiReader(all...)); err != nil {
			b.Fatal(layer.Abort(err))
		}
		if _, err := layer.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
