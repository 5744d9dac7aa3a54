package cache

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"iact-infra/internal/fault"
)

// Artefact is the name of a build as the IACT project publishes it:
// cpython-3.12.6-ubuntu20.04-build1.tgz, which holds python-3.12.6/.
type Artefact struct {
	Version      string
	Distribution string
	Build        int
}

// ParseArtefact reads a file name.
func ParseArtefact(name string) (Artefact, error) {
	found := regexp.MustCompile(`^cpython-([0-9]+\.[0-9]+\.[0-9]+)-([a-z0-9.]+)-build([0-9]{1,9})\.tgz$`).FindStringSubmatch(name)
	if found == nil {
		return Artefact{}, fault.New(fault.Usage, "cpython-3.12.6-ubuntu20.04-build1.tgz is one", fmt.Errorf("%q is no name of an artefact", name))
	}
	build, err := strconv.Atoi(found[3])
	return Artefact{Version: found[1], Distribution: found[2], Build: build}, err
}

func (a Artefact) String() string {
	return fmt.Sprintf("cpython-%s-%s-build%d.tgz", a.Version, a.Distribution, a.Build)
}

// artefact names a build of the cache.
func (m Manifest) artefact(build int) (Artefact, error) {
	distribution := strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.", r) {
			return r
		}
		return -1
	}, strings.ToLower(m.Key.Distribution))
	return ParseArtefact(Artefact{m.Version, distribution, build}.String())
}

// Export writes a build in the project's own form into dir: the .tgz with
// .build-info and LICENSE in it, and its .sha256 beside it. A published artefact
// never changes, so a build number that is taken is refused. The same entry
// always gives the same bytes.
func (c *Cache) Export(ctx context.Context, key Key, dir string, build int) (string, error) {
	if err := key.check(); err != nil {
		return "", err
	}
	e, err := c.usable(ctx, key.ID())
	if err != nil {
		return "", err
	}
	a, err := e.artefact(build)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, a.String())
	if _, err := os.Lstat(file); err == nil {
		return "", fault.New(fault.Usage, fmt.Sprintf("take another build number: %d", build+1), fmt.Errorf("export %s: it is there already", file))
	}
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = c.export(ctx, e, a, file)
	}
	if isDamage(err) {
		err = c.setAside(ctx, e, refused(e.ID, err))
	}
	if err != nil {
		return "", fmt.Errorf("export %s: %w", file, diskFault(err, dir))
	}
	return file, nil
}

func (c *Cache) export(ctx context.Context, e Entry, name Artefact, file string) error {
	return writeNew(file, 0o644, func(w io.Writer) error {
		from, err := c.archive(ctx, e)
		if err != nil {
			return err
		}
		sum := newSumming(w)
		got, err := c.repack(sum, from.tar, e, name)
		if err := from.end(e, err, got); err != nil {
			return err
		}
		// The sum comes first: nobody ever sees an artefact without one.
		beside := file + ".sha256"
		if err := present(os.Remove(beside)); err != nil {
			return err
		}
		return writeNew(beside, 0o644, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s  %s\n", sum.hex(), name)
			return err
		})
	})
}

// repack turns the archive of an entry into that of an artefact.
func (c *Cache) repack(w io.Writer, r io.Reader, e Entry, name Artefact) (packed, error) {
	z := gzip.NewWriter(w)
	in, out := tar.NewReader(r), tar.NewWriter(z)
	var got packed
	license, licensed, top := []byte(nil), false, e.top()
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return got, damaged("read archive: %w", err)
		}
		if h.Name == top+"/.build-info" { // of an artefact that was installed and saved
			got.files, got.bytes = got.files+1, got.bytes+h.Size
			continue
		}
		licensed = licensed || h.Name == top+"/LICENSE"
		content := &source{r: in}
		if ok, err := path.Match(top+"/lib/python3.*/LICENSE.txt", h.Name); ok && err == nil && h.Size < 1<<20 {
			content.r = io.TeeReader(in, appending{&license})
		}
		h.Format = tar.FormatUnknown
		if err := out.WriteHeader(h); err != nil {
			return got, err
		}
		n, err := io.Copy(out, content)
		if content.err != nil {
			return got, damaged("read archive: %w", content.err)
		}
		if err != nil {
			return got, err
		}
		got.bytes += n
		c.say(got.bytes, e.Bytes)
		if strings.TrimSuffix(h.Name, "/") == top {
			err = addFile(out, top+"/.build-info", []byte(e.buildInfo(name)), e)
		} else {
			got.files++
		}
		if err != nil {
			return got, err
		}
	}
	if len(license) > 0 && !licensed {
		if err := addFile(out, top+"/LICENSE", license, e); err != nil {
			return got, err
		}
	}
	return got, errors.Join(out.Close(), z.Close())
}

func addFile(out *tar.Writer, name string, content []byte, e Entry) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: e.SourceDate.Truncate(1e9)}
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err := out.Write(content)
	return err
}

// appending collects what is written.
type appending struct{ to *[]byte }

func (a appending) Write(p []byte) (int, error) {
	*a.to = append(*a.to, p...)
	return len(p), nil
}

// buildInfo is the text of .build-info.
func (e Entry) buildInfo(name Artefact) string {
	var b strings.Builder
	for _, line := range [][2]string{
		{"Python Version", e.Version},
		{"Build Number", strconv.Itoa(name.Build)},
		{"Distribution", e.Key.Distribution},
		{"Architecture", e.Key.Arch},
		{"Prefix", e.Prefix},
		{"Build Date", e.Created.Format("2006-01-02T15:04:05Z")},
		{"Compiler", e.Key.Compiler},
		{"Source SHA-256", e.Key.SourceSHA256},
		{"Configure Flags", strings.Join(e.Key.Flags, " ")},
		{"Validated Modules", strings.Join(e.Modules, " ")},
	} {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	b.WriteString("Libraries:\n")
	for _, l := range e.Libraries {
		fmt.Fprintf(&b, "  %s\n", strings.Join(append([]string{l.Name}, l.Versions...), " "))
	}
	return b.String()
}
