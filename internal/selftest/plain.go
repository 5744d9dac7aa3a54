package selftest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"iact-infra/internal/command"
)

// plain is the packages that have a test of the pass without the race detector. Building the tests of all others for
// it, only to run none of them, would take minutes.
func (s *suite) plain(ctx context.Context) ([]string, error) {
	list := command.Read("go", "list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "./...")
	list.Dir = s.root
	text, err := s.door.Text(ctx, list).Bytes()
	if err != nil {
		return nil, err
	}
	var found []string
	for packages := json.NewDecoder(bytes.NewReader(text)); ; {
		var pkg struct {
			ImportPath, Dir           string
			TestGoFiles, XTestGoFiles []string
		}
		if err := packages.Decode(&pkg); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		for _, name := range slices.Concat(pkg.TestGoFiles, pkg.XTestGoFiles) {
			source, err := os.ReadFile(filepath.Join(pkg.Dir, name))
			if err != nil {
				return nil, err
			}
			if bytes.Contains(source, []byte("\nfunc TestSlow")) || bytes.Contains(source, []byte("\nfunc TestReal")) {
				found = append(found, pkg.ImportPath)
				break
			}
		}
	}
}
