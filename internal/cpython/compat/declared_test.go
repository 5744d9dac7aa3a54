package compat_test

import (
	"strings"
	"testing"
)

func TestEveryPlaceThatDeclaresDependenciesIsRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("pyproject.toml", `
[project]
dependencies = ["from-project>=2"]
dynamic = ["dependencies"]
[project.optional-dependencies]
x = ["lost-extra", "never-installed-extra"]
[dependency-groups]
dev = ["from-group", {include-group = "y"}]
[tool.poetry.dependencies]
python = "^3.8"
from-poetry = "^1"
[tool.setuptools.dynamic]
dependencies = {file = ["deps/list.in"]}
`)
	r.write("deps/list.in", "from-dynamic\n-e ../local[x]\n./elsewhere\n")
	r.write("setup.cfg", "[options]\ninstall_requires =\n    from-cfg ; python_version > '3'\n    # a comment\n[options.extras_require]\ny =\n    never-installed-extra-either\n")
	for _, name := range []string{"from-project", "from-group", "from-poetry", "from-dynamic", "from-cfg"} {
		r.both(name, "1.5", strings.ReplaceAll(name, "-", "_")+".py", "")
	}
	r.install(r.old, "lost-extra", "1", "lost_extra.py", "")
	r.installed(r.new, "local", "1", "Requires-Python: <3\n", "local-1.dist-info/direct_url.json", `{"url": "file://`+r.Project+`/local"}`)
	report := r.check()
	for name, want := range map[string]string{
		"from-group": "1.5 → 1.5: same (ok)", "from-poetry": "1.5 → 1.5: same (ok)", "from-dynamic": "1.5 → 1.5: same (ok)", "from-cfg": "1.5 → 1.5: same (ok)",
		"from-project": "1.5 → 1.5: same (warn)", "lost-extra": "1 → not installed: broken (fail)", "local": "not installed → 1: fixed (warn)",
	} {
		expect(t, row(t, report, name), want)
	}
	expect(t, finding(t, report, "from-project").Code, "CP-DEP-003")
	expect(t, finding(t, report, "local").Code, "CP-DEP-004")
	for _, one := range report.Rows {
		if strings.HasPrefix(one.Name, "never") || one.Name == "python" {
			t.Errorf("got %+v", one)
		}
	}
	if len(report.Findings) != 4 { // and the place without a name
		t.Errorf("got %+v", report.Findings)
	}
}

func TestAnImportThatFailsForAStaleExtensionSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("requirements.txt", "needs\n")
	r.install(r.new, "needs", "1", "needs/__init__.py", "from . import fast\n", "needs/fast.cpython-37m-x86_64-linux-gnu.so", "")
	var codes []string
	for _, f := range r.check().Findings {
		codes = append(codes, f.Code)
		if f.Code == "CP-IMP-001" && (!strings.Contains(f.Cause, "built for Python 3.7") || !strings.Contains(f.Fix, "--force-reinstall")) {
			t.Errorf("got %+v", f)
		}
	}
	expect(t, strings.Join(codes, " "), "CP-EXT-001 CP-IMP-001")
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("pyproject.toml", "[project\n")
	r.write("setup.cfg", "no section\n")
	report := r.check()
	expect(t, finding(t, report, "pyproject.toml").Code, "CP-DEP-006")
	expect(t, finding(t, report, "setup.cfg").Code, "CP-DEP-006")
	if len(report.Findings) != 3 || report.Findings[2].Code != "CP-DEP-007" || report.Failed() {
		t.Errorf("got %+v", report.Findings)
	}
}
