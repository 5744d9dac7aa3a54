package page

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/ci/outcome"
)

// summaryLimit keeps a summary below the 1 MiB that GitHub takes for a step.
const summaryLimit = 900 << 10

// Summary writes the run as Markdown for a job summary: what counts first, in a
// few lines, then tables, with failed tests folded in.
func Summary(w io.Writer, run outcome.Run, opt Options) error {
	v := viewOf(run, opt)
	s := summary{words: wordsIn(opt.Lang)}
	s.head(v)
	for _, part := range []func(view){s.failures, s.jobs, s.tests, s.coverage, s.findings, s.artifacts} {
		before := s.out.Len()
		part(v)
		if s.out.Len() > summaryLimit {
			s.out.Truncate(before)
			s.out.WriteString("\n" + md(s.of("cut")) + "\n")
			break
		}
	}
	_, err := s.out.WriteTo(w)
	return err
}

type summary struct {
	words
	out bytes.Buffer
}

func (s *summary) printf(format string, args ...any) { fmt.Fprintf(&s.out, format, args...) }

func (s *summary) title(key string) { s.printf("\n### %s\n\n", md(s.of(key))) }

// table writes the head of a table; a key that begins with > is a figure.
func (s *summary) table(keys ...string) {
	var names, rule []string
	for _, key := range keys {
		figure := strings.HasPrefix(key, ">")
		names = append(names, md(s.of(strings.TrimPrefix(key, ">"))))
		if figure {
			rule = append(rule, "---:")
		} else {
			rule = append(rule, "---")
		}
	}
	s.printf("| %s |\n| %s |\n", strings.Join(names, " | "), strings.Join(rule, " | "))
}

func (s *summary) row(cells ...string) {
	s.printf("| %s |\n", strings.Join(cells, " | "))
}

func mark(state outcome.State) string {
	switch state {
	case outcome.Passed:
		return "✅"
	case outcome.Restored:
		return "♻️"
	case outcome.Failed:
		return "❌"
	case outcome.Warned:
		return "⚠️"
	default:
		return "⏹️"
	}
}

func (s *summary) head(v view) {
	s.printf("## %s %s\n\n%s  \n", mark(v.State), md(v.Headline), md(v.Sub))
	var facts []string
	for _, t := range v.Tiles {
		fact := md(t.Name) + " **" + md(t.Value) + "**"
		if t.Note != "" {
			fact += " (" + md(t.Note) + ")"
		}
		facts = append(facts, fact)
	}
	s.printf("%s\n", strings.Join(facts, " · "))
}

func (s *summary) failures(v view) {
	if len(v.Failures) == 0 && len(v.Blocked) == 0 {
		return
	}
	s.title("failures")
	for _, f := range v.Failures {
		s.printf("- %s **%s**: %s\n", mark(f.State), md(f.Name), md(f.Why))
		if a := f.Advice; a != nil {
			s.printf("  - %s: %s\n  - %s: %s\n", md(s.of("cause")), md(a.Cause), md(s.of("fix")), md(a.Fix))
		}
	}
	if len(v.Blocked) > 0 {
		s.printf("- %s %s\n", md(s.of("blocked.jobs")), md(strings.Join(v.Blocked, ", ")))
	}
	for _, f := range v.Failures {
		if f.Tail != "" && f.State == outcome.Failed {
			s.fold(md(s.of("log.end"))+": "+md(f.Name), f.Tail)
		}
	}
}

func (s *summary) jobs(v view) {
	if len(v.Jobs) == 0 {
		return
	}
	s.title("jobs")
	if v.Timeline.Serial != "" {
		s.printf("%s %s\n\n", md(v.Timeline.Serial), md(v.Timeline.Saved))
	}
	s.table("job", "state", ">took", ">saved", ">tests")
	for _, j := range v.Jobs {
		s.row(md(j.Name), mark(j.State)+" "+md(j.Word), md(j.Time), md(j.Saved), md(j.Tests))
	}
	if v.MoreJobs != "" {
		s.printf("\n%s\n", md(v.MoreJobs))
	}
}

func (s *summary) tests(v view) {
	if v.Tests == nil {
		return
	}
	s.title("tests")
	s.table("job", ">tests.passed", ">tests.failed", ">tests.flaky", ">tests.skipped", ">took")
	for _, t := range v.Tests.Jobs {
		s.row(md(t.Job), fmt.Sprint(t.Passed), fmt.Sprint(t.Failed), fmt.Sprint(t.Flaky), fmt.Sprint(t.Skipped), md(t.Time))
	}
	const most = 100
	for _, t := range v.Tests.Failed[:min(len(v.Tests.Failed), most)] {
		text := t.Message
		if t.Detail != "" {
			text += "\n\n" + t.Detail
		}
		s.fold("❌ "+md(t.Name), text)
	}
	if n := len(v.Tests.Failed) - most; n > 0 {
		s.printf("\n%s\n", md(s.of("cut")))
	} else if v.Tests.More != "" {
		s.printf("\n%s\n", md(v.Tests.More))
	}
	for i, t := range v.Tests.Flaky {
		if i == 0 {
			s.printf("\n**%s.** %s\n\n", md(s.of("tests.flaky")), md(s.of("flaky.what")))
		}
		s.printf("- ⚠️ %s (%s)\n", md(t.Name), md(t.Job))
	}
}

func (s *summary) coverage(v view) {
	if v.Coverage == nil {
		return
	}
	s.title("coverage")
	s.table("component", ">lines", ">threshold", ">branches.head")
	for _, c := range v.Coverage.Rows {
		lines := md(c.Lines)
		if c.Below {
			lines = "❌ **" + lines + "**"
		}
		s.row(md(c.Name), lines, md(c.Threshold), md(c.Branches))
	}
}

func (s *summary) findings(v view) {
	if v.Findings == nil || v.Findings.All == 0 {
		return
	}
	s.title("findings")
	s.printf("%s. %s\n\n", md(s.number("n.findings", v.Findings.All)), md(v.Findings.Known))
	s.table("file", ">where", "level", "message", "rule")
	const most = 100
	shown := 0
	for _, f := range v.Findings.Files {
		for _, r := range f.Rows {
			if shown++; shown <= most {
				s.row(md(f.Path), r.Line, md(r.Word), md(r.Message), md(r.Rule))
			}
		}
	}
	if n := v.Findings.All - most; n > 0 {
		s.printf("\n%s\n", md(s.number("n.more", n)))
	}
}

func (s *summary) artifacts(v view) {
	if len(v.Artifacts) == 0 {
		return
	}
	s.title("artifacts")
	s.table("artifact", ">size", ">change", ">budget")
	for _, a := range v.Artifacts {
		budget := md(a.Used)
		if a.Over {
			budget = "❌ **" + budget + "**"
		}
		s.row(md(a.Name), md(a.Size), md(a.Change), budget)
	}
}

// fold writes a text that is unfolded by a click. The fence is longer than any in
// the text.
func (s *summary) fold(title, text string) {
	longest, run := 2, 0
	for _, r := range text {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	s.printf("\n<details><summary>%s</summary>\n\n%stext\n%s\n%s\n\n</details>\n", title, fence, text, fence)
}

// md makes a text plain in Markdown, wherever it stands: in a paragraph, in a cell
// of a table, or in HTML. Line breaks become blanks.
func md(text string) string {
	return strings.NewReplacer(
		"\n", " ", "&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "&#96;", "|", "&#124;", "$", "&#36;", "@", "&#64;",
		`\`, `&#92;`, "*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;", "~", "&#126;", "#", "&#35;",
	).Replace(text)
}
