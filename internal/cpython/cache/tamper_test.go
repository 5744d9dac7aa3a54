package cache_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/fault"
)

func isForeign(err error) bool { return errors.Is(err, cache.ErrForeign) }

// forge writes the manifest of an entry anew, with a hash that fits.
func (r *rig) forge(e cache.Entry, edit func(m *cache.Manifest)) {
	r.t.Helper()
	m := e.Manifest
	edit(&m)
	body, err := json.Marshal(m)
	must(r.t, err)
	sum := sha256.Sum256(body)
	text, err := json.Marshal(map[string]any{"format": 1, "body_sha256": hex.EncodeToString(sum[:]), "body": json.RawMessage(body)})
	must(r.t, err)
	change(r.t, filepath.Join(r.store, e.ID+".json"), func([]byte) []byte { return text })
}

// repack writes the archive of an entry anew, with a manifest that fits.
func (r *rig) repack(e cache.Entry, edit func(out *tar.Writer)) {
	r.t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	must(r.t, err)
	out := tar.NewWriter(z)
	edit(out)
	must(r.t, errors.Join(out.Close(), z.Close()))
	change(r.t, filepath.Join(r.store, e.Archive.Name), func([]byte) []byte { return b.Bytes() })
	r.forge(e, func(m *cache.Manifest) {
		sum := sha256.Sum256(b.Bytes())
		m.Archive.SHA256, m.Archive.Size = hex.EncodeToString(sum[:]), int64(b.Len())
	})
}

// refused makes sure that the entry is refused in one line, set aside, and that
// saving anew helps.
func (r *rig) refused(want ...string) {
	r.t.Helper()
	_, err := r.unpack()
	if !errors.Is(err, cache.ErrRefused) || fault.Code(err) != fault.Invalid || fault.Hint(err) == "" || strings.Contains(err.Error(), "\n") {
		r.t.Fatalf("got %v", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			r.t.Errorf("got %v, want %s", err, w)
		}
	}
	r.notThere()
	if got := r.objects(); !slices.Contains(got, "bad-"+key().ID()+".json") || slices.Contains(got, key().ID()+".json") {
		r.t.Errorf("it was not set aside: %q", got)
	}
	if _, err := r.unpack(); !errors.Is(err, cache.ErrNone) {
		r.t.Errorf("the second time: %v", err)
	}
	r.save()
	if _, err := r.unpack(); err != nil {
		r.t.Errorf("saved anew: %v", err)
	}
	same(r.t, r.prefix, r.tree)
}

func TestAnArchiveThatWasTamperedWithIsRefused(t *testing.T) {
	t.Parallel()
	flip := func(at func(n int) int) func(*rig, cache.Entry) {
		return func(r *rig, e cache.Entry) {
			change(r.t, filepath.Join(r.store, e.Archive.Name), func(b []byte) []byte { b[at(len(b))] ^= 0x40; return b })
		}
	}
	edit := func(f func(b []byte) []byte) func(*rig, cache.Entry) {
		return func(r *rig, e cache.Entry) { change(r.t, filepath.Join(r.store, e.Archive.Name), f) }
	}
	for name, tamper := range map[string]func(*rig, cache.Entry){
		"first byte flipped":  flip(func(int) int { return 0 }),
		"middle byte flipped": flip(func(n int) int { return n / 2 }),
		"last byte flipped":   flip(func(n int) int { return n - 1 }),
		"cut in the middle":   edit(func(b []byte) []byte { return b[:len(b)/2] }),
		"last byte cut":       edit(func(b []byte) []byte { return b[:len(b)-1] }),
		"emptied":             edit(func([]byte) []byte { return nil }),
		"byte added":          edit(func(b []byte) []byte { return append(b, 0) }),
		"frame added":         edit(func(b []byte) []byte { return append(b, 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0) }),
		"deleted":             func(r *rig, e cache.Entry) { must(r.t, os.Remove(filepath.Join(r.store, e.Archive.Name))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tamper(r, r.save())
			r.refused()
		})
	}
}

