package compat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/cpython/compat"
	"iact-infra/internal/fault"
)

func TestAProjectThatFitsIsFoundToFit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("requirements/base.txt", "Six-Ish>=1.0 ; python_version >= '3'\nnever==1 ; python_version < '3'\n")
	r.write("requirements/dev.txt", "-r base.txt\nblack\nruff\n")
	r.write("pyproject.toml", "[project]\nname = 'p'\ndependencies = ['tomlish']\n[project.optional-dependencies]\nx = ['not-here']\n")
	r.write("src/app/main.py", "import json\n")
	r.both("Six_ish", "1.16", "sixish.py", "")
	r.both("tomlish", "2.0", "tomlish/__init__.py", "", "tomlish/sub.py", "raise SystemError")
	report := r.check()
	expect(t, row(t, report, "six-ish"), "1.16 → 1.16: same (ok)")
	expect(t, row(t, report, "tomlish"), "2.0 → 2.0: same (ok)")
	expect(t, row(t, report, "never"), "not needed → not needed: same (ok)")
	expect(t, row(t, report, "sources"), "1 compile → 1 compile: same (ok)")
	expect(t, row(t, report, "true"), "ok → ok: same (ok)")
	if f := finding(t, report, "requirements/dev.txt"); f.Code != "CP-DEP-010" || len(report.Findings) != 1 {
		t.Errorf("got %+v", report.Findings)
	}
	if report.Failed() || !report.OK || report.Err() != nil {
		t.Errorf("it failed: %+v", report.Findings)
	}
}

func TestWhatDiffersFromBeforeIsToldFromWhatDoesNot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	names := []string{"lost", "nowhere", "moved", "better", "worse", "bad"}
	r.write("requirements.txt", strings.Join(names, "\n")+"\n")
	r.install(r.old, "lost", "1", "lost.py", "")
	r.install(r.old, "moved", "1", "moved.py", "")
	r.install(r.new, "moved", "2", "moved.py", "")
	for name, texts := range map[string][2]string{"better": {"raise OSError('x')", ""}, "worse": {"", "raise OSError('x')"}, "bad": {"raise OSError('x')", "raise OSError('x')"}} {
		r.install(r.old, name, "1", name+".py", texts[0])
		r.install(r.new, name, "1", name+".py", texts[1])
	}
	report := r.check()
	for name, want := range map[string]string{
		"lost":    "1 → not installed: broken (fail)",
		"nowhere": "not installed → not installed: same (warn)",
		"moved":   "1 → 2: same (warn)",
		"better":  "1 does not import → 1: fixed (ok)",
		"worse":   "1 → 1 does not import: broken (fail)",
		"bad":     "1 does not import → 1 does not import: same (warn)",
	} {
		expect(t, row(t, report, name), want)
	}
	if f := finding(t, report, "worse"); f.Code != "CP-IMP-001" || f.File != "requirements.txt" || f.Line != 5 || !strings.Contains(f.Evidence, "OSError: x") {
		t.Errorf("got %+v", f)
	}
	if f := finding(t, report, "bad"); !strings.Contains(f.Evidence, "the same failure before") {
		t.Errorf("got %+v", f)
	}
	expect(t, finding(t, report, "lost").Code+finding(t, report, "moved").Code, "CP-DEP-001CP-DEP-002")
	err := report.Err()
	if fault.Code(err) != fault.Invalid || fault.Hint(err) == "" || !strings.Contains(err.Error(), "lost is declared and not installed") || !strings.Contains(err.Error(), "1 more") {
		t.Errorf("got %v", err)
	}
}

func TestAnOldEnvironmentThatIsGoneIsAQuestionMark(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, os.RemoveAll(r.old.Env))
	r.write("requirements.txt", "fine\nbroken\nabsent\n")
	r.write("bad.py", "print 1\n")
	r.install(r.new, "fine", "1", "fine.py", "")
	r.install(r.new, "broken", "1", "broken.py", "import no_such_thing")
	for _, old := range []compat.Side{r.old, {}} {
		r.old = old
		report := r.check()
		expect(t, row(t, report, "fine"), "? → 1: new (ok)")
		expect(t, row(t, report, "broken"), "? → 1 does not import: new (fail)")
		expect(t, row(t, report, "absent"), "? → not installed: new (fail)")
		expect(t, row(t, report, "sources"), "? → 0 compile, 1 do not: new (fail)")
		expect(t, row(t, report, "true"), "? → ok: new (ok)")
		if f := finding(t, report, "broken"); !strings.Contains(f.Evidence, "not known") || !strings.Contains(f.Cause, "no_such_thing") {
			t.Errorf("got %+v", f)
		}
	}
}

func TestANewInterpreterThatDoesNotStartIsTheOneFinding(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, os.Remove(filepath.Join(r.new.Env, "bin", "python")))
	must(t, os.Symlink("/no/such/python", filepath.Join(r.new.Env, "bin", "python")))
	report := r.check()
	if len(report.Findings) != 1 || report.Findings[0].Code != "CP-ENV-001" || !report.Failed() {
		t.Errorf("got %+v", report)
	}
}

