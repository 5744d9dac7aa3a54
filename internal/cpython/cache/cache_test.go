package cache_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/cpython/cache/cachetest"
	"iact-infra/internal/fault"
)

func TestADirectoryIsAStore(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T) cache.Store { return cache.Dir(filepath.Join(t.TempDir(), "new", "cache")) })
}

func TestAnIDIsTheSameForeverAndDiffersWithEveryPartOfTheKey(t *testing.T) {
	t.Parallel()
	const forever = "6753053b2d2b9616d664f5e089258323"
	if got := key().ID(); got != forever {
		t.Errorf("the ID of a key has become %s: every cache would be empty", got)
	}
	ids := []string{key().ID()}
	for _, other := range []func(*cache.Key){
		func(k *cache.Key) { k.SourceSHA256 += "0" },
		func(k *cache.Key) { k.Flags = nil },
		func(k *cache.Key) { k.Flags = []string{"--enable-shared", ""} },
		func(k *cache.Key) { k.Compiler += " " },
		func(k *cache.Key) { k.Distribution = "debian 13" },
		func(k *cache.Key) { k.Arch = "aarch64" },
	} {
		k := key()
		other(&k)
		ids = append(ids, k.ID())
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != 7 {
		t.Errorf("7 keys have %d IDs", n)
	}
	none, empty := key(), key()
	none.Flags, empty.Flags = nil, []string{}
	if none.ID() != empty.ID() {
		t.Error("no flags and an empty list of them are not the same")
	}
}

func TestAKeyWithAHoleIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key()
	k.Compiler = ""
	_, saved := r.Save(t.Context(), k, meta(r.prefix), r.tree)
	_, unpacked := r.Unpack(t.Context(), k, r.prefix)
	_, exported := r.Export(t.Context(), k, r.store, 1)
	for _, err := range []error{saved, unpacked, exported} {
		if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "its compiler is not known") {
			t.Errorf("got %v", err)
		}
	}
	for _, wrong := range []func(*cache.Meta){
		func(m *cache.Meta) { m.Version = "../3" },
		func(m *cache.Meta) { m.Version = "" },
		func(m *cache.Meta) { m.Prefix = "opt" },
		func(m *cache.Meta) { m.Prefix = "/opt/" },
		func(m *cache.Meta) { m.SourceDate = time.Time{} },
	} {
		m := meta(r.prefix)
		wrong(&m)
		if _, err := r.Save(t.Context(), key(), m, r.tree); fault.Code(err) != fault.Usage {
			t.Errorf("%+v gave %v", m, err)
		}
	}
	if len(r.objects()) > 0 {
		t.Errorf("the store holds %q", r.objects())
	}
}

func TestABuildComesBackAsItWas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var done, total int64
	r.Say = func(d, of int64) { done, total = d, of }
	saved := r.save()
	if done != total || done != saved.Bytes {
		t.Errorf("progress ended at %d of %d bytes", done, total)
	}
	got, err := r.unpack()
	must(t, err)
	same(t, r.prefix, r.tree)
	if done != total || done != saved.Bytes {
		t.Errorf("progress ended at %d of %d bytes", done, total)
	}
	if a, b := encode(t, saved), encode(t, got); a != b {
		t.Errorf("saved %s\nunpacked %s", a, b)
	}
	info, err := os.Stat(filepath.Join(r.prefix, "lib/python3.13/os.py"))
	if err != nil || !info.ModTime().Equal(released()) {
		t.Errorf("os.py has the time %v (%v)", info.ModTime(), err)
	}
	if got := ls(t, filepath.Dir(r.prefix)); len(got) != 1 {
		t.Errorf("beside the prefix lie %q", got)
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

func TestAManifestTellsWhatABuildIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	put(t, filepath.Join(r.tree, "lib/python3.13/lib-dynload/_ssl.so"), elfFile("libc.so.6", "", "/opt/openssl/lib"), 0o755)
	e := r.save()
	info, err := os.Stat(filepath.Join(r.store, e.Archive.Name))
	must(t, err)
	if info.Size() != e.Archive.Size || e.ID != key().ID() || e.Version != version || e.Prefix != r.prefix || e.Machine != "EM_X86_64" ||
		!e.Created.Equal(released().Add(time.Hour)) || !slices.Equal(e.Modules, []string{"ssl", "zlib"}) {
		t.Errorf("got %+v", e)
	}
	if want := []string{"bin/pip3", "lib/pkgconfig/python-3.13.pc"}; !slices.Equal(e.Bound, want) {
		t.Errorf("bound to the prefix are %q, want %q", e.Bound, want)
	}
	want := cache.Library{Name: "libc.so.6", Dirs: []string{"/opt/openssl/lib"}, User: "lib/python3.13/lib-dynload/_ssl.so"}
	if len(e.Libraries) != 1 || encode(t, e.Libraries[0]) != encode(t, want) {
		t.Errorf("it needs %+v, want %+v; libpython is its own", e.Libraries, want)
	}
	if want := int64(len(look(t, r.tree)) - 1); e.Files != want {
		t.Errorf("%d files, want %d", e.Files, want)
	}
}

