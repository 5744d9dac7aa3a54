package compat_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/compat"
)

// extension compiles an extension for an interpreter. more is C that goes in,
// args are more arguments of the compiler.
func (r *rig) extension(python, more string, args ...string) string {
	r.t.Helper()
	include := strings.TrimSpace(r.says(python, "import sysconfig; print(sysconfig.get_path('include'))"))
	dir := r.t.TempDir()
	source := filepath.Join(dir, "fast.c")
	must(r.t, os.WriteFile(source, []byte("#include <Python.h>\n"+more+`
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "fast", 0, -1, 0};
PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&def); }
`), 0o644))
	out := filepath.Join(dir, "fast.so")
	must(r.t, r.Door.Run(r.t.Context(), command.Change("gcc", append([]string{"-shared", "-fPIC", "-I", include, source, "-o", out}, args...)...)))
	text, err := os.ReadFile(out)
	must(r.t, err)
	return string(text)
}

func (r *rig) says(python, script string) string {
	r.t.Helper()
	out, err := r.Door.Text(r.t.Context(), command.Read(python, "-I", "-B", "-c", script)).String()
	must(r.t, err)
	return strings.TrimSpace(out)
}

// suffix is what the new interpreter looks for first.
func (r *rig) suffix(python string) string {
	return r.says(python, "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))")
}

// otherMachine changes the header of a library to another architecture.
func otherMachine(library string) string {
	text := []byte(library)
	binary.LittleEndian.PutUint16(text[18:], 0x1b) // EM_S390 is 22; this is none that runs here
	return string(text)
}

func TestSlowEveryExtensionHasToBeOneThatTheInterpreterTakes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	was, is := r.suffix(system), r.suffix(newer())
	before, lib := r.extension(system, ""), r.extension(newer(), "")
	missing := r.extension(newer(), "", "-Wl,--no-as-needed", r.stub("libpq.so.99"))
	undefined := r.extension(newer(), "extern int _PyGone(void); int f(void) { return _PyGone(); }")
	crashes := r.extension(newer(), "__attribute__((constructor)) static void f(void) { *(volatile int *)0 = 1; }")
	cases := []struct{ name, file, text, code string }{
		{"fits", "fits/fast" + is, lib, ""},
		{"plain", "plain/fast.so", lib, ""},
		{"several", "several/fast.cpython-37m-x86_64-linux-gnu.so", lib, ""},
		{"stale", "stale/fast.cpython-37m-x86_64-linux-gnu.so", lib, "CP-EXT-001"},
		{"pypy", "pypy/fast.pypy39-pp73-x86_64-linux-gnu.so", lib, "CP-EXT-001"},
		{"debug", "debug/fast" + strings.Replace(is, "-x86", "d-x86", 1), lib, "CP-EXT-002"},
		{"threads", "threads/fast" + strings.Replace(is, "-x86", "t-x86", 1), lib, "CP-EXT-002"},
		{"musl", "musl/fast" + strings.Replace(is, "-gnu", "-musl", 1), lib, "CP-EXT-003"},
		{"machine", "machine/fast" + is, otherMachine(lib), "CP-EXT-004"},
		{"pointer", "pointer/fast" + is, "version https://git-lfs.github.com/spec/v1\n", "CP-EXT-005"},
		{"cut", "cut/fast.abi3.so", lib[:40], "CP-EXT-005"},
		{"missing", "missing/fast" + is, missing, "CP-EXT-006"},
		{"undefined", "undefined/fast" + is, undefined, "CP-EXT-007"},
		{"crashes", "crashes/fast" + is, crashes, "CP-EXT-008"},
		{"slower", "slower/fast.cpython-37m-x86_64-linux-gnu.so", lib, "CP-EXT-001"},
		{"bundled", "bundled.libs/libx-1.2.so", lib[:40], ""},
	}
	for _, c := range cases {
		files := []string{c.name + "/__init__.py", "", c.file, c.text}
		switch c.name {
		case "several":
			files = append(files, "several/fast"+is, lib)
		case "slower":
			files = append(files, "slower/fast.py", "")
		}
		r.install(r.new, c.name, "1", files...)
		r.install(r.old, c.name, "1", c.name+"/__init__.py", "", c.name+"/fast"+was, before)
	}
	report := r.check()
	for _, c := range cases {
		if c.code == "" {
			for _, f := range report.Findings {
				if f.Module == c.name {
					t.Errorf("got %+v", f)
				}
			}
			continue
		}
		f := finding(t, report, c.name)
		want := compat.Fail
		if c.name == "slower" {
			want = compat.Warn
		}
		if f.Code != c.code || f.Level != want || f.Verdict != compat.Broken || !strings.Contains(f.Fix, c.name+"==1") {
			t.Errorf("%s: got %+v", c.name, f)
		}
	}
	if f := finding(t, report, "missing"); !strings.Contains(f.Cause, "libpq.so.99") || !strings.Contains(f.Fix, "libpq5") {
		t.Errorf("got %+v", f)
	}
	expect(t, row(t, report, "C extensions"), "16 load → 3 load, 12 do not: broken (fail)")
}

// stub is a library that is there to be linked with, and gone afterwards.
func (r *rig) stub(name string) string {
	r.t.Helper()
	path := filepath.Join(r.t.TempDir(), name)
	source := path + ".c"
	must(r.t, os.WriteFile(source, []byte("int stub;\n"), 0o644))
	must(r.t, r.Door.Run(r.t.Context(), command.Change("gcc", "-shared", "-Wl,-soname,"+name, source, "-o", path)))
	return path
}

func TestAnExtensionInTheProjectIsComparedWithTheOldInterpreter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lib := r.extension(newer(), "")
	r.write("app/__init__.py", "")
	r.write("app/fast"+r.suffix(newer()), lib)
	r.write("app/old.cpython-36m-x86_64-linux-gnu.so", lib)
	r.write("build/lib/x.cpython-36m-x86_64-linux-gnu.so", lib)
	report := r.check()
	f := finding(t, report, "app/old.cpython-36m-x86_64-linux-gnu.so")
	if f.Code != "CP-EXT-001" || f.Level != compat.Warn || f.Verdict != compat.Same || !strings.Contains(f.Fix, "build_ext") {
		t.Errorf("got %+v", f)
	}
	r.old = compat.Side{}
	if f := finding(t, r.check(), "app/old.cpython-36m-x86_64-linux-gnu.so"); f.Level != compat.Fail || f.Verdict != compat.New {
		t.Errorf("got %+v", f)
	}
}

func TestALibraryThatAPackageLoadsBeforehandIsNotMissed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stub := r.stub("libcarried.so.7")
	text, err := os.ReadFile(stub)
	must(t, err)
	lib := r.extension(newer(), "extern int stub; int f(void) { return stub; }", stub)
	r.install(r.new, "carrier", "1",
		"carrier/__init__.py", "import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libcarried.so.7'), mode=ctypes.RTLD_GLOBAL)\n",
		"carrier/libcarried.so.7", string(text), "carrier/fast.abi3.so", lib)
	report := r.check()
	if report.Failed() {
		var b bytes.Buffer
		report.Write(&b)
		t.Error(b.String())
	}
	expect(t, row(t, report, "C extensions"), "0 load → 1 load: same (ok)")
}
