package ci_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
)

// suite is a line that writes a JUnit report of one test; bad is what it holds.
func suite(bad string) string {
	return fmt.Sprintf(`echo '<testsuite name="s"><testcase classname="c" name="one">%s</testcase></testsuite>' >"$IACT_REPORTS/junit.xml"`, bad)
}

const (
	junitXML = "junit: [$IACT_REPORTS/junit.xml]"
	lcovInfo = "coverage: [$IACT_REPORTS/lcov.info]"
	failure  = `<failure message="no"/>`
)

// lcov is a line that writes coverage of so many of ten lines of a source.
func lcov(hit int) string {
	text := `TN:\nSF:src.txt\n`
	for line := 1; line <= 10; line++ {
		text += fmt.Sprintf(`DA:%d,%d\n`, line, map[bool]int{true: 1}[line <= hit])
	}
	return `printf '` + text + `end_of_record\n' >"$IACT_REPORTS/lcov.info"`
}

func TestAFailedJobBlocksWhatNeedsItAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("deps", "", "echo broken beyond repair; exit 3"), job("unit", ""))
	r.section += component("b", "", job("deps", ""), job("unit", ""))
	r.put("project/b/src.txt", "")
	r.bad("ci:all", fault.Failed, "a:deps: run it: exit 3: broken beyond repair", "1 not run, since what they need has failed")
	r.runs("deps deps unit")
	r.states("a:deps=failed", "b:deps=passed", "b:unit=passed", "a:unit=blocked")
	if page := r.read(r.home() + "/index.html"); !strings.Contains(page, "broken beyond repair") || !strings.Contains(page, "./logs/a-deps.log") {
		t.Error("the page does not show the end of the log, with a link to all of it")
	}
}

func TestAResumedRunRunsOnlyWhatFailed(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("deps", ""), job("unit", "", "test -f ../../mended"), job("build", "needs: [unit]"))
	r.bad("ci:all", fault.Failed, "a:unit: run it: exit 1")
	r.runs("deps unit")
	r.put("mended", "")
	past, err := engine.Unfinished(r.path("checkout/.iact/journal"), "")
	must(t, err)
	p := r.process(false, past, "ci:all")
	defer p.close(r)
	if err := p.engine.Resume(t.Context(), false); err != nil {
		t.Fatalf("%v\n%s", err, p.all())
	}
	r.runs("build unit")
	r.states("a:deps=restored", "a:unit=passed", "a:build=passed")
}

func TestAnOptionalJobOnlyWarns(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("lint", "variant: audit, optional: true", "echo three holes; exit 1"), job("lint", ""))
	p := r.good("ci:lint")
	r.states("a:lint:audit=warned", "a:lint=passed")
	if !strings.Contains(p.said.String(), "a:lint:audit: failed, and only warns: run it: exit 1: three holes") {
		t.Errorf("it does not warn:\n%s", p.said.String())
	}
	r.ran()
	r.good("ci:lint")
	r.runs("lint") // what failed is tried again
}

func TestATestThatFailsFirstAndPassesThenIsFlaky(t *testing.T) {
	t.Parallel()
	once := `if test -f ../../tried; then ` + suite("") + `; else touch ../../tried; ` + suite(failure) + `; exit 1; fi`
	r := newRig(t, job("unit", "retries: 1, "+junitXML, once))
	p := r.good("ci:all")
	r.runs("unit unit")
	if did := r.outcome("a:unit"); did.State != outcome.Passed || did.Tests == nil || did.Tests.Flaky != 1 || did.Tests.Cases[0].Attempts != 2 {
		t.Errorf("it is remembered as %+v", did)
	}
	if !strings.Contains(p.said.String(), "1 flaky") || !strings.Contains(r.read(r.home()+"/summary.md"), "laky") {
		t.Errorf("the flaky test is not told:\n%s", p.said.String())
	}
	r.good("ci:all")
	r.runs("")
	if did := r.outcome("a:unit"); did.State != outcome.Restored || did.Tests.Flaky != 1 {
		t.Errorf("from the cache it is %+v", did)
	}
}

func TestATestThatFailsEachTimeHasFailed(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", "retries: 2, "+junitXML, suite(failure), "exit 1"))
	r.bad("ci:unit", fault.Failed, "a:unit: run it: exit 1; 1 of 1 tests failed")
	r.runs("unit unit unit")
}

func TestATestThatFailedIsAFailureWhateverTheExitCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", junitXML+", retries: 0", suite(failure)))
	r.bad("ci:unit", fault.Failed, "1 of 1 failed, although its command ended well")
}

func TestWhatAJobPromisedHasToBeThere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		job, stage, says string
	}{
		"no report of tests":  {job("unit", junitXML), "unit", "find the report of tests: $IACT_REPORTS/junit.xml was not made"},
		"no tests in it":      {job("unit", junitXML, `echo '<testsuites/>' >"$IACT_REPORTS/junit.xml"`), "unit", "no tests were found"},
		"a report cut off":    {job("unit", junitXML, `printf '<testsuites><testsuite' >"$IACT_REPORTS/junit.xml"`), "unit", "it is cut off"},
		"no coverage":         {job("unit", lcovInfo), "unit", "find the report of coverage: $IACT_REPORTS/lcov.info was not made"},
		"no findings":         {job("lint", `findings: ["flake8:$IACT_REPORTS/flake8.txt"]`), "lint", "find the report of findings"},
		"no output":           {job("unit", "outputs: [made]"), "unit", "look for what it makes: made is not there"},
		"an empty build":      {job("build", "outputs: [dist]", "mkdir dist; : >dist/app"), "build", "dist holds nothing"},
		"yesterday's build":   {job("build", "outputs: [dist]"), "build", "dist is not there"},
		"yesterday's reports": {job("unit", junitXML), "unit", "junit.xml was not made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.job)
			r.put("project/a/dist/.keep", "old")
			r.put("project/.iact-ci/a-unit/junit.xml", `<testsuite><testcase name="old"/></testsuite>`)
			r.bad("ci:"+c.stage, fault.Invalid, c.says)
			r.ran()
			r.bad("ci:"+c.stage, fault.Invalid, c.says)
			r.runs(c.stage) // it is not in the cache
		})
	}
}

