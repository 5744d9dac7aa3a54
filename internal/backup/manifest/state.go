package manifest

import (
	"encoding/json"
	"fmt"
	"time"
)

// StateFile is the name of the file that says what is known of a set since it
// was made. It is replaced as a whole; without it every source is Written.
const StateFile = "state.json"

// State is what reading a set back has shown.
type State struct {
	VerifiedAt time.Time `json:"verified_at"`
	// ScrubAfter is the age, in seconds, from which parts that are shared with
	// earlier sets were read again; zero when all parts were read.
	ScrubAfter float64                `json:"scrub_after_seconds"`
	Seconds    float64                `json:"verify_seconds"`
	Sources    map[string]SourceState `json:"sources"`
}

// SourceState is the state of one source and, when it is damaged or not
// wholly checked, what was found.
type SourceState struct {
	State    string    `json:"state"`
	Findings []Finding `json:"findings,omitempty"`
	Proof    *Proof    `json:"proof,omitempty"` // of one that is proven
}

// Proof is what a drill has shown: the source was restored, and it answered.
type Proof struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"recovery_seconds"` // until it answered
	Checks  int       `json:"checks"`
}

// Finding is one thing that is wrong with a set, or that could not be checked.
type Finding struct {
	Source  string `json:"source"`
	Part    string `json:"part,omitempty"` // file within the set, empty for the whole source
	Problem string `json:"problem"`
	// Hash is the recorded hash of a part that is damaged, so that no later
	// set links it again.
	Hash *Hash `json:"sha256,omitempty"`
}

// EncodeState writes the state file.
func EncodeState(s *State) ([]byte, error) {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	return append(data, '\n'), nil
}

// DecodeState reads the state file.
func DecodeState(data []byte) (*State, error) {
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	return &s, nil
}

// Of returns the state of a source: that of the state file, or Written.
func (s *State) Of(source *Source) string {
	if source.State == Failed {
		return Failed
	}
	if s != nil {
		if known, ok := s.Sources[source.Name]; ok {
			return known.State
		}
	}
	return Written
}

// ReadAt is when a part of a source was last read back and found good, or
// zero when it never was.
func (s *State) ReadAt(source string, p Part) time.Time {
	if s == nil {
		return p.ReadAt
	}
	if state := s.Sources[source].State; state != Verified && state != Proven {
		return p.ReadAt
	}
	age := time.Duration(s.ScrubAfter * float64(time.Second))
	if p.ReadAt.IsZero() || age == 0 || s.VerifiedAt.Sub(p.ReadAt) > age {
		return s.VerifiedAt
	}
	return p.ReadAt
}
