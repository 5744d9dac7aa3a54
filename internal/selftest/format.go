package selftest

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"io"
	"io/fs"
	"path"
	"strings"
)

// checkFormat names the Go files that gofmt would change. It needs no gofmt in PATH.
func checkFormat(repo fs.FS, out io.Writer) error {
	unformatted := 0
	err := fs.WalkDir(repo, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if base := path.Base(name); base == "testdata" || name != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		case path.Ext(name) != ".go" || !entry.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(repo, name)
		if err != nil {
			return err
		}
		formatted, err := format.Source(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !bytes.Equal(text, formatted) {
			unformatted++
			fmt.Fprintf(out, "%s: not formatted: gofmt -w %[1]s\n", name)
		}
		return nil
	})
	if err == nil && unformatted > 0 {
		err = errors.New("gofmt would change files")
	}
	return err
}