func TestSlowModulesThatMisbehaveAreNamedAndHideNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Timeout = 1500 * time.Millisecond
	cases := []struct{ name, text, code, cell string }{
		{"segfaults", "import ctypes\nctypes.string_at(0)\n", "CP-IMP-002", "1 crashes"},
		{"hangs", "import time\ntime.sleep(60)\n", "CP-IMP-003", "1 hangs"},
		{"quits", "import sys\nprint('{\"done\": true}')\nsys.exit(0)\n", "CP-IMP-004", "1 ends the process"},
		{"drops", "import os\nos._exit(0)\n", "CP-IMP-004", "1 ends the process"},
		{"removed", "import macpath\n", "CP-IMP-001", "1 does not import"},
		{"talks", "import os, sys\nprint('{\"name\": \"talks\", \"kind\": \"X\"}')\nos.write(1, b'noise')\nsys.stdout.close()\n", "", "1"},
		{"lingers", "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n", "", "1"},
		{"forks", "import os, time\nif os.fork() == 0:\n    time.sleep(0.2)\n", "", "1"},
		{"wants", "class ImproperlyConfigured(Exception): pass\nraise ImproperlyConfigured('settings')\n", "CP-IMP-005", "1 wants settings"},
		{"loud", "raise type('E', (Exception,), {'__str__': lambda s: 1/0})\n", "CP-IMP-001", "1 does not import"},
		{"last", "", "", "1"},
	}
	var list strings.Builder
	for _, c := range cases {
		list.WriteString(c.name + "\n")
		r.install(r.old, c.name, "1", c.name+".py", "")
		r.install(r.new, c.name, "1", c.name+".py", c.text)
	}
	r.write("requirements.txt", list.String())
	report := r.check()
	for _, c := range cases {
		verdict := ": same (ok)"
		switch {
		case c.code == "CP-IMP-005":
			verdict = ": broken (warn)"
		case c.code != "":
			verdict = ": broken (fail)"
		}
		expect(t, row(t, report, c.name), "1 → "+c.cell+verdict)
		if c.code != "" {
			expect(t, finding(t, report, c.name).Code, c.code)
		}
	}
	if f := finding(t, report, "segfaults"); !strings.Contains(f.Evidence, "SIGSEGV") || !strings.Contains(f.Evidence, "segfaults.py") {
		t.Errorf("got %+v", f)
	}
	if f := finding(t, report, "removed"); !strings.Contains(f.Cause, "removed in Python 3.8") || !strings.Contains(f.Fix, "os.path") {
		t.Errorf("got %+v", f)
	}
}

func TestACheckWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Smoke = nil
	r.write("requirements.txt", "one\n-r more.txt\n")
	r.write("more.txt", "two\n")
	r.write("setup.cfg", "[options]\ninstall_requires =\n  one\n")
	r.write("pyproject.toml", "[project]\ndependencies = ['one']\n")
	r.write("manage.py", "import app\n")
	r.write("app/__init__.py", "import os\nopen(os.path.join(os.environ['XDG_CACHE_HOME'], 'x'), 'w')\n")
	r.both("one", "1", "one/__init__.py", "from . import sub\nimport os\nopen(os.path.expanduser('~/.one'), 'w')\nopen('here', 'w')\n", "one/sub.py", "")
	r.both("two", "1", "two.py", "import one")
	before := tree(t, filepath.Dir(r.Project))
	report := r.check()
	if report.Failed() {
		t.Errorf("got %+v", report.Findings)
	}
	expect(t, row(t, report, "python manage.py check"), "ok → ok: same (ok)")
	expect(t, tree(t, filepath.Dir(r.Project)), before)
}

func TestRootRunsAnEnvironmentAsItsOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // whoever is not root is the owner, or may not do it
	}
	r := newRig(t)
	must(t, os.RemoveAll(r.new.Env))
	r.new.Env = r.bare(system, "project/venv") // another may stand where only root comes
	for dir := filepath.Dir(r.Project); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	const nobody = 65534
	r.write("requirements.txt", "who\n")
	r.both("who", "1", "who.py", "import os\nassert os.getuid() == 65534\nopen(os.path.expanduser('~/x'), 'w')\n")
	for _, side := range []compat.Side{r.old, r.new} {
		must(t, os.Chown(side.Env, nobody, nobody))
	}
	r.Smoke = []string{"sh -c 'test $(id -u) = 65534 && : > $TMPDIR/x'"}
	report := r.check()
	expect(t, row(t, report, "who"), "1 → 1: same (ok)")
	expect(t, row(t, report, r.Smoke[0]), "ok → ok: same (ok)")
}

func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime())
		return err
	}))
	return b.String()
}

func TestWholeTheReportIsTheSameEveryTimeAndReadsAsATable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("requirements.txt", "b\na\n")
	r.write("x.py", "\"\\d\"\nimport binhex\nprint 1\n")
	r.both("a", "1", "a.py", "raise OSError('\x1b[2Jred\tx')")
	var texts []string
	for range 2 {
		report := r.check()
		text, err := json.Marshal(report)
		must(t, err)
		texts = append(texts, string(text))
		var b bytes.Buffer
		report.Write(&b)
		for _, want := range []string{"old", "→ new", "a", "warn CP-IMP-001", "cause:", "fix:", "checks; "} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %q in\n%s", want, b.String())
			}
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Error("a module steers the terminal")
		}
	}
	expect(t, texts[1], texts[0])
}

func TestSlow500FilesAnd30DistributionsTakeLessThanTenSeconds(t *testing.T) {
	r := newRig(t)
	var list strings.Builder
	for i := range 30 {
		name := fmt.Sprintf("dist%d", i)
		fmt.Fprintln(&list, name)
		r.both(name, "1", name+"/__init__.py", "import json, decimal, email.message\n")
	}
	r.write("requirements.txt", list.String())
	for i := range 500 {
		r.write(fmt.Sprintf("app/m%d.py", i), strings.Repeat("def f(a, b):\n    return [a.x for x in b if x]\n\n\n", 50))
	}
	start := worked(t)
	report := r.check()
	// On two cores, whatever else the machine does.
	if took := (worked(t) - start) / 2; took > 10*time.Second || report.Failed() {
		t.Errorf("took %s: %+v", took, report.Findings)
	}
}

// worked is what this process and its programs have computed so far.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		must(t, syscall.Getrusage(who, &u))
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}
