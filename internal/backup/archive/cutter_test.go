package archive_test

import (
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"iact-infra/internal/backup/archive"
)

// TestTheSameStreamIsCutAtTheSamePlacesForEver holds what every set so far
// rests on: with other cuts no piece of an earlier set would be found again.
// These numbers never change.
func TestTheSameStreamIsCutAtTheSamePlacesForEver(t *testing.T) {
	t.Parallel()
	want := []int64{4388053, 3540505, 3858292, 5200908, 4611186, 3931487, 5665878, 4196371, 3957893, 2592467}
	if got := lay(t, reader(noise(1, 40<<20)), nil).sizes(); !slices.Equal(got, want) {
		t.Errorf("noise was cut to\n%d, it has always been\n%d", got, want)
	}
	want = []int64{archive.MaxPiece, archive.MaxPiece, 4 << 20}
	if got := lay(t, reader(make([]byte, 20<<20)), nil).sizes(); !slices.Equal(got, want) {
		t.Errorf("zeros were cut to %d, want %d", got, want)
	}
}

func TestTheCutsDoNotDependOnHowTheStreamIsRead(t *testing.T) {
	t.Parallel()
	data := noise(2, 18<<20)
	want := lay(t, reader(data), nil).laid
	random := rand.New(rand.NewPCG(2, 2))
	for name, size := range map[string]func() int{
		"by 4095 bytes":            func() int { return 4095 },
		"by 64 KiB":                func() int { return 64 << 10 },
		"by up to 3 KiB":           func() int { return 1 + random.IntN(3<<10) },
		"by 1 byte to 1 MiB":       func() int { return 1 << random.IntN(21) },
		"by 1 MiB less or so":      func() int { return 1<<20 - random.IntN(128) },
		"at times by nothing":      func() int { return max(0, random.IntN(1<<20)-1<<18) },
		"around the smallest size": edges(),
	} {
		if got := lay(t, chunked{reader(data), size}, nil); got.laid.List != want.List {
			t.Errorf("%s: cut to %d, read at once to %d", name, got.sizes(), set{laid: want}.sizes())
		}
	}
}

// edges reads single bytes where the rules of the cutter change and where the
// window of the hash begins to fill, and much elsewhere.
func edges() func() int {
	var at int
	return func() int {
		for _, edge := range []int{archive.MinPiece, archive.AvgPiece, archive.MaxPiece} {
			if near := edge - 130; at < near {
				n := min(1<<20, near-at)
				at += n
				return n
			}
			if at < edge+130 {
				at++
				return 1
			}
		}
		return 1 << 20
	}
}

// TestSlowBytesPutIntoTheMiddleChangeOnlyThePiecesAround is what makes the parts of
// an earlier set worth linking.
func TestSlowBytesPutIntoTheMiddleChangeOnlyThePiecesAround(t *testing.T) {
	t.Parallel()
	data := noise(3, 64<<20/min(less, 2))
	before := lay(t, reader(data), nil)
	for _, at := range []int{0, 5, 20 << 20, 25<<20 + 17}[min(less, 3)-1:] {
		longer := slices.Concat(data[:at], []byte("some bytes that were not there"), data[at:])
		after := lay(t, reader(longer), before.shelf())
		other, shared := 0, before.pieces()
		for p := range after.pieces() {
			if !shared[p] {
				other++
			}
		}
		if other > 3 || other == 0 {
			t.Errorf("30 bytes at %d changed %d of %d pieces: %d before, %d after", at, other, len(after.laid.Parts), before.sizes(), after.sizes())
		}
		if after.laid.New > 3*archive.MaxPiece {
			t.Errorf("30 bytes at %d wrote %d bytes anew", at, after.laid.New)
		}
	}
}

func TestPiecesKeepToTheirSizes(t *testing.T) {
	t.Parallel()
	const total = 160 << 20 / min(less, 2)
	sizes := lay(t, io.LimitReader(newBabble(4), total), nil).sizes()
	for i, n := range sizes {
		if n > archive.MaxPiece || n < archive.MinPiece && i < len(sizes)-1 {
			t.Errorf("piece %d of %d has %d bytes, want %d to %d", i+1, len(sizes), n, archive.MinPiece, archive.MaxPiece)
		}
	}
	if average := total / len(sizes); average < archive.AvgPiece*3/4 || average > archive.AvgPiece*5/4 {
		t.Errorf("pieces have %d bytes on average, want about %d", average, archive.AvgPiece)
	}
}
