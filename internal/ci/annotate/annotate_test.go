package annotate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/annotate"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
)

const secret = "s3cr3t-w0rd"

// write is what a system's log gets.
func write(system annotate.System, lang string, does func(annotate.Log)) string {
	var b strings.Builder
	does(annotate.Log{To: &b, System: system, Lang: lang,
		Clean: func(text string) string { return strings.ReplaceAll(text, secret, "***") },
		Now:   func() time.Time { return time.Unix(1700000000, 0) }})
	return b.String()
}

func TestASystemIsToldFromItsEnvironment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		want        annotate.System
	}{
		{"GITHUB_ACTIONS", "true", annotate.GitHub},
		{"GITLAB_CI", "true", annotate.GitLab},
		{"JENKINS_URL", "https://ci.example.org/", annotate.Jenkins},
		{"GITHUB_ACTIONS", "", annotate.None},
		{"CI", "true", annotate.None},
	} {
		got := annotate.Detect(func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		})
		if got != c.want {
			t.Errorf("%s=%s is %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func TestAFoldIsWrittenAsItsSystemReadsIt(t *testing.T) {
	t.Parallel()
	for system, want := range map[annotate.System]string{
		annotate.GitHub:  "::group::ui: 100%25 *** done\n  text\n::endgroup::\n",
		annotate.GitLab:  "\x1b[0Ksection_start:1700000000:ui_unit_1[collapsed=true]\r\x1b[0Kui: 100% *** done\n  text\n\x1b[0Ksection_end:1700000000:ui_unit_1\r\x1b[0K\n",
		annotate.Jenkins: "== ui: 100% *** done\n  text\n",
		annotate.None:    "== ui: 100% *** done\n  text\n",
	} {
		got := write(system, "en", func(l annotate.Log) {
			l.Open("ui:unit/1", "ui: 100% "+secret+"\ndone")
			l.Text("  text\n")
			l.Close("ui:unit/1")
		})
		if got != want {
			t.Errorf("%s: got %q, want %q", system, got, want)
		}
	}
}

func TestWhatAProgramPrintsIsNoCommandAndNoSecret(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		"::error::made up", " \t::stop-commands::x", "\x1b[1m::set-output name=a::b", "\u00a0::add-mask::x", "see ##[error]x", "a::b", "\x1b[0Ksection_start:1:x\r\x1b[0K",
		"it is " + secret, "it is s3cr3t\x1b[31m-w0rd", "it is s3cr3t\r-w0rd", "bytes \xff",
	}, "\n")
	got := write(annotate.GitHub, "en", func(l annotate.Log) { l.Text(text) })
	for line := range strings.Lines(got) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.ContainsAny(line, "\x1b\r") {
			t.Errorf("a command: %q", line)
		}
	}
	if strings.Contains(got, secret) || strings.Count(got, "it is ***") != 3 {
		t.Errorf("a secret:\n%s", got)
	}
	if !strings.Contains(got, "a::b\n") || !strings.Contains(got, `bytes \xff`) {
		t.Errorf("got\n%s", got)
	}
}

// failed is a run in which something of everything went wrong.
func failed() outcome.Run {
	return outcome.Run{Jobs: []outcome.Job{
		{Name: "ui:lint", State: outcome.Warned, Why: "eslint found 2 errors", Findings: []findings.Finding{
			{Tool: "eslint", Rule: "no-console", Level: findings.Warning, Path: "ui/src/a,b:c.js", Line: 4, Column: 3, Message: "Unexpected 100% " + secret},
			{Tool: "eslint", Level: findings.Error, Path: "ui/src/x.js", Message: "Parsing error"},
			{Tool: "shellcheck", Rule: "SC1", Level: findings.Note, Path: "/etc/profile", Line: 1, Message: "outside"},
		}},
		{Name: "ui:unit", State: outcome.Failed, Exit: 1, Commands: []string{"npx jest --token " + secret}, Tail: "FAIL\n::error::no", Duration: 3210 * time.Millisecond,
			Advice: &outcome.Advice{Symptom: "C07", Cause: "the cause", Fix: "the fix"},
			Tests: &junit.Report{Cases: []junit.Case{
				{Name: "good", State: junit.Passed},
				{Name: "bad", State: junit.Failed, File: "ui/src/a.test.js", Line: 8, Message: "expected", Detail: "at x\n  at " + secret},
				{Name: "shy", State: junit.Flaky, File: "ui/src/a.test.js", Line: 9, Message: "timeout", Attempts: 2},
			}}},
		{Name: "ui:build", State: outcome.Blocked, Why: "ui:unit has failed"},
		{Name: "api:unit", State: outcome.Passed},
	}}
}

