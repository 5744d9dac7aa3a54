// Package bundle packs what somebody else needs to understand a fault: findings,
// configuration, versions, how the containers stand and what they logged.
//
// A bundle leaves the house, so nothing goes into it that was not redacted: every
// entry passes one redactor, which has learned all values that the containers and
// the .env files keep under names that speak of secrets. The written archive is
// read again, and one that still holds such a value is not kept. A part that
// could not be had is an entry that says why.
package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/redact"
	"iact-infra/internal/whole"
)

// most is how much of one entry is kept: the end of a log is what counts.
const most = 4 << 20

// Entry is one file of a bundle.
type Entry struct {
	Name string
	Text string
}

// Bundle is one that was written.
type Bundle struct {
	Path    string   `json:"path"`
	Size    int64    `json:"size_bytes"`
	Entries []string `json:"entries"`
	Hidden  int      `json:"hidden"` // places at which something was taken out
}

// part is a place of the bundle that has to be asked for.
type part struct {
	name string
	ask  func(context.Context) (string, error)
}

// Gather asks for everything at once. own are entries that the caller brings.
func Gather(ctx context.Context, s *scene.Scene, own ...Entry) ([]Entry, *redact.Redactor, error) {
	r := redact.New()
	learn(s, r)
	asked := parts(s)
	got := make([]Entry, len(asked))
	var all errgroup.Group
	all.SetLimit(4)
	for i, p := range asked {
		all.Go(func() error {
			text, err := p.ask(ctx)
			if err != nil {
				text += "\n# not had: " + err.Error() + "\n"
			}
			got[i] = Entry{p.name, text}
			return nil
		})
	}
	_ = all.Wait() // no part returns an error
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	entries := slices.Concat(own, got)
	slices.SortStableFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, r, nil
}

// Write makes the archive, mode 0600. It appears under its name when it is whole
// and was read again.
func Write(path string, entries []Entry, r *redact.Redactor, now time.Time) (Bundle, error) {
	b := Bundle{Path: path}
	var packed bytes.Buffer
	pack, err := zstd.NewWriter(&packed)
	if err != nil {
		return b, err
	}
	root := strings.TrimSuffix(filepath.Base(path), ".tar.zst")
	archive := tar.NewWriter(pack)
	for _, e := range entries {
		text := r.Text(e.Text)
		if len(text) > most {
			text = "# cut: only the end is here\n" + text[len(text)-most:]
		}
		b.Hidden += strings.Count(text, redact.Hidden) - strings.Count(e.Text, redact.Hidden)
		name := r.Text(e.Name)
		b.Entries = append(b.Entries, name)
		header := &tar.Header{Name: root + "/" + name, Mode: 0o600, Size: int64(len(text)), ModTime: now, Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return b, fmt.Errorf("write bundle: %w", err)
		}
		if _, err := io.WriteString(archive, text); err != nil {
			return b, fmt.Errorf("write bundle: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return b, fmt.Errorf("write bundle: %w", err)
	}
	if err := pack.Close(); err != nil {
		return b, fmt.Errorf("write bundle: %w", err)
	}
	b.Size = int64(packed.Len())
	if err := check(packed.Bytes(), len(entries), r); err != nil {
		return b, err
	}
	if err := whole.Replace(path, packed.Bytes(), 0o600); err != nil {
		return b, fmt.Errorf("write bundle: %w", err)
	}
	return b, nil
}

// check reads an archive again: it is whole, and shows no secret that is known.
func check(packed []byte, entries int, r *redact.Redactor) error {
	unpack, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("read bundle again: %w", err)
	}
	defer unpack.Close()
	archive, n := tar.NewReader(unpack), 0
	for {
		header, err := archive.Next()
		if err == io.EOF { //nolint:errorlint // tar gives it bare
			break
		}
		if err != nil {
			return fmt.Errorf("read bundle again: %w", err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return fmt.Errorf("read bundle again: %w", err)
		}
		if r.Shows(string(text)) || r.Shows(header.Name) {
			return fmt.Errorf("check bundle: %s still shows a secret; nothing was kept", header.Name)
		}
		n++
	}
	if n != entries {
		return fmt.Errorf("read bundle again: %d entries of %d", n, entries)
	}
	return nil
}
