package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// The tree that is measured: so many files, of some 600 MB in all.
const (
	treeFiles   = 50_000
	treeFolders = 1_000
)

// tree measures backup:config of a directory, first and unchanged.
func (b *bench) tree(ctx context.Context) error {
	began := time.Now()
	root := filepath.Join(b.dir, "tree")
	if err := makeTree(root); err != nil {
		return fmt.Errorf("make tree: %w", err)
	}
	b.took("tree", began)
	store, repository := filepath.Join(b.dir, "store-tree"), filepath.Join(b.dir, "restic")
	ours := func(ctx context.Context) (float64, error) {
		return b.run(ctx, "backup:config", store, "{name: tree, kind: files, path: "+root+"}")
	}
	if err := b.compare(ctx, pair{
		name: "tree, first: backup:config against tar | zstd -T0 -3", most: 1.25, ours: ours,
		reset: func() error { return os.RemoveAll(store) },
		peer: func(ctx context.Context) (float64, error) {
			return b.timed(ctx, "tar c -C "+root+" . | zstd -T0 -3 -q -f -o peer.zst")
		},
	}); err != nil {
		return err
	}
	b.memory("tree")
	restic := "RESTIC_PASSWORD=bench restic -q -r " + repository
	if _, err := b.timed(ctx, restic+" init && "+restic+" backup "+root); err != nil {
		return err
	}
	return b.compare(ctx, pair{
		name: "tree, unchanged: backup:config against restic backup", most: 0.5, ours: ours,
		peer: func(ctx context.Context) (float64, error) { return b.timed(ctx, restic+" backup "+root) },
	})
}

// makeTree writes files whose sizes are spread as those of a checkout are; one
// in four does not compress. The seed is fixed.
func makeTree(root string) error {
	random := rand.New(rand.NewPCG(5, 5))
	noise := rand.NewChaCha8([32]byte{5})
	words := make([]string, 4000)
	for i := range words {
		word := make([]byte, 2+random.IntN(8))
		for j := range word {
			word[j] = byte('a' + random.IntN(26))
		}
		words[i] = string(word)
	}
	for folder := range treeFolders {
		dir := filepath.Join(root, fmt.Sprintf("package-%d/module-%d", folder/40, folder))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for file := range treeFiles / treeFolders {
			n := min(int(4000*random.ExpFloat64()*random.ExpFloat64()*2.6), 2<<20)
			data := make([]byte, 0, n+16)
			if file%4 == 0 {
				data = data[:n]
				_, _ = noise.Read(data)
			}
			for len(data) < n {
				data = append(append(data, words[random.IntN(len(words))]...), ' ')
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%d.js", file)), data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
