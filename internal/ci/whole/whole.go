// Package whole writes files that are there whole or not at all: the text goes
// into a file beside, which then takes the name. A kill leaves the old file, or
// the new one, and perhaps a file .new-… that nobody reads.
package whole

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Text writes a file for its owner alone, and the directories above it.
func Text(file string, text []byte) error {
	return Write(file, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// Write is Text of what is written by and by.
func Write(file string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err = errors.Join(write(f), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
