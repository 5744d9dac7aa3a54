package cache_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/cache"
)

const version = "3.13.5"

func key() cache.Key {
	return cache.Key{SourceSHA256: "93e583f2", Flags: []string{"--enable-shared"}, Compiler: "cc 12.2.0", Distribution: "debian 12", Arch: "x86_64"}
}

func released() time.Time { return time.Date(2025, 6, 11, 12, 0, 0, 0, time.UTC) }

func meta(prefix string) cache.Meta {
	return cache.Meta{Version: version, Prefix: prefix, SourceDate: released(), Modules: []string{"ssl", "zlib"}}
}

// rig is a cache in a directory, and a small tree as make install leaves it.
type rig struct {
	*cache.Cache
	t      testing.TB
	store  string
	prefix string
	tree   string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	root := t.TempDir()
	r := &rig{t: t, store: filepath.Join(root, "cache"), prefix: filepath.Join(root, "opt", "python-"+version)}
	r.tree = newTree(t, r.prefix)
	r.Cache = &cache.Cache{Store: cache.Dir(r.store), Door: command.NewDoor(command.Local()), Now: func() time.Time { return released().Add(time.Hour) }}
	return r
}

func (r *rig) save() cache.Entry {
	r.t.Helper()
	e, err := r.Save(r.t.Context(), key(), meta(r.prefix), r.tree)
	must(r.t, err)
	return e
}

func (r *rig) unpack() (cache.Entry, error) { return r.Unpack(r.t.Context(), key(), r.prefix) }

// objects are the names in the store, hidden ones too.
func (r *rig) objects() []string { return ls(r.t, r.store) }

// notThere makes sure that nothing of a build has appeared or is left over.
func (r *rig) notThere() {
	r.t.Helper()
	if left := ls(r.t, filepath.Dir(r.prefix)); len(left) > 0 {
		r.t.Errorf("beside the prefix lie %q", left)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ls(t testing.TB, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

func put(t testing.TB, file, text string, mode fs.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, []byte(text), mode))
	must(t, os.Chmod(file, mode))
}

// newTree makes a tree that is to live at prefix and was installed just now.
func newTree(t testing.TB, prefix string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "stage", "python-"+version)
	for name, text := range map[string]string{
		"bin/python3.13":                            elfFile("libpython3.13.so.1.0", "", "$ORIGIN/../lib"),
		"bin/pip3":                                  "#!" + prefix + "/bin/python3.13\nimport pip\n",
		"lib/libpython3.13.so.1.0":                  elfFile("", "", ""),
		"lib/pkgconfig/python-3.13.pc":              "# comment\nprefix=" + prefix + "\nexec_prefix=${prefix}\n",
		"lib/python3.13/LICENSE.txt":                "A. HISTORY OF THE SOFTWARE\n",
		"lib/python3.13/os.py":                      "import abc\n",
		"lib/python3.13/json/__init__.py":           "",
		"lib/python3.13/json/tool.py":               "import json\n",
		"lib/python3.13/test/" + long + "/Pörtrait": "a long name that is not ASCII\n",
	} {
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o755
		}
		put(t, filepath.Join(dir, name), text, mode)
	}
	noise := make([]byte, 600<<10) // larger than what is written by several at once
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.UintN(16))
	}
	put(t, filepath.Join(dir, "lib/python3.13/pydoc_data/topics.py"), string(noise), 0o644)
	must(t, os.Mkdir(filepath.Join(dir, "lib/python3.13/lib-dynload"), 0o755))
	must(t, os.Symlink("python3.13", filepath.Join(dir, "bin/python3")))
	must(t, os.Symlink("../../../bin", filepath.Join(dir, "lib/python3.13/test/bin")))
	must(t, os.Link(filepath.Join(dir, "bin/pip3"), filepath.Join(dir, "bin/pip3.13")))
	for _, module := range []string{"os", "json/__init__", "json/tool"} {
		compile(t, filepath.Join(dir, "lib/python3.13"), module)
	}
	return dir
}

const long = "a-directory-with-a-name-of-some-length/another-one-with-a-name-that-is-longer-still/so-that-a-hundred-are-passed"

// compile lays down what the compiler of CPython would: a header that holds the
// time and size of the source, then code.
func compile(t testing.TB, lib, module string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(lib, module+".py"))
	must(t, err)
	dir, base := filepath.Split(filepath.Join(lib, module))
	for _, level := range []string{"", ".opt-1", ".opt-2"} {
		put(t, filepath.Join(dir, "__pycache__", base+".cpython-313"+level+".pyc"), pyc(info, 0)+"code of "+module, 0o644)
	}
}