func TestAManifestThatWasTamperedWithIsRefused(t *testing.T) {
	t.Parallel()
	for want, tamper := range map[string]func(r *rig, e cache.Entry){
		"read manifest": func(r *rig, e cache.Entry) {
			change(r.t, filepath.Join(r.store, e.ID+".json"), func(b []byte) []byte { return b[:len(b)/2] })
		},
		"does not match its own hash": func(r *rig, e cache.Entry) {
			change(r.t, filepath.Join(r.store, e.ID+".json"), func(b []byte) []byte { return bytes.Replace(b, []byte("zlib"), []byte("lzma"), 1) })
		},
		"that of another build": func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) { m.Key.Compiler = "cc 6" }) },
		"is not one of this entry": func(r *rig, e cache.Entry) {
			r.forge(e, func(m *cache.Manifest) { m.Archive.Name = e.ID + "-/../../../etc/passwd" })
		},
		"is not like 3.13.5":        func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) { m.Version = "../x" }) },
		"is no clean absolute path": func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) { m.Prefix = "" }) },
		"SHA-256 that was recorded": func(r *rig, e cache.Entry) {
			r.forge(e, func(m *cache.Manifest) { m.Archive.SHA256 = strings.Repeat("0", 64) })
		},
		"bytes, the manifest says 1":    func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) { m.Archive.Size = 1 }) },
		"files with":                    func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) { m.Files++ }) },
		"more than the 700000 bytes":    func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) { m.Bytes = 700000 }) },
		"manifest says 36 with 9000000": func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) { m.Bytes = 9e6 }) },
		"read manifest: json":           func(r *rig, e cache.Entry) { r.forge(e, func(m *cache.Manifest) {}); r.body(e, `"text"`) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			put(t, r.tree+"/lib/large", strings.Repeat("x", 300<<10), 0o644)
			tamper(r, r.save())
			r.refused(want)
		})
	}
}

// body replaces the body of a manifest, with a hash that fits.
func (r *rig) body(e cache.Entry, text string) {
	sum := sha256.Sum256([]byte(text))
	change(r.t, filepath.Join(r.store, e.ID+".json"), func([]byte) []byte {
		return []byte(`{"format":1,"body_sha256":"` + hex.EncodeToString(sum[:]) + `","body":` + text + `}`)
	})
}

// TestAnArchiveThatWantsOutIsRefused although everything says that it is whole.
func TestAnArchiveThatWantsOutIsRefused(t *testing.T) {
	t.Parallel()
	const top = "python-" + version
	dir := &tar.Header{Name: top + "/", Typeflag: tar.TypeDir, Mode: 0o755}
	file := func(name string) *tar.Header { return &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644} }
	link := func(name, target string) *tar.Header {
		return &tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}
	}
	for name, members := range map[string][]*tar.Header{
		"does not lie in":                   {dir, file(top + "/../../evil")},
		`"/evil" does not lie in`:           {dir, file("/evil")},
		`"other/evil" does not lie`:         {dir, file("other/evil")},
		`/./evil" does not lie in`:          {dir, file(top + "/./evil")},
		`"" does not lie in`:                {file("")},
		"is no directory":                   {file(top)},
		`link to "/etc/passwd", out of`:     {dir, link(top+"/x", "/etc/passwd")},
		`link to "../x", out of`:            {dir, link(top+"/x", "../x")},
		`link to "", out of`:                {dir, link(top+"/x", "")},
		`link to "a/../../..", out of`:      {dir, link(top+"/x", "a/../../..")},
		"lies in something that is no":      {dir, link(top+"/x", "y"), file(top + "/x/evil")},
		"is there twice":                    {dir, file(top + "/x"), file(top + "/x")},
		"is neither a file nor":             {dir, {Name: top + "/null", Typeflag: tar.TypeChar, Mode: 0o666, Devmajor: 1, Devminor: 3}},
		"is neither a file nor a":           {dir, {Name: top + "/pipe", Typeflag: tar.TypeFifo, Mode: 0o666}},
		`link to "no", which is no file`:    {dir, {Name: top + "/x", Typeflag: tar.TypeLink, Linkname: top + "/no"}},
		`member "/etc/passwd" does not lie`: {dir, {Name: top + "/x", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.repack(r.save(), func(out *tar.Writer) {
				for _, h := range members {
					must(t, out.WriteHeader(h))
				}
			})
			r.refused(name)
		})
	}
}

func TestAnExtraFileIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.save()
	data, err := os.ReadFile(filepath.Join(r.store, e.Archive.Name))
	must(t, err)
	r.repack(e, func(out *tar.Writer) {
		z, err := zstd.NewReader(bytes.NewReader(data))
		must(t, err)
		defer z.Close()
		in := tar.NewReader(z)
		for h, err := in.Next(); err == nil; h, err = in.Next() {
			must(t, out.WriteHeader(h))
			_, err = io.Copy(out, in)
			must(t, err)
		}
		must(t, out.WriteHeader(&tar.Header{Name: "python-" + version + "/lib/evil.py", Typeflag: tar.TypeReg, Mode: 0o644}))
	})
	r.refused("the manifest says")
}

func TestAnEntryOfANewerProgramIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.save()
	change(t, filepath.Join(r.store, e.ID+".json"), func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":2`), 1) })
	before := r.objects()
	_, err := r.unpack()
	if errors.Is(err, cache.ErrRefused) || fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("got %v", err)
	}
	if got := r.objects(); !slices.Equal(got, before) {
		t.Errorf("the store holds %q", got)
	}
}
