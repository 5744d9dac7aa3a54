package findings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"iact-infra/internal/ci/place"
)

// flake8 reads flake8's own lines ("a.py:1:2: E501 …"), its pylint format
// ("a.py:1: [E501] …") and those of pylint ("a.py:1:2: C0116: … (name)").
func flake8(data []byte, at place.Place) ([]Finding, error) {
	line := regexp.MustCompile(`^(.+?):(\d+)(?::(\d+))?: (?:\[([A-Z]+\d+)\]|([A-Z]+\d+)(:)?) (.*)$`)
	named := regexp.MustCompile(`^(.*) \(([a-z0-9-]+)\)$`)
	return lines(data, func(text string) (f Finding, known bool) {
		m := line.FindStringSubmatch(text)
		if m == nil {
			return f, strings.HasPrefix(text, "*****")
		}
		f = Finding{Tool: "flake8", Rule: m[4] + m[5], Path: at.Path(m[1]), Line: number(m[2]), Column: number(m[3]), Message: m[7]}
		f.Level = levelOf(f.Rule)
		if m[6] == "" {
			return f, true
		}
		f.Tool, f.Level = "pylint", pylintLevel(f.Rule)
		f.Column++ // pylint counts from 0
		if parts := named.FindStringSubmatch(f.Message); parts != nil {
			f.Message, f.Rule = parts[1], parts[2]
		}
		return f, true
	})
}

func pylintLevel(rule string) Level {
	switch rule[0] {
	case 'E', 'F':
		return Error
	case 'W':
		return Warning
	}
	return Note
}

// mypy reads its lines and, since 1.11, its JSON, one finding a line.
func mypy(data []byte, at place.Place) ([]Finding, error) {
	line := regexp.MustCompile(`^(.+?):(?:(\d+):)?(?:(\d+):)?(?:\d+:\d+:)? (error|warning|note): (.*?)(?:  \[([a-z0-9-]+)\])?$`)
	sum := regexp.MustCompile(`^(Found \d+ error|Success: )`)
	return lines(data, func(text string) (f Finding, known bool) {
		if strings.HasPrefix(text, "{") {
			var one struct {
				File, Message, Code, Severity string
				Line, Column                  int
			}
			if json.Unmarshal([]byte(text), &one) != nil || one.File == "" {
				return f, false
			}
			return Finding{Tool: "mypy", Rule: one.Code, Level: Level(one.Severity), Path: at.Path(one.File), Line: one.Line, Column: one.Column + 1, Message: one.Message}, true
		}
		m := line.FindStringSubmatch(text)
		if m == nil {
			return f, sum.MatchString(text)
		}
		return Finding{Tool: "mypy", Rule: m[6], Level: Level(m[4]), Path: at.Path(m[1]), Line: number(m[2]), Column: number(m[3]), Message: m[5]}, true
	})
}

// lines reads findings of one line each. Nothing at all is no finding; text of
// which not one line is understood is of another program.
func lines(data []byte, read func(string) (Finding, bool)) ([]Finding, error) {
	var found []Finding
	foreign, understood := "", 0
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(strings.ToValidUTF8(string(line), "\uFFFD"), " \r\n")
		if strings.TrimSpace(text) == "" {
			continue
		}
		f, known := read(text)
		switch {
		case known:
			understood++
		case foreign == "":
			foreign = text
		}
		if known && f.Tool != "" {
			if f.Level != Error && f.Level != Warning {
				f.Level = Note
			}
			found = append(found, f)
		}
	}
	if foreign != "" && understood == 0 {
		return nil, fmt.Errorf("no line of it is a finding; it begins with %.80q", foreign)
	}
	return found, nil
}

// number is 0 for what is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<30 {
		return 0
	}
	return n
}
