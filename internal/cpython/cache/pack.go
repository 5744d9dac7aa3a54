package cache

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The window reaches over the compiled forms of a module, which lie side by
// side. So a build becomes a third smaller than with gzip; a larger window gains
// nothing, and the next level takes four times as long for a tenth.
const (
	level  = zstd.SpeedBetterCompression
	window = 8 << 20
)

// packed is what went into an archive.
type packed struct{ files, bytes int64 }

// pack writes a tree as TOP/… in a compressed tar.
func (t *tree) pack(ctx context.Context, w io.Writer, top string, latest time.Time, say func(done, total int64)) (packed, error) {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(level), zstd.WithWindowSize(window))
	if err != nil {
		return packed{}, err
	}
	p, err := t.tar(ctx, z, top, latest, say)
	if err != nil {
		z.Close() //nolint:errcheck // the archive is given up
		return p, err
	}
	return p, z.Close()
}

func (t *tree) tar(ctx context.Context, w io.Writer, top string, latest time.Time, say func(done, total int64)) (packed, error) {
	out := tar.NewWriter(w)
	var p packed
	left := map[string]bool{} // what was left out
	for _, n := range t.nodes {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		if n.first != "" && left[n.first] {
			continue
		}
		h := n.header(top, latest)
		var head []byte
		if h.Typeflag == tar.TypeReg && path.Base(path.Dir(n.name)) == "__pycache__" && strings.HasSuffix(n.name, ".pyc") {
			var err error
			if head, err = t.restamp(n, latest); err != nil {
				return p, err
			}
			if head == nil {
				left[n.name] = true
				continue
			}
		}
		if err := out.WriteHeader(h); err != nil {
			return p, fmt.Errorf("pack %s: %w", n.name, err)
		}
		if h.Typeflag == tar.TypeReg {
			if err := t.content(out, n, head); err != nil {
				return p, fmt.Errorf("pack %s: %w", n.name, err)
			}
			p.bytes += h.Size
			say(p.bytes, t.bytes)
		}
		if n.name != "" {
			p.files++
		}
	}
	return p, out.Close()
}

// header is the line of a node in the archive. Nobody but the owner could be
// kept from its own files there, so it isn't.
func (n node) header(top string, latest time.Time) *tar.Header {
	h := &tar.Header{Name: path.Join(top, n.name), Mode: int64(n.info.Mode().Perm()), ModTime: n.mtime(latest)}
	switch {
	case n.info.IsDir():
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, h.Name+"/", h.Mode|0o700
	case n.link != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, n.link, 0o777
	case n.first != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeLink, path.Join(top, n.first), h.Mode|0o400
	default:
		h.Typeflag, h.Size, h.Mode = tar.TypeReg, n.info.Size(), h.Mode|0o400
	}
	return h
}

// content copies a file, its first bytes replaced by head. The file must still
// be as long as it was.
func (t *tree) content(w io.Writer, n node, head []byte) error {
	f, err := os.Open(t.path(n))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(int64(len(head)), io.SeekStart); err != nil {
		return err
	}
	wrote, err := io.Copy(w, io.MultiReader(bytes.NewReader(head), f))
	if err == nil && wrote != n.info.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("it changed meanwhile, or cannot be read: %w", err)
	}
	return nil
}
