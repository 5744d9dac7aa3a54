package release

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// errGone is a directory that holds nothing because it is not there: a mistake, or a disk that is not mounted.
const errGone = sentinel("there is no such directory")

// folder is a directory of tarballs: flat, laid out like python.org, or as Debian keeps its sources.
type folder string

func (f folder) String() string { return string(f) }

func (f folder) names(v Version) []tarball {
	debian := fmt.Sprintf("python%s_%s.orig", v.Series(), v.base())
	if v.Pre != "" {
		debian = fmt.Sprintf("python%s_%s~%s.orig", v.Series(), v.base(), v.Pre)
	}
	var all []tarball
	for _, kind := range kinds() {
		name := "Python-" + v.String() + kind
		ending := strings.Replace(kind, ".tgz", ".tar.gz", 1)
		for _, path := range []string{name, filepath.Join(v.base(), name), debian + ending} {
			all = append(all, tarball{path: path, name: name})
		}
	}
	return all
}

func (f folder) open(_ context.Context, path string, at int64, mark string) (*stream, error) {
	file, err := os.Open(filepath.Join(string(f), path))
	if isMissing(err) {
		if _, err := os.Stat(string(f)); err != nil {
			return nil, fmt.Errorf("look into source %s: %w", f, errGone)
		}
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: it is not a file", file.Name())
	}
	if err != nil {
		_ = file.Close() // it was only read
		return nil, err
	}
	s := &stream{ReadCloser: file, total: info.Size(), mark: fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())}
	if s.mark == mark && at <= s.total {
		if s.at, err = file.Seek(at, io.SeekStart); err != nil {
			_ = file.Close() // it was only read
			return nil, err
		}
	}
	return s, nil
}

func (f folder) list(context.Context) ([]Version, error) {
	if _, err := os.Stat(string(f)); err != nil {
		return nil, err
	}
	tarballs := regexp.MustCompile(`(?:^Python-|^python3\.[0-9]+_)([0-9][0-9a-z.~]*?)(?:\.tar\.xz|\.tgz|\.orig\.tar\.[gx]z)$`)
	var all []Version
	for _, pattern := range []string{"*", "*/Python-*"} {
		paths, err := filepath.Glob(filepath.Join(escaped(string(f)), pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if found := tarballs.FindStringSubmatch(filepath.Base(path)); found != nil {
				if v, err := Parse(strings.ReplaceAll(found[1], "~", "")); err == nil {
					all = append(all, v)
				}
			}
		}
	}
	return all, nil
}

// escaped keeps the name of a directory from being taken for a pattern.
func escaped(dir string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(dir, `\$0`)
}
