package cache_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

func TestCompiledModulesFitTheirSourceAfterwards(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	_, err := r.unpack()
	must(t, err)
	for _, module := range []string{"os", "json/__init__", "json/tool"} {
		dir, base := filepath.Split(filepath.Join(r.prefix, "lib/python3.13", module))
		source, err := os.Stat(filepath.Join(dir, base+".py"))
		must(t, err)
		for _, level := range []string{"", ".opt-1", ".opt-2"} {
			head, err := os.ReadFile(filepath.Join(dir, "__pycache__", base+".cpython-313"+level+".pyc"))
			must(t, err)
			if !bytes.HasPrefix(head, []byte(pyc(source, 0))) || !strings.HasSuffix(string(head), "code of "+module) {
				t.Errorf("%s%s begins with %x, want %x", module, level, head[:16], pyc(source, 0))
			}
		}
	}
}

func TestCompiledModulesThatNoInterpreterWouldUseAreLeftOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lib := filepath.Join(r.tree, "lib/python3.13")
	source, err := os.Stat(filepath.Join(lib, "os.py"))
	must(t, err)
	fits := pyc(source, 0)
	stale := func(at int) string {
		head := []byte(fits)
		head[at]++
		return string(head)
	}
	hashed := "\xf3\x0d\r\n\x01\x00\x00\x00hash of it"
	for name, text := range map[string]string{
		"__pycache__/os.cpython-312.pyc": stale(8), "__pycache__/os.cpython-311.pyc": stale(12), "__pycache__/os.cpython-310.pyc": fits[:9],
		"__pycache__/gone.cpython-313.pyc": fits, "__pycache__/os.pyc": fits, "__pycache__/lib-dynload.cpython-313.pyc": fits,
		"__pycache__/os.pypy310.pyc": hashed, "plain.pyc": "no header", "__pycache__/notes.txt": "no module",
	} {
		put(t, filepath.Join(lib, name), text, 0o644)
	}
	must(t, os.Link(filepath.Join(lib, "__pycache__/gone.cpython-313.pyc"), filepath.Join(lib, "__pycache__/gone.cpython-313.opt-1.pyc")))
	r.save()
	_, err = r.unpack()
	must(t, err)
	for name, want := range map[string]bool{
		"__pycache__/os.cpython-312.pyc": false, "__pycache__/os.cpython-311.pyc": false, "__pycache__/os.cpython-310.pyc": false,
		"__pycache__/gone.cpython-313.pyc": false, "__pycache__/gone.cpython-313.opt-1.pyc": false, "__pycache__/os.pyc": false,
		"__pycache__/lib-dynload.cpython-313.pyc": false, "__pycache__/os.pypy310.pyc": true, "plain.pyc": true, "__pycache__/notes.txt": true,
		"__pycache__/os.cpython-313.pyc": true,
	} {
		if _, err := os.Lstat(filepath.Join(r.prefix, "lib/python3.13", name)); (err == nil) != want {
			t.Errorf("%s: %v, kept should be %v", name, err, want)
		}
	}
	if got, err := os.ReadFile(filepath.Join(r.prefix, "lib/python3.13/__pycache__/os.pypy310.pyc")); err != nil || string(got) != hashed {
		t.Errorf("a module bound to the hash of its source became %q (%v)", got, err)
	}
}

// TestWhatWouldBreakElsewhereIsRefused: the build directory is gone when the
// entry is used.
func TestWhatWouldBreakElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(r *rig){
		"lib/out is a link to /etc/passwd, out of the tree":   func(r *rig) { must(r.t, os.Symlink("/etc/passwd", filepath.Join(r.tree, "lib/out"))) },
		"lib/up is a link to ../../x, out of the tree":        func(r *rig) { must(r.t, os.Symlink("../../x", filepath.Join(r.tree, "lib/up"))) },
		"lib/sly is a link to python3.13/../.., out of the":   func(r *rig) { must(r.t, os.Symlink("python3.13/../..", filepath.Join(r.tree, "lib/sly"))) },
		`bin/x looks for its libraries in "/made/src" (RPATH`: func(r *rig) { put(r.t, r.tree+"/bin/x", elfFile("", "", "$ORIGIN:/made/src"), 0o755) },
		`bin/x looks for its libraries in "build" (RPATH)`:    func(r *rig) { put(r.t, r.tree+"/bin/x", elfFile("", "", "build"), 0o755) },
		`bin/x looks for its libraries in "" (RPATH)`:         func(r *rig) { put(r.t, r.tree+"/bin/x", elfFile("", "", "/usr/lib:"), 0o755) },
		"bin/x is run by /made/src/python -E, which is not":   func(r *rig) { put(r.t, r.tree+"/bin/x", "#! /made/src/python -E\n", 0o755) },
		"/bin/python3, which is not there later":              func(r *rig) { put(r.t, r.tree+"/bin/x", "#!"+r.tree+"/bin/python3\n", 0o755) },
		"lib/pipe is neither a file nor a directory":          func(r *rig) { must(r.t, unix.Mkfifo(r.tree+"/lib/pipe", 0o600)) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			spoil(r)
			m := meta(r.prefix)
			m.Work = "/made"
			_, err := r.Save(t.Context(), key(), m, r.tree)
			if err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Invalid || fault.Hint(err) == "" {
				t.Errorf("got %v, want %s", err, want)
			}
			if len(r.objects()) > 0 {
				t.Errorf("the store holds %q", r.objects())
			}
		})
	}
}

func TestWhatWorksElsewhereIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, os.Symlink(r.prefix+"/bin/pip3", filepath.Join(r.tree, "bin/pip")))
	must(t, os.Symlink("gone", filepath.Join(r.tree, "bin/dangling")))
	put(t, r.tree+"/bin/x", elfFile("", "", "$ORIGIN:${ORIGIN}/../lib:"+r.prefix+"/lib:/usr/lib/x:/workshop"), 0o755)
	put(t, r.tree+"/lib/Makefile", "abs_builddir=/made/src\n"+strings.Repeat("x", 40000-5)+r.prefix, 0o644)
	put(t, r.tree+"/lib/bad.elf", "\x7fELF but no more", 0o644)
	put(t, r.tree+"/lib/binary", "\x00"+r.prefix, 0o644)
	m := meta(r.prefix)
	m.Work = "/made"
	e, err := r.Save(t.Context(), key(), m, r.tree)
	must(t, err)
	if got := strings.Join(e.Bound, " "); got != "bin/pip3 lib/Makefile lib/pkgconfig/python-3.13.pc" {
		t.Errorf("bound to the prefix are %s", got)
	}
	_, err = r.unpack()
	must(t, err)
	same(t, r.prefix, r.tree)
}

func TestAnInstalledBuildIsSavedFromItsPrefix(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, os.MkdirAll(filepath.Dir(r.prefix), 0o755))
	must(t, os.Rename(r.tree, r.prefix))
	r.tree = r.prefix
	r.save()
	kept := r.prefix + ".old"
	must(t, os.Rename(r.prefix, kept))
	_, err := r.unpack()
	must(t, err)
	same(t, r.prefix, kept)
}

func TestABuildWithoutItsLibrariesIsForeign(t *testing.T) {
	t.Parallel()
	for want, program := range map[string]string{
		"of debian 12, and libnowhere.so.9 is not on this machine; bin/x needs it": elfFile("libnowhere.so.9", "", ""),
		"libc.so.6 has no GLIBC_9.99 on this machine (":                            elfFile("libc.so.6", "GLIBC_9.99", ""),
	} {
		r := newRig(t)
		put(t, r.tree+"/bin/x", program, 0o755)
		r.save()
		before := r.objects()
		_, err := r.unpack()
		if !isForeign(err) || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Missing {
			t.Errorf("got %v, want %s", err, want)
		}
		r.notThere()
		if got := r.objects(); strings.Join(got, " ") != strings.Join(before, " ") {
			t.Errorf("a sound entry was touched: %q", got)
		}
	}
}

func TestALibraryIsFoundWhereTheBuildLooksForIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dir := t.TempDir()
	put(t, filepath.Join(dir, "libnowhere.so.9"), elfFile("", "", ""), 0o644)
	put(t, r.tree+"/bin/x", elfFile("libnowhere.so.9", "ANY_1", dir), 0o755)
	r.save()
	if _, err := r.unpack(); err != nil {
		t.Error(err)
	}
	must(t, os.RemoveAll(r.prefix))
	change(t, filepath.Join(dir, "libnowhere.so.9"), func(b []byte) []byte {
		binary.LittleEndian.PutUint16(b[18:], 183) // for another processor
		return b
	})
	if _, err := r.unpack(); !isForeign(err) {
		t.Errorf("got %v", err)
	}
}

// TestRealProgramsFindTheirLibraries: whatever this machine runs, it can load.
func TestRealProgramsFindTheirLibraries(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	shell, err := os.ReadFile("/bin/sh")
	must(t, err)
	put(t, r.tree+"/bin/x", string(shell), 0o755)
	e := r.save()
	if len(e.Libraries) == 0 || len(e.Libraries[0].Versions) == 0 {
		t.Errorf("a shell needs %+v", e.Libraries)
	}
	if _, err := r.unpack(); err != nil {
		t.Error(err)
	}
}
