package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"iact-infra/internal/fault"
)

// Key is everything that shapes a build. Two builds with the same key can stand
// for one another.
type Key struct {
	SourceSHA256 string   `json:"source_sha256"` // of the tarball
	Flags        []string `json:"flags"`         // of configure, in order; --prefix is one of them
	Compiler     string   `json:"compiler"`      // the first line of cc --version
	Distribution string   `json:"distribution"`  // id and version: debian 12
	Arch         string   `json:"arch"`          // x86_64
}

// ID is the first half of the SHA-256 of the key's JSON, in hex. It names the
// entry in every store and never changes for the same key.
func (k Key) ID() string {
	if k.Flags == nil {
		k.Flags = []string{} // which is the same
	}
	text, err := json.Marshal(k)
	if err != nil { // strings always encode
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// check refuses a key with a hole: builds that differ would become one.
func (k Key) check() error {
	for _, field := range []struct{ name, value string }{
		{"source hash", k.SourceSHA256}, {"compiler", k.Compiler}, {"distribution", k.Distribution}, {"architecture", k.Arch},
	} {
		if field.value == "" {
			return fault.New(fault.Usage, "", fmt.Errorf("name a build in the cache: its %s is not known", field.name))
		}
	}
	return nil
}
