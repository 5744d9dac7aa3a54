package junit

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// event is a line of go test -json: what its documentation calls TestEvent, and
// the BuildEvent that stands among them since Go 1.24.
type event struct {
	Time        time.Time
	Action      string
	Package     string
	Test        string
	Elapsed     float64
	Output      string
	ImportPath  string
	FailedBuild string
}

// goTests is what is open while events are read.
type goTests struct {
	p        *parser
	running  map[key]*tail    // tests
	order    []key            // in which these began
	packages map[string]*tail // that have begun, with what they said
	begun    []string         // these, in order
	failed   map[string]bool  // packages of which a test has failed
	builds   map[string]*tail // by import path
	place    *regexp.Regexp
}

// golang reads events. What is no event is a line that something else has
// printed.
func (p *parser) golang(in io.Reader) error {
	g := &goTests{p: p, running: map[key]*tail{}, packages: map[string]*tail{}, failed: map[string]bool{}, builds: map[string]*tail{}, place: regexp.MustCompile(`(?m)^\s*([\w./-]+\.go):(\d+):`)}
	lines := bufio.NewReaderSize(in, formSize)
	var began, ended time.Time
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) { // no event is so long
			err = nil
		}
		var e event
		if json.Unmarshal(line, &e) == nil && e.Action != "" {
			if began.IsZero() {
				began = e.Time
			}
			if e.Time.After(ended) {
				ended = e.Time
			}
			g.take(e)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return explained("events of go test", err)
		}
	}
	for _, name := range g.begun {
		if g.packages[name] != nil {
			g.ended(event{Package: name, Action: "fail"}, "go test was stopped before it had ended")
		}
	}
	p.total = limited(ended.Sub(began).Seconds())
	return nil
}

func (g *goTests) take(e event) {
	k := key{e.Package, e.Package, e.Test}
	switch {
	case e.ImportPath != "":
		add(g.builds, e.ImportPath, e.Output)
	case e.Package == "":
	case e.Test == "":
		switch e.Action {
		case "start":
			add(g.packages, e.Package, "")
			g.begun = append(g.begun, e.Package)
		case "output":
			add(g.packages, e.Package, e.Output)
		case "pass", "fail", "skip":
			g.ended(e, "")
		}
	case e.Action == "run" || e.Action == "output":
		if g.running[k] == nil {
			g.order = append(g.order, k)
		}
		add(g.running, k, e.Output)
	case e.Action == "pass" || e.Action == "fail" || e.Action == "skip":
		g.test(k, e)
	}
}

func add[K comparable](to map[K]*tail, name K, text string) {
	if to[name] == nil {
		to[name] = &tail{}
	}
	to[name].add([]byte(text))
}

// test takes in how a test ended.
func (g *goTests) test(k key, e event) {
	said := ""
	if g.running[k] != nil {
		said = g.running[k].String()
	}
	delete(g.running, k)
	kind := map[string]string{"fail": "failure", "skip": "skipped"}[e.Action]
	g.failed[e.Package] = g.failed[e.Package] || e.Action == "fail"
	g.keep(Case{Suite: oneLine(k.suite), Class: oneLine(k.class), Name: oneLine(k.name), Duration: limited(e.Elapsed), State: Passed}, e.Package, kind, said)
}

// ended takes in how a package ended: with tests that have not, without having
// been built, or by an exit code that no test accounts for.
func (g *goTests) ended(e event, why string) {
	said := ""
	if g.packages[e.Package] != nil {
		said = g.packages[e.Package].String()
	}
	delete(g.packages, e.Package)
	var left []key
	for _, k := range g.order {
		switch {
		case g.running[k] == nil:
		case k.suite == e.Package:
			g.test(k, event{Package: e.Package, Action: "fail"})
		default:
			left = append(left, k)
		}
	}
	g.order = left
	if e.Action != "fail" || g.failed[e.Package] && why == "" {
		return
	}
	if built := g.builds[e.FailedBuild]; built != nil {
		said = built.String()
	}
	g.keep(Case{Suite: oneLine(e.Package), Class: oneLine(e.Package), Name: oneLine(e.Package), Message: why, Duration: limited(e.Elapsed)}, e.Package, "error", said)
}

func (g *goTests) keep(c Case, of, kind, said string) {
	g.p.suites, g.p.test = []suite{{name: c.Suite, goTest: true}}, &c
	if kind != "" {
		var lines []string
		for line := range strings.Lines(said) {
			if !strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "=== ") {
				lines = append(lines, line)
			}
		}
		said = strings.Join(lines, "")
		if kind == "skipped" {
			c.State, c.Message = Skipped, headline(said)
		} else {
			g.p.said(kind, said)
		}
		c.File, c.Line = g.locate(of, said)
	}
	g.p.keep()
}

// locate finds the place that an output names first. A test names the file alone,
// the compiler its path below the module; the path of a package ends with its
// directory.
func (g *goTests) locate(of, said string) (string, int) {
	m := g.place.FindStringSubmatch(said)
	if m == nil {
		return "", 0
	}
	line, err := strconv.Atoi(m[2])
	if err != nil || line > 1<<30 {
		return "", 0
	}
	if name, below := g.p.at.Below(m[1]); below && g.p.at.Exists(name) {
		return name, line
	}
	for dir := of; ; {
		if name, below := g.p.at.Below(path.Join(dir, m[1])); below && g.p.at.Exists(name) {
			return name, line
		}
		_, rest, more := strings.Cut(dir, "/")
		if !more {
			return "", 0
		}
		dir = rest
	}
}
