package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"iact-infra/internal/fault"
)

const (
	format         = 1
	manifestSuffix = ".json"
	archiveSuffix  = ".tar.zst"
	aside          = "bad-" // begins the names of what was refused
	manifestLimit  = 16 << 20
)

// Manifest is what an entry says about itself.
type Manifest struct {
	Key        Key       `json:"key"`
	Version    string    `json:"version"`
	Prefix     string    `json:"prefix"`
	Archive    Archive   `json:"archive"`
	Files      int64     `json:"files"` // members of the archive below its top
	Bytes      int64     `json:"bytes"` // in regular files
	SourceDate time.Time `json:"source_date"`
	Created    time.Time `json:"created"`
	Modules    []string  `json:"modules,omitempty"` // that were seen to import
	Machine    string    `json:"machine,omitempty"` // of its programs: EM_X86_64
	Libraries  []Library `json:"libraries,omitempty"`
	Bound      []string  `json:"bound,omitempty"` // text files that carry the prefix
}

// Archive pins the archive of an entry.
type Archive struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size_bytes"`
}

// sealed is a manifest as it is stored: the body with its hash and, where a key
// is configured, a signature over the body's bytes.
type sealed struct {
	Format    int             `json:"format"`
	Hash      string          `json:"body_sha256"`
	Signature string          `json:"signature,omitempty"`
	Body      json.RawMessage `json:"body"`
}

// write puts a manifest into the store.
func (c *Cache) write(ctx context.Context, id string, m Manifest) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	s := sealed{Format: format, Hash: sumOf(body), Body: body}
	if s.Signature, err = c.sign(ctx, body); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return c.Store.Put(ctx, id+manifestSuffix, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// read takes a manifest from the store and checks its form, and that it is
// whole.
func (c *Cache) read(ctx context.Context, id string) (sealed, error) {
	var s sealed
	r, err := c.Store.Open(ctx, id+manifestSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fault.New(fault.Missing, "", fmt.Errorf("%w: %s", ErrNone, id))
	}
	if err != nil {
		return s, fmt.Errorf("read cache entry %s: %w", id, err)
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, manifestLimit))
	if err != nil {
		return s, fmt.Errorf("read cache entry %s: %w", id, err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, refused(id, damaged("read manifest: %w", err))
	}
	if s.Format > format {
		return s, fault.New(fault.Missing, "use a newer release of this program, or delete the entry",
			fmt.Errorf("read cache entry %s: format %d, this program knows formats up to %d", id, s.Format, format))
	}
	if s.Format < 1 || sumOf(s.Body) != s.Hash {
		return s, refused(id, damaged("manifest does not match its own hash"))
	}
	return s, nil
}

// open gives the manifest if it is the one of this ID, and names nothing that
// an entry may not name: it comes from a store that others can write to.
func (s sealed) open(id string) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(s.Body, &m); err != nil {
		return Manifest{}, damaged("read manifest: %w", err)
	}
	if m.Key.ID() != id {
		return Manifest{}, damaged("the manifest is that of another build (%s)", m.Key.ID())
	}
	if err := (Meta{Version: m.Version, Prefix: m.Prefix, SourceDate: m.SourceDate}).check(); err != nil {
		return Manifest{}, damaged("manifest: %w", err)
	}
	if name := m.Archive.Name; !strings.HasPrefix(name, id+"-") || !regexp.MustCompile(`^[0-9a-f]+-[0-9a-f]{16}\.tar\.zst$`).MatchString(name) {
		return Manifest{}, damaged("manifest: archive %q is not one of this entry", name)
	}
	return m, nil
}

func (m Manifest) top() string { return "python-" + m.Version }

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
