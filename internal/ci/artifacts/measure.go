package artifacts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"iact-infra/internal/ci/artifacts/pack"
	"iact-infra/internal/ci/outcome"
)

// measure sums up and hashes an artefact; false means that it is not there. An
// image is measured when it is tried.
func (e *examination) measure(ctx context.Context, w Wanted, a *outcome.Artifact) (there bool, err error) {
	if w.Kind == Image {
		a.Kind = string(Image)
		return true, nil
	}
	info, err := os.Stat(e.path(w))
	if errors.Is(err, fs.ErrNotExist) {
		e.fail(w.Name, "no está: lo hace "+maker(w), "it is not there: "+maker(w)+" makes it",
			"ejecute ci:build, o corrija `outputs` del trabajo", "run ci:build, or correct `outputs` of the job")
		return false, nil
	}
	if err != nil {
		return false, err
	}
	from := len(e.sums)
	if err := e.hash(ctx, e.path(w), a); err != nil {
		return false, err
	}
	sums := e.sums[from:]
	a.Kind = string(File)
	if info.IsDir() {
		a.Kind = string(Directory)
	}
	e.archived = append(e.archived, w.Name)
	switch {
	case len(sums) == 0:
		e.fail(w.Name, "no contiene ningún archivo", "it holds no file", "vea el registro de "+maker(w), "see the log of "+maker(w))
	case a.SizeBytes == 0:
		e.fail(w.Name, "está vacío: 0 bytes", "it is empty: 0 bytes", "vea el registro de "+maker(w), "see the log of "+maker(w))
	case info.IsDir():
		a.SHA256 = together(sums)
	default:
		a.SHA256 = sums[0].Hex
	}
	return true, nil
}

func maker(w Wanted) string {
	if w.Job == "" {
		return "build"
	}
	return w.Job
}

// together is one hash for a directory: of the lines that SHA256SUMS has for it.
func together(sums []pack.Sum) string {
	hash := sha256.New()
	for _, s := range sums {
		fmt.Fprintf(hash, "%s  %s\n", s.Hex, s.Name)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// hash adds up the files below a path, in the order of their names.
func (e *examination) hash(ctx context.Context, path string, a *outcome.Artifact) error {
	return filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		name, err := filepath.Rel(e.project, at)
		if err != nil {
			return err
		}
		in, err := os.Open(at)
		if err != nil {
			return err
		}
		defer in.Close()
		hash := sha256.New()
		n, err := io.Copy(hash, in)
		if err != nil {
			return err
		}
		a.SizeBytes += n
		e.sums = append(e.sums, pack.Sum{Name: filepath.ToSlash(name), Hex: hex.EncodeToString(hash.Sum(nil))})
		return nil
	})
}
