// Package whole writes files that are there whole or not at all: the text goes
// into a file beside, which then takes the name. A kill leaves the old file, or
// the new one, and perhaps a file .new-… that nobody reads.
package whole

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Text writes a file for its owner alone, and the directories above it.
func Text(file string, text []byte) error {
	return Write(file, 0o600, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// Write writes a file by and by, and the directories above it, which may be
// entered by whoever may read it.
func Write(file string, mode fs.FileMode, write func(io.Writer) error) error {
	enter := mode & 0o444 >> 2
	err := os.MkdirAll(filepath.Dir(file), mode|enter)
	if err == nil {
		err = beside(file, func(f *os.File) error { return errors.Join(write(f), f.Chmod(mode)) })
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

// Replace writes a file into a directory that is there, and onto the disk before
// it takes the name: a machine that crashes leaves one of both, too.
func Replace(file string, text []byte, mode fs.FileMode) error {
	return beside(file, func(f *os.File) error {
		_, err := f.Write(text)
		return errors.Join(err, f.Chmod(mode), f.Sync())
	})
}

// Tidy removes from a directory of our own the files .new-… of writers that were killed. Nobody may be writing there.
func Tidy(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, unfinished+"*"))
	for _, file := range left {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

const unfinished = ".new-"

func beside(file string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(file), unfinished)
	if err != nil {
		return err
	}
	if err = errors.Join(write(f), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
