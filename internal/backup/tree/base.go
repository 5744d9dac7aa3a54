package tree

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
)

// Base is the log of the set before: what it holds of every name, and which of
// its parts can stand in the next set. It keeps 32 bytes for each entry, so that
// millions of files need little memory.
//
// A part is kept unless one of these holds, each of which would make tar
// restore something that is not there any more, or fail:
//   - it holds an entry of a name that is gone, or that has another type now;
//   - it holds a hard link whose target no kept part before it holds;
//   - more than half of it is stale;
//   - it is one of too many small parts.
//
// What is still alive in a part that is not kept is read and appended anew.
type Base struct {
	dir   string
	parts []manifest.Part
	known []version // sorted by name, then by part: the last one of a name is alive
	links []link
	drop  []bool // by index of the part
}

// version is one entry of the log.
type version struct {
	name   pathHash
	print  [8]byte
	blocks uint32 // of 512 bytes in the stream
	part   int32  // index into parts
	kind   byte
	seen   bool // the walk met this name, and its type is the same
	same   bool // and nothing about it has changed; of the living version only
}

type link struct {
	part   int32
	target pathHash
}

// LoadBase reads the indexes of an earlier set. An index that cannot be read
// is an error: the caller then starts a new log.
func LoadBase(dir string, parts []manifest.Part) (*Base, error) {
	b := &Base{dir: dir, parts: parts, drop: make([]bool, len(parts))}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxIndex))
	if err != nil {
		return nil, fmt.Errorf("make decoder: %w", err)
	}
	defer decoder.Close()
	total := 0
	for _, load := range []bool{false, true} {
		for i := 0; i < len(parts); i += 1 + parts[i].Tail {
			data, err := readIndexFile(dir, parts[i])
			if err != nil {
				return nil, err
			}
			if !load {
				n, _, err := countIndex(data)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", manifest.IndexName(parts[i].Number), err)
				}
				total += n
				continue
			}
			if err := readIndex(decoder, data, func(e *entry) error { b.add(int32(i), e); return nil }); err != nil {
				return nil, fmt.Errorf("%s: %w", manifest.IndexName(parts[i].Number), err)
			}
		}
		if !load {
			b.known = make([]version, 0, total)
		}
	}
	slices.SortFunc(b.known, func(x, y version) int {
		if c := bytes.Compare(x.name[:], y.name[:]); c != 0 {
			return c
		}
		return cmp.Compare(x.part, y.part)
	})
	return b, nil
}

func readIndexFile(dir string, p manifest.Part) ([]byte, error) {
	name := manifest.IndexName(p.Number)
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("read index: %w", err)
	}
	if p.Index == nil || manifest.Sum(data) != *p.Index {
		return nil, fmt.Errorf("read index: %s is not what was written", name)
	}
	return data, nil
}

func (b *Base) add(part int32, e *entry) {
	b.known = append(b.known, version{name: hashPath(e.path), print: e.print(), blocks: uint32(min(e.stored/block, math.MaxUint32)), part: part, kind: e.kind})
	if e.kind == typeLink {
		b.links = append(b.links, link{part: part, target: hashPath(e.target)})
	}
}

// versions are the entries of one name, oldest first.
func (b *Base) versions(name pathHash) []version {
	at := sort.Search(len(b.known), func(i int) bool { return bytes.Compare(b.known[i].name[:], name[:]) >= 0 })
	end := at
	for end < len(b.known) && b.known[end].name == name {
		end++
	}
	return b.known[at:end]
}

// unchanged says whether the log already holds this entry, and notes that it
// was seen.
func (b *Base) unchanged(e *entry) bool {
	all := b.versions(hashPath(e.path))
	if len(all) == 0 {
		return false
	}
	now := e.kind
	for i := range all {
		if was := all[i].kind; was != now && (was != typeLink || now != typeFile) {
			return false // settle drops every part that holds the other type
		}
	}
	for i := range all {
		all[i].seen = true
	}
	alive := &all[len(all)-1]
	alive.same = alive.print == e.print()
	return alive.same
}

// settle decides which parts are kept, after the walk has seen every name that
// there is.
func (b *Base) settle() {
	stale := make([]int64, len(b.parts))
	for i := range b.known {
		v := &b.known[i]
		if !v.seen {
			b.drop[v.part] = true
		}
		alive := i+1 == len(b.known) || b.known[i+1].name != v.name
		if !alive || !v.same {
			stale[v.part] += int64(v.blocks) * block
		}
	}
	small := 0
	for i := 0; i < len(b.parts); i += 1 + b.parts[i].Tail {
		size := int64(0)
		for _, p := range b.parts[i : i+1+b.parts[i].Tail] {
			size += p.PlainSize
		}
		b.drop[i] = b.drop[i] || stale[i]*2 > size
		if b.small(i) {
			small++
		}
	}
	for i := range b.parts {
		b.drop[i] = b.drop[i] || small > mostSmall && b.small(i)
	}
	for again := true; again; {
		again = false
		for _, l := range b.links {
			if !b.drop[l.part] && !b.follows(l) {
				b.drop[l.part], again = true, true
			}
		}
	}
}

// Each day's few changes make one small part; that many are kept before they
// are packed together.
const mostSmall = 16

func (b *Base) small(i int) bool {
	return b.parts[i].Index != nil && b.parts[i].Tail == 0 && b.parts[i].PlainSize < packSize/4
}

// follows says whether a kept part, the link's own or an earlier one, holds
// the file that the link names.
func (b *Base) follows(l link) bool {
	for _, v := range b.versions(l.target) {
		if v.part <= l.part && v.kind == typeFile && !b.drop[v.part] {
			return true
		}
	}
	return false
}

// kept says whether the living entry of a name stands in a part that is kept.
func (b *Base) kept(path string) bool {
	all := b.versions(hashPath(path))
	return len(all) > 0 && !b.drop[all[len(all)-1].part]
}

// keep links every part that is kept into the new set.
func (b *Base) keep(layer *archive.Layer, prior *manifest.State, source string) error {
	for i := 0; i < len(b.parts); i += 1 + b.parts[i].Tail {
		if b.drop[i] {
			continue
		}
		for _, p := range b.parts[i : i+1+b.parts[i].Tail] {
			p.ReadAt = prior.ReadAt(source, p)
			if err := layer.Keep(b.dir, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// survivors hands over what is alive and unchanged in the parts that are not
// kept: it has to be appended again.
func (b *Base) survivors(use func(*entry) error) error {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxIndex))
	if err != nil {
		return fmt.Errorf("make decoder: %w", err)
	}
	defer decoder.Close()
	for i := 0; i < len(b.parts); i += 1 + b.parts[i].Tail {
		if !b.drop[i] {
			continue
		}
		data, err := readIndexFile(b.dir, b.parts[i])
		if err != nil {
			return err
		}
		err = readIndex(decoder, data, func(e *entry) error {
			all := b.versions(hashPath(e.path))
			alive := all[len(all)-1]
			if int(alive.part) != i || !alive.same {
				return nil // stale, gone, or changed: the walk has it
			}
			return use(e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
