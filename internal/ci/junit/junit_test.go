package junit_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
)

func parse(t *testing.T, document string) junit.Report {
	t.Helper()
	r, err := junit.Parse(strings.NewReader(document), place.Place{Project: "/home/dev/iact", Dir: "ui"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told is a report as a list to compare with.
func told(r junit.Report) string {
	var b strings.Builder
	for _, c := range r.Cases {
		fmt.Fprintf(&b, "%s %s | %s | %s", c.State, c.Suite, c.Class, c.Name)
		if c.File != "" {
			fmt.Fprintf(&b, " at %s:%d", c.File, c.Line)
		}
		if c.Attempts > 0 {
			fmt.Fprintf(&b, " x%d", c.Attempts)
		}
		if c.Message != "" {
			fmt.Fprintf(&b, ": %s", c.Message)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d passed, %d failed, %d skipped, %d flaky, %v\n", r.Passed, r.Failed, r.Skipped, r.Flaky, r.Duration)
	return b.String()
}

func TestReportsOfRealProgramsAreRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ dir, want string }{
		"jest": {"ui", `
passed label <of> a "call" | label <of> a "call" says missed & gone | label <of> a "call" says missed & gone at ui/src/calls.test.js:0
failed label <of> a "call" | label <of> a "call" fails red | label <of> a "call" fails red at ui/src/calls.test.js:8: Error: expect(received).toBe(expected) // Object.is equality
skipped label <of> a "call" | label <of> a "call" is for later | label <of> a "call" is for later at ui/src/calls.test.js:0
passed label <of> a "call" | label <of> a "call" está por hacer | label <of> a "call" está por hacer at ui/src/calls.test.js:0
errored src/broken.test.js | Test suite failed to run | src/broken.test.js at ui/src/broken.test.js:1: ● Test suite failed to run
2 passed, 2 failed, 1 skipped, 0 flaky, `},
		"jest-default": {"ui", `
passed label <of> a "call" | label <of> a "call" says missed & gone | label <of> a "call" says missed & gone
failed label <of> a "call" | label <of> a "call" fails red | label <of> a "call" fails red at ui/src/calls.test.js:8: Error: expect(received).toBe(expected) // Object.is equality
skipped label <of> a "call" | label <of> a "call" is for later | label <of> a "call" is for later
passed label <of> a "call" | label <of> a "call" está por hacer | label <of> a "call" está por hacer
2 passed, 1 failed, 1 skipped, 0 flaky, `},
		"pytest-xunit1": {"api", `
errored pytest |  | tests.test_collect at api/tests/test_collect.py:1: collection failure
passed pytest | tests.test_calls | test_missed at api/tests/test_calls.py:9
passed pytest | tests.test_calls | test_open[call0] at api/tests/test_calls.py:13
failed pytest | tests.test_calls | test_open[call1] at api/tests/test_calls.py:16: AssertionError: assert 'done' == 'open'
failed pytest | tests.test_calls.TestLabel | test_colours at api/tests/test_calls.py:22: AssertionError: assert '\x1b[31m' == 'plain'
skipped pytest | tests.test_calls.TestLabel | test_later at api/tests/test_calls.py:24: later & <never>
skipped pytest | tests.test_calls.TestLabel | test_known at api/tests/test_calls.py:28: pytest.xfail
errored pytest | tests.test_calls | test_with_broken_fixture at api/tests/test_calls.py:35: failed on setup with "RuntimeError: no database: password=hunter2"
passed pytest | tests.test_calls | test_property at api/tests/test_calls.py:42
3 passed, 4 failed, 2 skipped, 0 flaky, `},
		"pytest-xunit2": {"api", `
errored pytest |  | tests.test_collect at api/tests/test_collect.py:1: collection failure
passed pytest | tests.test_calls | test_missed
passed pytest | tests.test_calls | test_open[call0]
failed pytest | tests.test_calls | test_open[call1] at api/tests/test_calls.py:16: AssertionError: assert 'done' == 'open'
failed pytest | tests.test_calls.TestLabel | test_colours at api/tests/test_calls.py:22: AssertionError: assert '\x1b[31m' == 'plain'
skipped pytest | tests.test_calls.TestLabel | test_later: later & <never>
skipped pytest | tests.test_calls.TestLabel | test_known: pytest.xfail
errored pytest | tests.test_calls | test_with_broken_fixture at api/tests/test_calls.py:35: failed on setup with "RuntimeError: no database: password=hunter2"
passed pytest | tests.test_calls | test_property
3 passed, 4 failed, 2 skipped, 0 flaky, `},
		"playwright-retries": {"ui", `
passed page.spec.js [chromium] | page.spec.js | page › opens
flaky page.spec.js [chromium] | page.spec.js | page › is flaky at ui/e2e/page.spec.js:5 x2: expect(received).toBe(expected) // Object.is equality
failed page.spec.js [chromium] | page.spec.js | page › fails at ui/e2e/page.spec.js:6 x2: expect(received).toBe(expected) // Object.is equality
skipped page.spec.js [chromium] | page.spec.js | page › later
skipped page.spec.js [chromium] | page.spec.js | page › fixme
passed page.spec.js [firefox] | page.spec.js | page › opens
flaky page.spec.js [firefox] | page.spec.js | page › is flaky at ui/e2e/page.spec.js:5 x2: expect(received).toBe(expected) // Object.is equality
failed page.spec.js [firefox] | page.spec.js | page › fails at ui/e2e/page.spec.js:6 x2: expect(received).toBe(expected) // Object.is equality
skipped page.spec.js [firefox] | page.spec.js | page › later
skipped page.spec.js [firefox] | page.spec.js | page › fixme
4 passed, 2 failed, 4 skipped, 2 flaky, `},
		"gotestsum": {"", `
failed example.org/calls | example.org/calls | TestBad/sub/one x3: calls_test.go:4: got �[31m1��, want 2
failed example.org/calls | example.org/calls | TestBad x3: Failed
flaky example.org/calls | example.org/calls | TestFlaky x2: calls_test.go:6: first
skipped example.org/calls | example.org/calls | TestLater: calls_test.go:5: later
passed example.org/calls | example.org/calls | TestGood
2 passed, 2 failed, 1 skipped, 1 flaky, `},
		"surefire": {"", `
passed com.shape.CircleTest | com.shape.CircleTest | area
skipped com.shape.CircleTest | com.shape.CircleTest | later: not yet
flaky com.shape.CircleTest | com.shape.CircleTest | radius x2: Radius is wrong
failed com.shape.CircleTest | com.shape.CircleTest | colour x2: no <colour>
2 passed, 1 failed, 1 skipped, 1 flaky, 16m41.5s`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := junit.ReadFile(filepath.Join("testdata", name+".xml"), place.Place{Project: "/home/dev/iact", Dir: c.dir})
			if err != nil {
				t.Fatal(err)
			}
			if got := told(r); !strings.HasPrefix(got, c.want[1:]) {
				t.Errorf("got\n%s\nwant\n%s", got, c.want[1:])
			}
			if r.Duration <= 0 || r.Check() != nil {
				t.Errorf("took %v, %v", r.Duration, r.Check())
			}
			for _, test := range r.Cases {
				if test.State == junit.Failed && !strings.Contains(test.Detail, "\n") {
					t.Errorf("%s has no trace: %q", test.Name, test.Detail)
				}
			}
		})
	}
}

func TestWhatProgramsLeaveOutOrDoInTheirOwnWayIsUnderstood(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ document, want string }{
		"nothing but a test": {`<testsuite><testcase/></testsuite>`, "passed  |  | (no name)\n"},
		"nested suites": {`<testsuites><testsuite name="a" file="src/a.js"><testsuite name="b"><testcase name="t"/></testsuite><testcase name="u"/></testsuite></testsuites>`,
			"passed a / b |  | t at ui/src/a.js:0\npassed a |  | u at ui/src/a.js:0\n"},
		"a suite that failed as a whole": {`<testsuite name="a"><error message="no set-up"/><testcase name="t"/></testsuite>`, "errored a |  | a: no set-up\npassed a |  | t\n"},
		"several failures of one test":   {`<testsuite><testcase name="t"><failure>one</failure><error>two</error></testcase></testsuite>`, "errored  |  | t: one\n"},
		"tests that were not run":        {`<testsuite><testcase name="t" status="notrun"/></testsuite>`, "skipped  |  | t\n"},
		"a failure within the output":    {`<testsuite><testcase name="t"><system-out>&lt;failure/&gt;</system-out></testcase></testsuite>`, "passed  |  | t\n"},
		"times that are none":            {`<testsuite time="NaN"><testcase name="t" time="-1"/><testcase name="u" time="x"/></testsuite>`, "passed  |  | t\npassed  |  | u\n"},
		"one name, two tests, one of which failed": {`<testsuite><testcase name="t"><failure/></testcase><testcase name="t"/></testsuite>`,
			"failed  |  | t\npassed  |  | t\n"},
		"a path that leaves the project": {`<testsuite><testcase name="t" file="../../etc/x.js"/></testsuite>`, "passed  |  | t at ../../etc/x.js:0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := told(parse(t, c.document)); !strings.HasPrefix(got, c.want) {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestTheClassOfAPlaywrightTestIsItsFileWhereThereIsOne(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	if err := os.WriteFile(filepath.Join(project, "here.spec.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := junit.Parse(strings.NewReader(`<testsuite><testcase name="t" classname="here.spec.js"/><testcase name="t" classname="gone.spec.js"/></testsuite>`), place.Place{Project: project})
	if err != nil || r.Cases[0].File != "here.spec.js" || r.Cases[1].File != "" {
		t.Errorf("%v: %+v", err, r.Cases)
	}
}

func TestAReportThatIsNoneSaysWhatItIs(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/jest.xml")
	if err != nil {
		t.Fatal(err)
	}
	for document, want := range map[string]string{
		"":                                "read JUnit report: it is empty",
		" \n":                             "read JUnit report: it is empty",
		"<html/>":                         "its first element is <html>",
		"<testsuite></testsuites>":        "it is no well-formed XML",
		string(whole[:len(whole)-5]):      "it is cut off at line",
		string(whole[:len(whole)/2]):      "it is cut off at line",
		"Error: no tests\n<testsuite/>\n": "",
	} {
		_, err := junit.Parse(strings.NewReader(document), place.Place{})
		if want == "" {
			if err != nil {
				t.Errorf("%.20q: %v", document, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%.20q: got %v, want %s, with a hint", document, err, want)
		}
	}
	if _, err := junit.ReadFile(filepath.Join(t.TempDir(), "none.xml"), place.Place{}); !errors.Is(err, junit.ErrMissing) || fault.Hint(err) == "" {
		t.Errorf("no file: %v", err)
	}
}

func TestAReportWithoutATestIsAFailure(t *testing.T) {
	t.Parallel()
	for document, is := range map[string]bool{
		`<testsuites/>`: true,
		`<testsuites><testsuite name="pytest" tests="0"/></testsuites>`:          true,
		`<testsuite><testcase name="t"><skipped/></testcase></testsuite>`:        true,
		`<testsuite><testcase name="t"><failure/></testcase></testsuite>`:        false,
		`<testsuite><testcase name="t"/><testcase status="notrun"/></testsuite>`: false,
	} {
		err := parse(t, document).Check()
		if errors.Is(err, junit.ErrNoTests) != is || is && fault.Code(err) != fault.Invalid {
			t.Errorf("%s: %v", document, err)
		}
	}
}

func TestATraceIsKeptWithItsBeginningAndItsEnd(t *testing.T) {
	t.Parallel()
	r := parse(t, `<testsuite><testcase name="t"><failure>first`+strings.Repeat(" middle", 20_000)+" last</failure></testcase></testsuite>")
	detail := r.Cases[0].Detail
	if len(detail) > 17<<10 || !strings.HasPrefix(detail, "first") || !strings.HasSuffix(detail, "last") || !strings.Contains(detail, "bytes …") {
		t.Errorf("%d bytes: %.20q … %q", len(detail), detail, detail[len(detail)-20:])
	}
	if got := len([]rune(r.Cases[0].Message)); got > 301 {
		t.Errorf("the message has %d characters", got)
	}
	many := parse(t, "<testsuite>"+strings.Repeat(`<testcase name="t"><failure>`+strings.Repeat("x", 16<<10)+"</failure></testcase>", 140)+"</testsuite>")
	sum := 0
	for _, c := range many.Cases {
		sum += len(c.Detail)
	}
	if sum > 2<<20+16<<10 || many.Failed != 140 || many.Cases[139].Message == "" {
		t.Errorf("%d bytes of traces are kept of %d failures", sum, many.Failed)
	}
}

func TestATestThatFailedAndThenPassedIsFlaky(t *testing.T) {
	t.Parallel()
	suite := func(tests ...string) junit.Report {
		return parse(t, `<testsuite name="s" time="1">`+strings.Join(tests, "")+"</testsuite>")
	}
	pass := func(name string) string { return fmt.Sprintf(`<testcase classname="c" name="%s"/>`, name) }
	fail := func(name string) string {
		return fmt.Sprintf(`<testcase classname="c" name="%s"><failure message="no"/></testcase>`, name)
	}
	skip := `<testcase classname="c" name="skip"><skipped/></testcase>`
	merged := junit.MergeAttempts(
		suite(pass("good"), fail("flaky"), fail("bad"), fail("gone"), fail("twin"), pass("twin"), pass("worse"), skip, fail("shy")),
		suite(pass("flaky"), fail("bad"), pass("twin"), fail("twin"), fail("worse"), pass("fresh"), skip, `<testcase classname="c" name="shy"><skipped/></testcase>`),
	)
	want := `passed s | c | good
flaky s | c | flaky x2: no
failed s | c | bad x2: no
failed s | c | gone: no
failed s | c | twin x2: no
failed s | c | twin x2: no
failed s | c | worse x2: no
skipped s | c | skip
failed s | c | shy x2: no
passed s | c | fresh
3 passed, 6 failed, 1 skipped, 1 flaky, 2s
`
	if got := told(merged); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if third := junit.MergeAttempts(merged, suite(pass("bad"))); third.Cases[2].State != junit.Flaky || third.Cases[2].Attempts != 3 {
		t.Errorf("the third attempt makes it %+v", third.Cases[2])
	}
}

func TestACleanReportHasNoSecretAndTheOneItWasMadeFromStays(t *testing.T) {
	t.Parallel()
	r := parse(t, `<testsuite><testcase name="with s3cret"><failure message="s3cret">at s3cret</failure></testcase></testsuite>`)
	clean := r.Clean(func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") })
	if got := fmt.Sprint(clean); strings.Contains(got, "s3cret") || strings.Count(got, "***") != 3 || !strings.Contains(fmt.Sprint(r), "s3cret") {
		t.Errorf("got %s of %v", got, r)
	}
}

func TestTheSlowestTestsComeFirst(t *testing.T) {
	t.Parallel()
	r := parse(t, `<testsuite><testcase name="a" time="1"/><testcase name="b" time="3"/><testcase name="c" time="2"/></testsuite>`)
	slow := r.Slowest(2)
	if len(slow) != 2 || slow[0].Name != "b" || slow[1].Name != "c" || slow[0].Duration != 3*time.Second {
		t.Errorf("got %+v", slow)
	}
	if got := r.Slowest(9); len(got) != 3 {
		t.Errorf("%d of three tests", len(got))
	}
}

func TestTheMergedDocumentIsReadAsWhatItWasMadeFrom(t *testing.T) {
	t.Parallel()
	var suites []junit.Suite
	var reports []junit.Report
	for _, name := range []string{"jest", "pytest-xunit1", "playwright-retries", "gotestsum"} {
		r, err := junit.ReadFile("testdata/"+name+".xml", place.Place{Project: "/home/dev/iact", Dir: "ui"})
		if err != nil {
			t.Fatal(err)
		}
		suites = append(suites, junit.Suite{Name: name, Report: r})
		reports = append(reports, r)
	}
	var first, second strings.Builder
	if err := errors.Join(junit.Write(&first, suites...), junit.Write(&second, suites...)); err != nil || first.String() != second.String() {
		t.Fatalf("two writings differ, %v", err)
	}
	back, err := junit.Parse(strings.NewReader(first.String()), place.Place{Project: "/home/dev/iact"})
	if err != nil {
		t.Fatal(err)
	}
	all := junit.Merge(reports...)
	if back.Passed != all.Passed || back.Failed != all.Failed || back.Skipped != all.Skipped || back.Flaky != all.Flaky {
		t.Errorf("got %d, %d, %d, %d of\n%s", back.Passed, back.Failed, back.Skipped, back.Flaky, told(all))
	}
	for i, c := range back.Cases {
		was := all.Cases[i]
		// The line of a Python test counts from 0 in a report, and no other program writes it so.
		if c.Name != was.Name || c.State != was.State || c.File != was.File || max(1, c.Attempts) != max(1, was.Attempts) || c.Message != was.Message {
			t.Errorf("got %+v, want %+v", c, was)
		}
	}
}

func TestTheMergedDocumentIsWhatItsReadersExpect(t *testing.T) {
	t.Parallel()
	r := parse(t, `<testsuite name="s" time="1.5"><testcase classname="c" name="a&amp;b" file="src/a.js" line="3" time="0.25"><failure message="no &lt;x&gt;">trace</failure></testcase><testcase name="u"/></testsuite>`)
	var b strings.Builder
	if err := junit.Write(&b, junit.Suite{Name: "ui:unit", Report: r}); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="iact" tests="2" failures="1" errors="0" skipped="0" time="1.500">
  <testsuite name="ui:unit" tests="2" failures="1" errors="0" skipped="0" time="1.500">
    <testcase name="a&amp;b" classname="c" file="ui/src/a.js" line="3" time="0.250">
      <failure message="no &lt;x&gt;" type="failed">trace</failure>
    </testcase>
    <testcase name="u" classname="s" time="0.000"/>
  </testsuite>
</testsuites>
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
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
	f.Fuzz(func(t *testing.T, document []byte) {
		r, err := junit.Parse(strings.NewReader(string(document)), place.Place{Project: "/home/dev/iact", Dir: "ui"})
		if err != nil {
			return
		}
		if r.Passed+r.Failed+r.Skipped != len(r.Cases) || r.Duration < 0 {
			t.Errorf("%d cases: %+v", len(r.Cases), r)
		}
		var b strings.Builder
		if err := junit.Write(&b, junit.Suite{Name: "again", Report: r}); err != nil {
			t.Fatal(err)
		}
		back, err := junit.Parse(strings.NewReader(b.String()), place.Place{})
		if err != nil || len(back.Cases) != len(r.Cases) || back.Failed != r.Failed {
			t.Errorf("%v: got %s want %s from\n%s", err, told(back), told(r), b.String())
		}
	})
}
