package junit

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Suite is the report of one job, with its name.
type Suite struct {
	Name   string
	Report Report
}

// Write writes one document of several reports: a <testsuite> for each, in the
// order in which they are given. The readers of GitLab, Jenkins and the actions
// for GitHub take it. A flaky test has passed and holds a <flakyFailure>, as
// Surefire writes it.
func Write(w io.Writer, suites ...Suite) error {
	out := &writer{Writer: bufio.NewWriter(w)}
	var all figures
	for _, s := range suites {
		all.add(s.Report)
	}
	out.line(`<?xml version="1.0" encoding="UTF-8"?>`)
	out.line(`<testsuites name="iact"%s>`, all)
	for _, s := range suites {
		var own figures
		own.add(s.Report)
		out.line(`  <testsuite name="%s"%s>`, escape(s.Name), own)
		for _, c := range s.Report.Cases {
			out.test(c)
		}
		out.line(`  </testsuite>`)
	}
	out.line(`</testsuites>`)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	return nil
}

type writer struct{ *bufio.Writer }

// line writes a line; bufio keeps the first error for Flush.
func (w *writer) line(format string, values ...any) { fmt.Fprintf(w, format+"\n", values...) }

func (w *writer) test(c Case) {
	class := c.Class
	if class == "" {
		class = c.Suite
	}
	attrs := fmt.Sprintf(` name="%s" classname="%s"`, escape(c.Name), escape(class))
	if c.File != "" {
		attrs += fmt.Sprintf(` file="%s"`, escape(c.File))
		if c.Line > 0 {
			attrs += fmt.Sprintf(` line="%d"`, c.Line)
		}
	}
	attrs += ` time="` + inSeconds(c.Duration) + `"`
	element := map[State]string{Failed: "failure", Errored: "error", Skipped: "skipped", Flaky: "flakyFailure"}[c.State]
	switch element {
	case "":
		w.line(`    <testcase%s/>`, attrs)
		return
	case "skipped":
		w.line(`    <testcase%s><skipped message="%s"/></testcase>`, attrs, escape(c.Message))
		return
	}
	w.line(`    <testcase%s>`, attrs)
	w.line(`      <%s message="%s" type="%s">%s</%s>`, element, escape(c.Message), c.State, escape(c.Detail), element)
	again := "rerunFailure"
	if c.State == Flaky {
		again = "flakyFailure"
	}
	for range min(c.Attempts, 100) - 1 - strings.Count(element, "flaky") {
		w.line(`      <%s message="%s" type="%s"/>`, again, escape(c.Message), c.State)
	}
	w.line(`    </testcase>`)
}

// figures are the attributes that count tests.
type figures struct {
	tests, failures, errors, skipped int
	time                             time.Duration
}

func (f *figures) add(r Report) {
	for _, c := range r.Cases {
		f.tests++
		switch c.State {
		case Failed:
			f.failures++
		case Errored:
			f.errors++
		case Skipped:
			f.skipped++
		}
	}
	f.time += r.Duration
}

func (f figures) String() string {
	return fmt.Sprintf(` tests="%d" failures="%d" errors="%d" skipped="%d" time="%s"`, f.tests, f.failures, f.errors, f.skipped, inSeconds(f.time))
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// escape makes text fit for XML; what XML forbids becomes U+FFFD.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes all
	return b.String()
}
