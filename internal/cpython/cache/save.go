package cache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/fault"
)

// keepLeftovers is how long an archive without a manifest may belong to
// somebody who is still saving.
const keepLeftovers = 24 * time.Hour

// Save puts the tree dir, which is to live at meta.Prefix, into the cache. If
// there is a good entry of that key already, it is given and nothing is written:
// also when two save at once, one entry comes of it.
func (c *Cache) Save(ctx context.Context, key Key, meta Meta, dir string) (Entry, error) {
	if err := errors.Join(key.check(), fault.New(fault.Usage, "", meta.check())); err != nil {
		return Entry{}, err
	}
	id := key.ID()
	e, err := c.usable(ctx, id)
	switch {
	case err == nil:
		return e, nil
	case !errors.Is(err, ErrNone) && !errors.Is(err, ErrRefused):
		return Entry{}, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return Entry{}, err
	}
	t, err := readTree(dir)
	if err != nil {
		return Entry{}, fmt.Errorf("save cpython %s: %w", meta.Version, err)
	}
	found, err := t.inspect(ctx, meta.Prefix, dir, meta.Work)
	if err != nil {
		return Entry{}, fmt.Errorf("save cpython %s: %w", meta.Version, err)
	}
	if err := c.tidy(ctx); err != nil {
		return Entry{}, err
	}
	m := Manifest{
		Key: key, Version: meta.Version, Prefix: meta.Prefix, SourceDate: meta.SourceDate.UTC(), Created: c.now(), Modules: meta.Modules,
		Machine: found.machine, Libraries: found.libraries, Bound: found.bound,
	}
	if err := c.store(ctx, id, &m, t); err != nil {
		return Entry{}, fmt.Errorf("save cpython %s: %w", meta.Version, err)
	}
	return c.entry(ctx, id) // as everybody else will see it
}

// store writes the archive, then the manifest that makes it an entry.
func (c *Cache) store(ctx context.Context, id string, m *Manifest, t *tree) error {
	name := make([]byte, 8)
	if _, err := rand.Read(name); err != nil {
		return err
	}
	m.Archive.Name = id + "-" + hex.EncodeToString(name) + archiveSuffix
	err := c.Store.Put(ctx, m.Archive.Name, func(w io.Writer) error {
		sum := newSumming(w)
		p, err := t.pack(ctx, sum, m.top(), m.SourceDate, c.say)
		m.Files, m.Bytes = p.files, p.bytes
		m.Archive.SHA256, m.Archive.Size = sum.hex(), sum.n
		return err
	})
	if err != nil {
		return err
	}
	if err = c.write(ctx, id, *m); err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil // somebody else was faster
	}
	return errors.Join(err, c.Store.Delete(context.WithoutCancel(ctx), m.Archive.Name))
}

// tidy removes archives that no manifest has come for.
func (c *Cache) tidy(ctx context.Context) error {
	objects, err := c.Store.List(ctx)
	if err != nil {
		return fmt.Errorf("list cache: %w", err)
	}
	kept := map[string]bool{} // by ID, what is not known to be left over
	for _, o := range objects {
		id, ok := strings.CutSuffix(o.Name, manifestSuffix)
		if !ok {
			continue
		}
		kept[id] = true
		if s, err := c.read(ctx, id); err == nil {
			if m, err := s.open(id); err == nil {
				kept[id], kept[m.Archive.Name] = false, true
			}
		}
	}
	for _, o := range objects {
		id, _, _ := strings.Cut(o.Name, "-")
		old := c.now().Sub(o.Modified) > keepLeftovers
		if old && strings.HasSuffix(o.Name, archiveSuffix) && !strings.HasPrefix(o.Name, aside) && !kept[o.Name] && !kept[id] {
			if err := c.Store.Delete(ctx, o.Name); err != nil {
				return fmt.Errorf("remove leftovers from the cache: %w", err)
			}
		}
	}
	return nil
}

func (c *Cache) say(done, total int64) {
	if c.Say != nil {
		c.Say(done, total)
	}
}

// summing counts and hashes what passes.
type summing struct {
	w    io.Writer
	hash hash.Hash
	n    int64
}

func newSumming(w io.Writer) *summing { return &summing{w: w, hash: sha256.New()} }

func (s *summing) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.hash.Write(p[:n]) // a hash takes everything
	s.n += int64(n)
	return n, err
}

func (s *summing) hex() string { return hex.EncodeToString(s.hash.Sum(nil)) }
