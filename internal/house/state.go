package house

import (
	"fmt"
	"os"
	"path/filepath"
)

// prepareState makes .iact, where the state of a checkout lives: journals,
// caches, locks. It carries a minimal git directory, because `git clean -xfd`
// removes ignored directories but spares what looks like a repository of its
// own. What is there already stays as it is.
func prepareState(root string) error {
	state := filepath.Join(root, ".iact")
	marker := filepath.Join(state, ".git")
	for _, dir := range []string{state, marker, filepath.Join(marker, "objects"), filepath.Join(marker, "refs")} {
		if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
			return fmt.Errorf("prepare state: %w", err)
		}
	}
	head, err := os.OpenFile(filepath.Join(marker, "HEAD"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("prepare state: %w", err)
	}
	if _, err := head.WriteString("ref: refs/heads/main\n"); err != nil {
		_ = head.Close()
		return fmt.Errorf("prepare state: %w", err)
	}
	if err := head.Close(); err != nil {
		return fmt.Errorf("prepare state: %w", err)
	}
	return nil
}
