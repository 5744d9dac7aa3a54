package coverage_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
)

func at(dir string) place.Place { return place.Place{Project: "/home/dev/iact", Dir: dir} }

func parse(t *testing.T, text string) coverage.Report {
	t.Helper()
	r, err := coverage.Parse(strings.NewReader(text), at("ui"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told is a report in one line for each file.
func told(r coverage.Report) string {
	var b strings.Builder
	for _, f := range r.Files {
		fmt.Fprintf(&b, "%s %d/%d %d/%d %v\n", f.Path, f.Lines.Covered, f.Lines.All, f.Branches.Covered, f.Branches.All, f.Hits)
	}
	fmt.Fprintf(&b, "%d/%d %d/%d\n", r.Lines.Covered, r.Lines.All, r.Branches.Covered, r.Branches.All)
	return b.String()
}

const (
	ofJest = `ui/src/calls.js 3/4 3/4 map[2:2 3:1 5:1 9:0]
3/4 3/4
`
	ofPytest = `api/src/calls/__init__.py 8/9 2/2 map[1:1 2:1 5:1 6:1 7:1 8:1 9:1 12:1 13:0]
api/src/calls/maths.py 0/5 0/0 map[1:0 2:0 4:0 5:0 6:0]
8/14 2/2
`
)

func TestBothFormatsOfAProgramTellTheSame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ dir, want string }{
		"jest.info":   {"ui", ofJest},
		"jest.xml":    {"ui", ofJest},
		"pytest.info": {"api", ofPytest},
		"pytest.xml":  {"api", ofPytest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := coverage.ReadFile(filepath.Join("testdata", name), at(c.dir))
			if err != nil {
				t.Fatal(err)
			}
			if got := told(r); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestAFileIsFoundBelowItsSource(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	for _, name := range []string{"api/src/calls/a.py", "api/tests/b.py", "ui/src/c.js"} {
		full := filepath.Join(project, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ sources, file, want string }{
		"the second of two":         {"<source>/x</source><source>" + project + "/api/tests</source>", "b.py", "api/tests/b.py"},
		"of a container":            {"<source>/app/src</source>", "calls/a.py", "api/src/calls/a.py"},
		"of a container, below it":  {"<source>/app</source>", "src/calls/a.py", "api/src/calls/a.py"},
		"none, from the component":  {"", "src/calls/a.py", "api/src/calls/a.py"},
		"none, from the project":    {"", "ui/src/c.js", "ui/src/c.js"},
		"an absolute file":          {"<source>/app</source>", project + "/ui/src/c.js", "ui/src/c.js"},
		"relative":                  {"<source>src</source>", "calls/a.py", "api/src/calls/a.py"},
		"of a file that is gone":    {"<source>" + project + "/api/src</source>", "gone.py", "api/src/gone.py"},
		"a dot":                     {"<source>.</source>", "src/calls/a.py", "api/src/calls/a.py"},
		"outside, and nowhere else": {"<source>/opt/lib</source>", "z.py", "api/z.py"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := coverage.Parse(strings.NewReader(`<coverage><sources>`+c.sources+`</sources><class filename="`+c.file+`"><lines><line number="1" hits="1"/></lines></class></coverage>`),
				place.Place{Project: project, Dir: "api"})
			if err != nil || r.Files[0].Path != c.want {
				t.Errorf("got %v, %v, want %s", r.Files, err, c.want)
			}
		})
	}
}

func TestWhatIsNoCoverageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	const cut = "it is cut off"
	for text, want := range map[string]string{
		"":                                     "it measured no file",
		"\ufeff \n":                            "it measured no file",
		"TN:\n":                                "it measured no file",
		"SF:a.js\nLF:0\nLH:0\nend_of_record\n": "it measured no file",
		"<coverage/>":                          "it measured no file",
		`{"a.js":{}}`:                          "it is JSON",
		"Statements : 75%":                     "neither lcov nor Cobertura",
		"<html></html>":                        "its first element is <html>",
		`<?xml version="1.0"?><coverage generated="1" clover="3.2.0"><project name="x"/></coverage>`: "of Clover or JaCoCo",
		"SF:a.js\nDA:1,1\n":                    cut,
		"<coverage><class filename='a'>":       cut,
		"TN:\nDA:1,1\n":                        "line 2: DA stands before SF",
		"SF:a.js\nDA:1\nend_of_record\n":       "line 2: DA has 1 values and needs 2",
		"SF:a.js\nDA:x,1\nend_of_record\n":     `line 2: DA: "x" is no number of a line`,
		"SF:a.js\nDA:1,many\nend_of_record\n":  `"many" is no number of times`,
		"SF:a.js\nBRDA:1,0,0\nend_of_record\n": "BRDA has 3 values and needs 4",
		"<coverage><class/></coverage>":        "a <class> has no filename",
		"<coverage><class filename='a'><lines><line number='1' hits='x'/></lines></class></coverage>":                                "in what it says of ui/a",
		"<coverage><class filename='a'><lines><line number='1' hits='1' condition-coverage='50% (3/2)'/></lines></class></coverage>": "condition-coverage",
	} {
		_, err := coverage.Parse(strings.NewReader(text), at("ui"))
		if err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%.40q: got %v, want %q, with a hint", text, err, want)
		}
	}
	_, err := coverage.ReadFile(filepath.Join(t.TempDir(), "lcov.info"), at("ui"))
	if !errors.Is(err, coverage.ErrMissing) || fault.Code(err) != fault.Invalid || !strings.Contains(fault.Hint(err), "--cov-report=xml") {
		t.Errorf("no file: %v", err)
	}
	name := filepath.Join(t.TempDir(), "empty.info")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := coverage.ReadFile(name, at("ui")); !errors.Is(err, coverage.ErrEmpty) || !strings.Contains(err.Error(), name) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestOddNumbersAreUnderstood(t *testing.T) {
	t.Parallel()
	r := parse(t, "SF:a.js\r\nDA:1,-1\r\nDA:2,1e+06\r\nDA:3,18446744073709551616\r\nDA:3,1\r\nDA:0,0\r\nDA:4,2,checksum\r\nBRDA:4,0,0,-\r\nend_of_record")
	if got, want := told(r), "ui/a.js 3/4 0/1 map[1:0 2:1000000 3:9007199254740993 4:2]\n3/4 0/1\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestAFileMeasuredTwiceIsCoveredWhereEitherReachedIt(t *testing.T) {
	t.Parallel()
	unit := parse(t, "SF:a.js\nDA:1,1\nDA:2,0\nDA:3,0\nBRDA:1,0,0,1\nBRDA:1,0,1,0\nend_of_record\nSF:b.js\nDA:1,0\nend_of_record\n")
	browser := parse(t, "SF:a.js\nDA:2,4\nDA:3,0\nDA:4,1\nBRDA:1,0,0,0\nBRDA:1,0,1,2\nend_of_record\n")
	before := told(unit) + told(browser)
	merged := coverage.Merge(unit, browser)
	want := "ui/a.js 3/4 2/2 map[1:1 2:4 3:0 4:1]\nui/b.js 0/1 0/0 map[1:0]\n3/5 2/2\n"
	if got := told(merged); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if again := coverage.Merge(browser, unit); told(again) != want {
		t.Errorf("the other way round:\n%s", told(again))
	}
	if told(unit)+told(browser) != before {
		t.Error("what was merged has changed")
	}
	twice := parse(t, "TN:one\nSF:a.js\nDA:1,1\nBRDA:1,0,0,1\nend_of_record\nTN:two\nSF:a.js\nDA:1,1\nBRDA:1,0,0,0\nend_of_record\n")
	if got, want := told(twice), "ui/a.js 1/1 1/1 map[1:2]\n1/1 1/1\n"; got != want {
		t.Errorf("two records of one file: got\n%swant\n%s", got, want)
	}
}

func TestAReportThatCameThroughJSONIsMergedByItsFigures(t *testing.T) {
	t.Parallel()
	whole := parse(t, "SF:a.js\nDA:1,1\nDA:2,0\nend_of_record\n")
	data, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	var stored coverage.Report
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	if got := coverage.Merge(stored, whole); got.Lines != (coverage.Count{Covered: 1, All: 2}) || coverage.Merge(stored).Lines != got.Lines {
		t.Errorf("got %+v", got)
	}
}

func TestThePartBelowADirectoryHasItsOwnFigures(t *testing.T) {
	t.Parallel()
	r := parse(t, "SF:src/a.js\nDA:1,1\nend_of_record\nSF:srcs/b.js\nDA:1,0\nend_of_record\n")
	if got := told(r.Below("ui/src")); got != "ui/src/a.js 1/1 0/0 map[1:1]\n1/1 0/0\n" {
		t.Errorf("got\n%s", got)
	}
	if r.Below(".").Lines.All != 2 {
		t.Error("the project is not the whole")
	}
}

func TestTooLittleCoverageNamesTheValueTheRuleAndTheFiles(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 7 {
		fmt.Fprintf(&text, "SF:f%d.js\n", i)
		for line := range 10 {
			fmt.Fprintf(&text, "DA:%d,%d\n", line+1, min(1, max(0, line-i+1)))
		}
		text.WriteString("end_of_record\n")
	}
	r := parse(t, text.String()) // 70 lines, 10-i of each reached but one
	if err := r.Check("ui", 70); err != nil {
		t.Fatalf("just enough: %v", err)
	}
	err := r.Check("ui", 70.1)
	const says = "check coverage of ui: too few lines are reached: 70.0 % of its lines, the rule is 70.1 % or more; " +
		"most lines are missing in ui/f6.js (6 of 10), ui/f5.js (5 of 10), ui/f4.js (4 of 10), ui/f3.js (3 of 10), ui/f2.js (2 of 10)"
	if err == nil || err.Error() != says || !errors.Is(err, coverage.ErrBelow) || fault.Code(err) != fault.Invalid {
		t.Errorf("got  %v\nwant %s", err, says)
	}
	if err := (coverage.Report{}).Check("api", 80); !errors.Is(err, coverage.ErrEmpty) {
		t.Errorf("nothing measured: %v", err)
	}
	if err := (coverage.Report{}).Check("docs", 0); err != nil {
		t.Errorf("no rule: %v", err)
	}
	if coverage.Least(pipeline.Node) != 70 || coverage.Least(pipeline.Python) != 80 || coverage.Least(pipeline.Custom) != 0 {
		t.Error("the procedure wants 70 % of the front end and 80 % of the back end")
	}
	if got := coverage.Floor(coverage.Count{Covered: 69999, All: 100000}); got != "69.9" {
		t.Errorf("69.999 %% is shown as %s", got)
	}
}

func TestWhatIsWrittenIsReadAsTheSame(t *testing.T) {
	t.Parallel()
	ui, err := coverage.ReadFile("testdata/jest.info", at("ui"))
	if err != nil {
		t.Fatal(err)
	}
	api, err := coverage.ReadFile("testdata/pytest.xml", at("api"))
	if err != nil {
		t.Fatal(err)
	}
	merged := coverage.Merge(ui, api)
	var lcov, xml strings.Builder
	if err := errors.Join(coverage.WriteLCOV(&lcov, merged), coverage.WriteCobertura(&xml, merged, time.Unix(1, 0))); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{lcov.String(), xml.String()} {
		back, err := coverage.Parse(strings.NewReader(text), at(""))
		if err != nil || told(back) != told(merged) {
			t.Errorf("%v: got\n%swant\n%sfrom\n%s", err, told(back), told(merged), text)
		}
	}
	for _, part := range []string{`lines-valid="18" lines-covered="11"`, `line-rate="0.6111"`, `<source>.</source>`, `<package name="ui/src"`,
		`filename="ui/src/calls.js"`, `<line number="5" hits="1" branch="true" condition-coverage="50% (1/2)"/>`} {
		if !strings.Contains(xml.String(), part) {
			t.Errorf("no %s in\n%s", part, xml.String())
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, read := range []func() (coverage.Report, error){
			func() (coverage.Report, error) { return coverage.Parse(strings.NewReader(string(text)), at("ui")) },
			func() (coverage.Report, error) { return coverage.ParseLCOV(strings.NewReader(string(text)), at("ui")) },
			func() (coverage.Report, error) {
				return coverage.ParseCobertura(strings.NewReader(string(text)), at("ui"))
			},
		} {
			r, err := read()
			if err != nil {
				continue
			}
			if r.Lines.All == 0 || r.Lines.Covered < 0 || r.Lines.Covered > r.Lines.All || r.Branches.Covered > r.Branches.All {
				t.Errorf("%+v", r.Lines)
			}
			var xml strings.Builder
			if err := coverage.WriteCobertura(&xml, r, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			if back, err := coverage.ParseCobertura(strings.NewReader(xml.String()), at("")); err != nil || back.Lines.All == 0 {
				t.Errorf("%v: %+v from\n%s", err, back.Lines, xml.String())
			}
		}
	})
}