func TestTheMostImportantIsAnnotatedFirst(t *testing.T) {
	t.Parallel()
	got := write(annotate.GitHub, "en", func(l annotate.Log) { l.Below = "sub"; l.Marks(failed()) })
	want := `::warning title=ui%3Alint::eslint found 2 errors
::error title=ui%3Aunit::failed with exit code 1%0AC07: the cause%0Athe fix
::error file=sub/ui/src/a.test.js,line=8,title=ui%3Aunit%3A bad::expected%0A%0Aat x%0A  at ***
::error file=sub/ui/src/x.js,title=eslint::Parsing error
::warning file=sub/ui/src/a.test.js,line=9,title=ui%3Aunit%3A shy::flaky: it passed at attempt 2; before that: timeout
::warning file=sub/ui/src/a%2Cb%3Ac.js,line=4,col=3,title=eslint no-console::Unexpected 100%25 ***
::notice title=shellcheck SC1::/etc/profile: outside
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	spanish := write(annotate.GitLab, "es", func(l annotate.Log) { l.Marks(failed()) })
	for _, line := range []string{"error: ui:unit: falló con el código 1\n", "ui/src/a.test.js:8: error: ui:unit: bad: expected\n", "inestable: pasó en el intento 2; antes: timeout\n", "/etc/profile:1: note: shellcheck SC1: outside\n"} {
		if !strings.Contains(spanish, line) {
			t.Errorf("no %q in\n%s", line, spanish)
		}
	}
	if got := write(annotate.None, "en", func(l annotate.Log) { l.Marks(failed()) }); got != "" {
		t.Errorf("at home: %q", got)
	}
}

func TestWhatGitHubWouldDropIsCounted(t *testing.T) {
	t.Parallel()
	run := outcome.Run{Jobs: []outcome.Job{{Name: "ui:lint", State: outcome.Passed}}}
	for level, n := range map[findings.Level]int{findings.Error: 12, findings.Warning: 10, findings.Note: 30} {
		for i := range n {
			run.Jobs[0].Findings = append(run.Jobs[0].Findings, findings.Finding{Tool: "eslint", Level: level, Path: fmt.Sprintf("%d.js", i), Message: "m"})
		}
	}
	got := write(annotate.GitHub, "en", func(l annotate.Log) { l.Marks(run) })
	for name, want := range map[string]int{"::error ": 10, "::warning ": 10, "::notice ": 10} {
		if n := strings.Count(got, name); n != want {
			t.Errorf("%d of %s, want %d", n, name, want)
		}
	}
	if !strings.HasSuffix(got, "::notice title=ci::There is more than fits here: 2 errors, 0 warnings and 21 notes. They are in the report.\n") {
		t.Errorf("got\n%s", got)
	}
	run.Jobs[0].Findings = run.Jobs[0].Findings[:1]
	if got := write(annotate.GitHub, "es", func(l annotate.Log) { l.Marks(run) }); strings.Count(got, "\n") != 1 {
		t.Errorf("one finding:\n%s", got)
	}
}

func TestAJobIsAFoldWithTheEndOfItsOutput(t *testing.T) {
	t.Parallel()
	got := write(annotate.GitHub, "en", func(l annotate.Log) { l.Jobs(failed()) })
	want := "::group::ui:unit: failed (3.2s)\n$ npx jest --token ***\nFAIL\n:\u200b:error::no\n::endgroup::\n"
	if !strings.Contains(got, want) || strings.Count(got, "::group::") != 4 || strings.Count(got, "::endgroup::") != 4 {
		t.Errorf("got\n%s", got)
	}
}

func TestALongMessageIsCutAtACharacter(t *testing.T) {
	t.Parallel()
	run := outcome.Run{Jobs: []outcome.Job{{Name: "a", State: outcome.Failed, Why: "x" + strings.Repeat("é", 5000)}}}
	got := write(annotate.GitHub, "en", func(l annotate.Log) { l.Marks(run) })
	if len(got) > 5000 || !strings.HasSuffix(got, "é …\n") {
		t.Errorf("%d bytes, the end is %q", len(got), got[len(got)-10:])
	}
}

func FuzzMarksAreOneCommandEach(f *testing.F) {
	f.Add("a\n::error::x", "b,c:%\r", "\x1b[31m"+secret)
	f.Fuzz(func(t *testing.T, message, path, title string) {
		run := outcome.Run{Jobs: []outcome.Job{{Name: title, State: outcome.Failed, Why: message, Tail: message,
			Findings: []findings.Finding{{Tool: title, Level: findings.Error, Path: path, Message: message}}}}}
		got := write(annotate.GitHub, "en", func(l annotate.Log) { l.Marks(run) })
		if strings.Count(got, "\n") != 2 || strings.Count(got, "\n::error ") != 1 || strings.ContainsAny(got, "\r\x1b") || strings.Contains(got, secret) {
			t.Errorf("got %q", got)
		}
	})
}
