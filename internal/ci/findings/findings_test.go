package findings_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
)

func at(dir string) place.Place { return place.Place{Project: "/home/dev/iact", Dir: dir} }

func read(t *testing.T, format, text string, where place.Place) []findings.Finding {
	t.Helper()
	found, err := findings.Read(format, strings.NewReader(text), where)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func told(found []findings.Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s %s:%d:%d %s %s: %s\n", f.Level, f.Path, f.Line, f.Column, f.Tool, f.Rule, f.Message)
	}
	return b.String()
}

const (
	broken = "error ui/src/broken.test.js:1:10 eslint no-unused-vars: 'nothing' is defined but never used.\n"
	page   = `error ui/src/page.js:2:7 eslint no-unused-vars: 'used' is assigned a value but never used.
error ui/src/page.js:2:15 eslint semi: Missing semicolon.
warning ui/src/page.js:4:3 eslint no-console: Unexpected console statement.
error ui/src/page.js:5:7 eslint no-unused-vars: 'x' is assigned a value but never used.
error ui/src/page.js:5:11 eslint no-undef: 'undefinedThing' is not defined.
`
	ofFlake8 = `error api/src/calls/__init__.py:1:1 flake8 F401: 'os' imported but unused
error api/src/calls/__init__.py:2:1 flake8 F401: 'sys' imported but unused
error api/src/calls/__init__.py:2:1 flake8 F401: 'json' imported but unused
error api/src/calls/__init__.py:2:11 flake8 E401: multiple imports on one line
error api/src/calls/__init__.py:8:5 flake8 F841: local variable 'x' is assigned to but never used
warning api/src/calls/maths.py:2:15 flake8 W291: trailing whitespace
error api/src/calls/maths.py:4:1 flake8 E302: expected 2 blank lines, found 1
error api/src/calls/maths.py:4:12 flake8 E201: whitespace after '('
error api/src/calls/maths.py:4:14 flake8 E202: whitespace before ')'
error api/src/calls/maths.py:5:5 flake8 E741: ambiguous variable name 'l'
error api/tests/test_collect.py:1:1 flake8 F401: 'not_there' imported but unused
`
)