func TestAThresholdIsHeldAgainstWhatTheCacheGivesAsWell(t *testing.T) {
	t.Parallel()
	one := job("unit", lcovInfo, lcov(7))
	r := newRig(t)
	r.section = component("a", ", coverage: 60", one)
	r.good("ci:all")
	r.runs("unit")
	r.section = component("a", ", coverage: 80", one)
	r.bad("ci:all", fault.Invalid, "70", "80")
	r.runs("")
	r.states("a:unit=failed")
	r.section = component("a", ", coverage: 70", one)
	r.good("ci:all")
	r.runs("")
}

func TestFindingsFailUnlessABaselineKnowsThem(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("lint", `findings: ["flake8:$IACT_REPORTS/flake8.txt"]`, `cp found "$IACT_REPORTS/flake8.txt"; test ! -s found`))
	r.put("project/a/found", "./src.txt:1:1: E999 one is wrong\n")
	r.bad("ci:lint", fault.Failed, "exit 1")
	did := r.outcome("a:lint")
	if len(did.Findings) != 1 || did.Findings[0].Path != "a/src.txt" {
		t.Fatalf("it found %+v", did.Findings)
	}
	r.section = "  baseline: " + r.path("baseline.json") + "\n" + r.section
	r.bad("ci:lint", fault.Usage, "read baseline")
	var b strings.Builder
	must(t, findings.BaselineOf(did.Findings).Write(&b))
	r.put("baseline.json", b.String())
	r.good("ci:lint")
	if did = r.outcome("a:lint"); did.Known != 1 || did.State != outcome.Passed {
		t.Errorf("it is remembered as %+v", did)
	}
	r.put("project/a/found", "./src.txt:1:1: E999 one is wrong\n./src.txt:2:1: E999 two is wrong\n")
	r.bad("ci:lint", fault.Failed)
	r.put("project/a/found", "./src.txt:1:1: E999 one is wrong\n")
	r.section = r.section[strings.Index(r.section, "\n")+1:]
	r.bad("ci:lint", fault.Failed, "exit 1") // what was kept with a baseline is no result without it
	r.put("project/a/found", "")
	r.good("ci:lint")
}

func TestWhyAJobEndedIsExplained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line, says string
		code       int
	}{
		"killed":        {"kill -9 $$", "exit 137: something ended it", fault.Failed},
		"said 137":      {"exit 137", "exit 137: something ended it with SIGKILL", fault.Failed},
		"no program":    {"no-such-program --version", "exit 127: a program is not there: ", fault.Missing},
		"wrote nothing": {"exit 4", "exit 4: it wrote nothing", fault.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, job("unit", "", c.line))
			r.bad("ci:unit", c.code, "a:unit: run it: "+c.says)
		})
	}
}

func TestAJobWithoutCommandsIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", ""))
	r.section = "    - {name: a, dir: gone, kind: custom, jobs: [{stage: unit, run: [\"true\"]}]}\n"
	r.bad("ci:unit", fault.Failed, "gone")
}

func TestTheReportOfAFreshProcessTellsTheLastOutcomeOfEachJob(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", junitXML+", "+lcovInfo, "echo said", suite(""), lcov(8)), job("build", "outputs: [dist]", "mkdir -p dist; echo app >dist/app"), "stage: artifacts")
	r.good("ci:unit")
	r.good("ci:artifacts")
	r.ran()
	must(t, os.Rename(r.path("checkout/.iact/ci/runs"), r.path("checkout/.iact/ci/away"))) // one that was pruned
	r.good("ci:unit")
	p, err := r.run(ci.Selection{To: r.path("report")}, "ci:report")
	if err != nil {
		t.Fatalf("%v\n%s", err, p.all())
	}
	r.runs("")
	for name, words := range map[string][]string{
		"index.html":       {"a:unit", "a:build", "a:artifacts", "</html>"},
		"logs/a-unit.log":  {"said\n"},
		"summary.md":       {"a:unit", "a:artifacts"},
		"junit.xml":        {`<testsuite name="a:unit" tests="1"`},
		"coverage.xml":     {`line-rate="0.8`, "a/src.txt"},
		"lcov.info":        {"SF:a/src.txt", "DA:8,1", "DA:9,0"},
		"findings.sarif":   {`"version"`},
		"codequality.json": {"[]"},
	} {
		text := r.read("report/" + name)
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("%s has no %s:\n%.2000s", name, word, text)
			}
		}
		if strings.HasSuffix(name, "json") || strings.HasSuffix(name, "sarif") {
			if !json.Valid([]byte(text)) {
				t.Errorf("%s is no JSON", name)
			}
		}
	}
	if kept, _ := filepath.Glob(r.path("checkout/.iact/ci/runs/*/" + page.RunFile)); len(kept) == 0 {
		t.Error("no run is kept")
	}
}
