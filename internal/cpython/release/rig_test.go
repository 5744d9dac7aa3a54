package release_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/ulikunitz/xz"

	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
)

// rig is a mirror with releases signed by a key of its own, and a fetcher that trusts that key.
type rig struct {
	*release.Fetcher
	t      *testing.T
	server *mirror
	url    string
	key    *openpgp.Entity
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	server := newMirror()
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	r := &rig{t: t, server: server, url: listening.URL, key: newKey(t, "Release Manager", time.Time{}, 0), Fetcher: &release.Fetcher{
		Source: release.Source{From: listening.URL, Client: listening.Client(), Backoff: time.Microsecond},
		Lock:   filepath.Join(dir, "config", "cpython.lock"), Dir: filepath.Join(dir, "downloads"), Keys: filepath.Join(dir, "keys"),
	}}
	must(t, os.Mkdir(r.Keys, 0o755))
	r.trust("manager", r.key)
	return r
}

// release puts a signed release on the mirror.
func (r *rig) release(v string) []byte {
	r.t.Helper()
	text := tarball(v, 200_000)
	r.server.put(v, "Python-"+v+".tar.xz", text)
	r.server.put(v, "Python-"+v+".tar.xz.asc", sign(r.t, r.key, text, time.Time{}))
	return text
}

func (r *rig) fetch(versions ...string) ([]release.Fetched, error) {
	r.t.Helper()
	var all []release.Version
	for _, v := range versions {
		all = append(all, version(r.t, v))
	}
	return r.Fetch(r.t.Context(), all...)
}

// fetched fetches one version, which must succeed.
func (r *rig) fetched(v string) release.Fetched {
	r.t.Helper()
	got, err := r.fetch(v)
	must(r.t, err)
	if len(got) != 1 {
		r.t.Fatalf("fetched %d versions", len(got))
	}
	return got[0]
}

// refused fetches one version, which must fail with that code; the text and the hint must hold the words.
func (r *rig) refused(code int, v string, words ...string) error {
	r.t.Helper()
	got, err := r.fetch(v)
	if err == nil || len(got) != 0 {
		r.t.Fatalf("%s is fetched: %v", v, got)
	}
	r.complains(err, code, words...)
	if _, err := os.Stat(r.file(v, "")); err == nil {
		r.t.Error("a tarball that was refused has its final name")
	}
	return err
}

func (r *rig) complains(err error, code int, words ...string) {
	r.t.Helper()
	if fault.Code(err) != code || fault.Hint(err) == "" || strings.Contains(err.Error(), "\n") {
		r.t.Errorf("code %d, want %d; hint %q; text %q", fault.Code(err), code, fault.Hint(err), err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error()+"\n"+fault.Hint(err), word) {
			r.t.Errorf("%q is missing in: %v\nhint: %s", word, err, fault.Hint(err))
		}
	}
}

// file is where the tarball of v lies, or a file beside it.
func (r *rig) file(v, ending string) string {
	return filepath.Join(r.Dir, v, "Python-"+v+".tar.xz"+ending)
}

func (r *rig) trust(name string, key *openpgp.Entity) {
	r.t.Helper()
	must(r.t, os.WriteFile(filepath.Join(r.Keys, name+".asc"), public(r.t, key), 0o644))
}

// lock writes the lock, line by line.
func (r *rig) lock(lines ...string) {
	r.t.Helper()
	must(r.t, os.MkdirAll(filepath.Dir(r.Lock), 0o755))
	must(r.t, os.WriteFile(r.Lock, []byte(strings.Join(append(lines, ""), "\n")), 0o644))
}

func pinned(v string, text []byte, level, by string) string {
	return fmt.Sprintf("%s %s %d Python-%s.tar.xz %s 2026-01-02 %s", v, digest(text), len(text), v, level, by)
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// tarball is the beginning of the release v as .tar.xz, and noise up to that size: the same for the same version.
func tarball(v string, size int) []byte {
	var text bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 16}.NewWriter(&text) // a small dictionary is a quick one
	return begin(v, size, &text, w, err)
}

// tgz is the same as .tgz.
func tgz(v string, size int) []byte {
	var text bytes.Buffer
	return begin(v, size, &text, gzip.NewWriter(&text), nil)
}

func begin(v string, size int, text *bytes.Buffer, w io.WriteCloser, err error) []byte {
	if err == nil {
		a := tar.NewWriter(w)
		err = errors.Join(a.WriteHeader(&tar.Header{Name: "Python-" + v + "/", Typeflag: tar.TypeDir, Mode: 0o755}), a.Close(), w.Close())
	}
	noise := make([]byte, size-text.Len())
	_, more := rand.NewChaCha8(sha256.Sum256([]byte(v))).Read(noise)
	if err = errors.Join(err, more); err != nil {
		panic(err)
	}
	return append(text.Bytes(), noise...)
}

