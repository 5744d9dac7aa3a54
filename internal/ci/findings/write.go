package findings

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
)

// WriteSARIF writes SARIF 2.1.0: a run for each tool, sorted, with paths from the
// root of the source. The prints are those by which GitHub knows a finding again.
// A linter that ran and found nothing has a run as well, if it is named: that
// closes what it had found before.
func WriteSARIF(w io.Writer, found []Finding, ran ...string) error {
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{}}
	found = sorted(found)
	for _, tool := range tools(found, ran) {
		run := sarifRun{Bases: map[string]sarifFile{srcRoot: {}}, Results: []sarifResult{}}
		run.Tool.Driver = sarifDriver{Name: tool, Rules: []sarifRule{}}
		for _, f := range found {
			switch {
			case f.tool() != tool:
			case f.Path == "":
				run.notify(f)
			default:
				run.Results = append(run.Results, run.result(f))
			}
		}
		log.Runs = append(log.Runs, run)
	}
	return write(w, log, "SARIF")
}

// srcRoot is what GitHub calls the top of a repository.
const srcRoot = "%SRCROOT%"

func (f Finding) tool() string { return cmp.Or(f.Tool, "unknown") }

// tools are the names of the linters, each once.
func tools(found []Finding, ran []string) []string {
	names := slices.Clone(ran)
	for _, f := range found {
		names = append(names, f.tool())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// result is a finding in SARIF; its rule is added to the run.
func (run *sarifRun) result(f Finding) sarifResult {
	r := sarifResult{RuleID: f.Rule, Level: string(f.Level), Message: sarifMessage{Text: cmp.Or(f.Message, f.Rule, "(no message)")}}
	if f.Rule != "" {
		rules := &run.Tool.Driver.Rules
		index := slices.IndexFunc(*rules, func(rule sarifRule) bool { return rule.ID == f.Rule })
		if index < 0 {
			index = len(*rules)
			*rules = append(*rules, sarifRule{ID: f.Rule})
		}
		r.RuleIndex = &index
	}
	if f.Print != "" {
		r.Prints = map[string]string{"iact/v1": f.Print, "primaryLocationLineHash": f.Print}
	}
	where := sarifPhysical{File: sarifFile{URI: escape(f.Path)}}
	if !path.IsAbs(f.Path) {
		where.File.Base = srcRoot
	} else {
		where.File.URI = "file://" + where.File.URI
	}
	if f.Line > 0 {
		where.Region = &sarifRegion{Line: f.Line, Column: f.Column}
	}
	r.Locations = []sarifLocation{{where}}
	return r
}

// notify puts a finding of no file where GitHub does not refuse it.
func (run *sarifRun) notify(f Finding) {
	if run.Invocations == nil {
		run.Invocations = []sarifInvocation{{Successful: true}}
	}
	n := sarifNotification{Level: string(f.Level), Message: sarifMessage{Text: cmp.Or(f.Message, f.Rule, "(no message)")}}
	if f.Rule != "" {
		n.Rule = &sarifRule{ID: f.Rule}
	}
	run.Invocations[0].WhileExecuting = append(run.Invocations[0].WhileExecuting, n)
}

func escape(name string) string {
	// A colon in the first part would make a scheme of it.
	return strings.ReplaceAll((&url.URL{Path: name}).EscapedPath(), ":", "%3A")
}

func unescape(uri string) string {
	if name, err := url.PathUnescape(uri); err == nil && !strings.HasPrefix(uri, "file:") {
		return name
	}
	return uri
}

// codeQuality is a finding as GitLab reads it.
type codeQuality struct {
	Description string `json:"description"`
	Check       string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// WriteCodeQuality writes GitLab's Code Quality report. It shows findings of files
// below the project; one without a file is shown at none.
func WriteCodeQuality(w io.Writer, found []Finding) error {
	list := []codeQuality{}
	for _, f := range sorted(found) {
		if f.Path == "" || path.IsAbs(f.Path) {
			continue
		}
		one := codeQuality{Description: cmp.Or(f.Message, f.Rule, "(no message)"), Check: cmp.Or(f.Rule, f.tool()), Fingerprint: f.Print}
		one.Severity = map[Level]string{Error: "major", Warning: "minor"}[f.Level]
		one.Severity = cmp.Or(one.Severity, "info")
		one.Location.Path, one.Location.Lines.Begin = f.Path, max(1, f.Line)
		list = append(list, one)
	}
	return write(w, list, "Code Quality report")
}

func write(w io.Writer, document any, name string) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(document); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// sorted is a list by file and place.
func sorted(found []Finding) []Finding {
	return slices.SortedStableFunc(slices.Values(found), func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Tool, b.Tool), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
}