func pyc(source fs.FileInfo, flags uint32) string {
	head := binary.LittleEndian.AppendUint32([]byte("\xf3\x0d\r\n"), flags)
	head = binary.LittleEndian.AppendUint32(head, uint32(source.ModTime().Unix()))
	return string(binary.LittleEndian.AppendUint32(head, uint32(source.Size())))
}

// elfFile is the smallest program that needs a library, optionally with a
// symbol version, and names where it looks for it.
func elfFile(needed, symbols, search string) string {
	names := "\x00" + needed + "\x00" + symbols + "\x00" + search + "\x00"
	at := func(s string) uint64 {
		if s == "" {
			return 0
		}
		return uint64(strings.Index(names, "\x00"+s+"\x00") + 1)
	}
	le := binary.LittleEndian
	var dynamic, versions []byte
	tag := func(tag, value uint64) { dynamic = le.AppendUint64(le.AppendUint64(dynamic, tag), value) }
	if needed != "" {
		tag(1, at(needed))
	}
	if search != "" {
		tag(29, at(search))
	}
	tag(0, 0)
	if symbols != "" {
		versions = le.AppendUint16(le.AppendUint16(versions, 1), 1) // one library, one version
		versions = le.AppendUint32(le.AppendUint32(le.AppendUint32(versions, uint32(at(needed))), 16), 0)
		versions = le.AppendUint32(versions, 0)
		versions = le.AppendUint16(le.AppendUint16(versions, 0), 2)
		versions = le.AppendUint32(le.AppendUint32(versions, uint32(at(symbols))), 0)
	}
	const header, section = 64, 64
	body := []struct {
		kind, link uint32
		data       []byte
	}{{0, 0, nil}, {3, 0, []byte(names)}, {6, 1, dynamic}, {0x6ffffffe, 1, versions}, {11, 1, make([]byte, 24)}, {0x6fffffff, 0, make([]byte, 2)}}
	offset, table, data := uint64(header), []byte(nil), []byte(nil)
	for _, s := range body {
		table = le.AppendUint32(le.AppendUint32(table, 0), s.kind)
		table = le.AppendUint64(le.AppendUint64(table, 0), 0)
		table = le.AppendUint64(le.AppendUint64(table, offset), uint64(len(s.data)))
		table = le.AppendUint32(le.AppendUint32(table, s.link), 1)
		table = le.AppendUint64(le.AppendUint64(table, 1), 0)
		data = append(data, s.data...)
		offset += uint64(len(s.data))
	}
	file := []byte("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9))
	file = le.AppendUint16(le.AppendUint16(file, 3), 62) // a shared object for x86-64
	file = le.AppendUint32(file, 1)
	file = le.AppendUint64(le.AppendUint64(le.AppendUint64(file, 0), 0), offset)
	file = le.AppendUint32(file, 0)
	for _, v := range []uint16{header, 0, 0, section, uint16(len(body)), 1} {
		file = le.AppendUint16(file, v)
	}
	return string(slices.Concat(file, data, table))
}

// look describes a tree: everything that a build brings along.
func look(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	inodes := map[string]string{}
	must(t, filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, file)
		line := fmt.Sprint(info.Mode())
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			line += " " + string(text)
			for other, otherFile := range inodes {
				if o, err := os.Stat(otherFile); err == nil && os.SameFile(info, o) {
					line += " is " + other
				}
			}
			inodes[name] = file
		case e.Type() == fs.ModeSymlink:
			target, err := os.Readlink(file)
			if err != nil {
				return err
			}
			line += " " + target
		}
		all[name] = line
		return nil
	}))
	return all
}

// same compares an unpacked tree with the one that was saved, in which compiled
// modules carry another time.
func same(t testing.TB, got, want string) {
	t.Helper()
	g, w := look(t, got), look(t, want)
	for _, all := range []map[string]string{g, w} {
		for name, text := range all {
			if i := strings.Index(text, "\xf3\x0d\r\n"); i >= 0 {
				all[name] = text[:i+8] + text[i+12:]
			}
		}
	}
	if maps.Equal(g, w) {
		return
	}
	for name := range w {
		if g[name] != w[name] {
			t.Errorf("%s: got %.60q, want %.60q", name, g[name], w[name])
		}
		delete(g, name)
	}
	for name := range g {
		t.Errorf("%s is there, and was not saved", name)
	}
}

// change rewrites a file in place, read-only or not.
func change(t testing.TB, file string, edit func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	must(t, os.Remove(file))
	must(t, os.WriteFile(file, edit(bytes.Clone(data)), 0o644))
}
