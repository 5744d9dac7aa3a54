package venv

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// rename makes the environment in dir one that is called name: its scripts name
// the interpreter by its path. The name that it was made under is no other text,
// so it can be replaced wherever it stands. The packages themselves hold no
// paths; compiled modules take theirs from where they are loaded.
func rename(dir, name string) error {
	before, after := []byte(filepath.Base(dir)), []byte(name)
	sign := before[bytes.LastIndexByte(before, '.'):]
	written := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		in, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() && (in == "lib" || in == "lib64" || in == "include" || entry.Name() == "__pycache__") {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, sign) {
			return err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return fmt.Errorf("%s is no text and holds its path", in)
		}
		text = bytes.ReplaceAll(text, before, after)
		if bytes.Contains(text, sign) {
			return fmt.Errorf("%s holds its path in another spelling: a name without quotes helps", in)
		}
		written[in] = line(text)
		// In place: mode and owner stay.
		return os.WriteFile(path, text, 0o644)
	})
	if err == nil {
		err = record(dir, written)
	}
	if err != nil {
		return fmt.Errorf("rename environment: %w", err)
	}
	return nil
}

// line is what RECORD says of a file: hash and length.
func line(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]) + "," + strconv.Itoa(len(text))
}

// record corrects what the RECORDs say of the files that were written.
func record(dir string, written map[string]string) error {
	all, err := sites(dir)
	if err != nil {
		return err
	}
	for _, site := range all {
		entries, err := os.ReadDir(site)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			path := filepath.Join(site, entry.Name(), "RECORD")
			text, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) || err != nil && !entry.IsDir() {
				continue
			}
			if err != nil {
				return err
			}
			if text, changed := corrected(dir, site, string(text), written); changed {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// corrected leaves every line that it does not change as it is written.
func corrected(dir, site, text string, written map[string]string) (string, bool) {
	var b strings.Builder
	changed := false
	for l := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimPrefix(l, `"`), "../") {
			fields, err := csv.NewReader(strings.NewReader(l)).Read()
			if err == nil && len(fields) == 3 && fields[1] != "" {
				in, _ := filepath.Rel(dir, filepath.Join(site, fields[0]))
				if now, ok := written[in]; ok {
					named := l[:strings.LastIndex(l, ","+fields[1]+",")]
					l, changed = named+","+now+"\n", true
				}
			}
		}
		b.WriteString(l)
	}
	return b.String(), changed
}
