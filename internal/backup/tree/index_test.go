package tree

import (
	"reflect"
	"testing"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/backup/archive"
)

// These tests know the index from within: it is part of the format of a set,
// and no door shows its bytes.

func indexOf(t testing.TB, entries []entry) []byte {
	t.Helper()
	press, err := archive.NewPress("fast")
	if err != nil {
		t.Fatal(err)
	}
	var w indexWriter
	for i := range entries {
		w.add(&entries[i])
	}
	return w.frame(press.Frame)
}

func readAll(t testing.TB, data []byte) ([]entry, error) {
	t.Helper()
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	var all []entry
	err = readIndex(decoder, data, func(e *entry) error {
		all = append(all, *e)
		return nil
	})
	return all, err
}

func entriesOfEveryKind() []entry {
	const most = 1<<63 - 1
	return []entry{
		{path: ".", kind: typeDir, mode: 0o1777},
		{path: "a", kind: typeFile, size: 5, mtime: -1, ctime: 1, inode: 2, device: 3, links: 4, blocks: 5, stored: 1024},
		{path: "a/b\xffc\n", kind: typeFile, mode: 0o7777, uid: 1<<32 - 1, gid: 1<<32 - 1, size: most, mtime: most, ctime: -most - 1,
			inode: 1<<64 - 1, device: 1<<64 - 1, links: 1<<64 - 1, blocks: most, stored: most},
		{path: "a/b", kind: typeSymlink, target: "../elsewhere"},
		{path: "z", kind: typeLink, target: "a"},
	}
}

func TestAnIndexComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, want := range [][]entry{nil, entriesOfEveryKind()} {
		data := indexOf(t, want)
		got, err := readAll(t, data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("came back as %+v (%v), written was %+v", got, err, want)
		}
		if n, _, err := countIndex(data); err != nil || n != len(want) {
			t.Errorf("it counts %d entries (%v), written were %d", n, err, len(want))
		}
	}
}

func TestADamagedIndexIsRefused(t *testing.T) {
	t.Parallel()
	data := indexOf(t, entriesOfEveryKind())
	for n := range data {
		if got, err := readAll(t, data[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes it was read: %+v", n, len(data), got)
		}
	}
	for i := range data {
		changed := append([]byte(nil), data...)
		changed[i] ^= 1
		if got, err := readAll(t, changed); err == nil && !reflect.DeepEqual(got, entriesOfEveryKind()) {
			t.Errorf("with byte %d changed it was read: %+v", i, got)
		}
	}
}

// FuzzEntriesNeverPanic plants the entries; the fuzzed bytes need not be a
// good frame, which compression would make all but impossible.
func FuzzEntriesNeverPanic(f *testing.F) {
	var w indexWriter
	for _, e := range entriesOfEveryKind() {
		w.add(&e)
	}
	f.Add(w.count, w.raw)
	f.Add(1, []byte{0, 1, 'a', typeFile})
	f.Add(1, []byte{1, 1, 'a', typeFile})
	f.Add(2, []byte{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add(1, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add(-1, []byte{})
	f.Fuzz(func(t *testing.T, count int, raw []byte) {
		r := indexReader{raw: raw}
		for range min(count, len(raw)+1) {
			e, err := r.next()
			if err != nil {
				return
			}
			if e.path == "" || e.size < 0 || e.stored < 0 {
				t.Errorf("%x holds %+v", raw, e)
			}
		}
	})
}

// FuzzIndexesNeverPanic takes whole files.
func FuzzIndexesNeverPanic(f *testing.F) {
	data := indexOf(f, entriesOfEveryKind())
	f.Add(data)
	f.Add([]byte(indexMagic))
	f.Add([]byte(indexMagic + "\x00"))
	f.Add([]byte(indexMagic + "\x01"))
	f.Add([]byte(indexMagic + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add(append([]byte(indexMagic+"\xff\xff\x7f"), data[len(indexMagic)+1:]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, _, err := countIndex(data)
		entries, readErr := readAll(t, data)
		if readErr == nil && (err != nil || n != len(entries)) {
			t.Errorf("%x counts %d (%v) and holds %d entries", data, n, err, len(entries))
		}
	})
}
