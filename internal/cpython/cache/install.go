package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/klauspost/compress/gzip"

	"iact-infra/internal/fault"
)

// artefactLimit is how much an artefact may hold; a build has some 400 MB.
const artefactLimit = 4 << 30

// Install brings an artefact to into, which must not be there yet, as Unpack
// does with an entry. It must have the SHA-256 that stands beside it, be for the
// prefix into, and find the libraries that it was linked with on this machine:
// an artefact of another distribution is ErrForeign, with what is missing.
func (c *Cache) Install(ctx context.Context, file, into string) (Artefact, error) {
	a, err := ParseArtefact(filepath.Base(file))
	if err != nil {
		return a, err
	}
	want, err := publishedSum(file)
	if err != nil {
		return a, fmt.Errorf("install %s: %w", file, err)
	}
	err = place(into, func(dir string) error { return c.install(ctx, a, file, want, dir, into) })
	if isDamage(err) {
		err = fault.New(fault.Invalid, "fetch it again, or build on this machine", fmt.Errorf("%w: %w", ErrRefused, err))
	}
	if err != nil {
		return a, fmt.Errorf("install %s: %w", file, err)
	}
	return a, nil
}

func (c *Cache) install(ctx context.Context, a Artefact, file, want, dir, into string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	from := newArchive(ctx, f)
	from.close = f.Close
	x := &extraction{top: "python-" + a.Version, prefix: into, most: artefactLimit, say: func(done int64) { c.say(done, 0) }}
	z, err := gzip.NewReader(from.raw)
	if err != nil {
		err, from.tar = damaged("read archive: %w", err), from.raw
	} else {
		from.tar = z
		err = extract(ctx, z, dir, x)
	}
	e := Entry{Manifest: Manifest{Archive: Archive{SHA256: want, Size: info.Size()}, Files: x.counted.files, Bytes: x.counted.bytes}}
	if err := from.end(e, err, x.counted); err != nil {
		return err
	}
	if prefix := builtFor(dir); prefix != "" && prefix != into {
		return fault.New(fault.Usage, "install it to "+prefix, fmt.Errorf("it was built for %s, not for %s", prefix, into))
	}
	t, err := readTree(dir)
	if err != nil {
		return err
	}
	found, err := t.inspect(ctx, into)
	if err != nil {
		return err
	}
	return foreign(found.machine, a.Distribution, found.libraries)
}

// publishedSum reads what sha256sum wrote beside a file.
func publishedSum(file string) (string, error) {
	text, err := os.ReadFile(file + ".sha256")
	if err != nil {
		return "", fault.New(fault.Missing, "fetch the .sha256 that was published with it", err)
	}
	found := regexp.MustCompile(`^([0-9a-f]{64}) [ *]([^\n]+)\n?$`).FindStringSubmatch(string(text))
	if found == nil || found[2] != filepath.Base(file) {
		return "", fault.New(fault.Invalid, "fetch the .sha256 that was published with it", fmt.Errorf("%s.sha256 is not what sha256sum writes for that file", file))
	}
	return found[1], nil
}

// builtFor is the prefix that a tree was configured with, as it tells
// pkg-config, or "".
func builtFor(dir string) string {
	found, err := filepath.Glob(filepath.Join(dir, "lib", "pkgconfig", "python-3.*.pc"))
	if err != nil || len(found) == 0 {
		return ""
	}
	f, err := os.Open(found[0])
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if prefix, ok := strings.CutPrefix(line, "prefix="); ok {
			return strings.TrimSpace(prefix)
		}
	}
	return ""
}
