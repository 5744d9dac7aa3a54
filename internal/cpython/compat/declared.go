package compat

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// dependency is one declared distribution, with all that was said of it.
type dependency struct {
	name   string
	said   []requirement
	extra  bool // nobody has to install it
	oldRow dependencyRow
	newRow dependencyRow
}

// declaration is one answer of the probe that reads pyproject.toml and setup.cfg.
type declaration struct {
	File     string `json:"file"`
	Raw      string `json:"raw"`
	Optional bool   `json:"optional"`
	Include  string `json:"include"`
	Problem  string `json:"problem"`
	Plain    bool   `json:"plain"` // a name alone: Poetry writes versions its own way
}

// declared reads what the project declares.
func (r *run) declared(ctx context.Context) error {
	if !r.new.known() {
		return nil
	}
	q := &requirements{project: r.Project}
	for _, pattern := range []string{"requirements*.txt", filepath.Join("requirements", "*.txt")} {
		files, err := filepath.Glob(filepath.Join(quoteGlob(r.Project), pattern))
		if err != nil {
			return err
		}
		for _, file := range files {
			// Constraints say which version, if any.
			if !strings.HasPrefix(filepath.Base(file), "constraint") {
				q.read(file, "", 0)
			}
		}
	}
	if err := r.tables(ctx, q); err != nil {
		return err
	}
	for _, problem := range q.problems {
		r.report.add(problem)
	}
	byName := map[string]*dependency{}
	for _, one := range q.found {
		if one.Name == "" {
			if one.Name = r.byPlace(one.URL); one.Name == "" {
				r.report.add(Finding{Code: "CP-DEP-008", Level: Warn, Verdict: New, Title: "a requirement is a place without a name: it was not checked",
					Evidence: one.URL, Cause: "nothing in the environment was installed from there", Fix: "write it as NAME @ URL", File: one.File, Line: one.Line})
				continue
			}
		}
		d := byName[one.Name]
		if d == nil {
			d = &dependency{name: one.Name, extra: true}
			byName[one.Name] = d
			r.wanted = append(r.wanted, d)
		}
		d.said = append(d.said, one)
		d.extra = d.extra && one.Extra
	}
	slices.SortFunc(r.wanted, func(a, b *dependency) int { return cmp.Compare(a.name, b.name) })
	if len(r.wanted) == 0 {
		r.report.add(Finding{Code: "CP-DEP-007", Level: Warn, Verdict: New, Title: "the project declares no dependencies: no import was tried",
			Evidence: "requirements*.txt, requirements/*.txt, pyproject.toml and setup.cfg in " + r.Project,
			Cause:    "they are not there, or they declare nothing", Fix: "name the directory of the project that holds them"})
	}
	return nil
}

// tables reads what needs a parser of its own, in the interpreter.
func (r *run) tables(ctx context.Context, q *requirements) error {
	texts := map[string]string{}
	for _, name := range []string{"pyproject.toml", "setup.cfg"} {
		text, err := small(filepath.Join(r.Project, name))
		if err == nil {
			texts[name] = text
		} else if !errors.Is(err, fs.ErrNotExist) {
			q.unreadable(name, err.Error())
		}
	}
	if len(texts) == 0 {
		return nil
	}
	answers, _, err := ask[declaration](ctx, r, r.new, declareProbe, texts, r.limit())
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		q.unreadable("pyproject.toml", err.Error())
	}
	for _, one := range answers {
		switch {
		case one.Problem != "":
			q.unreadable(one.File, one.Problem)
		case one.Include != "":
			q.read(filepath.Join(r.Project, one.Include), "pyproject.toml", 0)
		case one.Plain:
			q.found = append(q.found, requirement{Name: normal(one.Raw), File: one.File, Line: lineOf(texts[one.File], one.Raw), Extra: one.Optional})
		default:
			before := len(q.found)
			q.take(one.Raw, one.File, lineOf(texts[one.File], one.Raw))
			for i := before; i < len(q.found); i++ {
				q.found[i].Extra = one.Optional
			}
		}
	}
	return nil
}

func (q *requirements) unreadable(name, why string) {
	q.problems = append(q.problems, Finding{Code: "CP-DEP-006", Level: Warn, Verdict: New, Title: name + " cannot be read: what it declares was not checked",
		Evidence: why, Cause: "pip would not read it either, or it is no file", Fix: "correct it", File: name})
}

// lineOf finds where a parsed file holds a text.
func lineOf(text, part string) int {
	before, _, ok := strings.Cut(text, part)
	if !ok {
		return 0
	}
	return strings.Count(before, "\n") + 1
}

// byPlace is the distribution that was installed from a place.
func (r *run) byPlace(url string) string {
	url, _, _ = strings.Cut(url, "[") // extras
	for _, s := range []*side{r.new, r.old} {
		if !s.known() {
			continue
		}
		for name, d := range s.names {
			if d.URL != "" && (d.URL == url || strings.TrimPrefix(d.URL, "file://") == strings.TrimRight(url, "/")) {
				return name
			}
		}
	}
	return ""
}

// quoteGlob keeps a directory's own brackets from being a pattern.
func quoteGlob(dir string) string {
	return regexp.MustCompile(`[*?[\\]`).ReplaceAllString(dir, `\$0`)
}

// aside says whether a file is by its name for work on the project, which an
// environment that only runs it does not hold.
func aside(file string) bool {
	stem := strings.TrimSuffix(strings.ToLower(filepath.Base(file)), ".txt")
	return slices.ContainsFunc(regexp.MustCompile(`[^a-z]+`).Split(stem, -1), func(word string) bool {
		return slices.Contains([]string{"dev", "develop", "development", "test", "tests", "testing", "doc", "docs", "lint", "ci", "local", "optional", "qa"}, word)
	})
}
