package selftest

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestCountsEveryTestAndClosesWithThePlainLine(t *testing.T) {
	t.Parallel()
	out, seen := replay(t,
		`{"Action":"start","Package":"iact-infra/a"}`,
		`{"Action":"run","Package":"iact-infra/a","Test":"TestOne"}`,
		`{"Action":"output","Package":"iact-infra/a","Test":"TestOne","Output":"quiet when it passes\n"}`,
		`{"Action":"pass","Package":"iact-infra/a","Test":"TestOne","Elapsed":0.1}`,
		`{"Action":"run","Package":"iact-infra/a","Test":"TestTwo"}`,
		`{"Action":"output","Package":"iact-infra/a","Test":"TestTwo","Output":"    a_test.go:9: no database here\n"}`,
		`{"Action":"output","Package":"iact-infra/a","Test":"TestTwo","Output":"--- SKIP: TestTwo (0.00s)\n"}`,
		`{"Action":"skip","Package":"iact-infra/a","Test":"TestTwo","Elapsed":0}`,
		`{"Action":"pass","Package":"iact-infra/a","Elapsed":0.2}`,
		`{"Action":"start","Package":"iact-infra/untested"}`,
		`{"Action":"skip","Package":"iact-infra/untested","Elapsed":0}`,
	)
	if !strings.HasSuffix(out, "\n1 passed, 0 failed, 1 skipped\n") {
		t.Errorf("the closing line is missing:\n%s", out)
	}
	if !strings.Contains(out, "skipped: iact-infra/a TestTwo: a_test.go:9: no database here\n") {
		t.Errorf("the reason of the skip is missing:\n%s", out)
	}
	if strings.Contains(out, "quiet when it passes") {
		t.Errorf("a passed test is not quiet:\n%s", out)
	}
	if err := seen.problem(false); err != nil {
		t.Errorf("on a laptop: %v", err)
	}
	if err := seen.problem(true); err == nil {
		t.Error("a skipped test passes in CI")
	}
}

func TestAFailedTestIsShownInFull(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200_000)
	out, seen := replay(t,
		`{"Action":"run","Package":"p","Test":"TestBad"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"=== RUN   TestBad\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"    first\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"    `+long+`\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestBad","Elapsed":1}`,
		`{"Action":"output","Package":"p","Output":"FAIL\n"}`,
		`{"Action":"fail","Package":"p","Elapsed":1}`,
	)
	if !strings.Contains(out, "    first\n    "+long+"\n") {
		t.Errorf("its output is not whole: %.300s", out)
	}
	if !strings.HasSuffix(out, "failed: p TestBad\n0 passed, 1 failed, 0 skipped\n") || seen.problem(false) == nil {
		t.Errorf("counted %v, %v", seen.failed, seen.problem(false))
	}
}

func TestAPackageThatDiesOrDoesNotBuildCountsAsAFailure(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines []string
		want  []string
		shown string
	}{
		"killed inside a test": {
			lines: []string{
				`{"Action":"run","Package":"p","Test":"TestHangs"}`,
				`{"Action":"output","Package":"p","Output":"signal: killed\n"}`,
				`{"Action":"fail","Package":"p","Elapsed":3}`,
			},
			want: []string{"p TestHangs"}, shown: "signal: killed",
		},
		"outside of a test": {
			lines: []string{
				`{"Action":"run","Package":"p","Test":"TestOK"}`,
				`{"Action":"pass","Package":"p","Test":"TestOK"}`,
				`{"Action":"output","Package":"p","Output":"panic: in a goroutine\n"}`,
				`{"Action":"fail","Package":"p","Elapsed":3}`,
			},
			want: []string{"p"}, shown: "panic: in a goroutine",
		},
		"does not build": {
			lines: []string{
				`{"Action":"build-output","ImportPath":"p [p.test]","Output":"p/x.go:3:1: undefined: y\n"}`,
				`{"Action":"build-fail","ImportPath":"p [p.test]"}`,
				`{"Action":"start","Package":"p"}`,
				`{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}`,
			},
			want: []string{"p"}, shown: "p/x.go:3:1: undefined: y",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, seen := replay(t, test.lines...)
			var failed []string
			for _, id := range seen.failed {
				failed = append(failed, id.String())
			}
			if !slices.Equal(failed, test.want) || !strings.Contains(out, test.shown) {
				t.Errorf("failed %q, want %q and %q in:\n%s", failed, test.want, test.shown, out)
			}
		})
	}
}

func TestARunWithoutATestIsAProblem(t *testing.T) {
	t.Parallel()
	_, seen := replay(t, `{"Action":"start","Package":"p"}`, `{"Action":"skip","Package":"p","Elapsed":0}`)
	if err := seen.problem(false); err == nil || err.Error() != "no test ran" {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoEventIsShownAsItIs(t *testing.T) {
	t.Parallel()
	out, _ := replay(t, `go: downloading something`, `{"not":"an event"}`)
	if !strings.HasPrefix(out, "go: downloading something\n{\"not\":\"an event\"}\n") {
		t.Errorf("got %q", out)
	}
}

func replay(t *testing.T, lines ...string) (string, *results) {
	t.Helper()
	var out bytes.Buffer
	seen := newResults(&out)
	if err := seen.read(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	seen.summary()
	return out.String(), seen
}
