package cache_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/ci/cache"
)

// forge puts an entry into the store whose hashes are right and whose header is
// what change makes of an honest one: what somebody does who can write there.
func (r *rig) forge(archive []byte, change func(*cache.Header)) {
	r.t.Helper()
	name := key(1).For("local")
	h := cache.Header{
		Version: 1, Key: key(1).ID(), Level: "local", Job: "ui:build", Created: time.Unix(0, 0).UTC(),
		Outputs: []cache.Output{{Path: "ui/dist", Kind: "directory"}},
		Archive: cache.Blob{SizeBytes: int64(len(archive)), SHA256: sum(archive)},
	}
	change(&h)
	h.Self = ""
	text, err := json.Marshal(h)
	r.must(err)
	h.Self = sum(text)
	text, err = json.Marshal(h)
	r.must(err)
	base := "local/" + name[:2] + "/" + name
	r.must(r.store.Put(context.Background(), base+"."+h.Archive.SHA256+".tar.zst", bytes.NewReader(archive)))
	r.must(r.store.Put(context.Background(), base+".json", bytes.NewReader(text)))
}

func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}

// archive makes one of headers; a file's content is "evil".
func archive(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var packed bytes.Buffer
	press, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	out := tar.NewWriter(press)
	for _, h := range headers {
		if h.Typeflag == tar.TypeReg {
			h.Size = 4
		}
		h.Mode, h.Format = 0o644, tar.FormatPAX
		if err := out.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			fmt.Fprint(out, "evil")
		}
	}
	if err := errors.Join(out.Close(), press.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// believing is a header that claims enough files and bytes for whatever comes.
func believing(h *cache.Header) { h.Outputs[0].Files, h.Outputs[0].SizeBytes = 1000, 1<<40 }

func TestAnEvilEntryChangesNothing(t *testing.T) {
	t.Parallel()
	dir := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeDir} }
	file := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
	link := func(name, to string) tar.Header {
		return tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeSymlink}
	}
	top := dir("out/ui/dist/")
	output := func(path string) func(*cache.Header) {
		return func(h *cache.Header) { believing(h); h.Outputs[0].Path = path }
	}
	for _, test := range []struct {
		name    string
		headers []tar.Header
		change  func(*cache.Header)
		want    string
	}{
		{"up and away", []tar.Header{top, file("out/ui/dist/../../../evil")}, believing, "is not the name of an output"},
		{"an absolute name", []tar.Header{top, file("/tmp/evil")}, believing, "is not the name of an output"},
		{"a name outside of out", []tar.Header{top, file("evil")}, believing, "is not the name of an output"},
		{"no output", []tar.Header{file("out/ui/src/evil")}, believing, "lies in no directory of an output"},
		{"beside the output", []tar.Header{top, file("out/ui/evil")}, believing, "lies in no directory of an output"},
		{"git's hooks", []tar.Header{top, file("out/.git/hooks/pre-commit")}, believing, "is not the name of an output"},
		{"through a link", []tar.Header{top, link("out/ui/dist/a", ".."), file("out/ui/dist/a/evil")}, believing, "lies in no directory of an output"},
		{"a link, then its name again", []tar.Header{top, link("out/ui/dist/a", ".."), file("out/ui/dist/a")}, believing, "is out of order"},
		{"a link out of the project", []tar.Header{top, link("out/ui/dist/a", "../../../etc")}, believing, "leaves the project"},
		{"an absolute link", []tar.Header{top, link("out/ui/dist/a", "/etc/passwd")}, believing, "leaves the project"},
		{"a hard link", []tar.Header{top, {Name: "out/ui/dist/a", Linkname: "/etc/passwd", Typeflag: tar.TypeLink}}, believing, "of a type that no output has"},
		{"a device", []tar.Header{top, {Name: "out/ui/dist/a", Typeflag: tar.TypeBlock, Devmajor: 8}}, believing, "of a type that no output has"},
		{"a pipe", []tar.Header{top, {Name: "out/ui/dist/a", Typeflag: tar.TypeFifo}}, believing, "of a type that no output has"},
		{"a name twice", []tar.Header{top, file("out/ui/dist/a"), file("out/ui/dist/a")}, believing, "is out of order"},
		{"names that fall", []tar.Header{top, file("out/ui/dist/b"), file("out/ui/dist/a")}, believing, "is out of order"},
		{"the output twice", []tar.Header{top, top}, believing, "lies in no directory"},
		{"a name that is too long", []tar.Header{top, file("out/ui/dist/" + strings.Repeat("a", 300))}, believing, "name too long"},
		{"more than the header says", []tar.Header{top, file("out/ui/dist/a")}, func(*cache.Header) {}, "is larger than the header says"},
		{"more files than the header says", []tar.Header{top, link("out/ui/dist/a", "b")}, func(*cache.Header) {}, "has more files than the header says"},
		{"another content", []tar.Header{top, file("out/ui/dist/a")}, believing, "is not what was written"},
		{"an output that is missing", nil, believing, "output ui/dist is missing"},
		{"a log that is missing", []tar.Header{top}, func(h *cache.Header) { h.Log = &cache.Blob{} }, "its log is missing"},
		{"an output that the job does not declare", []tar.Header{top}, output("ui/src"), "none that the job declares"},
		{"an output above", []tar.Header{top}, output("../x"), "is not a path below the project"},
		{"the project as an output", []tar.Header{top}, output("."), "is not a path below the project"},
		{"an absolute output", []tar.Header{top}, output("/etc"), "is not a path below the project"},
		{"outputs within outputs", []tar.Header{top}, func(h *cache.Header) { h.Outputs = append(h.Outputs, h.Outputs[0]) }, "is out of order"},
		{"an archive elsewhere", []tar.Header{top}, func(h *cache.Header) { h.Archive.SHA256 = "../../../../etc/passwd" }, ""},
		{"an entry of another job", []tar.Header{top}, func(h *cache.Header) { h.Key = key(2).ID() }, "belongs to another entry"},
		{"an entry of another level", []tar.Header{top}, func(h *cache.Header) { h.Level = "trusted" }, "belongs to another entry"},
		{"another version", []tar.Header{top}, func(h *cache.Header) { h.Version = 2 }, "version 2 is not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.build("old")
			before := r.seen()
			if test.want == "" { // such a name can't even be put
				h := cache.Header{}
				test.change(&h)
				if err := r.store.Put(context.Background(), "local/"+h.Archive.SHA256, strings.NewReader("")); err == nil {
					t.Error("the store took it")
				}
				return
			}
			r.forge(archive(t, test.headers...), test.change)
			_, err := r.restore(1)
			if !errors.Is(err, cache.ErrMiss) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			r.looks("after an evil entry", before)
			if outside, err := os.ReadDir(filepath.Dir(r.root)); err != nil || len(outside) != 2 {
				t.Errorf("beside the project: %v, %v", outside, err)
			}
			r.clean()
		})
	}
}

