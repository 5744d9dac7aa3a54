// Package manifest holds what a set says about itself.
//
// A set is a directory of parts; its manifest, written last, is what makes it
// a set. The manifest is small whatever the set holds: each source lists its
// parts in a file of its own, and the manifest pins that list by its hash, as
// it pins its own body. Whether a set was read back or restored since is not
// in the manifest, which never changes, but in the state file beside it.
package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"iact-infra/internal/fault"
)

// Format is the version of the set format that this program writes. It reads
// this one and older ones.
const Format = 1

// File is the name of the manifest in a set.
const File = "manifest.json"

// Manifest is one backup of all sources at one moment.
type Manifest struct {
	ID       string    `json:"id"`
	Sequence int64     `json:"sequence"` // rises with every set of a store; the clock may not
	Time     time.Time `json:"time"`     // when the run began, UTC
	Host     string    `json:"host"`
	Version  string    `json:"version"` // of the program
	Run      string    `json:"run,omitempty"`
	Project  string    `json:"project"`
	Tags     []string  `json:"tags,omitempty"` // rotation keeps what has the tags that backup.keep.tags names
	Seconds  float64   `json:"duration_seconds"`
	Phases   Phases    `json:"phases"`
	Sources  []Source  `json:"sources"`
	Level    string    `json:"level"`
}

// Phases says where the time of a run went, in seconds.
type Phases struct {
	Capture float64 `json:"capture_seconds"`
	Sync    float64 `json:"sync_seconds"`
	Seal    float64 `json:"seal_seconds"`
	Verify  float64 `json:"verify_seconds,omitempty"`
}

// States of a source in a set.
const (
	Failed   = "failed"   // capture failed: the set holds nothing of it
	Written  = "written"  // captured, not read back yet
	Verified = "verified" // every part was read back, hashed and decoded
	Proven   = "proven"   // verified, and a drill has restored it and compared
	Damaged  = "damaged"  // reading it back found something wrong
)

// Source is what a set holds of one source.
type Source struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	State    string    `json:"state"` // Failed or Written
	Error    string    `json:"error,omitempty"`
	Dir      string    `json:"dir,omitempty"`          // directory in the set: KIND-NAME
	Size     int64     `json:"size_bytes"`             // decoded
	Stored   int64     `json:"stored_bytes"`           // parts and indexes
	New      int64     `json:"new_bytes"`              // stored bytes that no earlier set holds
	Parts    int       `json:"parts"`                  // number of parts
	List     Hash      `json:"parts_sha256"`           // of the list of parts
	Snapshot time.Time `json:"snapshot_time,omitzero"` // the moment that the data shows
	Seconds  float64   `json:"duration_seconds"`
	Notes    []string  `json:"notes,omitempty"` // what was left out or changed while it was read
	// Origin is what the source was read from (a path, a server), and Detail
	// what a restore has to know of it (owner, encoding, versions).
	Origin string            `json:"origin,omitempty"`
	Detail map[string]string `json:"detail,omitempty"`
	// Files counts the entries of a tree.
	Files int64 `json:"files,omitempty"`
}

type envelope struct {
	Format int             `json:"format"`
	Hash   Hash            `json:"body_sha256"`
	Body   json.RawMessage `json:"body"`
}

// Encode writes the manifest with the hash of its body.
func Encode(m *Manifest) ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	data, err := json.Marshal(envelope{Format: Format, Hash: Sum(body), Body: body})
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return append(data, '\n'), nil
}

// ErrTampered means that a manifest does not match the hash it carries.
var ErrTampered = errors.New("its content does not match its own hash: it was changed after it was written")

// Decode reads a manifest. A newer format and a body that does not match its
// hash are refused.
func Decode(data []byte) (*Manifest, error) {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fault.New(fault.Invalid, "take another set (backup:list shows them)", fmt.Errorf("read manifest: %w", err))
	}
	if e.Format > Format {
		return nil, fault.New(fault.Missing, "use a newer release of this program, or restore by hand with the set's RESTORE.md",
			fmt.Errorf("read manifest: format %d, this program knows formats up to %d", e.Format, Format))
	}
	if e.Format < 1 {
		return nil, fault.New(fault.Invalid, "take another set (backup:list shows them)",
			fmt.Errorf("read manifest: format %d, want %d", e.Format, Format))
	}
	if Sum(e.Body) != e.Hash {
		return nil, fault.New(fault.Invalid, "its parts may still be good: RESTORE.md in the set restores them by hand, SHA256SUMS checks them",
			fmt.Errorf("read manifest: %w", ErrTampered))
	}
	var m Manifest
	if err := json.Unmarshal(e.Body, &m); err != nil {
		return nil, fault.New(fault.Invalid, "take another set (backup:list shows them)", fmt.Errorf("read manifest: %w", err))
	}
	return &m, nil
}

// Source finds a source by its name.
func (m *Manifest) Source(name string) (*Source, bool) {
	for i := range m.Sources {
		if m.Sources[i].Name == name {
			return &m.Sources[i], true
		}
	}
	return nil, false
}
