package disktar_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/disktar"
	"iact-infra/internal/command"
	"iact-infra/internal/diskimage"
)

const (
	k = int64(1) << 10
	m = int64(1) << 20
)

// disk is a disk in memory: data where extents are, as the seed has it.
type disk struct {
	size    int64
	extents []diskimage.Extent
	bytes   []byte
}

func newDisk(seed uint64, size int64, extents ...diskimage.Extent) disk {
	d := disk{size: size, extents: extents, bytes: make([]byte, size)}
	random := rand.NewChaCha8([32]byte{byte(seed), 1})
	for _, e := range extents {
		_, _ = random.Read(d.bytes[e.Offset : e.Offset+e.Length])
	}
	return d
}

// member is the disk as the tar has it, and how many bytes that takes.
func (d disk) member(t testing.TB, name string) []byte {
	t.Helper()
	spans, err := disktar.Spans(d.size, d.extents)
	must(t, err)
	var regions []disktar.Region
	var data []byte
	for _, span := range spans {
		one, found, err := disktar.Read(bytes.NewReader(d.bytes), d.size, span, make([]byte, 0, disktar.Piece))
		must(t, err)
		data, regions = append(data, one...), disktar.Append(regions, found)
	}
	head, err := disktar.Disk(name, d.size, regions, time.Unix(1800000000, 0))
	must(t, err)
	all := slices.Concat(head, data)
	return append(all, disktar.Padding(int64(len(all)))...)
}

func disks() map[string]disk {
	e := func(offset, length int64) diskimage.Extent { return diskimage.Extent{Offset: offset, Length: length} }
	return map[string]disk{
		"empty":                newDisk(1, 0),
		"a hole alone":         newDisk(2, 3*m),
		"data alone":           newDisk(3, 5*m, e(0, 5*m)),
		"holes at both ends":   newDisk(4, 12*m, e(4*m, 64*k), e(9*m, m)),
		"a hole at its start":  newDisk(5, 9*m, e(8*m+512, m-512)),
		"an odd size":          newDisk(6, 4*m+777, e(0, 64*k), e(4*m, 777)),
		"many short regions":   newDisk(7, 16*m, every(16*m, 128*k, 4*k)...),
		"extents that touch":   newDisk(8, 8*m, e(m, 100), e(m+100, 100), e(m+64*k-1, 2)),
		"zeros that were kept": {size: 8 * m, extents: []diskimage.Extent{{Length: 8 * m}}, bytes: make([]byte, 8*m)},
	}
}

// every is an extent of a length at every so many bytes.
func every(size, step, length int64) (all []diskimage.Extent) {
	for at := int64(0); at < size; at += step {
		all = append(all, diskimage.Extent{Offset: at, Length: length})
	}
	return all
}

// whole is a tar of all of the disks and a file.
func whole(t testing.TB, all map[string]disk) []byte {
	t.Helper()
	head, err := disktar.File("machine.json", 7, time.Unix(1800000000, 0))
	must(t, err)
	out := slices.Concat(head, []byte("machine"))
	out = append(out, disktar.Padding(7)...)
	for _, name := range sorted(all) {
		out = append(out, all[name].member(t, "disks/"+name)...)
	}
	return append(out, disktar.End()...)
}

func sorted[V any](all map[string]V) (names []string) {
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestBothTarsAndGoLayADiskDownWithItsHoles(t *testing.T) {
	t.Parallel()
	all := disks()
	stream := whole(t, all)
	for _, line := range []string{`tar -xSf - -C "$1"`, `bsdtar -xf - -C "$1"`} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := command.Change("sh", "-c", line, "sh", dir)
			must(t, command.NewDoor(command.Local()).Feed(context.Background(), c, bytes.NewReader(stream)))
			if got, err := os.ReadFile(filepath.Join(dir, "machine.json")); err != nil || string(got) != "machine" {
				t.Errorf("machine.json holds %q, %v", got, err)
			}
			for name, d := range all {
				got, err := os.ReadFile(filepath.Join(dir, "disks", name))
				must(t, err)
				if !bytes.Equal(got, d.bytes) {
					t.Errorf("%s: %d bytes that are not the disk's %d", name, len(got), d.size)
				}
				var st unix.Stat_t
				must(t, unix.Stat(filepath.Join(dir, "disks", name), &st))
				if held := int64(len(d.member(t, name))); st.Blocks*512 > held+4096 { // whole blocks of the file system
					t.Errorf("%s takes %d bytes, its data %d: the holes are gone", name, st.Blocks*512, held)
				}
			}
		})
	}
	in := tar.NewReader(bytes.NewReader(stream))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		got, err := io.ReadAll(in)
		must(t, err)
		if d, ok := all[filepath.Base(h.Name)]; ok && !bytes.Equal(got, d.bytes) {
			t.Errorf("archive/tar reads %s otherwise", h.Name)
		}
	}
}

func TestWhatIsReadBackIsTheDisk(t *testing.T) {
	t.Parallel()
	all := disks()
	read(t, whole(t, all), func(member *disktar.Member, data []byte) {
		d, ok := all[filepath.Base(member.Name)]
		if !ok {
			return
		}
		got := make([]byte, member.Size)
		for _, r := range member.Regions {
			data = data[copy(got[r.Offset:r.Offset+r.Length], data):]
		}
		if !bytes.Equal(got, d.bytes) {
			t.Errorf("%s: it is another disk", member.Name)
		}
		if member.Name == "disks/zeros that were kept" && len(member.Regions) != 0 {
			t.Errorf("zeros take %d regions", len(member.Regions))
		}
	})
}

