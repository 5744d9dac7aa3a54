package image

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Context is a hash of all that docker build gets to see of a directory: names,
// modes and content of what .dockerignore leaves. Skip are names at its top that
// do not count. What cannot be told counts: an image is then built once too often.
func Context(dir string, skip ...string) (string, error) {
	rules, err := ignored(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && file != dir {
			return nil // another job has just removed it
		}
		if err != nil || file == dir {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case slices.Contains(skip, name):
		case rules.match(name):
			if !d.IsDir() || rules.again {
				return nil
			}
		default:
			if err := add(sum, file, name, d); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}
		if d.IsDir() {
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the context of the image: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// add takes one file into the sum.
func add(sum hash.Hash, file, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	fmt.Fprintf(sum, "%q %v\n", name, info.Mode())
	switch {
	case info.Mode().IsRegular():
		in, err := os.Open(file)
		if err != nil {
			return err
		}
		defer in.Close()
		own := sha256.New()
		if _, err := io.Copy(own, in); err != nil {
			return err
		}
		sum.Write(own.Sum(nil))
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q\n", to)
	}
	return nil
}

// rule is a line of .dockerignore.
type rule struct {
	is   *regexp.Regexp
	back bool // begins with !: what it names is not ignored after all
}

type rules struct {
	all   []rule
	again bool // some are taken back: what lies below an ignored directory may count
}

// ignored reads .dockerignore. Beside a Dockerfile.dockerignore, which only one of
// the builders heeds, nothing is ignored.
func ignored(dir string) (rules, error) {
	if _, err := os.Lstat(filepath.Join(dir, "Dockerfile.dockerignore")); err == nil {
		return rules{}, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, ".dockerignore"))
	if os.IsNotExist(err) {
		return rules{}, nil
	}
	if err != nil {
		return rules{}, fmt.Errorf("read .dockerignore: %w", err)
	}
	var r rules
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		line, back := strings.CutPrefix(strings.TrimSpace(line), "!")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if line = path.Clean(line); len(line) > 1 {
			line = strings.TrimPrefix(line, "/")
		}
		is, err := regexp.Compile(expression(line))
		if err != nil {
			return rules{}, nil // docker refuses the file, and says why better
		}
		r.all, r.again = append(r.all, rule{is, back}), r.again || back
	}
	return r, nil
}

// match tells whether a name, or a directory above it, is ignored: the last line
// that fits counts.
func (r rules) match(name string) bool {
	is := false
	for _, one := range r.all {
		for at := name; at != "."; at = path.Dir(at) {
			if one.is.MatchString(at) {
				is = !one.back
				break
			}
		}
	}
	return is
}

// expression is a pattern of .dockerignore as a regular expression: * stays within
// a directory, ** does not.
func expression(pattern string) string {
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			b.WriteString("(.*/)?")
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[' || c == ']':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case c >= 0x80:
			b.WriteByte(c)
		default:
			b.WriteString(regexp.QuoteMeta(string(rune(c))))
		}
	}
	return b.String() + "$"
}
