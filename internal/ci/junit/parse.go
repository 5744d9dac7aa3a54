package junit

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/ci/lenient"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Causes that a caller can test for.
const (
	// ErrNoTests is the cause when a report has no test in it.
	ErrNoTests = command.Sentinel("no tests were found")
	// ErrMissing is the cause when the program has left no report.
	ErrMissing = command.Sentinel("there is no such file")
)

// How much of the traces is kept: a suite that fails as a whole repeats one trace
// thousands of times.
const (
	detailOfCase = 16 << 10
	detailOfAll  = 2 << 20
	messageRunes = 300
)

// ReadFile parses a file.
func ReadFile(name string, at place.Place) (Report, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Report{}, fault.New(fault.Invalid, "the tests ended before they wrote it, or write it elsewhere: read the job's log, and name the file in its reports",
			fmt.Errorf("read JUnit report %s: %w", name, ErrMissing))
	}
	if err != nil {
		return Report{}, fmt.Errorf("read JUnit report: %w", err)
	}
	defer f.Close()
	r, err := Parse(f, at)
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Parse reads a report in whichever of the three forms it is. The states are those
// of the tests themselves: what a program counts for a suite is not looked at.
func Parse(in io.Reader, at place.Place) (Report, error) {
	p := parser{at: at, left: detailOfAll, seen: map[key]int{}, frame: regexp.MustCompile(frame)}
	text := bufio.NewReaderSize(in, formSize)
	read := map[form]func(io.Reader) error{isXML: p.xml, isJest: p.jest, isGo: p.golang}[formOf(text)]
	if err := read(text); err != nil {
		return Report{}, fault.New(fault.Invalid, "run the tests again; the job's log says how they ended", err)
	}
	p.report.count()
	if p.total > 0 {
		p.report.Duration = p.total
	}
	return p.report, nil
}

// xml reads a document of JUnit.
func (p *parser) xml(in io.Reader) error {
	d := lenient.Decoder(in)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if p.begun {
				return nil
			}
			err = errors.New("it is empty: the program that wrote it was stopped, or the disk is full")
		}
		if err == nil {
			err = p.token(token)
		}
		if err != nil {
			return fmt.Errorf("read JUnit report: %w", lenient.Explain(err))
		}
	}
}

type parser struct {
	at     place.Place
	frame  *regexp.Regexp
	report Report
	total  time.Duration // as the outermost elements say
	timed  bool          // by the root
	left   int           // of the room for traces
	seen   map[key]int   // where a test stands that may come again

	open   []string // names of the elements that are open
	suites []suite
	test   *Case // the one that is open
	note   *note // a failure of it, being read
	begun  bool
	byRoot bool // Playwright: the suite's host is the project that the test ran in
}

type suite struct {
	name, file string
	goTest     bool
}

// note is a failure, an error or a skip of a test.
type note struct {
	kind, message, class string
	text                 tail
}

// token takes one token in.
func (p *parser) token(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		if len(p.open) == 0 && !p.rooted(token) {
			return fmt.Errorf("its first element is <%s>, and a JUnit report begins with <testsuites> or <testsuite>", token.Name.Local)
		}
		p.open = append(p.open, token.Name.Local)
		p.start(token)
	case xml.EndElement:
		p.open = p.open[:len(p.open)-1]
		p.close(token.Name.Local)
	case xml.CharData:
		if p.note == nil {
			break
		}
		if in := p.open[len(p.open)-1]; in == p.note.kind || in == "stackTrace" {
			p.note.text.add(token)
		}
	}
	return nil
}

// rooted begins a report.
func (p *parser) rooted(e xml.StartElement) bool {
	p.begun = true
	a := attributes(e)
	_, p.byRoot = a["id"]
	p.byRoot = p.byRoot && e.Name.Local == "testsuites"
	return e.Name.Local == "testsuites" || e.Name.Local == "testsuite"
}

func (p *parser) start(e xml.StartElement) {
	a := attributes(e)
	switch name := e.Name.Local; {
	case name == "testsuites":
		p.total = seconds(a["time"])
		p.timed = p.total > 0
	case name == "testsuite":
		p.openSuite(a)
	case name == "property" && p.test == nil && len(p.suites) > 0:
		if a["name"] == "go.version" {
			p.suites[len(p.suites)-1].goTest = true
		}
	case name == "testcase" && p.test == nil:
		p.openTest(a)
	case p.test == nil && (name == "error" || name == "failure") && len(p.suites) > 0:
		// Of the suite as a whole: its set-up failed.
		p.openTest(map[string]string{"name": p.suites[len(p.suites)-1].name})
		p.note = &note{kind: name, message: a["message"], class: a["type"]}
	case p.test != nil && p.note == nil && isNote(name):
		p.note = &note{kind: name, message: a["message"], class: a["type"]}
	}
}

func isNote(name string) bool {
	switch name {
	case "error", "failure", "skipped", "disabled", "rerunFailure", "rerunError", "flakyFailure", "flakyError":
		return true
	}
	return false
}

func (p *parser) openSuite(a map[string]string) {
	s := suite{name: oneLine(a["name"]), file: first(a["file"], a["filepath"])}
	if p.byRoot && a["hostname"] != "" {
		s.name += " [" + oneLine(a["hostname"]) + "]"
	}
	if len(p.suites) > 0 {
		outer := p.suites[len(p.suites)-1]
		s.goTest = outer.goTest
		s.file = first(s.file, outer.file)
		if outer.name != "" && outer.name != s.name {
			s.name = strings.TrimSuffix(outer.name+" / "+s.name, " / ")
		}
	} else if !p.timed {
		p.total += seconds(a["time"])
	}
	p.suites = append(p.suites, s)
}

func attributes(e xml.StartElement) map[string]string {
	all := map[string]string{}
	for _, a := range e.Attr {
		all[a.Name.Local] = a.Value
	}
	return all
}

// seconds reads a time, in whatever way it groups its thousands.
func seconds(value string) time.Duration {
	n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(value), ",", ""), 64)
	if err != nil {
		return 0
	}
	return limited(n)
}

// limited are seconds as far as they can be true.
func limited(n float64) time.Duration {
	if !(n > 0) || n > 1e8 {
		return 0
	}
	return time.Duration(n * float64(time.Second)).Round(time.Microsecond)
}

func first(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return v
		}
	}
	return ""
}
