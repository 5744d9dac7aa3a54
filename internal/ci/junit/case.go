package junit

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"iact-infra/internal/report"
)

// key is what a test is known by.
type key struct{ suite, class, name string }

func (c Case) key() key { return key{c.Suite, c.Class, c.Name} }

// bad tells whether a test did not end well.
func (c Case) bad() bool { return c.State == Failed || c.State == Errored }

func (p *parser) openTest(a map[string]string) {
	c := Case{Name: oneLine(a["name"]), Class: oneLine(a["classname"]), Duration: seconds(a["time"]), State: Passed}
	file := a["file"]
	if len(p.suites) > 0 {
		c.Suite = p.suites[len(p.suites)-1].name
		file = first(file, p.suites[len(p.suites)-1].file)
	}
	if c.Name == "" {
		c.Name = first(c.Class, c.Suite, "(no name)")
	}
	if file == "" && isSource(c.Class) && p.at.Exists(p.at.Path(c.Class)) {
		file = c.Class // Playwright's
	}
	if file != "" {
		c.File = p.at.Path(file)
	}
	if n, err := strconv.Atoi(a["line"]); err == nil && n >= 0 && n < 1<<30 && c.File != "" {
		c.Line = n
		if path.Ext(c.File) == ".py" {
			c.Line++ // pytest counts lines from 0
		}
	}
	if status := first(a["status"], a["result"]); status == "notrun" || status == "disabled" || status == "skipped" {
		c.State = Skipped
	}
	p.test = &c
}

func isSource(name string) bool {
	switch path.Ext(name) {
	case ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".py":
		return true
	}
	return false
}

func (p *parser) close(name string) {
	switch {
	case p.note != nil && name == p.note.kind:
		p.apply(*p.note)
		p.note = nil
		if len(p.open) > 0 && p.open[len(p.open)-1] == "testsuite" {
			p.keep() // of the suite as a whole
		}
	case name == "testcase" && p.test != nil && p.note == nil:
		p.keep()
	case name == "testsuite" && len(p.suites) > 0:
		p.suites = p.suites[:len(p.suites)-1]
	}
}

// apply says of the open test what a failure, an error or a skip says.
func (p *parser) apply(n note) {
	c, text := p.test, n.text.String()
	attempts := max(1, c.Attempts)
	switch n.kind {
	case "skipped", "disabled":
		if c.State == Passed {
			c.State = Skipped
			c.Message = headline(first(n.message, text, n.class))
		}
		return
	case "failure":
		if c.State != Errored {
			c.State = Failed
		}
	case "error":
		c.State = Errored
	case "rerunFailure", "rerunError":
		c.Attempts = attempts + 1
		return
	case "flakyFailure", "flakyError":
		c.Attempts = attempts + 1
		if !c.bad() {
			c.State = Flaky
		}
	}
	if c.Message == "" {
		c.Message = headline(n.message)
		if c.Message == "" || c.Message == "Failed" {
			c.Message = first(headline(text), c.Message, oneLine(n.class))
		}
	}
	if c.Detail == "" && p.left > 0 {
		c.Detail = text
		p.left -= len(text)
	}
	if file, line := p.locate(c.File, text); file != "" {
		c.File, c.Line = file, line
	}
}

// keep puts the open test into the report. Where a program writes each attempt
// down as a test of its own, the last one counts.
func (p *parser) keep() {
	c := *p.test
	p.test = nil
	again := c.Class == "Test suite failed to run" || // jest-junit says it twice
		len(p.suites) > 0 && p.suites[len(p.suites)-1].goTest // names are unique in a Go package
	if !again {
		p.report.Cases = append(p.report.Cases, c)
		return
	}
	at, was := p.seen[c.key()]
	if !was {
		p.seen[c.key()] = len(p.report.Cases)
		p.report.Cases = append(p.report.Cases, c)
		return
	}
	earlier := &p.report.Cases[at]
	switch {
	case c.Class == "Test suite failed to run":
	case earlier.bad() && c.State == Passed:
		earlier.State = Flaky
		fallthrough
	case earlier.bad():
		earlier.Attempts = max(1, earlier.Attempts) + 1
	default:
		c.Attempts = max(1, earlier.Attempts) + 1
		*earlier = c
	}
}

// headline is the first line of a text that says something.
func headline(text string) string {
	for line := range strings.Lines(text) {
		line = oneLine(line)
		noise := line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ")
		if !noise {
			return line
		}
	}
	return ""
}

func oneLine(text string) string {
	line := report.Clean(text)
	if utf8.RuneCountInString(line) > messageRunes {
		line = string([]rune(line)[:messageRunes]) + "…"
	}
	return line
}

// tail keeps the beginning and the end of a trace: the one has the assertion,
// the other the place.
type tail struct {
	head, end []byte
	left      int
}

func (t *tail) add(text []byte) {
	if room := detailOfCase/2 - len(t.head); room > 0 {
		n := min(room, len(text))
		t.head = append(t.head, text[:n]...)
		text = text[n:]
	}
	t.end = append(t.end, text...)
	if over := len(t.end) - detailOfCase/2; over > 0 {
		t.left += over
		t.end = append(t.end[:0], t.end[over:]...)
	}
}

func (t *tail) String() string {
	text := string(t.head)
	if t.left > 0 {
		text += fmt.Sprintf("\n… %d bytes …\n", t.left)
	}
	return strings.TrimSpace(strings.ToValidUTF8(text+string(t.end), ""))
}
