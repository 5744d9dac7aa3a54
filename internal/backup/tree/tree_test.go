package tree_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/tree/treetest"
	"iact-infra/internal/testbed"
)

// TestSlowEveryGenerationOfATreeRestoresWithTarAsItWas changes a tree at random
// again and again, backs each generation up on top of the one before, and has
// plain tar restore it: names, content, modes, times, links and holes must be
// those of the tree, and what is gone must stay gone.
func TestSlowEveryGenerationOfATreeRestoresWithTarAsItWas(t *testing.T) {
	t.Parallel()
	for seed := uint64(0); seed < 4; seed += uint64(testbed.Stride(2)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 7))
			root := treetest.NewTree(t, random)
			store := treetest.NewStore(t)
			for generation := range 12 {
				treetest.Settle()
				set := store.Capture(t, root)
				got := set.ExtractWithTar(t)
				treetest.Same(t, fmt.Sprintf("seed %d generation %d, tar", seed, generation), root, got)
				treetest.Same(t, fmt.Sprintf("seed %d generation %d", seed, generation), root, set.Extract(t))
				set.Check(t)
				treetest.Mutate(t, root, random, 1+random.IntN(12))
			}
		})
	}
}

func TestSecondCaptureOfAnUnchangedTreeWritesNothing(t *testing.T) {
	t.Parallel()
	root := treetest.NewTree(t, rand.New(rand.NewPCG(1, 1)))
	treetest.Settle()
	store := treetest.NewStore(t)
	first := store.Capture(t, root)
	second := store.Capture(t, root)
	if second.Laid.New != 0 || len(second.Laid.Parts) != len(first.Laid.Parts) {
		t.Errorf("second set wrote %d bytes in %d parts, want 0 bytes and the %d parts of the first",
			second.Laid.New, len(second.Laid.Parts), len(first.Laid.Parts))
	}
}

func TestADeletedFileLeavesNoTraceInTheNextSet(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	treetest.Put(t, root, "keep", strings.Repeat("stays ", 1<<17)) // far more than half of the part
	treetest.Put(t, root, "secret", "goes")
	treetest.Settle()
	store := treetest.NewStore(t)
	store.Capture(t, root)
	treetest.Put(t, root, "secret", "goes, changed")
	treetest.Settle()
	store.Capture(t, root)
	if err := os.Remove(filepath.Join(root, "secret")); err != nil {
		t.Fatal(err)
	}
	treetest.Settle()
	got := store.Capture(t, root).ExtractWithTar(t)
	if _, err := os.Lstat(filepath.Join(got, "secret")); !os.IsNotExist(err) {
		t.Errorf("the deleted file came back: %v", err)
	}
	treetest.Same(t, "after deletion", root, got)
}

func TestAFileWrittenWithinATickOfItsBackupIsReadAgain(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	treetest.Put(t, root, "racy", "one")
	changed, err := os.Stat(filepath.Join(root, "racy"))
	if err != nil {
		t.Fatal(err)
	}
	for after, again := range map[time.Duration]bool{time.Millisecond: true, 5 * time.Second: false} {
		store := treetest.NewStore(t)
		store.Now = func() time.Time { return changed.ModTime().Add(after) }
		if store.Capture(t, root).Reread(t, "racy") != again {
			t.Errorf("a file read %v after its last change is read again: %t, want %t", after, !again, again)
		}
	}
}

func TestSlowLargeFileSharesItsUnchangedPieces(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	data := make([]byte, 40<<20)
	random := rand.NewChaCha8([32]byte{3})
	_, _ = random.Read(data)
	treetest.Put(t, root, "disk.img", string(data))
	treetest.Settle()
	store := treetest.NewStore(t)
	first := store.Capture(t, root)
	copy(data[20<<20:], "a few bytes in the middle are other ones")
	treetest.Put(t, root, "disk.img", string(data))
	treetest.Settle()
	second := store.Capture(t, root)
	if second.Laid.New > 3*8<<20 || second.Laid.New == 0 {
		t.Errorf("a change of 40 bytes in 40 MiB wrote %d bytes anew (the first set wrote %d)", second.Laid.New, first.Laid.New)
	}
	treetest.Same(t, "large file", root, second.ExtractWithTar(t))
}

func TestADamagedPartIsToldOnceAndNotForThePartsThatBelongToIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	treetest.Put(t, root, "large", strings.Repeat("a line of a large file\n", 1<<20))
	treetest.Put(t, root, "small", "another")
	parts := treetest.NewStore(t).Capture(t, root)
	header := slices.IndexFunc(parts.Laid.Parts, func(p manifest.Part) bool { return p.Tail > 1 })
	if header < 0 {
		t.Fatal("no part is followed by the content of a large file")
	}
	for name, bad := range map[string]int{"header": header, "content": header + 2} {
		t.Run(name, func(t *testing.T) { parts.CheckWithout(t, bad) })
	}
}

func TestSlowManySmallSetsArePackedTogether(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	store := treetest.NewStore(t)
	var parts []manifest.Part
	for day := range 40 {
		treetest.Put(t, root, fmt.Sprintf("day-%02d", day), "a line")
		treetest.Settle()
		parts = store.Capture(t, root).Laid.Parts
	}
	if len(parts) > 20 {
		t.Errorf("40 small sets left %d parts, want at most 20", len(parts))
	}
}