// newKey is an OpenPGP key made at that time (zero: some time ago) with that lifetime (0: for ever).
func newKey(t *testing.T, name string, made time.Time, life time.Duration) *openpgp.Entity {
	t.Helper()
	if made.IsZero() {
		made = time.Now().Add(-time.Hour)
	}
	key, err := openpgp.NewEntity(name, "", "manager@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(life / time.Second), Time: func() time.Time { return made }})
	must(t, err)
	return key
}

func public(t *testing.T, key *openpgp.Entity) []byte {
	t.Helper()
	return armored(t, openpgp.PublicKeyType, key.Serialize)
}

func sign(t *testing.T, key *openpgp.Entity, text []byte, when time.Time) []byte {
	t.Helper()
	if when.IsZero() {
		when = time.Now().Add(-time.Minute)
	}
	return armored(t, openpgp.SignatureType, func(w io.Writer) error {
		return openpgp.DetachSign(w, []*openpgp.Entity{key}, bytes.NewReader(text), &packet.Config{Time: func() time.Time { return when }})
	})
}

func armored(t *testing.T, kind string, write func(io.Writer) error) []byte {
	t.Helper()
	var text bytes.Buffer
	w, err := armor.Encode(&text, kind, nil)
	must(t, err)
	must(t, write(w))
	must(t, w.Close())
	return text.Bytes()
}

// mirror serves files as python.org does and misbehaves on request.
type mirror struct {
	mutex  sync.Mutex
	files  map[string][]byte
	tags   map[string]string
	asked  map[string]int
	sent   map[string]int64
	before func(w http.ResponseWriter, r *http.Request) (done bool) // may answer itself
}

func newMirror() *mirror {
	return &mirror{files: map[string][]byte{}, tags: map[string]string{}, asked: map[string]int{}, sent: map[string]int64{}}
}

func (m *mirror) put(v, name string, text []byte) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	base, _, _ := strings.Cut(strings.NewReplacer("a", "-", "b", "-", "rc", "-").Replace(v), "-")
	path := "/" + base + "/" + name
	m.files[path], m.tags[path] = text, `"`+digest(text)[:16]+`"`
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mutex.Lock()
	text, there := m.files[r.URL.Path]
	tag, before := m.tags[r.URL.Path], m.before
	m.asked[r.URL.Path]++
	var list strings.Builder
	for path := range m.files {
		base, _, _ := strings.Cut(path[1:], "/")
		fmt.Fprintf(&list, "<a href=\"%s/\">%s/</a>\n", base, base)
	}
	m.mutex.Unlock()
	counted := &counting{ResponseWriter: w, sent: func(n int) {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		m.sent[r.URL.Path] += int64(n)
	}}
	switch {
	case before != nil && before(counted, r):
	case r.URL.Path == "/":
		fmt.Fprint(w, list.String())
	case !there:
		http.NotFound(w, r)
	default:
		w.Header().Set("ETag", tag)
		http.ServeContent(counted, r, r.URL.Path, time.Time{}, bytes.NewReader(text))
	}
}

// total is how many bytes of the tarball of v left the mirror, and how often it was asked for.
func (m *mirror) total(v string) (sent int64, asked int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	path := "/" + v + "/Python-" + v + ".tar.xz"
	return m.sent[path], m.asked[path]
}

func (m *mirror) misbehave(how func(w http.ResponseWriter, r *http.Request) bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.before = how
}

type counting struct {
	http.ResponseWriter
	sent func(n int)
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent(n)
	return n, err
}

func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// dying ends the connection after n bytes of every tarball that it is asked for.
func dying(m *mirror, n int) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, ".tar.xz") {
			return false
		}
		m.mutex.Lock()
		text, tag := m.files[r.URL.Path], m.tags[r.URL.Path]
		m.mutex.Unlock()
		w.Header().Set("ETag", tag)
		http.ServeContent(&mortal{ResponseWriter: w, left: n}, r, "", time.Time{}, bytes.NewReader(text))
		return true
	}
}

type mortal struct {
	http.ResponseWriter
	left int
}

func (m *mortal) Write(p []byte) (int, error) {
	n, err := m.ResponseWriter.Write(p[:min(len(p), m.left)])
	if m.left -= n; err != nil || m.left > 0 {
		return n, err
	}
	_ = http.NewResponseController(m.ResponseWriter).Flush() // what was written has to arrive; the end comes anyway
	panic(http.ErrAbortHandler)
}
