// Package pack writes artefacts into one archive (.tar.zst) and a list of their
// hashes (SHA256SUMS, for sha256sum -c).
//
// The same files give the same archive to the byte: names are in order, and
// times, owners and the modes of whoever built them are left out. Files are
// streamed; memory does not grow with them.
package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/fault"
	"iact-infra/internal/whole"
)

// Archive writes the files and directories, paths with slashes below root, to file.
func Archive(ctx context.Context, file, root string, paths []string) error {
	return whole.Write(file, 0o644, func(w io.Writer) error {
		// One thread: what several give together might depend on their number.
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
		if err != nil {
			return err
		}
		t := tar.NewWriter(z)
		for _, path := range paths {
			if err := tree(ctx, t, root, path); err != nil {
				return errors.Join(fmt.Errorf("archive %s: %w", path, err), z.Close())
			}
		}
		return errors.Join(t.Close(), z.Close())
	})
}

func tree(ctx context.Context, t *tar.Writer, root, path string) error {
	// WalkDir goes in the order of names.
	return filepath.WalkDir(filepath.Join(root, filepath.FromSlash(path)), func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return add(t, at, filepath.ToSlash(name), info)
	})
}

func add(t *tar.Writer, at, name string, info fs.FileInfo) error {
	h := &tar.Header{Name: name, Mode: 0o644, Format: tar.FormatPAX}
	switch info.Mode().Type() {
	case fs.ModeDir:
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, name+"/", 0o755
		return t.WriteHeader(h)
	case fs.ModeSymlink:
		target, err := os.Readlink(at)
		if err != nil {
			return err
		}
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, target, 0o777
		return t.WriteHeader(h)
	case 0:
	default:
		return fault.New(fault.Invalid, "take it out of the outputs", fmt.Errorf("%s is neither a file nor a directory: %v", name, info.Mode()))
	}
	if info.Mode().Perm()&0o111 != 0 {
		h.Mode = 0o755
	}
	h.Typeflag, h.Size = tar.TypeReg, info.Size()
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	in, err := os.Open(at)
	if err != nil {
		return err
	}
	defer in.Close()
	// A file that has grown meanwhile fails at the size of its head, one that has
	// shrunk at the next head.
	_, err = io.Copy(t, in)
	return err
}

// Sum is the hash of one file.
type Sum struct {
	Name string // below the directory in which sha256sum -c is run
	Hex  string
}

// Sums writes a list that sha256sum -c understands; names that hold a backslash
// or a line break are written as sha256sum writes them.
func Sums(file string, sums []Sum) error {
	var text bytes.Buffer
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	for _, s := range sums {
		name := escape.Replace(s.Name)
		if name != s.Name {
			text.WriteByte('\\')
		}
		fmt.Fprintf(&text, "%s  %s\n", s.Hex, name)
	}
	return whole.Write(file, 0o644, func(w io.Writer) error {
		_, err := w.Write(text.Bytes())
		return err
	})
}
