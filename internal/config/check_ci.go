package config

import (
	"fmt"
	slashed "path"
	"regexp"
	"slices"
	"strings"
)

// componentPattern is the form of a component's name: it becomes part of the
// names of jobs, logs and images.
const componentPattern = `^[a-z0-9][a-z0-9_.-]{0,39}$`

func componentRule(s string) string {
	if regexp.MustCompile(componentPattern).MatchString(s) {
		return ""
	}
	return "a component is named with 1 to 40 of a-z 0-9 _ . - and a letter or digit first"
}

const variantPattern = `^[a-z0-9][a-z0-9_-]{0,39}$`

func variantRule(s string) string {
	if regexp.MustCompile(variantPattern).MatchString(s) {
		return ""
	}
	return "a variant is named with 1 to 40 of a-z 0-9 _ - and a letter or digit first"
}

// belowRule holds for a directory of the project.
func belowRule(s string) string {
	clean := slashed.Clean(s)
	if slashed.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.HasPrefix(s, "~") || strings.Contains(s, `\`) {
		return "a directory of the project is wanted, written from the project on with /: ui, or . for the project itself"
	}
	return ""
}

func stageRule(s string) string {
	if slices.Contains(StageNames(), s) {
		return ""
	}
	rule := "the stages are " + strings.Join(StageNames(), ", ")
	if near := nearest(s, StageNames()); near != "" {
		rule = "did you mean " + near + "? " + rule
	}
	return rule
}

// needRule holds for a stage of the same component, or a job by its whole name.
func needRule(s string) string {
	_, rest, far := strings.Cut(s, ":")
	if !far {
		return stageRule(s)
	}
	stage, _, _ := strings.Cut(rest, ":")
	return stageRule(stage)
}

func findingsRule(s string) string {
	format, file, _ := strings.Cut(s, ":")
	if slices.Contains(FindingFormats(), format) && file != "" {
		return ""
	}
	return "write FORMAT:PATH, with a format of " + strings.Join(FindingFormats(), ", ") + "; the path - is what the job prints"
}

const variablePattern = `^[A-Za-z_][A-Za-z0-9_]*$`

func variableRule(s string) string {
	if regexp.MustCompile(variablePattern).MatchString(s) {
		return ""
	}
	return "the name of a variable is wanted, without its value"
}

// checkCI finds what no key of the pipeline shows alone.
func (r *reader) checkCI() {
	var known []string
	for _, c := range r.config.CI.Components {
		known = append(known, c.Name)
	}
	for i, c := range r.config.CI.Components {
		for n, need := range c.Needs {
			at := fmt.Sprintf("ci.components[%d].needs[%d]", i, n)
			if slices.Contains(known, need) && need != c.Name {
				continue
			}
			rule := "the components are " + strings.Join(known, ", ")
			if near := nearest(need, known); near != "" && near != c.Name {
				rule = "did you mean " + near + "? " + rule
			}
			r.reportAt(r.config.origins[at], at, "got "+quote("", need), rule)
		}
		r.checkJobs(c, fmt.Sprintf("ci.components[%d].jobs", i))
	}
}

func (r *reader) checkJobs(c Component, keyPath string) {
	for i, j := range c.Jobs {
		again := func(other Job) bool { return other.Stage == j.Stage && other.Variant == j.Variant }
		if j.Stage != "" && slices.ContainsFunc(c.Jobs[:i], again) {
			at := fmt.Sprintf("%s[%d]", keyPath, i)
			r.reportAt(r.config.origins[at+".stage"], at, "a second job of the stage "+j.Stage, "give one of them another variant")
		}
	}
}
