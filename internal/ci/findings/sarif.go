package findings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"iact-infra/internal/ci/place"
)

// The part of SARIF 2.1.0 that is read and written.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Bases       map[string]sarifFile `json:"originalUriBaseIds,omitempty"`
	Artifacts   []sarifArtifact      `json:"artifacts,omitempty"`
	Invocations []sarifInvocation    `json:"invocations,omitempty"`
	Results     []sarifResult        `json:"results"`
}

type sarifArtifact struct {
	Location sarifFile `json:"location"`
}

// sarifInvocation holds what a linter says of itself, a file that it could not parse above all.
type sarifInvocation struct {
	Successful     bool                `json:"executionSuccessful"`
	Configuration  []sarifNotification `json:"toolConfigurationNotifications,omitempty"`
	WhileExecuting []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level     string          `json:"level,omitempty"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
	Rule      *sarifRule      `json:"associatedRule,omitempty"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID       string                  `json:"id"`
	Default  *sarifConfiguration     `json:"defaultConfiguration,omitempty"`
	Messages map[string]sarifMessage `json:"messageStrings,omitempty"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId,omitempty"`
	RuleIndex    *int              `json:"ruleIndex,omitempty"`
	Kind         string            `json:"kind,omitempty"`
	Level        string            `json:"level,omitempty"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations,omitempty"`
	Prints       map[string]string `json:"partialFingerprints,omitempty"`
	Suppressions []json.RawMessage `json:"suppressions,omitempty"`
}

type sarifMessage struct {
	Text      string   `json:"text,omitempty"`
	Markdown  string   `json:"markdown,omitempty"`
	ID        string   `json:"id,omitempty"`
	Arguments []string `json:"arguments,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	File   sarifFile    `json:"artifactLocation"`
	Region *sarifRegion `json:"region,omitempty"`
}

type sarifFile struct {
	URI   string `json:"uri,omitempty"`
	Base  string `json:"uriBaseId,omitempty"`
	Index *int   `json:"index,omitempty"`
}

type sarifRegion struct {
	Line   int `json:"startLine,omitempty"`
	Column int `json:"startColumn,omitempty"`
}

// sarif reads SARIF 2.1.0. What is suppressed in the source, and what a tool says
// has passed, is no finding.
func sarif(data []byte, at place.Place) ([]Finding, error) {
	start := begin(data)
	if start < 0 {
		return nil, errors.New("there is no JSON in it")
	}
	var log sarifLog
	if err := json.NewDecoder(bytes.NewReader(data[start:])).Decode(&log); err != nil {
		return nil, jsonError(err)
	}
	if log.Version != "2.1.0" {
		return nil, fmt.Errorf("its version is %q, and 2.1.0 is what is read", log.Version)
	}
	var found []Finding
	for _, run := range log.Runs {
		for _, r := range run.Results {
			failed := r.Kind == "" || r.Kind == "fail" || r.Kind == "open" || r.Kind == "review"
			if failed && len(r.Suppressions) == 0 {
				found = append(found, run.finding(r, at))
			}
		}
		for _, i := range run.Invocations {
			for _, n := range append(i.Configuration, i.WhileExecuting...) {
				if n.Level == "note" || n.Level == "none" {
					continue // how it went, not what is wrong
				}
				r := sarifResult{Level: n.Level, Message: n.Message, Locations: n.Locations}
				if n.Rule != nil {
					r.RuleID = n.Rule.ID
				}
				found = append(found, run.finding(r, at))
			}
		}
	}
	return found, nil
}

func (run sarifRun) finding(r sarifResult, at place.Place) Finding {
	f := Finding{Tool: strings.ToLower(run.Tool.Driver.Name), Rule: r.RuleID, Message: first(r.Message.Text, r.Message.Markdown)}
	level := r.Level
	if rule, has := run.rule(r); has {
		f.Rule = first(f.Rule, rule.ID)
		if level == "" && rule.Default != nil {
			level = rule.Default.Level
		}
		if f.Message == "" {
			said := rule.Messages[r.Message.ID]
			f.Message = said.fill(r.Message.Arguments)
		}
	}
	switch f.Level = Level(level); f.Level {
	case Error, Warning, Note:
	case "none":
		f.Level = Note
	default:
		f.Level = Warning
	}
	if len(r.Locations) > 0 {
		where := r.Locations[0].Physical
		f.Path = run.path(where.File, at)
		if where.Region != nil {
			f.Line, f.Column = where.Region.Line, where.Region.Column
		}
	}
	return f
}

func (run sarifRun) rule(r sarifResult) (sarifRule, bool) {
	rules := run.Tool.Driver.Rules
	if r.RuleIndex != nil && *r.RuleIndex >= 0 && *r.RuleIndex < len(rules) {
		return rules[*r.RuleIndex], true
	}
	for _, rule := range rules {
		if rule.ID == r.RuleID && rule.ID != "" {
			return rule, true
		}
	}
	return sarifRule{}, false
}

// path is the file of a location, by itself, by its base or by its number.
func (run sarifRun) path(f sarifFile, at place.Place) string {
	if f.URI == "" && f.Index != nil && *f.Index >= 0 && *f.Index < len(run.Artifacts) {
		f = run.Artifacts[*f.Index].Location
	}
	name := unescape(f.URI)
	if base := run.Bases[f.Base].URI; base != "" {
		name = strings.TrimSuffix(unescape(base), "/") + "/" + name
	}
	if name == "" {
		return ""
	}
	if f.Base != "" && run.Bases[f.Base].URI == "" {
		at.Dir = "" // from the root of the source, wherever the tool ran
	}
	return at.Path(name)
}

// fill puts arguments where {0} stands.
func (m sarifMessage) fill(arguments []string) string {
	text := first(m.Text, m.Markdown)
	for i, a := range arguments {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%d}", i), a)
	}
	return text
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
