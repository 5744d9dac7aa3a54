package pack_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/artifacts/pack"
	"iact-infra/internal/command"
)

func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(root, "dist/assets/empty"), 0o755),
		os.WriteFile(filepath.Join(root, "dist/index.html"), []byte("<p>hi"), 0o644),
		os.WriteFile(filepath.Join(root, "dist/assets/run.sh"), []byte("#!/bin/sh"), 0o755),
		os.WriteFile(filepath.Join(root, "dist/we\\ird\nname"), []byte("x"), 0o600),
		os.Symlink("index.html", filepath.Join(root, "dist/link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func sh(t *testing.T, dir, line string) string {
	t.Helper()
	c := command.Read("sh", "-c", line)
	c.Dir = dir
	out, err := command.NewDoor(command.Local()).Text(t.Context(), c).String()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheSameFilesGiveTheSameArchive(t *testing.T) {
	t.Parallel()
	root, other, out := tree(t), tree(t), t.TempDir()
	if err := errors.Join(os.Chtimes(filepath.Join(other, "dist/index.html"), time.Time{}, time.Unix(1, 0)), os.Chmod(filepath.Join(other, "dist"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"a.tar.zst": root, "b.tar.zst": other} {
		if err := pack.Archive(t.Context(), filepath.Join(out, name), dir, []string{"dist"}); err != nil {
			t.Fatal(err)
		}
	}
	if sh(t, out, "cmp a.tar.zst b.tar.zst; ls -A | wc -l") != "2\n" {
		t.Error("a temporary file is left")
	}
	// Another program reads the same out of it.
	sh(t, out, "mkdir x && zstd -dc a.tar.zst | tar x -C x")
	if got := sh(t, out, "diff -r --no-dereference x/dist "+filepath.Join(root, "dist")+"; test -x x/dist/assets/run.sh; readlink x/dist/link; ls -d x/dist/assets/empty"); got != "index.html\nx/dist/assets/empty\n" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsNoFileIsRefusedAndLeavesNoArchive(t *testing.T) {
	t.Parallel()
	root, out := tree(t), t.TempDir()
	sh(t, root, "mkfifo dist/pipe")
	err := pack.Archive(t.Context(), filepath.Join(out, "a.tar.zst"), root, []string{"dist"})
	if err == nil || !strings.Contains(err.Error(), "dist/pipe is neither a file nor a directory") {
		t.Errorf("got %v", err)
	}
	if left := sh(t, out, "ls -A"); left != "" {
		t.Errorf("left %q", left)
	}
}

func TestSha256sumChecksTheList(t *testing.T) {
	t.Parallel()
	root := tree(t)
	var sums []pack.Sum
	for _, name := range []string{"dist/index.html", "dist/we\\ird\nname"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(text)
		sums = append(sums, pack.Sum{Name: name, Hex: hex.EncodeToString(hash[:])})
	}
	if err := pack.Sums(filepath.Join(root, "SHA256SUMS"), sums); err != nil {
		t.Fatal(err)
	}
	if got := sh(t, root, "sha256sum -c --strict SHA256SUMS"); strings.Count(got, ": OK\n") != 2 {
		t.Errorf("got %q", got)
	}
}
