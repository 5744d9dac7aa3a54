package junit

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

// jestFile is one file of tests in the results that Jest, and Vitest, write as JSON.
type jestFile struct {
	Name       string  `json:"name"`
	Status     string  `json:"status"`
	Message    string  `json:"message"`
	Start      float64 `json:"startTime"` // milliseconds
	End        float64 `json:"endTime"`
	Assertions []struct {
		Ancestors   []string `json:"ancestorTitles"`
		FullName    string   `json:"fullName"`
		Title       string   `json:"title"`
		Status      string   `json:"status"`
		Duration    float64  `json:"duration"`
		Failures    []string `json:"failureMessages"`
		Invocations int      `json:"invocations"`
		Retries     []string `json:"retryReasons"`
		Location    struct {
			Line int `json:"line"`
		} `json:"location"`
	} `json:"assertionResults"`
}

// jest reads results of Jest, a file of tests at a time: with them comes the
// coverage of all files, which is many times as long.
func (p *parser) jest(in io.Reader) error {
	const what = "results of Jest"
	text := bufio.NewReader(in)
	for { // npm writes before what it runs does
		if c, err := text.ReadByte(); err != nil {
			return explained(what, err)
		} else if c == '{' {
			_ = text.UnreadByte()
			break
		}
	}
	d := json.NewDecoder(text)
	if _, err := d.Token(); err != nil {
		return explained(what, err)
	}
	found := false
	for d.More() {
		name, err := d.Token()
		switch {
		case err == nil && name == "testResults":
			found = true
			err = p.jestFiles(d)
		case err == nil:
			err = skip(d)
		}
		if err != nil {
			return explained(what, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return explained(what, err)
	}
	if !found {
		return explained(what, errors.New("it is JSON without testResults: jest --json --outputFile writes them"))
	}
	return nil
}

func (p *parser) jestFiles(d *json.Decoder) error {
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return errors.Join(err, errors.New("testResults is no list"))
	}
	var first, last float64
	for d.More() {
		var f jestFile
		if err := d.Decode(&f); err != nil {
			return err
		}
		p.jestFile(f)
		if first == 0 || f.Start > 0 && f.Start < first {
			first = f.Start
		}
		last = max(last, f.End)
	}
	p.total = milliseconds(last - first)
	_, err := d.Token()
	return err
}

// skip passes over a value without holding it.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

func (p *parser) jestFile(f jestFile) {
	file, failed := p.at.Path(f.Name), false
	for _, a := range f.Assertions {
		c := Case{Suite: oneLine(file), Class: oneLine(strings.Join(a.Ancestors, " ")), Name: oneLine(first(a.FullName, a.Title, "(no name)")), File: file, Duration: milliseconds(a.Duration), State: Passed}
		if a.Location.Line > 0 {
			c.Line = a.Location.Line
		}
		p.test = &c
		switch {
		case a.Status == "failed":
			failed = true
			p.said("failure", strings.Join(a.Failures, "\n"))
		case a.Status != "passed":
			c.State = Skipped // pending, skipped, todo, disabled
		case len(a.Retries) > 0 || a.Invocations > 1:
			c.State, c.Message = Flaky, headline(strings.Join(a.Retries, "\n"))
		}
		if a.Invocations > 1 {
			c.Attempts = a.Invocations
		}
		p.keep()
	}
	if f.Status == "failed" && !failed { // the file as a whole: it can't be read, or its afterAll fails
		p.test = &Case{Suite: oneLine(file), Class: "Test suite failed to run", Name: oneLine(file), File: file}
		p.said("error", strings.TrimPrefix(strings.TrimSpace(f.Message), "● Test suite failed to run"))
		p.keep()
	}
}

// said notes what a test failed with.
func (p *parser) said(kind, text string) {
	n := note{kind: kind, class: "Failed"}
	n.text.add([]byte(text))
	p.apply(n)
}

func milliseconds(n float64) time.Duration { return limited(n / 1000) }
