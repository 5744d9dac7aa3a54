package findings

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/ci/lenient"
	"iact-infra/internal/ci/place"
)

// checkstyle reads the XML that many linters write.
func checkstyle(data []byte, at place.Place) ([]Finding, error) {
	var found []Finding
	file, begun := "", false
	d := lenient.Decoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !begun {
				return nil, errors.New("it is empty: the linter said nothing, not even that all is well")
			}
			return found, nil
		}
		if err != nil {
			return nil, lenient.Explain(err)
		}
		e, is := token.(xml.StartElement)
		if !is {
			continue
		}
		if !begun && e.Name.Local != "checkstyle" {
			return nil, fmt.Errorf("its first element is <%s>, and that of checkstyle is <checkstyle>", e.Name.Local)
		}
		begun = true
		a := map[string]string{}
		for _, attr := range e.Attr {
			a[attr.Name.Local] = attr.Value
		}
		switch e.Name.Local {
		case "file":
			file = a["name"]
		case "error":
			tool, rule := source(a["source"])
			found = append(found, Finding{Tool: tool, Rule: rule, Level: severity(a["severity"]), Path: at.Path(file),
				Line: number(a["line"]), Column: number(a["column"]), Message: strings.TrimSuffix(a["message"], " ("+rule+")")})
		}
	}
}

// source tells the linter and the rule from what checkstyle calls a source:
// eslint.rules.no-undef, com.puppycrawl.tools.checkstyle.checks.FooCheck.
func source(name string) (tool, rule string) {
	if rule, is := strings.CutPrefix(name, "eslint.rules."); is {
		return "eslint", rule
	}
	if strings.HasPrefix(name, "com.puppycrawl.") {
		return "checkstyle", name[strings.LastIndexByte(name, '.')+1:]
	}
	if tool, rule, is := strings.Cut(name, "."); is && tool != "" && !strings.Contains(tool, " ") {
		return strings.ToLower(tool), rule
	}
	return "checkstyle", name
}

func severity(name string) Level {
	switch strings.ToLower(name) {
	case "warning":
		return Warning
	case "info", "ignore", "note", "style":
		return Note
	}
	return Error
}
