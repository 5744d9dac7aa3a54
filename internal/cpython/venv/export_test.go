package venv

import (
	"os"

	"golang.org/x/sys/unix"
)

// WithoutExchange makes the swaps of m those of a file system that cannot
// exchange. before is called before each of their renames.
func (m *Mover) WithoutExchange(before func()) {
	m.files = files{
		exchange: func(string, string) error { return unix.EINVAL },
		rename: func(from, to string) error {
			before()
			return os.Rename(from, to)
		},
	}
}

// Parse is the reading of a pyvenv.cfg.
func Parse(text []byte) (Env, error) { return parse(text) }

// Reference is the requirement for a direct_url.json.
func Reference(dir, name string, text []byte) (string, error) { return reference(dir, name, text) }