// read goes through a tar, and returns the error that ends it.
func read(t testing.TB, stream []byte, use func(*disktar.Member, []byte)) {
	t.Helper()
	must(t, members(stream, use))
}

func members(stream []byte, use func(*disktar.Member, []byte)) error {
	in := disktar.NewReader(bytes.NewReader(stream))
	for {
		member, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		use(member, data)
	}
}

func TestWhatIsCutShortOrChangedIsFound(t *testing.T) {
	t.Parallel()
	all := map[string]disk{"vda": newDisk(9, 1*m, diskimage.Extent{Offset: 128 * k, Length: 64 * k}), "vdb": newDisk(10, 70*k)}
	stream := whole(t, all)
	for n := range len(stream) / 512 {
		if members(stream[:n*512], func(*disktar.Member, []byte) {}) == nil {
			t.Errorf("a tar of %d bytes reads as if it were all of %d", n*512, len(stream))
		}
	}
	if members(append(slices.Clone(stream), 0), func(*disktar.Member, []byte) {}) == nil {
		t.Error("what follows the end is not told")
	}
	list := bytes.Index(stream, []byte("2\n131072\n65536\n"))
	if list < 0 {
		t.Fatal("there is no list of regions where it should be")
	}
	for at, what := range map[int]string{0: "3", 2: "x", 9: "7", 20: "x", -512 + 124: "7", -512: "x", -1024 + 3: "x"} {
		bad := slices.Clone(stream)
		copy(bad[list+at:], what)
		if members(bad, func(*disktar.Member, []byte) {}) == nil {
			t.Errorf("%q at %d passes", what, at)
		}
	}
}

func TestAPieceDependsOnNothingButTheDiskThere(t *testing.T) {
	t.Parallel()
	d := newDisk(11, 12*m, diskimage.Extent{Offset: 5 * m, Length: 128 * k})
	for _, extents := range [][]diskimage.Extent{
		d.extents, {{Length: 12 * m}}, {{Offset: 4 * m, Length: 4 * m}}, {{Offset: 5 * m, Length: 1}, {Offset: 5*m + 1, Length: 127 * k}},
	} {
		spans, err := disktar.Spans(d.size, extents)
		must(t, err)
		var pieces []string
		for _, span := range spans {
			data, regions, err := disktar.Read(bytes.NewReader(d.bytes), d.size, span, make([]byte, 0, disktar.Piece))
			must(t, err)
			if len(data) > 0 {
				pieces = append(pieces, fmt.Sprint(span.Offset, regions, bytes.Equal(data, d.bytes[5*m:5*m+128*k])))
			}
		}
		if want := []string{fmt.Sprint(4*m, []disktar.Region{{5 * m, 128 * k}}, true)}; !slices.Equal(pieces, want) {
			t.Errorf("%v gives %v, want %v", extents, pieces, want)
		}
	}
}

func TestTheListOfALargeDiskStaysShort(t *testing.T) {
	t.Parallel()
	for size, want := range map[int64]int64{0: 64 * k, 10 << 30: 64 * k, 16 << 30: 64 * k, 100 << 30: 512 * k, 8 << 40: 4 * m} {
		if got := disktar.Grain(size); got != want {
			t.Errorf("a disk of %d has a grain of %d, want %d", size, got, want)
		}
	}
}

func TestExtentsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, extents := range [][]diskimage.Extent{{{Offset: 10, Length: 5}, {Offset: 12, Length: 1}}, {{Offset: 90, Length: 11}}, {{Offset: 5, Length: -1}}, {{Offset: -1, Length: 1}}} {
		if _, err := disktar.Spans(100, extents); err == nil {
			t.Errorf("%v passes", extents)
		}
	}
	if _, _, err := disktar.Read(bytes.NewReader(make([]byte, 10)), 100, disktar.Span{Data: []disktar.Region{{0, 100}}}, make([]byte, 0, 100)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a disk that ends early: %v", err)
	}
}

// FuzzReader: whatever it is fed, the reader ends with an error or agrees with
// archive/tar about what there is.
func FuzzReader(f *testing.F) {
	f.Add(whole(f, map[string]disk{"vda": newDisk(1, 300*k, diskimage.Extent{Offset: 64 * k, Length: 100})}))
	f.Add(whole(f, nil))
	f.Fuzz(func(t *testing.T, stream []byte) {
		type one struct {
			name string
			size int64
			data []byte
		}
		var ours []one
		err := members(stream, func(member *disktar.Member, data []byte) {
			if member.Size < 4*m {
				got := make([]byte, member.Size)
				for _, r := range member.Regions {
					data = data[copy(got[r.Offset:r.Offset+r.Length], data):]
				}
				data = got
			}
			ours = append(ours, one{member.Name, member.Size, data})
		})
		if err != nil {
			return
		}
		theirs := tar.NewReader(bytes.NewReader(stream))
		for _, want := range ours {
			h, err := theirs.Next()
			if err != nil {
				t.Fatalf("archive/tar refuses what we read: %v", err)
			}
			if h.Name != want.name || h.Size != want.size {
				t.Fatalf("%q of %d bytes, archive/tar has %q of %d", want.name, want.size, h.Name, h.Size)
			}
			if want.size < 4*m {
				if got, err := io.ReadAll(theirs); err != nil || !bytes.Equal(got, want.data) {
					t.Fatalf("%s differs: %v", want.name, err)
				}
			}
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
