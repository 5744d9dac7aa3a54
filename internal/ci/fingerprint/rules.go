package fingerprint

import (
	"fmt"
	"path"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/ignore"
)

// ruleset is the compiled patterns of a selection.
type ruleset struct {
	rules    []rule
	literals []literal
	wide     bool   // a pattern counts from the project
	within   string // "ui/", or "" for the project
	all      bool   // no pattern adds anything: everything within is added
}

// literal is a pattern without stars, and the path below the project that it is.
type literal struct {
	path string
	rule rule
}

type rule struct {
	base string // that the pattern counts from: "ui/" or ""
	away bool
	list *ignore.List
}

func compile(sel Selection) (ruleset, error) {
	dir := path.Clean(sel.Dir)
	if path.IsAbs(dir) || dir == ".." || strings.HasPrefix(dir, "../") {
		return ruleset{}, fault.New(fault.Usage, "name a directory below the project", fmt.Errorf("read inputs: %s is not below the project", sel.Dir))
	}
	set := ruleset{all: true}
	if dir != "." {
		set.within = dir + "/"
	}
	for _, pattern := range sel.Patterns {
		r := rule{base: set.within}
		text, away := strings.CutPrefix(pattern, "!")
		r.away = away
		if rest, project := strings.CutPrefix(text, "//"); project {
			r.base, text = "", "/"+rest
			set.wide = true
		}
		list, err := ignore.Compile([]string{text})
		if err != nil {
			return ruleset{}, fault.New(fault.Usage, "write it as in a .gitignore", fmt.Errorf("read inputs: %w", err))
		}
		r.list = list
		set.rules = append(set.rules, r)
		if away {
			continue
		}
		set.all = false
		if name := path.Clean(r.base + strings.Trim(text, "/ \r")); text != "" && !strings.ContainsAny(text, `*?[\#`) && name != "." && name != ".." && !strings.HasPrefix(name, "../") {
			set.literals = append(set.literals, literal{name, r})
		}
	}
	return set, nil
}

// selects tells whether a file is an input: the last rule that matches it, or a
// directory above it, decides.
func (s ruleset) selects(name string) bool {
	for i := len(s.rules) - 1; i >= 0; i-- {
		if s.rules[i].matches(name) {
			return !s.rules[i].away
		}
	}
	return s.all && strings.HasPrefix(name, s.within)
}

func (r rule) matches(name string) bool {
	sub, below := strings.CutPrefix(name, r.base)
	if !below {
		return false
	}
	if r.list.Match(sub, false) {
		return true
	}
	for i := strings.LastIndexByte(sub, '/'); i > 0; i = strings.LastIndexByte(sub[:i], '/') {
		if r.list.Match(sub[:i], true) {
			return true
		}
	}
	return false
}
