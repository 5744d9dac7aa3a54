package tree

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/backup/manifest"
)

// An index is the magic, the number of entries, and one zstd frame with the
// entries. Paths share their beginning with the path before.
const indexMagic = "IACTIDX1"

// maxIndex bounds what an index may decode to, in bytes.
const maxIndex = 64 << 20

// indexWriter gathers the entries of one part.
type indexWriter struct {
	raw   []byte
	last  string
	count int
}

func (w *indexWriter) add(e *entry) {
	shared := 0
	for shared < len(w.last) && shared < len(e.path) && w.last[shared] == e.path[shared] {
		shared++
	}
	w.last = e.path
	w.count++
	b := w.raw
	b = binary.AppendUvarint(b, uint64(shared))
	b = appendString(b, e.path[shared:])
	b = append(b, e.kind)
	for _, v := range [...]uint64{uint64(e.mode), uint64(e.uid), uint64(e.gid), uint64(e.size), e.inode, e.device, e.links, uint64(e.blocks), uint64(e.stored)} {
		b = binary.AppendUvarint(b, v)
	}
	b = binary.AppendVarint(b, e.mtime)
	b = binary.AppendVarint(b, e.ctime)
	b = appendString(b, e.target)
	w.raw = b
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// frame finishes the index; compress makes one zstd frame.
func (w *indexWriter) frame(compress func([]byte) []byte) []byte {
	head := binary.AppendUvarint([]byte(indexMagic), uint64(w.count))
	return append(head, compress(w.raw)...)
}

var errIndex = errors.New("not an index, or a damaged one")

// countIndex says how many entries an index holds.
func countIndex(data []byte) (count int, frame []byte, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(indexMagic))
	if !ok {
		return 0, nil, errIndex
	}
	n, used := binary.Uvarint(rest)
	if used <= 0 || n > maxIndex/16 {
		return 0, nil, errIndex
	}
	return int(n), rest[used:], nil
}

// readIndex hands the entries of an index to use, in order.
func readIndex(decoder *zstd.Decoder, data []byte, use func(*entry) error) error {
	count, frame, err := countIndex(data)
	if err != nil {
		return err
	}
	raw, err := decoder.DecodeAll(frame, nil)
	if err != nil {
		return fmt.Errorf("decode index: %w", err)
	}
	r := indexReader{raw: raw}
	for range count {
		e, err := r.next()
		if err != nil {
			return err
		}
		if err := use(&e); err != nil {
			return err
		}
	}
	if len(r.raw) != 0 {
		return errIndex
	}
	return nil
}

type indexReader struct {
	raw  []byte
	last string
	bad  bool
}

func (r *indexReader) next() (entry, error) {
	var e entry
	shared := r.number()
	if shared > uint64(len(r.last)) {
		return e, errIndex
	}
	e.path = r.last[:shared] + r.text()
	r.last = e.path
	if len(r.raw) == 0 {
		return e, errIndex
	}
	e.kind, r.raw = r.raw[0], r.raw[1:]
	e.mode, e.uid, e.gid = uint32(r.number()), uint32(r.number()), uint32(r.number())
	e.size = int64(r.number())
	e.inode, e.device, e.links = r.number(), r.number(), r.number()
	e.blocks, e.stored = int64(r.number()), int64(r.number())
	e.mtime, e.ctime = r.signed(), r.signed()
	e.target = r.text()
	if r.bad || e.path == "" || e.size < 0 || e.stored < 0 {
		return e, errIndex
	}
	return e, nil
}

func (r *indexReader) number() uint64 {
	v, n := binary.Uvarint(r.raw)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.raw = r.raw[n:]
	return v
}

func (r *indexReader) signed() int64 {
	v, n := binary.Varint(r.raw)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.raw = r.raw[n:]
	return v
}

func (r *indexReader) text() string {
	n := r.number()
	if r.bad || n > uint64(len(r.raw)) {
		r.bad = true
		return ""
	}
	s := string(r.raw[:n])
	r.raw = r.raw[n:]
	return s
}

// Settled says whether a set knows a file well enough that a later set need
// not read it again while its times stay as they are.
func Settled(dir string, parts []manifest.Part, path string) (bool, error) {
	base, err := LoadBase(dir, parts)
	if err != nil {
		return false, err
	}
	settled := false
	for i := range parts {
		base.drop[i] = true
	}
	for i := range base.known {
		base.known[i].same = true
	}
	err = base.survivors(func(e *entry) error {
		if e.path == path {
			settled = e.ctime != 0
		}
		return nil
	})
	return settled, err
}

// Names lists up to most names that a part holds.
func Names(dir string, p manifest.Part, most int) ([]string, error) {
	data, err := readIndexFile(dir, p)
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxIndex))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	var all []string
	err = readIndex(decoder, data, func(e *entry) error {
		if len(all) < most && e.kind != typeDir {
			all = append(all, e.path)
		}
		return nil
	})
	return all, err
}
