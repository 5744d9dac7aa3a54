package compat

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// dependencies proves that what is declared is installed, unchanged, and imports.
func (r *run) dependencies(ctx context.Context) error {
	if err := r.judged(ctx); err != nil {
		return err
	}
	r.dropUnused()
	var all []*load
	loads := map[*dependency]map[*side]*load{}
	for _, d := range r.wanted {
		loads[d] = map[*side]*load{}
		for _, s := range []*side{r.old, r.new} {
			if installed := d.row(r, s).installed; s.compares() || s == r.new {
				if installed != nil && len(installed.Modules) > 0 {
					l := &load{side: s, name: d.name, modules: installed.Modules}
					loads[d][s] = l
					all = append(all, l)
				}
			}
		}
	}
	if err := r.loads(ctx, all); err != nil {
		return err
	}
	for _, d := range r.wanted {
		for _, s := range []*side{r.old, r.new} {
			row := d.row(r, s)
			switch l := loads[d][s]; {
			case s == r.old && !s.compares():
				row.state = ""
			case row.installed == nil && !row.applies:
				row.state = good
			case row.installed == nil:
				row.state = absent
			case l == nil:
				row.state = good // types, or a plugin: there is nothing to import
			default:
				row.state, row.failed = worst(l.went, l.modules)
			}
		}
		r.judgeDependency(d)
	}
	return nil
}

// dropUnused takes out what this environment was never meant to hold: extras
// that are nowhere installed, and files for development of which nothing is.
func (r *run) dropUnused() {
	here := func(d *dependency) bool { return d.newRow.installed != nil || d.oldRow.installed != nil }
	used := map[string]bool{}
	for _, d := range r.wanted {
		for _, one := range d.said {
			// What is declared elsewhere as well says nothing about this file.
			if here(d) && !slices.ContainsFunc(d.said, func(o requirement) bool { return !aside(o.File) }) {
				used[one.File] = true
			}
		}
	}
	unused := map[string]int{}
	r.wanted = slices.DeleteFunc(r.wanted, func(d *dependency) bool {
		if here(d) {
			return false
		}
		if d.extra {
			return true
		}
		for _, one := range d.said {
			if !aside(one.File) || used[one.File] {
				return false
			}
		}
		unused[d.said[0].File]++
		return true
	})
	for file, count := range unused {
		r.report.add(Finding{Code: "CP-DEP-010", Level: Warn, Verdict: New, File: file, Title: "nothing that only this file declares is installed: its requirements were not checked",
			Evidence: fmt.Sprintf("%d distributions", count), Cause: "the environment is not for development, or they were left out",
			Fix: "if they belong in it: " + r.pip() + " install -r " + quoted(filepath.Join(r.Project, file))})
	}
}

func (r *run) judgeDependency(d *dependency) {
	verdict, level := judge(d.oldRow.state, d.newRow.state)
	if level == Fail && d.newRow.state == settings {
		level = Warn
	}
	said := d.said[0]
	add := func(f Finding) {
		f.File, f.Line, f.Module = said.File, said.Line, d.name
		r.report.add(f)
	}
	switch d.newRow.state {
	case good:
	case absent:
		add(Finding{Code: "CP-DEP-001", Level: level, Verdict: verdict, Title: d.name + " is declared and not installed",
			Evidence: "declared by " + strings.TrimSpace(d.name+" "+said.Spec) + before(verdict),
			Cause:    "it was left out when the environment was rebuilt, or nobody installed it",
			Fix:      r.pip() + " install " + quoted(d.name+said.Spec)})
	default:
		f := r.blame(d, verdict, level)
		level = f.Level
		add(f)
	}
	before, after := d.oldRow.installed, d.newRow.installed
	if r.old.compares() && before != nil && after != nil && before.Version != after.Version {
		level = atLeastWarn(level)
		add(Finding{Code: "CP-DEP-002", Level: Warn, Verdict: Broken, Title: d.name + " changed its version",
			Evidence: before.Version + " → " + after.Version, Cause: "an update of the interpreter must not change dependencies: what fails now may be due to either",
			Fix: r.pip() + " install " + quoted(d.name+"=="+before.Version)})
	}
	if d.newRow.misfit != "" {
		verdict, _ := judge(misfit(d.oldRow, d.oldRow.misfit), failed)
		level = atLeastWarn(level)
		add(Finding{Code: "CP-DEP-003", Level: Warn, Verdict: verdict, Title: d.name + " is installed in a version that the project does not allow",
			Evidence: after.Version + ", declared " + d.newRow.misfit, Cause: "the declaration was changed after the installation, or not heeded by it",
			Fix: r.pip() + " install " + quoted(d.name+d.newRow.misfit)})
	}
	if d.newRow.pythons != "" {
		verdict, _ := judge(misfit(d.oldRow, d.oldRow.pythons), failed)
		level = atLeastWarn(level)
		add(Finding{Code: "CP-DEP-004", Level: Warn, Verdict: verdict, Title: d.name + " " + after.Version + " is not made for Python " + r.new.facts.Version,
			Evidence: "it requires Python " + d.newRow.pythons, Cause: "its makers have not released this version for the new interpreter",
			Fix: r.pip() + " index versions " + d.name + " shows those that are"})
	}
	r.report.row(Row{Kind: "dependency", Name: d.name, Old: r.cell(r.old, d.oldRow), New: r.cell(r.new, d.newRow), Verdict: verdict, Level: level})
}

// misfit is the state of the old side for what is only a warning.
func misfit(old dependencyRow, text string) string {
	switch {
	case old.installed == nil:
		return ""
	case text != "":
		return failed
	}
	return good
}

func atLeastWarn(level string) string {
	if level == OK {
		return Warn
	}
	return level
}

// cell is a side of a dependency in few words.
func (r *run) cell(s *side, row dependencyRow) string {
	words := map[string]string{failed: " does not import", crashed: " crashes", hung: " hangs", quit: " ends the process", settings: " wants settings"}
	switch {
	case !s.known() || s == r.old && !s.compares():
		return "?"
	case row.state == absent:
		return "not installed"
	case row.installed == nil:
		return "not needed"
	}
	return row.installed.Version + words[row.state]
}

func (r *run) pip() string { return quoted(r.new.program) + " -m pip" }
