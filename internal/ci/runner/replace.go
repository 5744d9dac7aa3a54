package runner

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// replace writes a file beside and renames it.
func replace(file string, text []byte) error {
	return replaceWith(file, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

func replaceWith(file string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-")
	if err != nil {
		return err
	}
	if err = errors.Join(write(f), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