func TestWhatRealLintersWriteIsRead(t *testing.T) {
	t.Parallel()
	const unparsed = "error ui/src/wrong.js:1:17 eslint : Parsing error: Unexpected token (\n"
	for name, c := range map[string]struct{ format, dir, want string }{
		"eslint.json":           {"eslint", "ui", broken + page + unparsed},
		"eslint-metadata.json":  {"eslint", "ui", broken + page + unparsed},
		"eslint.sarif":          {"sarif", "ui", broken + page + unparsed},
		"eslint-checkstyle.xml": {"checkstyle", "ui", broken + page + strings.Replace(unparsed, "eslint", "checkstyle", 1)},
		"flake8.txt":            {"flake8", "api", ofFlake8},
		"ruff.json": {"ruff", "api", "error api/src/calls/__init__.py:1:8 ruff F401: `os` imported but unused\n" +
			"error api/src/calls/maths.py:2:5 ruff : SyntaxError: Expected an expression\n"},
		"mypy.txt": {"mypy", "api", `error api/src/calls/maths.py:1:1 mypy no-untyped-def: Function is missing a type annotation
error api/src/calls/maths.py:4:1 mypy no-untyped-def: Function is missing a type annotation
error api/src/calls/__init__.py:5:1 mypy no-untyped-def: Function is missing a type annotation
error api/src/calls/__init__.py:13:12 mypy return-value: Incompatible return value type (got "int", expected "str")
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := findings.ReadFile(c.format, filepath.Join("testdata", name), at(c.dir))
			if err != nil {
				t.Fatal(err)
			}
			if got := told(found); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestThePylintFormatTellsTheSameWithoutColumns(t *testing.T) {
	t.Parallel()
	plain, err := findings.ReadFile("flake8", "testdata/flake8.txt", at("api"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := findings.ReadFile("flake8", "testdata/flake8-pylint.txt", at("api"))
	if err != nil || len(found) != len(plain) {
		t.Fatalf("%d findings, %v", len(found), err)
	}
	for i, f := range found {
		f.Column = plain[i].Column
		if f != plain[i] {
			t.Errorf("got %+v, want %+v", f, plain[i])
		}
	}
	own, err := findings.ReadFile("flake8", "testdata/pylint.txt", at("api"))
	if err != nil || len(own) != 11 {
		t.Fatalf("pylint's own: %d, %v", len(own), err)
	}
	if got, want := told(own[:1]), "note api/src/calls/__init__.py:2:1 pylint multiple-imports: Multiple imports on one line (sys, json)\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

func TestWhatStandsAroundFindingsIsPassedOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ format, text, want string }{
		"npm before":          {"eslint", "\n> iact-ui@0.1.0 lint\n> eslint -f json src/\n\n[{\"filePath\":\"a.js\",\"messages\":[{\"message\":\"m\",\"severity\":1}]}]\nnpm notice\n", "warning ui/a.js:0:0 eslint : m\n"},
		"no finding":          {"eslint", "[]", ""},
		"a byte order mark":   {"eslint", "\ufeff[]", ""},
		"silence of flake8":   {"flake8", "\n", ""},
		"silence of ruff":     {"ruff", "[]\n", ""},
		"all well with mypy":  {"mypy", "Success: no issues found in 2 source files\n", ""},
		"mypy's JSON":         {"mypy", `{"file": "a.py", "line": 3, "column": 4, "message": "m", "hint": null, "code": "arg-type", "severity": "error"}`, "error ui/a.py:3:5 mypy arg-type: m\n"},
		"a file as a whole":   {"mypy", "a.py: error: Source file found twice under different module names\n", "error ui/a.py:0:0 mypy : Source file found twice under different module names\n"},
		"ends of mypy":        {"mypy", "a.py:1:2:3:4: note: see there\n", "note ui/a.py:1:2 mypy : see there\n"},
		"a colon in the path": {"flake8", "a:b.py:1:2: E501 line too long\r\n", "error ui/a:b.py:1:2 flake8 E501: line too long\n"},
		"a plugin's rule":     {"flake8", "a.py:1:2: B006 no\nTraceback\n", "warning ui/a.py:1:2 flake8 B006: no\n"},
		"colours":             {"flake8", "a.py:1:2: E501 \x1b[31mred\xff\n", "error ui/a.py:1:2 flake8 E501: red\uFFFD\n"},
		"checkstyle's own":    {"checkstyle", `<checkstyle><file name="A.java"><error line="1" severity="info" message="m" source="com.puppycrawl.tools.checkstyle.checks.FooCheck"/></file></checkstyle>`, "note ui/A.java:1:0 checkstyle FooCheck: m\n"},
		"rules of SARIF": {"sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T","rules":[{"id":"R","defaultConfiguration":{"level":"note"},"messageStrings":{"m":{"text":"no {0}"}}}]}},
			"originalUriBaseIds":{"SRC":{"uri":"file:///home/dev/iact/api/"},"%SRCROOT%":{}},"artifacts":[{"location":{"uri":"a%20b.py","uriBaseId":"SRC"}}],"results":[
			{"ruleIndex":0,"message":{"id":"m","arguments":["x"]},"locations":[{"physicalLocation":{"artifactLocation":{"index":0},"region":{"startLine":2}}}]},
			{"ruleId":"R","level":"none","message":{"text":"y"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"db/c.sql","uriBaseId":"%SRCROOT%"}}}]},
			{"ruleId":"R","kind":"pass","message":{"text":"fine"}},{"ruleId":"S","message":{"text":"z"}},
			{"ruleId":"R","message":{"text":"hidden"},"suppressions":[{"kind":"inSource"}]}]}]}`,
			"note api/a b.py:2:0 t R: no x\nnote db/c.sql:0:0 t R: y\nwarning :0:0 t S: z\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := told(read(t, c.format, c.text, at("ui"))); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestWhatIsNoLintersOutputSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, text, want string }{
		{"eslint", "", "it is empty"},
		{"eslint", "Oops! Something went wrong! :(\n", `it begins with "Oops!`},
		{"eslint", `[{"filePath":"a.js","messages":[`, "its JSON is cut off"},
		{"eslint", `[{"messages":[]}]`, "an entry has no filePath"},
		{"eslint", `{"a":1}`, `it has no "results"`},
		{"eslint", `[{"filePath":7}]`, "its JSON is not what the format says"},
		{"ruff", `[{"code":"F401"}]`, "an entry has no filename"},
		{"flake8", "Traceback (most recent call last):\n", `no line of it is a finding; it begins with "Traceback`},
		{"mypy", "usage: mypy [-h]\n", "no line of it is a finding"},
		{"checkstyle", "", "it is empty"},
		{"checkstyle", "<html/>", "its first element is <html>"},
		{"checkstyle", "<checkstyle><file", "it is cut off"},
		{"sarif", "x", "there is no JSON"},
		{"sarif", `{"version":"1.0.0"}`, `its version is "1.0.0"`},
	} {
		_, err := findings.Read(c.format, strings.NewReader(c.text), at("ui"))
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.Code(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s %q: got %v, want %q, with a hint", c.format, c.text, err, c.want)
		}
	}
	if _, err := findings.Read("tslint", strings.NewReader(""), at("")); fault.Code(err) != fault.Usage || !strings.Contains(fault.Hint(err), "eslint, flake8") {
		t.Errorf("an unknown format: %v", err)
	}
	if _, err := findings.ReadFile("eslint", filepath.Join(t.TempDir(), "none"), at("")); !errors.Is(err, findings.ErrMissing) {
		t.Errorf("no file: %v", err)
	}
}

// project has a file with the lines.
func project(t *testing.T, lines ...string) place.Place {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.py"), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return place.Place{Project: dir}
}

func TestAPrintStaysWhileLinesMove(t *testing.T) {
	t.Parallel()
	before := read(t, "flake8", "a.py:1:80: E501 line too long (121 > 120)\na.py:2:1: F401 'os' imported but unused\na.py:3:1: F401 'os' imported but unused\n",
		project(t, "long = 1", "import os", "import os"))
	after := read(t, "flake8", "a.py:3:1: F401 'os' imported but unused\na.py:4:1: F401 'os' imported but unused\na.py:2:90: E501 line too long (130 > 120)\n",
		project(t, "# new", "  long  =  1", "import os", "import os"))
	prints := map[string]bool{}
	for _, f := range before {
		prints[f.Print] = true
	}
	if len(prints) != 3 {
		t.Errorf("three findings have %d prints", len(prints))
	}
	for _, f := range after {
		if !prints[f.Print] {
			t.Errorf("%v has become another", f)
		}
	}
	other := read(t, "flake8", "a.py:1:80: E501 line too long (121 > 120)\nb.py:1:80: E501 line too long (121 > 120)\na.py:1:80: W501 line too long (121 > 120)\n", project(t, "short = 1"))
	for _, f := range other {
		if prints[f.Print] {
			t.Errorf("%v has the print of another", f)
		}
	}
}

func TestOnlyNewFindingsAreToldFromABaseline(t *testing.T) {
	t.Parallel()
	where := project(t, "import os", "import os", "import sys")
	text := func(lines ...string) string { return strings.Join(lines, "\n") }
	first, second := "a.py:1:1: F401 'os' imported but unused", "a.py:2:1: F401 'os' imported but unused"
	sys := "a.py:3:1: F401 'sys' imported but unused"
	var file strings.Builder
	if err := findings.BaselineOf(read(t, "flake8", text(first, second), where)).Write(&file); err != nil {
		t.Fatal(err)
	}
	baseline, err := findings.ReadBaseline(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	fresh, known, gone := findings.New(read(t, "flake8", text(first, sys), where), baseline)
	if len(fresh) != 1 || fresh[0].Line != 3 || len(known) != 1 || len(gone) != 1 || gone[0].Rule != "F401" {
		t.Errorf("new %v, known %v, gone %v", fresh, known, gone)
	}
	if fresh, known, gone := findings.New(nil, baseline); len(fresh)+len(known) != 0 || len(gone) != 2 {
		t.Errorf("of nothing: %v, %v, %v", fresh, known, gone)
	}
}

func TestABaselineIsAFileToReview(t *testing.T) {
	t.Parallel()
	found := []findings.Finding{{Tool: "ruff", Path: "b.py", Rule: "F401", Line: 7, Message: "<m>", Print: "2"}, {Tool: "ruff", Path: "a.py", Message: "m", Print: "1"}}
	var first, second strings.Builder
	if err := errors.Join(findings.BaselineOf(found).Write(&first), findings.BaselineOf([]findings.Finding{found[1], found[0], found[0]}).Write(&second)); err != nil {
		t.Fatal(err)
	}
	want := `{"version": 1, "findings": [
{"path":"a.py","tool":"ruff","message":"m","print":"1"},
{"path":"b.py","tool":"ruff","rule":"F401","message":"\u003cm\u003e","print":"2"}
]}
`
	if first.String() != want || second.String() != want {
		t.Errorf("got\n%sand\n%swant\n%s", first.String(), second.String(), want)
	}
	for text, want := range map[string]string{
		"":                             "it is empty",
		"{":                            "unexpected EOF",
		`{"version": 2}`:               "its version is 2",
		`{"version": 1, "finding": 1}`: `unknown field "finding"`,
		`{"version": 1, "findings": [{"path": "a.py", "rule": "R"}]}`: "the finding of R in a.py has no print",
	} {
		if _, err := findings.ReadBaseline(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Usage {
			t.Errorf("%s: %v", text, err)
		}
	}
}