// FuzzAnArchiveStaysWhereItBelongs: whatever stands in an archive and a header,
// nothing is made outside of the output, and a panic is none of the answers. Run it
// with -fuzzminimizetime=1x: the decoder's goroutines make coverage vary, which the
// fuzzer would spend its time on.
func FuzzAnArchiveStaysWhereItBelongs(f *testing.F) {
	plain := func(headers ...tar.Header) []byte {
		decoder, err := zstd.NewReader(nil)
		if err != nil {
			f.Fatal(err)
		}
		defer decoder.Close()
		text, err := decoder.DecodeAll(archive(f, headers...), nil)
		if err != nil {
			f.Fatal(err)
		}
		return text
	}
	f.Add(plain(tar.Header{Name: "out/ui/dist/", Typeflag: tar.TypeDir}, tar.Header{Name: "out/ui/dist/a", Typeflag: tar.TypeReg}), "ui/dist", int64(4))
	f.Add(plain(tar.Header{Name: "out/ui/dist/", Typeflag: tar.TypeDir}, tar.Header{Name: "out/ui/dist/l", Linkname: "../x", Typeflag: tar.TypeSymlink}), "ui/dist", int64(1))
	f.Add(plain(tar.Header{Name: "out/ui/version.txt", Typeflag: tar.TypeReg}), "ui/version.txt", int64(4))
	f.Add([]byte{}, "../x", int64(-1))
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<16))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte, output string, size int64) {
		if len(text) > 1<<16 {
			return
		}
		r := newRig(t)
		r.put("ui/src/kept.js", "kept")
		r.forge(encoder.EncodeAll(text, nil), func(h *cache.Header) {
			h.Outputs[0] = cache.Output{Path: strings.ToValidUTF8(output, "?"), Kind: "directory", Files: 10, SizeBytes: size}
		})
		if _, err := r.restore(1); err == nil {
			t.Fatal("a digest was guessed")
		}
		r.must(filepath.WalkDir(filepath.Dir(r.root), func(file string, e fs.DirEntry, err error) error {
			name, _ := filepath.Rel(r.root, file)
			for _, known := range []string{"..", "../store", ".", "ui", "ui/src", "ui/src/kept.js", "ui/reports", ".iact"} {
				if name == known {
					return err
				}
			}
			if !strings.HasPrefix(name, "../store/") && !strings.HasPrefix(name, ".iact/") {
				t.Errorf("made: %s", name)
			}
			return err
		}))
	})
}

// FuzzAHeaderIsWholeOrRefused: one that was not written here is a miss.
func FuzzAHeaderIsWholeOrRefused(f *testing.F) {
	r := newRig(f)
	r.save(1)
	name := key(1).For("local")
	file := filepath.Join(r.store.Dir, "local", name[:2], name+".json")
	whole, err := os.ReadFile(file)
	r.must(err)
	for _, text := range []string{"", "{}", "null", `{"version":1e99}`, string(whole[:len(whole)-1]), string(whole) + " ", strings.ToUpper(string(whole))} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o := newRig(t)
		o.must(o.store.Put(context.Background(), "local/"+name[:2]+"/"+name+".json", bytes.NewReader(text)))
		if _, err := o.restore(1); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("%q: got %v", text, err)
		}
	})
}
