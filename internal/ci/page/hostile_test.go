package page_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
)

// hostile is a text that attacks all that shows it: as HTML, as Markdown, as a
// terminal, and with a secret.
const hostile = "\x1b[31m\x1b]0;title\a<script>alert(1)</script>\"><img src=x onerror=alert(1)>' | `a` ```` </details>\x00\x9b2J\xff\u202e\u2028 tok\x1b[1men-hunter2-9999 </style> {{.}} [x](javascript:alert(1)) \r\n"

// infect puts it into every string of a run, after what was there.
func infect(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			infect(v.Elem())
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			infect(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			infect(v.Index(i))
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(v.String() + hostile)
		}
	}
}

func hideToken(s string) string { return strings.ReplaceAll(s, "token-hunter2-9999", "***") }

func TestWhateverProgramsSayTheyCannotLeaveTheirText(t *testing.T) {
	t.Parallel()
	run := failedRun()
	for _, j := range run.Jobs {
		if j.Tests != nil {
			j.Tests.Cases = append(j.Tests.Cases, junit.Case{Name: "errored", State: junit.Errored})
		}
	}
	infect(reflect.ValueOf(&run))
	opt := page.Options{Lang: "en", Clean: hideToken}
	out, root := made(t, run, opt)
	for _, tag := range []string{"script", "img", "iframe"} {
		if n := len(find(root, tag)); n > 0 {
			t.Errorf("there are %d <%s>", n, tag)
		}
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "href" && strings.Contains(a.Val, "javascript:") && !strings.HasPrefix(a.Val, "./") {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
	var summary, terminal bytes.Buffer
	if err := page.Summary(&summary, run, opt); err != nil {
		t.Fatal(err)
	}
	if err := page.Text(&terminal, run, opt); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"page": out, "summary": summary.String(), "text": terminal.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the %s shows a secret", name)
		}
		if !strings.Contains(text, "***") {
			t.Errorf("the %s has lost the text", name)
		}
		clean(t, name, text)
	}
	if got := unfenced(summary.String()); strings.Contains(got, "<img") || strings.Contains(got, "](") || strings.Contains(got, "`") {
		t.Errorf("the summary has markup of a program: %s", got)
	}
}

// clean finds what would move a cursor or turn a text.
func clean(t *testing.T, name, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("the %s is not UTF-8", name)
	}
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028') {
			t.Errorf("the %s holds %U", name, r)
			return
		}
	}
}

func TestAProgressBarIsShownAsItEnded(t *testing.T) {
	t.Parallel()
	run := failedRun()
	run.Jobs[4].Tail = "\n\tadded\x1b[K 1\radded 2\radded 1204 packages\r\n  \x1b[2mdone\x1b[22m \x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\\x1b(B\n\n"
	_, root := made(t, run, page.Options{Lang: "en"})
	if got := find(byID(t, root, "failures"), "pre")[0].FirstChild.Data; got != "added 1204 packages\n  done link" {
		t.Errorf("the log ends with %q", got)
	}
}

func FuzzWhatALogHoldsIsShownClean(f *testing.F) {
	f.Add(hostile)
	f.Add("\x1b]0;never ends\nnext")
	f.Add("\x1b[")
	f.Add("\u009b31m\x1bPq\x1b")
	f.Fuzz(func(t *testing.T, log string) {
		failed := job("ui:unit", 0, 0, 0, 1)
		failed.State, failed.Why, failed.Tail = outcome.Failed, log, log
		failed.Tests = &junit.Report{Failed: 1, Cases: []junit.Case{{Name: log, State: junit.Failed, Message: log, Detail: log}}}
		run := outcome.Run{ID: "1", Start: began(), Duration: seconds(1), Jobs: []outcome.Job{failed}}
		var text, summary bytes.Buffer
		if err := page.Text(&text, run, page.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := page.Summary(&summary, run, page.Options{}); err != nil {
			t.Fatal(err)
		}
		clean(t, "text", text.String())
		clean(t, "summary", summary.String())
		out, root := made(t, run, page.Options{})
		clean(t, "page", out)
		if n := len(find(root, "section")); n != 4 {
			t.Errorf("the page has %d sections, want 4", n)
		}
	})
}

// unfenced is a summary without the texts in its fences.
func unfenced(summary string) string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(summary) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case fence != "" && line == fence:
			fence = ""
		case fence == "" && strings.HasPrefix(line, "```"):
			fence = strings.TrimSuffix(line, "text")
		case fence == "":
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
