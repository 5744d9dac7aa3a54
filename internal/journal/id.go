package journal

import (
	"io"
	"strings"
	"time"
)

// NewID is an id for a run or a backup set: 20261123T151648Z-HOST-k3f. Ids sort
// by the clock; three random characters keep two of one second apart.
func NewID(now time.Time, host string, random io.Reader) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var b [3]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		// Whoever creates the file or directory does so exclusively, so a
		// weak id costs a clear error at worst.
		ns := now.Nanosecond()
		b = [3]byte{byte(ns >> 16), byte(ns >> 8), byte(ns)}
	}
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return now.UTC().Format("20060102T150405Z") + "-" + cleanHost(host) + "-" + string(b[:])
}

// cleanHost is host as a part of a file name: [a-z0-9-], at most 20 characters.
func cleanHost(host string) string {
	var out []byte
	for _, r := range strings.ToLower(host) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			out = append(out, byte(r))
		case len(out) > 0 && out[len(out)-1] != '-':
			out = append(out, '-')
		}
	}
	name := strings.Trim(string(out[:min(len(out), 20)]), "-")
	if name == "" {
		return "host"
	}
	return name
}
