package manifest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Hash is a SHA-256; in JSON it is the usual 64 hexadecimal digits.
type Hash [sha256.Size]byte

// Sum hashes data.
func Sum(data []byte) Hash { return sha256.Sum256(data) }

// String returns the hexadecimal digits, as sha256sum prints them.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(h) {
		return fmt.Errorf("hash %q: want 64 hexadecimal digits", text)
	}
	copy(h[:], raw)
	return nil
}

// Part is one zstd frame in a file of its own.
type Part struct {
	Number    int   `json:"n"`             // 1, 2, …: its file is eight digits and .zst
	Hash      Hash  `json:"sha256"`        // of the file
	Size      int64 `json:"size_bytes"`    // of the file
	Plain     Hash  `json:"plain_sha256"`  // of what it decodes to
	PlainSize int64 `json:"plain_bytes"`   // of what it decodes to
	Index     *Hash `json:"idx,omitempty"` // of the index file beside it; trees only
	// Tail is how many of the following parts continue the large file whose
	// header this part is; trees only.
	Tail int `json:"tail,omitempty"`
	// ReadAt is when the file was last read back and found good, as far as it
	// was known when the set was made; zero for a part that is new in it.
	ReadAt time.Time `json:"read_at,omitzero"`
}

// PartName is the file name of part n.
func PartName(n int) string { return fmt.Sprintf("%08d.zst", n) }

// IndexName is the file name of the index beside part n.
func IndexName(n int) string { return fmt.Sprintf("%08d.idx", n) }

// PartsFile is the name of the list of a source's parts, one JSON a line.
const PartsFile = "parts.jsonl"

// EncodeParts writes the list of parts.
func EncodeParts(parts []Part) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for i := range parts {
		if err := enc.Encode(&parts[i]); err != nil {
			return nil, fmt.Errorf("encode part %d: %w", parts[i].Number, err)
		}
	}
	return b.Bytes(), nil
}

// DecodeParts reads a list of parts and refuses one with gaps.
func DecodeParts(data []byte) ([]Part, error) {
	var parts []Part
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var p Part
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("read %s line %d: %w", PartsFile, len(parts)+1, err)
		}
		if p.Number != len(parts)+1 {
			return nil, fmt.Errorf("read %s line %d: part %d, want %d: parts are numbered without gaps",
				PartsFile, len(parts)+1, p.Number, len(parts)+1)
		}
		if p.Size < 0 || p.PlainSize < 0 || p.Tail < 0 {
			return nil, fmt.Errorf("read %s line %d: negative size", PartsFile, p.Number)
		}
		parts = append(parts, p)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", PartsFile, err)
	}
	for i, p := range parts {
		if p.Tail > len(parts)-1-i {
			return nil, fmt.Errorf("read %s line %d: %d parts should follow, only %d do", PartsFile, p.Number, p.Tail, len(parts)-i-1)
		}
	}
	return parts, nil
}
