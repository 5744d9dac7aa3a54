package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
)

// Draft is a set that is being written.
type Draft struct {
	ID    string
	Dir   string
	store *Store
	older []string // unfinished sets of earlier runs
}

// Begin starts a set.
func (s *Store) Begin(id string) (*Draft, error) {
	names, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(s.dir, id)); err == nil {
		return nil, fmt.Errorf("begin set %s: %w", id, os.ErrExist) // which its end would find out
	}
	d := &Draft{ID: id, Dir: filepath.Join(s.dir, incomplete+id), store: s}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), incomplete) {
			d.older = append(d.older, filepath.Join(s.dir, n.Name()))
		}
	}
	if err := s.disk.Mkdir(d.Dir); err != nil {
		return nil, fmt.Errorf("begin set: %w", err)
	}
	return d, nil
}

// Disk is the door to write the draft through.
func (d *Draft) Disk() *disk.Disk { return d.store.disk }

// Leftovers puts the parts that unfinished sets hold of a source on the shelf.
// Nothing was recorded of them and nothing synced, so each is decoded: what is
// not whole is passed over.
func (d *Draft) Leftovers(source string, shelf archive.Shelf) error {
	var decoder *zstd.Decoder
	for _, dir := range d.older {
		found, err := os.ReadDir(filepath.Join(dir, source))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("read unfinished set: %w", err)
		}
		for _, file := range found {
			path := filepath.Join(dir, source, file.Name())
			if strings.HasPrefix(file.Name(), ".") || !strings.HasSuffix(file.Name(), ".zst") {
				continue
			}
			if decoder == nil {
				if decoder, err = archive.NewDecoder(); err != nil {
					return fmt.Errorf("make decoder: %w", err)
				}
				defer decoder.Close()
			}
			frame, err := os.ReadFile(path)
			if err != nil || len(frame) == 0 { // an empty file decodes to nothing, but it is no frame
				continue
			}
			plain, err := decoder.DecodeAll(frame, nil)
			if err != nil {
				continue
			}
			p := manifest.Part{Plain: manifest.Sum(plain), PlainSize: int64(len(plain)), Hash: manifest.Sum(frame), Size: int64(len(frame))}
			if _, known := shelf[p.Plain]; !known {
				shelf[p.Plain] = archive.Known{Path: path, Part: p}
			}
		}
	}
	return nil
}

// Seal makes the draft a set: files beside the sources first, then the
// manifest, then one rename. After it has returned the set survives a crash of
// the machine.
func (d *Draft) Seal(m *manifest.Manifest, files map[string][]byte) (*Set, error) {
	for name, data := range files {
		if err := d.store.disk.Write(filepath.Join(d.Dir, name), data, 0o400); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
	}
	data, err := manifest.Encode(m)
	if err != nil {
		return nil, err
	}
	if err := d.store.disk.Sync(d.Dir); err != nil {
		return nil, fmt.Errorf("sync set: %w", err)
	}
	if err := d.store.disk.Write(filepath.Join(d.Dir, manifest.File), data, 0o400); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	if err := d.store.disk.Sync(d.Dir); err != nil {
		return nil, fmt.Errorf("sync set: %w", err)
	}
	final := filepath.Join(d.store.dir, d.ID)
	if err := d.store.disk.Rename(d.Dir, final); err != nil {
		return nil, fmt.Errorf("seal set: %w", err)
	}
	if err := d.store.disk.SyncPath(d.store.dir); err != nil {
		return nil, fmt.Errorf("sync store: %w", err)
	}
	return &Set{Dir: final, Manifest: m}, nil
}

// Drop removes what is written of one source, or of all with "".
func (d *Draft) Drop(source string) error {
	if err := d.store.disk.RemoveAll(filepath.Join(d.Dir, source)); err != nil {
		return fmt.Errorf("drop unfinished part of set: %w", err)
	}
	return nil
}

// Tidy removes what unfinished sets hold of the sources that a sealed set now
// holds, and of those that wanted says nobody wants any more.
func (d *Draft) Tidy(done func(source string) bool) error {
	for _, dir := range d.older {
		names, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		left := 0
		for _, n := range names {
			if n.IsDir() && !done(n.Name()) {
				left++
				continue
			}
			if err := d.store.disk.RemoveAll(filepath.Join(dir, n.Name())); err != nil {
				return fmt.Errorf("remove unfinished set: %w", err)
			}
		}
		if left == 0 {
			if err := d.store.disk.RemoveAll(dir); err != nil {
				return fmt.Errorf("remove unfinished set: %w", err)
			}
		}
	}
	return nil
}
