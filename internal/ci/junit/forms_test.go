package junit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
)

func TestResultsThatJestWritesItselfAreRead(t *testing.T) {
	t.Parallel()
	r, err := junit.ReadFile("testdata/jest.json", place.Place{Project: "/home/dev/iact", Dir: "ui"})
	if err != nil {
		t.Fatal(err)
	}
	want := `passed ui/src/calls.test.js | label <of> a "call" | label <of> a "call" says missed & gone at ui/src/calls.test.js:2
failed ui/src/calls.test.js | label <of> a "call" | label <of> a "call" fails red at ui/src/calls.test.js:3 x3: Error: expect(received).toBe(expected) // Object.is equality
skipped ui/src/calls.test.js | label <of> a "call" | label <of> a "call" is for later at ui/src/calls.test.js:4
skipped ui/src/calls.test.js | label <of> a "call" | label <of> a "call" está por hacer at ui/src/calls.test.js:5
passed ui/src/calls.test.js | label <of> a "call" deep | label <of> a "call" deep knows 1 at ui/src/calls.test.js:6
passed ui/src/calls.test.js | label <of> a "call" deep | label <of> a "call" deep knows 2 at ui/src/calls.test.js:6
flaky ui/src/calls.test.js |  | is flaky at ui/src/calls.test.js:10 x2
errored ui/src/broken.test.js | Test suite failed to run | ui/src/broken.test.js at ui/src/broken.test.js:0: Jest encountered an unexpected token
errored ui/src/empty.test.js | Test suite failed to run | ui/src/empty.test.js at ui/src/empty.test.js:0: Your test suite must contain at least one test.
4 passed, 3 failed, 2 skipped, 1 flaky, 604ms
`
	if got := told(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d := r.Cases[1].Detail; !strings.Contains(d, "src/calls.test.js:3:92") {
		t.Errorf("the trace is %s", d)
	}
}

func TestEventsOfGoTestAreRead(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	for _, name := range []string{"calls/calls_test.go", "broken/b_test.go", "crash/c_test.go", "vetbad/b_test.go"} {
		file := filepath.Join(project, "phone", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := junit.ReadFile("testdata/go-test.json", place.Place{Project: project, Dir: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	named := func(state, of, name string) string {
		return state + " example.org/phone/" + of + " | example.org/phone/" + of + " | " + name
	}
	want := named("errored", "broken", "example.org/phone/broken") + ` at phone/broken/b_test.go:5: broken/b_test.go:5:28: undefined: undefined
` + named("passed", "calls", "TestGood") + `
` + named("skipped", "calls", "TestLater") + ` at phone/calls/calls_test.go:6: calls_test.go:6: later & <never>
` + named("failed", "calls", "TestBad/one") + ` at phone/calls/calls_test.go:8: calls_test.go:8: got \x1b[31m1\x1b[0m�, want 2
` + named("passed", "calls", "TestBad/two") + `
` + named("failed", "calls", "TestBad") + `: Failed
` + named("failed", "calls", "TestFlaky") + ` at phone/calls/calls_test.go:12: calls_test.go:12: first
` + named("passed", "crash", "TestOK") + `
` + named("failed", "crash", "TestPanics") + `: panic: assignment to entry in nil map [recovered, repanicked]
` + named("passed", "late", "TestOK") + `
` + named("errored", "late", "example.org/phone/late") + `: PASS
` + named("errored", "vetbad", "example.org/phone/vetbad") + ` at phone/vetbad/b_test.go:5: vetbad/b_test.go:5:40: fmt.Printf format %d has arg "x" of wrong type string
`
	if got := told(r); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if r.Passed != 4 || r.Failed != 7 || r.Skipped != 1 || r.Duration < 300*time.Millisecond || r.Duration > time.Second {
		t.Errorf("%d passed, %d failed, %d skipped in %v", r.Passed, r.Failed, r.Skipped, r.Duration)
	}
}

func TestWhatIsLeftOpenByAStoppedGoTestHasFailed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/go-test.json")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), `"Test":"TestBad/one"`)
	r := parse(t, "go: downloading example.org/x v1.0.0\n"+string(text[:at]))
	got := told(r)
	for _, want := range []string{"failed example.org/phone/calls | example.org/phone/calls | TestBad: ", "errored example.org/phone/calls | example.org/phone/calls | example.org/phone/calls: go test was stopped before it had ended"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}

func TestATestThatGoRunsTwiceIsOneTest(t *testing.T) {
	t.Parallel()
	r := parse(t, `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"T"}
{"Action":"fail","Package":"p","Test":"T"}
{"Action":"run","Package":"p","Test":"T"}
{"Action":"pass","Package":"p","Test":"T"}
{"Action":"fail","Package":"p"}
`)
	if got := told(r); got != "flaky p | p | T x2: Failed\n1 passed, 0 failed, 0 skipped, 1 flaky, 0s\n" {
		t.Error(got)
	}
}

func TestJSONThatIsNoReportSaysSo(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/jest.json")
	if err != nil {
		t.Fatal(err)
	}
	for document, want := range map[string]string{
		"{}":                          "it is JSON without testResults",
		`{"testResults": 1}`:          "testResults is no list",
		`{"testResults": [1]}`:        "cannot unmarshal",
		`{"testResults": [], }`:       "invalid character",
		string(whole[:len(whole)/2]):  "it is cut off",
		string(whole[:len(whole)-20]): "it is cut off",
	} {
		_, err := junit.Parse(strings.NewReader(document), place.Place{})
		if err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%.30q: got %v, want %s, with a hint", document, err, want)
		}
	}
	empty := parse(t, `{"coverageMap": {"a": [{"b": 1}, []]}, "testResults": [], "success": true}`)
	if empty.Check() == nil {
		t.Error("results without a test are fine")
	}
}
