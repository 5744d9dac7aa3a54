package compat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// textLimit is more than any file of requirements holds.
const textLimit = 4 << 20

// requirements reads files as pip does, with what they include.
type requirements struct {
	project  string
	found    []requirement
	problems []Finding
	seen     []string
}

// logical is one line after comments and continuations.
type logical struct {
	number int
	text   string
}

// logicals takes a file apart. A comment ends a line, but does not end one that
// goes on: pip passes a comment's own backslash over.
func logicals(text string) []logical {
	comment := regexp.MustCompile(`(^|\s)#.*$`)
	var all []logical
	var open *logical
	number := 0
	for raw := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		raw = strings.TrimRight(raw, "\r\n")
		note := strings.HasPrefix(strings.TrimSpace(raw), "#")
		body, more := strings.CutSuffix(raw, `\`)
		more = more && !note
		if note {
			body = ""
		}
		if open == nil {
			all = append(all, logical{number: number})
			open = &all[len(all)-1]
		}
		open.text += body
		if !more {
			open = nil
		}
	}
	kept := all[:0]
	for _, one := range all {
		if one.text = strings.TrimSpace(comment.ReplaceAllString(one.text, "")); one.text != "" {
			kept = append(kept, one)
		}
	}
	return kept
}

// read takes a file in. from and line say who names it.
func (q *requirements) read(path, from string, line int) {
	path = filepath.Clean(path)
	if slices.Contains(q.seen, path) { // also a cycle
		return
	}
	q.seen = append(q.seen, path)
	text, err := small(path)
	if err != nil {
		q.problems = append(q.problems, Finding{Code: "CP-DEP-006", Level: Warn, Verdict: New, Title: "a file of requirements cannot be read: what it declares was not checked",
			Evidence: err.Error(), Cause: "the file that is named does not stand there", Fix: "correct the name, or bring the file back", File: from, Line: line})
		return
	}
	name := q.relative(path)
	for _, one := range logicals(text) {
		q.line(one, path, name)
	}
}

func (q *requirements) line(one logical, path, name string) {
	if option, value := asOption(one.text); option != "" {
		switch option {
		case "-r":
			if strings.Contains(value, "://") {
				q.problems = append(q.problems, Finding{Code: "CP-DEP-006", Level: Warn, Verdict: New, Title: "requirements from the network were not read",
					Evidence: one.text, Cause: "a check fetches nothing", Fix: "keep a copy in the project", File: name, Line: one.number})
				return
			}
			if !filepath.IsAbs(value) {
				value = filepath.Join(filepath.Dir(path), value)
			}
			q.read(value, name, one.number)
		case "-e":
			q.take(value, name, one.number)
		}
		return // all others say how to install, not what
	}
	// What follows belongs to pip: hashes, and options for the build.
	text, _, _ := strings.Cut(one.text+" ", " --")
	q.take(text, name, one.number)
}

func (q *requirements) take(text, name string, line int) {
	found, err := parseRequirement(text)
	if err != nil {
		q.problems = append(q.problems, Finding{Code: "CP-DEP-005", Level: Warn, Verdict: New, Title: "a requirement cannot be read: it was not checked",
			Evidence: err.Error(), Cause: "pip would refuse the line, too", Fix: "write it as NAME, NAME>=1.2 or NAME @ URL", File: name, Line: line})
		return
	}
	if strings.HasPrefix(found.URL, ".") {
		found.URL = filepath.Join(filepath.Dir(filepath.Join(q.project, name)), found.URL)
	}
	found.File, found.Line = name, line
	q.found = append(q.found, found)
}

// asOption splits a line that begins with an option of pip. The short names of
// -r and -e stand for the long ones; "-?" is any other.
func asOption(text string) (option, value string) {
	if !strings.HasPrefix(text, "-") {
		return "", ""
	}
	for _, known := range [][2]string{{"--requirement", "-r"}, {"--editable", "-e"}, {"-r", "-r"}, {"-e", "-e"}} {
		rest, ok := strings.CutPrefix(text, known[0])
		if ok && (len(known[0]) == 2 || rest == "" || strings.ContainsAny(rest[:1], " \t=")) {
			return known[1], strings.Trim(strings.TrimLeft(rest, " \t="), `"'`)
		}
	}
	return "-?", ""
}

func (q *requirements) relative(path string) string {
	if in, err := filepath.Rel(q.project, path); err == nil {
		return in
	}
	return path
}

// small is the text of a file that people write. What is no file would hang.
func small(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", &fs.PathError{Op: "read", Path: path, Err: errors.New("it is no file")}
	case info.Size() > textLimit:
		return "", &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is longer than %d bytes", textLimit)}
	}
	text, err := os.ReadFile(path)
	return string(text), err
}
