package tree_test

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/backup/tree"
)

// TestRestoreNeverLeavesItsTarget feeds streams that somebody has planted.
func TestRestoreNeverLeavesItsTarget(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	victim := filepath.Join(outside, "victim")
	for name, headers := range map[string][]tar.Header{
		"parent directories": {{Name: "../victim", Typeflag: tar.TypeReg}},
		"absolute path":      {{Name: victim, Typeflag: tar.TypeReg}},
		"symbolic link to a directory": {
			{Name: "way", Typeflag: tar.TypeSymlink, Linkname: outside},
			{Name: "way/victim", Typeflag: tar.TypeReg},
		},
		"symbolic link to a file": {
			{Name: "way", Typeflag: tar.TypeSymlink, Linkname: victim},
			{Name: "way", Typeflag: tar.TypeReg, Mode: 0o666},
		},
		"symbolic link, then a directory of that name": {
			{Name: "way", Typeflag: tar.TypeSymlink, Linkname: outside},
			{Name: "way", Typeflag: tar.TypeDir, Mode: 0o777},
			{Name: "way/victim", Typeflag: tar.TypeReg},
		},
		"hard link to the outside": {
			{Name: "taken", Typeflag: tar.TypeLink, Linkname: "../" + filepath.Base(outside) + "/victim"},
			{Name: "taken", Typeflag: tar.TypeReg},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(victim, []byte("untouched"), 0o600); err != nil {
				t.Fatal(err)
			}
			var stream bytes.Buffer
			w := tar.NewWriter(&stream)
			for _, h := range headers {
				data := []byte("planted")
				if h.Typeflag != tar.TypeReg {
					data = nil
				}
				h.Size = int64(len(data))
				if err := w.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(data); err != nil {
					t.Fatal(err)
				}
			}
			_, err := tree.Extract(context.Background(), &stream, t.TempDir())
			data, readErr := os.ReadFile(victim)
			if readErr != nil || string(data) != "untouched" {
				t.Fatalf("the file outside is %q, %v (restore said %v)", data, readErr, err)
			}
			info, _ := os.Lstat(victim)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("the file outside has mode %v now", info.Mode())
			}
		})
	}
}
