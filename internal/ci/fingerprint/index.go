package fingerprint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/zeebo/xxh3"
)

// magic begins an index and names its version.
const magic = "iact-index-1\n"

// mostIndex bounds what is read of an index: a few million files.
const mostIndex = 1 << 30

// record is what the index knows of a file.
type record struct {
	stat stat
	sum  [32]byte
}

// The numbers of a record before its path: four of the stat, the length of the path.
const recordSize = 4*8 + 32 + 4

// readIndex reads an index. One that is missing, cut short, damaged or of another
// version knows nothing: then everything is read again, and written anew.
func readIndex(name string) map[string]record {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err != nil || info.Size() > mostIndex {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return parseIndex(data)
}

func parseIndex(data []byte) map[string]record {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok || len(body) < 8 {
		return nil
	}
	body, check := body[:len(body)-8], body[len(body)-8:]
	if xxh3.Hash(body) != binary.LittleEndian.Uint64(check) {
		return nil
	}
	text := string(body) // the paths are cut out of it
	known := make(map[string]record, len(body)/128)
	for at := 0; at < len(body); {
		if len(body)-at < recordSize {
			return nil
		}
		number := func(i int) uint64 { return binary.LittleEndian.Uint64(body[at+8*i:]) }
		r := record{stat: stat{size: int64(number(0)), mtime: int64(number(1)), ctime: int64(number(2)), inode: number(3)}}
		copy(r.sum[:], body[at+32:])
		length := int(binary.LittleEndian.Uint32(body[at+64:]))
		at += recordSize
		if length > len(body)-at {
			return nil
		}
		known[text[at:at+length]] = r
		at += length
	}
	return known
}

// Save writes what is known now into the index. Several runs may do it at once:
// one of them wins, whole. Nothing is written when nothing was learnt.
func (s *Snapshot) Save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index == "" || !s.fresh {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.index), 0o700); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	err := replace(s.index, func(f *os.File) error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		// A file system with a clock of its own (NFS) is ahead of ours or behind.
		ahead := time.Until(info.ModTime())
		if ahead.Abs() < 50*time.Millisecond {
			ahead = 0
		}
		_, err = f.Write(s.encode(ahead))
		return err
	})
	if err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	s.fresh = false
	return nil
}

func (s *Snapshot) encode(ahead time.Duration) []byte {
	names := make([]string, 0, len(s.files))
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	data := make([]byte, 0, len(names)*(recordSize+48))
	data = append(data, magic...)
	for _, name := range names {
		f := s.files[name]
		r := record{f.stat, f.sum}
		if !f.known {
			old, there := s.old[name]
			if !there {
				continue
			}
			r = old
		}
		late := *f
		if late.read != 0 {
			late.read += int64(min(ahead, 0)) - int64(max(ahead, 0))
		}
		if f.kind == Link || f.gone || r.stat.inode == 0 || late.racy() {
			continue
		}
		for _, n := range []uint64{uint64(r.stat.size), uint64(r.stat.mtime), uint64(r.stat.ctime), r.stat.inode} {
			data = binary.LittleEndian.AppendUint64(data, n)
		}
		data = append(data, r.sum[:]...)
		data = binary.LittleEndian.AppendUint32(data, uint32(len(name)))
		data = append(data, name...)
	}
	return binary.LittleEndian.AppendUint64(data, xxh3.Hash(data[len(magic):]))
}

// replace writes a file beside its name and renames it: whoever reads sees the old
// one or the new one, whole.
func replace(name string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
