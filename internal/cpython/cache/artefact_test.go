package cache_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/fault"
)

func (r *rig) export() (dir, file string) {
	r.t.Helper()
	r.save()
	dir = filepath.Join(r.t.TempDir(), "artifacts")
	file, err := r.Export(r.t.Context(), key(), dir, 1)
	must(r.t, err)
	return dir, file
}

func TestAnArtefactIsWhatTheProjectPublishes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dir, file := r.export()
	if want := filepath.Join(dir, "cpython-3.13.5-debian12-build1.tgz"); file != want {
		t.Errorf("got %s, want %s", file, want)
	}
	check := command.Read("sha256sum", "-c", "--strict", filepath.Base(file)+".sha256")
	check.Dir = dir
	must(t, r.Door.Run(t.Context(), check))
	out := t.TempDir()
	must(t, r.Door.Run(t.Context(), command.Change("tar", "xzf", file, "-C", out)))
	if got := ls(t, out); !slices.Equal(got, []string{"python-3.13.5"}) {
		t.Errorf("it holds %q", got)
	}
	top := filepath.Join(out, "python-3.13.5")
	info, err := os.ReadFile(filepath.Join(top, ".build-info"))
	must(t, err)
	for _, line := range []string{"Python Version: 3.13.5\n", "Build Number: 1\n", "Distribution: debian 12\n", "Configure Flags: --enable-shared\n", "Validated Modules: ssl zlib\n", "Build Date: 2025-06-11T13:00:00Z\n"} {
		if !strings.Contains(string(info), line) {
			t.Errorf(".build-info has no %q:\n%s", line, info)
		}
	}
	license, err := os.ReadFile(filepath.Join(top, "LICENSE"))
	if err != nil || string(license) != "A. HISTORY OF THE SOFTWARE\n" {
		t.Errorf("LICENSE is %q (%v)", license, err)
	}
	must(t, errors.Join(os.Remove(filepath.Join(top, ".build-info")), os.Remove(filepath.Join(top, "LICENSE"))))
	same(t, top, r.tree)
}

func TestAPublishedArtefactIsNeverReplacedAndAlwaysTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dir, file := r.export()
	before := look(t, dir)
	_, err := r.Export(t.Context(), key(), dir, 1)
	if fault.Code(err) != fault.Usage || !strings.Contains(fault.Hint(err), "another build number: 2") || !maps.Equal(before, look(t, dir)) {
		t.Errorf("got %v (%s)", err, fault.Hint(err))
	}
	must(t, os.Remove(file)) // as a killed export leaves it
	_, err = r.Export(t.Context(), key(), dir, 1)
	if err != nil || !maps.Equal(before, look(t, dir)) {
		t.Errorf("a second export gave other bytes (%v)", err)
	}
}

func TestADamagedEntryIsNotExported(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.save()
	change(t, filepath.Join(r.store, e.Archive.Name), func(b []byte) []byte { b[len(b)-20] ^= 1; return b })
	dir := t.TempDir()
	if _, err := r.Export(t.Context(), key(), dir, 1); !errors.Is(err, cache.ErrRefused) {
		t.Errorf("got %v", err)
	}
	if got := ls(t, dir); len(got) > 0 {
		t.Errorf("there is %q", got)
	}
	if _, err := r.unpack(); !errors.Is(err, cache.ErrNone) {
		t.Errorf("it was not set aside: %v", err)
	}
}

func TestAnArtefactIsInstalled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, file := r.export()
	got, err := r.Install(t.Context(), file, r.prefix)
	if want := (cache.Artefact{Version: version, Distribution: "debian12", Build: 1}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	must(t, errors.Join(os.Remove(filepath.Join(r.prefix, ".build-info")), os.Remove(filepath.Join(r.prefix, "LICENSE"))))
	same(t, r.prefix, r.tree)
}

// TestAnInstalledArtefactIsSavedAndExportedAgain, with what it brought along.
func TestAnInstalledArtefactIsSavedAndExportedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, file := r.export()
	_, err := r.Install(t.Context(), file, r.prefix)
	must(t, err)
	must(t, r.Delete(t.Context(), key().ID()))
	kept := look(t, r.prefix)
	r.tree = r.prefix
	_, again := r.export()
	must(t, os.RemoveAll(r.prefix))
	_, err = r.Install(t.Context(), again, r.prefix)
	must(t, err)
	if got := look(t, r.prefix); !maps.Equal(got, kept) {
		t.Errorf("got %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(kept)))
	}
}

