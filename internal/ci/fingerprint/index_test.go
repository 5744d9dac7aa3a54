package fingerprint_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zeebo/xxh3"

	"iact-infra/internal/ci/fingerprint"
)

func sorted(all []string) []string { slices.Sort(all); return all }

// TestAnIndexedFileIsNotReadAgain: the index is given a hash that is not the
// file's, which then comes back.
func TestAnIndexedFileIsNotReadAgain(t *testing.T) {
	t.Parallel()
	r := newTree(t, "a", "b")
	all := fingerprint.Selection{Dir: "."}
	first := r.list(all)
	forge(r, first.Files[0].Hash)
	forged := r.list(all)
	if forged.Files[0].Hash == first.Files[0].Hash || forged.Files[1] != first.Files[1] {
		t.Fatalf("the index was not asked: %v", forged)
	}
	info, err := os.Stat(r.at("a"))
	r.must(err)
	r.put("a", "CONTENT of a")
	r.must(os.Chtimes(r.at("a"), info.ModTime(), info.ModTime()))
	changed := r.list(all)
	if changed.Files[0].Hash == forged.Files[0].Hash || changed.Files[0].Hash == first.Files[0].Hash {
		t.Error("a file of the same size and mtime was not read again, although its ctime says so")
	}
}

// forge flips a hash in the index and makes its checksum good again.
func forge(r *tree, hash string) {
	r.t.Helper()
	text, err := os.ReadFile(r.at(".iact/ci/index"))
	r.must(err)
	sum, err := hex.DecodeString(hash)
	r.must(err)
	at := bytes.Index(text, sum)
	if at < 0 {
		r.t.Fatal("the index does not hold the hash")
	}
	text[at] ^= 0xff
	body := text[bytes.IndexByte(text, '\n')+1 : len(text)-8]
	binary.LittleEndian.PutUint64(text[len(text)-8:], xxh3.Hash(body))
	r.must(os.WriteFile(r.at(".iact/ci/index"), text, 0o600))
}

func TestAFileChangedJustBeforeItWasReadIsReadAgain(t *testing.T) {
	t.Parallel()
	r := newTree(t, "a")
	r.ahead = 0
	all := fingerprint.Selection{Dir: "."}
	r.put("a", "content of a")
	first := r.list(all)
	text, err := os.ReadFile(r.at(".iact/ci/index"))
	r.must(err)
	if bytes.Contains(text, []byte("content of a")) || len(text) > 40 {
		t.Errorf("the index keeps a hash that may be stale: %q", text)
	}
	if again := r.list(all); again.Digest != first.Digest {
		t.Errorf("got %v, want %v", again, first)
	}
}

func TestADamagedIndexKnowsNothing(t *testing.T) {
	t.Parallel()
	r := newTree(t, "a", "b", "c/d")
	all := fingerprint.Selection{Dir: "."}
	want := r.list(all)
	whole, err := os.ReadFile(r.at(".iact/ci/index"))
	r.must(err)
	for n := range whole {
		flipped := bytes.Clone(whole)
		flipped[n] ^= 0x10
		for _, text := range [][]byte{flipped, whole[:n]} {
			r.must(os.WriteFile(r.at(".iact/ci/index"), text, 0o600))
			if got := r.list(all); got.Digest != want.Digest {
				t.Fatalf("byte %d of %d: got %v", n, len(whole), got)
			}
		}
	}
}

func TestRunsAtOnceShareAnIndex(t *testing.T) {
	t.Parallel()
	r := newTree(t)
	for i := range 50 {
		r.put(fmt.Sprintf("f%d", i), fmt.Sprint(i))
	}
	all := fingerprint.Selection{Dir: "."}
	want := r.list(all)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 5 {
				r.put(fmt.Sprintf(".iact/noise%d", i), "")
				r.must(os.Chtimes(r.at("f1"), time.Unix(int64(i), 0), time.Unix(int64(i), 0)))
				s := r.open()
				l, err := s.Inputs(context.Background(), all)
				if err != nil || l.Digest != want.Digest || s.Save() != nil {
					t.Errorf("got %v, %v", l, err)
				}
			}
		})
	}
	group.Wait()
	left, err := os.ReadDir(r.at(".iact/ci"))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
