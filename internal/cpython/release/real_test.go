package release_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/cpython/release"
	"iact-infra/internal/cpython/release/releasetest"
	"iact-infra/internal/fault"
)

func TestRealTheSourceOf3135IsVerifiedByItsReleaseManagersSignature(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Source, r.Keys = release.Source{From: releasetest.Debian(t)}, ""
	r.Now = func() time.Time { return time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC) } // the shipped copy of the key has expired by then
	got := r.fetched(releasetest.New)
	if got.SHA256 != releasetest.NewSHA256 || got.Level != "openpgp" || got.By != "Thomas Wouters <thomas@python.org> 7169605F62C751356D054A26A821E680E5FA6305" {
		t.Errorf("fetched: %+v", got)
	}
}

func TestRealAChangedSourceIsNotWhatTheReleaseManagerSigned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text, signature := realNew(t)
	text[len(text)/2] ^= 1
	r.server.put("3.13.5", "Python-3.13.5.tar.xz", text)
	r.server.put("3.13.5", "Python-3.13.5.tar.xz.asc", signature)
	r.refused(fault.Invalid, "3.13.5", "7169 605F 62C7 5135 6D05", "invalid signature")
}

func TestRealAShippedKeySignsForItsOwnSeriesOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, signature := realNew(t)
	for v, words := range map[string][]string{
		"3.12.9": {"invalid signature"}, // the key is known, and this is not what it signed
		"3.11.9": {"unknown key 7169 605F", "3.11 is signed by Pablo Galindo Salgado"},
	} {
		r.release(v)
		r.server.put(v, "Python-"+v+".tar.xz.asc", signature)
		r.refused(fault.Invalid, v, words...)
	}
}

func TestRealASourceWithoutASignatureIsTakenWhenItsHashWasReviewed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Source = release.Source{From: releasetest.Debian(t)}
	err := r.refused(fault.Invalid, releasetest.Old, "Python-3.11.2.tgz.asc", releasetest.OldSHA256)
	_, line, _ := strings.Cut(fault.Hint(err), "«")
	line, _, _ = strings.Cut(line, "»")
	r.lock(line)
	r.Verify = release.Pinned
	if got := r.fetched(releasetest.Old); got.SHA256 != releasetest.OldSHA256 || got.Level != "pinned" || filepath.Base(got.Path) != "Python-3.11.2.tgz" {
		t.Errorf("fetched: %+v", got)
	}
}

// realNew is the newer tarball and its signature.
func realNew(t *testing.T) (text, signature []byte) {
	t.Helper()
	path := filepath.Join(releasetest.Debian(t), "python3.13_3.13.5.orig.tar.xz")
	text, err := os.ReadFile(path)
	must(t, err)
	signature, err = os.ReadFile(path + ".asc")
	must(t, err)
	return text, signature
}