func TestAnArtefactThatIsNotSoundHereIsNotInstalled(t *testing.T) {
	t.Parallel()
	resum := func(r *rig, file string) {
		data, err := os.ReadFile(file)
		must(r.t, err)
		sum := sha256.Sum256(data)
		change(r.t, file+".sha256", func([]byte) []byte {
			return []byte(hex.EncodeToString(sum[:]) + "  " + filepath.Base(file) + "\n")
		})
	}
	for want, spoil := range map[string]func(r *rig, file string){
		"SHA-256 that was recorded": func(r *rig, file string) {
			change(r.t, file+".sha256", func(b []byte) []byte { b[0] = map[bool]byte{true: '1', false: '0'}[b[0] == '0']; return b }) // still a digit
		},
		"read archive": func(r *rig, file string) { change(r.t, file, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) },
		"read archive: une": func(r *rig, file string) {
			change(r.t, file, func(b []byte) []byte { return b[:len(b)/2] })
			resum(r, file)
		},
		"read archive: gz": func(r *rig, file string) {
			change(r.t, file, func([]byte) []byte { return []byte("no gzip at all") })
			resum(r, file)
		},
		"no such file": func(r *rig, file string) { must(r.t, os.Remove(file+".sha256")) },
		"is not what sha256sum writes": func(r *rig, file string) {
			change(r.t, file+".sha256", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("build1"), []byte("build2")) })
		},
		"is not what sha256sum": func(r *rig, file string) { change(r.t, file+".sha256", func([]byte) []byte { return nil }) },
		"it was built for /opt/python-3.13.5, not": func(r *rig, file string) {
			r.archive(file, map[string]string{"lib/pkgconfig/python-3.13.pc": "prefix=/opt/python-3.13.5\n"})
			resum(r, file)
		},
		"it is of debian12, and libssl.so.0.9 is not on this machine; lib/_ssl.so needs it": func(r *rig, file string) {
			r.archive(file, map[string]string{"lib/_ssl.so": elfFile("libssl.so.0.9", "", "")})
			resum(r, file)
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			_, file := r.export()
			spoil(r, file)
			_, err := r.Install(t.Context(), file, r.prefix)
			if err == nil || !strings.Contains(err.Error(), want) || fault.Hint(err) == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v (%s), want %s", err, fault.Hint(err), want)
			}
			if isForeign(err) != strings.Contains(want, "libssl") {
				t.Errorf("foreign: %v", isForeign(err))
			}
			r.notThere()
		})
	}
}

// archive writes an artefact with these files.
func (r *rig) archive(file string, files map[string]string) {
	r.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	out := tar.NewWriter(z)
	for name, text := range files {
		must(r.t, out.WriteHeader(&tar.Header{Name: "python-" + version + "/" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}))
		_, err := io.WriteString(out, text)
		must(r.t, err)
	}
	must(r.t, errors.Join(out.Close(), z.Close()))
	change(r.t, file, func([]byte) []byte { return b.Bytes() })
}

func TestNamesOfArtefactsAreRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]cache.Artefact{
		"cpython-3.12.6-ubuntu20.04-build1.tgz": {Version: "3.12.6", Distribution: "ubuntu20.04", Build: 1},
		"cpython-3.13.0-debian12-build12.tgz":   {Version: "3.13.0", Distribution: "debian12", Build: 12},
	} {
		if got, err := cache.ParseArtefact(name); err != nil || got != want || got.String() != name {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "cpython-3.12-ubuntu20.04-build1.tgz", "cpython-3.12.6-ubuntu-build1.tar.gz", "cpython-3.12.6-Ubuntu-build1.tgz", "cpython-3.12.6-u/x-build1.tgz",
		"cpython-3.12.6-debian12-build.tgz", "cpython-3.12.6-debian12-build9999999999.tgz", "a/cpython-3.12.6-debian12-build1.tgz"} {
		if got, err := cache.ParseArtefact(name); fault.Code(err) != fault.Usage {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// FuzzAnArchiveTouchesNothingOutside: whatever a tar says, what it makes lies
// in the new directory, or there is none.
func FuzzAnArchiveTouchesNothingOutside(f *testing.F) {
	for _, h := range []tar.Header{
		{Name: "python-3.13.5/../../evil", Typeflag: tar.TypeReg, Mode: 0o644}, {Name: "/evil", Typeflag: tar.TypeReg},
		{Name: "python-3.13.5/x", Typeflag: tar.TypeSymlink, Linkname: "../.."}, {Name: "python-3.13.5/x", Typeflag: tar.TypeLink, Linkname: "python-3.13.5/y"},
		{Name: "python-3.13.5/a/b/c", Typeflag: tar.TypeReg, Mode: 0o4755}, {Name: "python-3.13.5/d/", Typeflag: tar.TypeDir},
	} {
		var b bytes.Buffer
		out := tar.NewWriter(&b)
		must(f, errors.Join(out.WriteHeader(&h), out.Close()))
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		root := t.TempDir()
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(content)
		must(t, errors.Join(err, z.Close()))
		file := filepath.Join(root, "cpython-3.13.5-debian12-build1.tgz")
		sum := sha256.Sum256(b.Bytes())
		put(t, file, b.String(), 0o644)
		put(t, file+".sha256", hex.EncodeToString(sum[:])+"  "+filepath.Base(file)+"\n", 0o644)
		into := filepath.Join(root, "opt", "python-3.13.5")
		_, err = (&cache.Cache{}).Install(t.Context(), file, into)
		if got := ls(t, root); len(got) != 3 {
			t.Errorf("beside it lies %q", got)
		}
		if got := ls(t, filepath.Dir(into)); err == nil && len(got) != 1 || err != nil && len(got) != 0 {
			t.Errorf("%q after %v", got, err)
		}
		if err != nil {
			return
		}
		for name, line := range look(t, into) {
			if line[0] == 'L' {
				if end, err := filepath.EvalSymlinks(filepath.Join(into, name)); err == nil && end != into && !strings.HasPrefix(end, into+"/") {
					t.Errorf("%s leads to %s", name, end)
				}
			}
		}
	})
}
