package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// python is the interpreter for which all is asked; the version that it stands
// for is data.
func python() string {
	if python := os.Getenv("IACT_TEST_PYTHON"); python != "" {
		return python
	}
	return "/usr/bin/python3"
}

// between is a check of sources on the way from one version to another; 0 is an
// old one that is gone.
func between(t *testing.T, from, to int, files map[string]string) *Report {
	t.Helper()
	dir := t.TempDir()
	scratch := t.TempDir()
	if err := lay(scratch); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stand := func(minor int) *side {
		s := &side{program: python(), home: scratch}
		if minor > 0 {
			s.facts = &facts{Info: []int{3, minor, 0}}
		}
		return s
	}
	r := &run{Checker: &Checker{Door: command.NewDoor(command.Local()), Project: dir}, scratch: scratch, old: stand(from), new: stand(to), report: &Report{}}
	if err := r.source(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.report.finish()
	return r.report
}

func said(report *Report) string {
	var lines []string
	for _, f := range report.Findings {
		lines = append(lines, fmt.Sprintf("%s %s %s:%d %s", f.Level, f.Code, f.File, f.Line, f.Module))
	}
	return strings.Join(lines, "\n")
}

const uses = `import sys
import imp
from distutils.core import setup
import json, telnetlib as t
try:
    import cgi
except ImportError:
    import crypt
if sys.version_info < (3, 12):
    import pipes
if sys.version_info[0] >= 3: import uu
import collections as c
c.Mapping.register
from inspect import getargspec, signature
from datetime import datetime
datetime.utcnow()
from . import asyncore
import importlib
importlib.import_module("nntplib")
if hasattr(c, "Callable"):
    c.Callable
class T:
    def test(self):
        self.assertEquals(1, 1)
        self.assert_(1)
        other.assertEquals(1)
    def assert_(self, x): pass
`

func TestWhatLeftTheStandardLibraryIsFoundByLine(t *testing.T) {
	t.Parallel()
	files := map[string]string{"app/a.py": uses}
	for versions, want := range map[[2]int]string{
		{11, 13}: `fail CP-SRC-003 app/a.py:2 imp
fail CP-SRC-003 app/a.py:3 distutils
fail CP-SRC-003 app/a.py:4 telnetlib
fail CP-SRC-003 app/a.py:11 uu
fail CP-SRC-003 app/a.py:19 nntplib
fail CP-SRC-005 app/a.py:24 assertEquals
warn CP-SRC-004 app/a.py:6 cgi
warn CP-SRC-004 app/a.py:8 crypt
warn CP-SRC-004 app/a.py:21 collections.Callable
warn CP-SRC-005 app/a.py:13 collections.Mapping
warn CP-SRC-005 app/a.py:14 inspect.getargspec
warn CP-SRC-006 app/a.py:16 datetime.datetime.utcnow`,
		{8, 10}: `fail CP-SRC-005 app/a.py:13 collections.Mapping
warn CP-SRC-004 app/a.py:21 collections.Callable
warn CP-SRC-006 app/a.py:2 imp
warn CP-SRC-006 app/a.py:3 distutils
warn CP-SRC-006 app/a.py:14 inspect.getargspec
warn CP-SRC-006 app/a.py:24 assertEquals`,
		{0, 13}: `fail CP-SRC-003 app/a.py:2 imp
fail CP-SRC-003 app/a.py:3 distutils
fail CP-SRC-003 app/a.py:4 telnetlib
fail CP-SRC-003 app/a.py:11 uu
fail CP-SRC-003 app/a.py:19 nntplib
fail CP-SRC-005 app/a.py:13 collections.Mapping
fail CP-SRC-005 app/a.py:14 inspect.getargspec
fail CP-SRC-005 app/a.py:24 assertEquals
warn CP-SRC-004 app/a.py:6 cgi
warn CP-SRC-004 app/a.py:8 crypt
warn CP-SRC-004 app/a.py:21 collections.Callable
warn CP-SRC-006 app/a.py:16 datetime.datetime.utcnow`,
	} {
		if got := said(between(t, versions[0], versions[1], files)); got != want {
			t.Errorf("%v: got\n%s\nwant\n%s", versions, got, want)
		}
	}
}

func TestAModuleThatTheProjectHasItselfIsNotGone(t *testing.T) {
	t.Parallel()
	report := between(t, 11, 13, map[string]string{
		"a.py": "import imp, cgi, uu\n", "imp.py": "", "src/cgi/__init__.py": "", "tool/b.py": "import uu\n", "tool/uu.py": "",
	})
	if got := said(report); got != "fail CP-SRC-003 a.py:1 uu" {
		t.Errorf("got %s", got)
	}
}

func TestSourcesThatDoNotCompileAreFoundByLine(t *testing.T) {
	t.Parallel()
	report := between(t, 0, 11, map[string]string{
		"two.py": "x = 1\nprint x\n", "esc.py": "\n\nx = \"\\d\"\n", "nul.py": "x = 1\x00", "enc.py": "# coding: nonsense\n", "latin.py": "x = '\xe9'\n",
		"deep.py": strings.Repeat("(", 5000), "deeper.py": "x = " + strings.Repeat("-", 200000) + "1\n", "fine.py": "", "is.py": "1 is 1\n",
		"venv/pyvenv.cfg": "", "venv/x.py": "print 1", "node_modules/x.py": "print 1", "build/lib/x.py": "print 1", ".git/x.py": "print 1",
		"pkg/build/__init__.py": "print 1\n",
	})
	got := map[string]string{}
	for _, f := range report.Findings {
		got[f.File] = fmt.Sprintf("%s %s:%d", f.Level, f.Code, f.Line)
	}
	for name, want := range map[string]string{
		"two.py": "fail CP-SRC-001:2", "esc.py": "warn CP-SRC-002:3", "is.py": "warn CP-SRC-002:1", "pkg/build/__init__.py": "fail CP-SRC-001:1",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	for _, name := range []string{"nul.py", "enc.py", "latin.py", "deep.py", "deeper.py"} {
		if !strings.HasPrefix(got[name], "fail CP-SRC-001") {
			t.Errorf("%s: got %q", name, got[name])
		}
	}
	if len(got) != 9 {
		t.Errorf("got %v", got)
	}
}

func TestWhatDidNotCompileBeforeEitherIsAWarning(t *testing.T) {
	t.Parallel()
	report := between(t, 11, 11, map[string]string{"two.py": "print 1\n", "esc.py": "\"\\d\"\n"})
	if got := said(report); got != "warn CP-SRC-001 two.py:1 \nwarn CP-SRC-002 esc.py:1 " {
		t.Errorf("got %s", got)
	}
	for _, f := range report.Findings {
		if f.Verdict != Same {
			t.Errorf("got %+v", f)
		}
	}
}

func TestTheTableOfRemovalsIsWhatTheInterpreterHas(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, one := range removals() {
		fmt.Fprintf(&all, "%s %s %d\n", one.kind, one.name, one.removed)
		if one.instead == "" || one.removed != 0 && one.deprecated >= one.removed {
			t.Errorf("incomplete: %+v", one)
		}
	}
	const script = `
import importlib, importlib.util, sys, unittest, warnings
warnings.simplefilter("ignore")
# Not on every system, not in every build, or younger than the versions they are asked of.
ELSEWHERE = {"msilib", "nis", "ossaudiodev", "crypt", "spwd", "tkinter.tix", "lib2to3", "distutils", "typing.io", "typing.re", "ssl.RAND_pseudo_bytes",
    "asyncio.PidfdChildWatcher", "importlib.abc.Traversable", "importlib.abc.TraversableResources"}
def resolve(name):
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        try: found = importlib.import_module(".".join(parts[:n]))
        except Exception: continue
        for part in parts[n:]:
            if not hasattr(found, part): return False
            found = getattr(found, part)
        return True
    return False
def there(kind, name):
    if kind == "method": return hasattr(unittest.TestCase, name)
    if kind == "name": return resolve(name)
    try: return importlib.util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError): return name in sys.modules
for line in sys.stdin.read().splitlines():
    kind, name, removed = line.split()
    gone = 0 < int(removed) <= sys.version_info[1]
    if there(kind, name) == gone and name not in ELSEWHERE:
        print(name, "in Python 3.%d:" % sys.version_info[1], "there" if gone else "not there")
`
	c := command.Read(python(), "-I", "-B", "-c", script)
	c.Stdin = strings.NewReader(all.String())
	out, err := command.NewDoor(command.Local()).Text(t.Context(), c).String()
	if err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
}
