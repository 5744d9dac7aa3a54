package fingerprint

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// schema is part of every key: a toolkit that means something else by the same
// parts counts it up.
const schema = "1"

// Label says what kind of thing a part of a key is.
type Label string

// The labels.
const (
	Schema  Label = "schema"
	Command Label = "command" // lines, in their order
	Dir     Label = "dir"     // where they run
	Tool    Label = "tool"    // by its command line, what it prints
	Env     Label = "env"     // by its name, a hash of its value
	Need    Label = "need"    // by the job's name, its Key.ID
	Output  Label = "output"  // paths that the job makes
	Place   Label = "place"   // the absolute directory, for outputs that hold it
	System  Label = "system"  // operating system and architecture
)

// Part is one thing that a key is made of.
type Part struct {
	Label Label  `json:"label"`
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// Key is all that the result of a job depends on.
type Key struct {
	Parts  []Part  `json:"parts"`
	Inputs Listing `json:"inputs"`
}

// NewKey begins a key.
func NewKey(inputs Listing) Key {
	return Key{Parts: []Part{{Schema, "", schema}}, Inputs: inputs}
}

// With adds a part. Parts of one label count in the order in which they were
// added, if they have the same name.
func (k Key) With(label Label, name, value string) Key {
	if label == Env {
		return k.WithEnv(name, value, true)
	}
	k.Parts = append(slices.Clone(k.Parts), Part{label, name, value})
	slices.SortStableFunc(k.Parts, func(a, b Part) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Name, b.Name)) })
	return k
}

// WithEnv adds a variable; one that is not set is not the same as an empty one. Of
// the value only a hash is kept.
func (k Key) WithEnv(name, value string, set bool) Key {
	shown := "unset"
	if set {
		sum := sha256.Sum256([]byte("iact env " + name + "\x00" + value))
		shown = hex.EncodeToString(sum[:])
	}
	k.Parts = append(slices.Clone(k.Parts), Part{Env, name, shown})
	slices.SortStableFunc(k.Parts, func(a, b Part) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Name, b.Name)) })
	return k
}

// ID identifies the work, whoever does it: the hash of all parts and inputs. It is
// what a job that needs this one puts into its own key.
func (k Key) ID() string {
	sum := sha256.New()
	write := func(text string) {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(text)))
		sum.Write(length[:])
		sum.Write([]byte(text))
	}
	write("iact ci key")
	for _, p := range k.Parts {
		write(string(p.Label))
		write(p.Name)
		write(p.Value)
	}
	write(k.Inputs.Digest)
	return hex.EncodeToString(sum.Sum(nil))
}

// For is the name under which a run of a trust level keeps the result: what
// another level has kept has another name, although the work is the same.
func (k Key) For(level string) string {
	sum := sha256.Sum256([]byte("iact ci entry\x00" + k.ID() + "\x00" + level))
	return hex.EncodeToString(sum[:])
}

// Shared is the key as others may read it. The hash of a variable's value is left
// out, since whoever has it can try values.
func (k Key) Shared() []Part {
	parts := slices.Clone(k.Parts)
	for i := range parts {
		if parts[i].Label == Env {
			parts[i].Value = ""
		}
	}
	return append(parts, Part{Label: "inputs", Value: k.Inputs.Digest})
}
