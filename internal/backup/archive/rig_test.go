package archive_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/command"
)

// noise is n bytes, the same in every release of Go: ChaCha8 is
// specified. They are words of a small language, so that they take little space
// when compressed, and yet no two stretches of 64 bytes are likely the same.
func noise(seed byte, n int) []byte {
	data := make([]byte, (n+15)/16*16)
	_, _ = newBabble(seed).Read(data)
	return data[:n]
}

// babble is noise without an end.
type babble struct {
	random *rand.ChaCha8
	words  [256][16]byte
	chosen [1 << 12]byte
}

func newBabble(seed byte) *babble {
	b := &babble{random: rand.NewChaCha8([32]byte{seed})}
	for i := range b.words {
		_, _ = b.random.Read(b.words[i][:])
	}
	return b
}

// Read gives whole words and wants room for one.
func (b *babble) Read(p []byte) (int, error) {
	n := 0
	for n+16 <= len(p) {
		chosen := b.chosen[:min(len(b.chosen), (len(p)-n)/16)]
		_, _ = b.random.Read(chosen)
		for _, c := range chosen {
			n += copy(p[n:], b.words[c][:])
		}
	}
	return n, nil
}

func newPress(t testing.TB) *archive.Press {
	t.Helper()
	press, err := archive.NewPress("fast")
	if err != nil {
		t.Fatal(err)
	}
	return press
}

// set is what one stream was laid down as.
type set struct {
	dir  string
	laid archive.Laid
}

// stream lays r down through d; it ends the layer as a capture does.
func stream(ctx context.Context, press *archive.Press, d *disk.Disk, dir string, shelf archive.Shelf, r io.Reader) (archive.Laid, error) {
	layer, err := archive.NewLayer(ctx, press, d, dir, shelf, nil)
	if err != nil {
		return archive.Laid{}, err
	}
	if _, err := layer.Stream(r); err != nil {
		return archive.Laid{}, layer.Abort(err)
	}
	return layer.Close()
}

// lay lays data down in a directory of its own.
func lay(t testing.TB, r io.Reader, shelf archive.Shelf) set {
	t.Helper()
	s := set{dir: filepath.Join(t.TempDir(), "source")}
	var err error
	if s.laid, err = stream(t.Context(), newPress(t), disk.New(nil), s.dir, shelf, r); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s set) shelf() archive.Shelf {
	shelf := archive.Shelf{}
	shelf.Add(s.dir, s.laid.Parts)
	return shelf
}

// sizes are those of the pieces that a stream was cut to.
func (s set) sizes() []int64 {
	var all []int64
	for _, p := range s.laid.Parts {
		all = append(all, p.PlainSize)
	}
	return all
}

// decoded is the stream as zstd itself gives it back from the parts.
func (s set) decoded(t testing.TB) []byte {
	t.Helper()
	line := `cd "$1" && find . -name '[0-9]*.zst' -print0 | sort -z | xargs -0 cat | zstd -dc`
	out, err := command.NewDoor(command.Local()).Stream(t.Context(), command.Read("sh", "-c", line, "sh", s.dir))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Abort()
	data, err := io.ReadAll(out)
	if err != nil {
		t.Fatalf("zstd cannot read the parts: %v", err)
	}
	return data
}

// pieces are the hashes of the plain data of the parts.
func (s set) pieces() map[manifest.Hash]bool {
	all := map[manifest.Hash]bool{}
	for _, p := range s.laid.Parts {
		all[p.Plain] = true
	}
	return all
}

// chunked reads at most as many bytes at a time as size says.
type chunked struct {
	io.Reader
	size func() int
}

func (c chunked) Read(p []byte) (int, error) { return c.Reader.Read(p[:min(len(p), c.size())]) }

func reader(data []byte) io.Reader { return bytes.NewReader(data) }
