package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/ci/fingerprint"
)

// Header says what an entry is. A header of another version is not understood.
type Header struct {
	Version int    `json:"version"`
	Key     string `json:"key"` // of the work, whoever did it: fingerprint.Key.ID
	Level   string `json:"level"`
	Job     string `json:"job"`
	// Parts are what the key was made from, without the values of variables.
	Parts    []fingerprint.Part `json:"parts,omitempty"`
	Exit     int                `json:"exit"`
	Duration time.Duration      `json:"duration_ns"`
	Created  time.Time          `json:"created"`
	Host     string             `json:"host,omitempty"`
	Outputs  []Output           `json:"outputs,omitempty"` // sorted by path
	Log      *Blob              `json:"log,omitempty"`     // the first file of the archive
	Archive  Blob               `json:"archive"`
	Self     string             `json:"self"` // SHA-256 of this document with an empty self
}

// Blob is a size and a hash.
type Blob struct {
	SizeBytes int64  `json:"size_bytes"`
	SHA256    string `json:"sha256"`
}

// Output is a file, a directory or a link that a job has made.
type Output struct {
	Path      string `json:"path"` // below the project
	Kind      string `json:"kind"` // file, directory, link
	Files     int    `json:"files"`
	SizeBytes int64  `json:"size_bytes"`
	// SHA256 is that of the file; of a directory, of lines of kind, mode, hash and
	// path of all that is in it.
	SHA256 string `json:"sha256"`
}

const version = 1

// The kinds of output, as headers name them.
const (
	kindFile = "file"
	kindDir  = "directory"
	kindLink = "link"
)

// mostHeader bounds what is read of a header.
const mostHeader = 4 << 20

func (h Header) encode() ([]byte, error) {
	h.Self = ""
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	sum := sha256.Sum256(text)
	h.Self = hex.EncodeToString(sum[:])
	return json.Marshal(h)
}

func parseHeader(text []byte) (Header, error) {
	var h Header
	if err := json.Unmarshal(text, &h); err != nil {
		return Header{}, fmt.Errorf("read header: %w", err)
	}
	again, err := h.encode()
	if err != nil {
		return Header{}, err
	}
	if !bytes.Equal(again, text) {
		return Header{}, errors.New("read header: it is not what was written")
	}
	if h.Version != version {
		return Header{}, fmt.Errorf("read header: version %d is not known", h.Version)
	}
	return h, nil
}

// header reads the header of an entry.
func (c *Cache) header(ctx context.Context, entry string) (Header, error) {
	in, err := c.Store.Get(ctx, headerName(entry))
	if err != nil {
		return Header{}, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, mostHeader+1))
	if err != nil {
		return Header{}, fmt.Errorf("read header: %w", err)
	}
	if len(text) > mostHeader {
		return Header{}, errors.New("read header: it is too long")
	}
	return parseHeader(text)
}

// fits makes sure that an entry is the one that was asked for, and that it holds
// nothing but outputs of the job.
func (h Header) fits(key fingerprint.Key, level Level, job Job) error {
	if h.Key != key.ID() || h.Level != level.String() {
		return errors.New("read header: it belongs to another entry")
	}
	if len(h.Archive.SHA256) != 64 || strings.Trim(h.Archive.SHA256, "0123456789abcdef") != "" {
		return errors.New("read header: the archive has no hash")
	}
	last := ""
	for _, o := range h.Outputs {
		if err := job.declares(o.Path); err != nil {
			return err
		}
		if last != "" && (o.Path <= last || strings.HasPrefix(o.Path, last+"/")) {
			return fmt.Errorf("read header: the output %q is out of order", o.Path)
		}
		last = o.Path
	}
	return nil
}

// declares tells whether a path is one of the job's outputs.
func (j Job) declares(name string) error {
	if !sound(name) {
		return fmt.Errorf("output %q is not a path below the project", name)
	}
	if !slices.ContainsFunc(j.Outputs, func(out string) bool {
		ok, err := path.Match(path.Clean(out), name)
		return path.Clean(out) == name || ok && err == nil
	}) {
		return fmt.Errorf("output %q is none that the job declares", name)
	}
	return nil
}

// sound tells whether a path leads below where it counts from, and to nothing that
// is git's or the toolkit's own.
func sound(name string) bool {
	if name == "" || path.IsAbs(name) || path.Clean(name) != name || name == "." || strings.ContainsRune(name, 0) {
		return false
	}
	first, _, _ := strings.Cut(name, "/")
	return first != ".." && first != ".git" && first != ".iact"
}