func TestTheSameTreeGivesTheSameArchiveWheneverItWasInstalled(t *testing.T) {
	t.Parallel()
	one, two := newRig(t), newRig(t)
	two.prefix = one.prefix
	two.tree = newTree(t, one.prefix)
	lib := filepath.Join(two.tree, "lib/python3.13")
	later := time.Now().Add(90 * time.Minute)
	must(t, os.Chtimes(filepath.Join(lib, "json/tool.py"), later, later))
	compile(t, lib, "json/tool")
	a, b := one.save().Archive, two.save().Archive
	if a.SHA256 != b.SHA256 || a.Size != b.Size {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestPlainTarAndZstdUnpackAnArchive(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.save()
	dir := t.TempDir()
	must(t, r.Door.Run(t.Context(), command.Change("tar", "--zstd", "-xf", filepath.Join(r.store, e.Archive.Name), "-C", dir)))
	same(t, filepath.Join(dir, "python-"+version), r.tree)
}

func TestASecondSaveWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.save()
	before := look(t, r.store)
	put(t, filepath.Join(r.tree, "more"), "", 0o644)
	if second := r.save(); encode(t, first) != encode(t, second) || encode(t, before) != encode(t, look(t, r.store)) {
		t.Errorf("the second save gave %+v, the first %+v", second, first)
	}
}

func TestWhatWasNeverSavedIsToldSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.unpack()
	if !errors.Is(err, cache.ErrNone) || fault.Code(err) != fault.Missing {
		t.Errorf("got %v", err)
	}
	r.notThere()
}

func TestABuildIsBoundToItsPrefix(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	_, err := r.Unpack(t.Context(), key(), filepath.Join(filepath.Dir(r.prefix), "elsewhere"))
	if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "it was built for "+r.prefix) {
		t.Errorf("got %v", err)
	}
	r.notThere()
}

func TestNothingIsUnpackedOverAnything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	must(t, os.MkdirAll(r.prefix, 0o755))
	if _, err := r.unpack(); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("got %v", err)
	}
	if got := ls(t, r.prefix); len(got) > 0 {
		t.Errorf("it holds %q", got)
	}
}

func TestEntriesAreListedNewestFirstAndDeletedWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.save()
	k := key()
	k.Arch = "aarch64"
	r.Now = func() time.Time { return released().Add(2 * time.Hour) }
	second, err := r.Save(t.Context(), k, meta(r.prefix), r.tree)
	must(t, err)
	put(t, filepath.Join(r.store, "0123.json"), "{", 0o644)
	listed, err := r.List(t.Context())
	if err != nil || len(listed) != 3 || listed[0].ID != second.ID || listed[1].ID != first.ID || listed[0].Problem != nil || !errors.Is(listed[2].Problem, cache.ErrRefused) {
		t.Errorf("got %+v, %v", listed, err)
	}
	put(t, filepath.Join(r.store, "bad-"+second.ID+".json"), "", 0o644)
	must(t, r.Delete(t.Context(), second.ID))
	must(t, r.Delete(t.Context(), "0123"))
	if got, want := r.objects(), []string{first.Archive.Name, first.ID + ".json"}; !slices.Equal(got, want) {
		t.Errorf("the store holds %q, want %q", got, want)
	}
}
