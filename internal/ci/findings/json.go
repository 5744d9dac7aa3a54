package findings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"iact-infra/internal/ci/place"
)

// eslint reads `eslint -f json`, and json-with-metadata, which wraps it.
func eslint(data []byte, at place.Place) ([]Finding, error) {
	type file struct {
		FilePath string `json:"filePath"`
		Messages []struct {
			RuleID   string `json:"ruleId"`
			Fatal    bool   `json:"fatal"`
			Severity int    `json:"severity"`
			Message  string `json:"message"`
			Line     int    `json:"line"`
			Column   int    `json:"column"`
		} `json:"messages"`
	}
	files, err := document[file](data, "results")
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, f := range files {
		if f.FilePath == "" {
			return nil, errors.New("an entry has no filePath: it is of another program, or of another formatter")
		}
		for _, m := range f.Messages {
			level := Warning
			if m.Fatal || m.Severity == 2 {
				level = Error
			}
			found = append(found, Finding{Tool: "eslint", Rule: m.RuleID, Level: level, Path: at.Path(f.FilePath), Line: m.Line, Column: m.Column, Message: m.Message})
		}
	}
	return found, nil
}

// ruff reads `ruff check --output-format json`.
func ruff(data []byte, at place.Place) ([]Finding, error) {
	type entry struct {
		Code     string `json:"code"`
		Filename string `json:"filename"`
		Message  string `json:"message"`
		Location struct {
			Row    int `json:"row"`
			Column int `json:"column"`
		} `json:"location"`
	}
	entries, err := document[entry](data, "")
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, e := range entries {
		if e.Filename == "" {
			return nil, errors.New("an entry has no filename: it is of another program, or of another format")
		}
		found = append(found, Finding{Tool: "ruff", Rule: e.Code, Level: levelOf(e.Code), Path: at.Path(e.Filename), Line: e.Location.Row, Column: e.Location.Column, Message: e.Message})
	}
	return found, nil
}

// document finds the JSON in what a program has written to its standard output:
// `npm run` puts lines before it. With a key, the list may stand below that.
func document[T any](data []byte, key string) ([]T, error) {
	at := begin(data)
	if at < 0 {
		if len(bytes.TrimSpace(data)) == 0 {
			return nil, errors.New("it is empty: the linter said nothing, not even that all is well")
		}
		return nil, fmt.Errorf("there is no JSON in it; it begins with %.80q", bytes.TrimSpace(data))
	}
	d := json.NewDecoder(bytes.NewReader(data[at:]))
	if data[at] == '{' && key != "" {
		var whole map[string]json.RawMessage
		if err := d.Decode(&whole); err != nil {
			return nil, jsonError(err)
		}
		if whole[key] == nil {
			return nil, fmt.Errorf("it has no %q", key)
		}
		d = json.NewDecoder(bytes.NewReader(whole[key]))
	}
	var list []T
	if err := d.Decode(&list); err != nil {
		return nil, jsonError(err)
	}
	return list, nil
}

// begin is where a line begins with JSON.
func begin(data []byte) int {
	at := 0
	for line := range bytes.Lines(data) {
		text := bytes.TrimSpace(line)
		if len(text) > 0 && (text[0] == '[' || text[0] == '{') && (len(text) == 1 || bytes.ContainsAny(text[1:2], " []{}\"")) {
			return at + bytes.IndexByte(line, text[0])
		}
		at += len(line)
	}
	return -1
}

func jsonError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input", err.Error() == "unexpected EOF":
		return fmt.Errorf("its JSON is cut off: the linter was stopped, or the disk is full: %w", err)
	}
	return fmt.Errorf("its JSON is not what the format says: %w", err)
}
