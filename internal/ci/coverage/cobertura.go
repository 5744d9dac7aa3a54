package coverage

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"iact-infra/internal/ci/lenient"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
)

// ParseCobertura reads the XML of coverage.py and of Jest. A file is looked for
// below each <source>; the rates in it are not looked at.
func ParseCobertura(in io.Reader, at place.Place) (Report, error) {
	p := cobertura{at: at, b: builder{}}
	d := lenient.Decoder(in)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.token(token)
		}
		if err != nil {
			return Report{}, fault.New(fault.Invalid, "run the tests again; the job's log says how they ended", lenient.Explain(err))
		}
	}
	return p.b.report()
}

type cobertura struct {
	at      place.Place
	b       builder
	sources []string
	open    []string
	file    *File
}

func (p *cobertura) token(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		name := token.Name.Local
		if len(p.open) == 0 && name != "coverage" {
			return fmt.Errorf("its first element is <%s>, and Cobertura's is <coverage>", name)
		}
		p.open = append(p.open, name)
		return p.start(name, token.Attr)
	case xml.CharData:
		if len(p.open) > 0 && p.open[len(p.open)-1] == "source" {
			if source := strings.TrimSpace(string(token)); source != "" {
				p.sources = append(p.sources, source)
			}
		}
	case xml.EndElement:
		p.open = p.open[:len(p.open)-1]
		if token.Name.Local == "class" {
			p.file = nil
		}
	}
	return nil
}

func (p *cobertura) start(name string, attrs []xml.Attr) error {
	a := map[string]string{}
	for _, attr := range attrs {
		a[attr.Name.Local] = attr.Value
	}
	switch {
	case name == "class" && a["filename"] == "":
		return errors.New("a <class> has no filename")
	case name == "class":
		p.file = p.b.file(p.find(a["filename"]))
	// Those of a <method> stand there again.
	case name == "line" && p.file != nil && p.of("lines") && len(p.open) > 2 && p.open[len(p.open)-3] == "class":
		return p.line(a)
	}
	return nil
}

// of tells whether the innermost element stands in one of that name.
func (p *cobertura) of(name string) bool { return len(p.open) > 1 && p.open[len(p.open)-2] == name }

func (p *cobertura) line(a map[string]string) error {
	if err := p.file.record("DA", []string{a["number"], a["hits"]}); err != nil {
		return fmt.Errorf("in what it says of %s: %w", p.file.Path, err)
	}
	_, of, is := strings.Cut(a["condition-coverage"], "(")
	taken, all, both := strings.Cut(strings.TrimSuffix(of, ")"), "/")
	if !is || !both {
		return nil
	}
	covered, err := strconv.Atoi(taken)
	count, errAll := strconv.Atoi(all)
	if err != nil || errAll != nil || covered < 0 || covered > count || count > 10_000 {
		return fmt.Errorf("in what it says of %s: condition-coverage=%q", p.file.Path, a["condition-coverage"])
	}
	line, _ := strconv.Atoi(a["number"]) // record has seen it
	branches := make([]int, count)
	for i := range covered {
		branches[i] = 1
	}
	p.file.Taken[line] = union(p.file.Taken[line], branches)
	return nil
}

// find is the path of a file that the report names as it stands below a source.
func (p *cobertura) find(name string) string {
	candidate := ""
	for _, source := range p.sources {
		if path.IsAbs(name) || strings.Contains(name, `:\`) {
			break
		}
		found, below := p.at.Below(strings.TrimSuffix(source, "/") + "/" + name)
		if below && p.at.Exists(found) {
			return found
		}
		if below && candidate == "" {
			candidate = found
		}
	}
	found := p.at.Path(name)
	if candidate != "" && !p.at.Exists(found) {
		return candidate
	}
	return found
}
