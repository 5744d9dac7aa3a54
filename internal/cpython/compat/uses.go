package compat

import (
	"fmt"
	"path/filepath"
	"slices"
)

// judgeSources makes findings of what the compilers said.
func (r *run) judgeSources(now, before map[string]*scanned) {
	counts := map[string]int{}
	verdicts := map[string]bool{}
	level := OK
	note := func(what string, f Finding) {
		counts[what]++
		if rank(f.Level) < rank(level) {
			level = f.Level
		}
		verdicts[f.Verdict] = true
		r.report.add(f)
	}
	for _, file := range r.sources {
		one := now[file]
		if one == nil {
			continue
		}
		name, _ := filepath.Rel(r.Project, file)
		if one.Unread != "" {
			note("unread", Finding{Code: "CP-SRC-007", Level: Warn, Verdict: New, File: name, Title: "a source cannot be read: it was not checked",
				Evidence: one.Unread, Cause: "the file belongs to another user", Fix: "run as the project's owner"})
			continue
		}
		if one.Error != "" {
			note("error", r.broken(name, one, before[file]))
		}
		for _, w := range one.Warnings {
			note("warning", r.warned(name, w, before[file]))
		}
		for _, u := range one.Found {
			if f, ok := r.used(file, name, u); ok {
				note("use", f)
			}
		}
	}
	verdict := New
	switch {
	case verdicts[Broken]:
		verdict = Broken
	case r.old.known():
		verdict = Same
	}
	old := "?"
	if r.old.known() {
		bad := 0
		for _, one := range before {
			if one.Error != "" {
				bad++
			}
		}
		old = fmt.Sprintf("%d compile", len(now)-bad-counts["unread"])
		if bad > counts["error"] {
			verdict = Fixed
		}
	}
	now1 := fmt.Sprintf("%d compile", len(now)-counts["error"]-counts["unread"])
	for _, part := range [][2]string{{"error", "do not"}, {"use", "uses of what is gone or going"}, {"warning", "warnings"}} {
		if counts[part[0]] > 0 {
			now1 += fmt.Sprintf(", %d %s", counts[part[0]], part[1])
		}
	}
	if len(r.sources) > 0 {
		r.report.row(Row{Kind: "source", Name: "sources", Old: old, New: now1, Verdict: verdict, Level: level})
	}
}

// broken is a file that does not compile.
func (r *run) broken(name string, one, was *scanned) Finding {
	state := ""
	if r.old.known() && was != nil {
		state = good
		if was.Error != "" {
			state = failed
		}
	}
	verdict, level := judge(state, failed)
	return Finding{Code: "CP-SRC-001", Level: level, Verdict: verdict, File: name, Line: one.Line, Title: "a source does not compile",
		Evidence: one.Error + before(verdict), Cause: "Python " + r.new.minor() + " does not accept it",
		Fix: "correct the line: " + quoted(r.new.program) + " -c 'import ast, sys; ast.parse(open(sys.argv[1], \"rb\").read())' " + quoted(name)}
}

// warned is what the compiler accepts, and will not for ever.
func (r *run) warned(name string, w warning, was *scanned) Finding {
	verdict := New
	if r.old.known() && was != nil {
		verdict = Broken
		if slices.ContainsFunc(was.Warnings, func(o warning) bool { return o.Line == w.Line }) {
			verdict = Same
		}
	}
	return Finding{Code: "CP-SRC-002", Level: Warn, Verdict: verdict, File: name, Line: w.Line, Title: "the compiler warns",
		Evidence: w.Kind + ": " + w.Text, Cause: "what is a warning now is meant to be an error in a later version",
		Fix: "correct the line; for an escape: write the string as r\"…\""}
}

// used is a use of what is gone, or will be.
func (r *run) used(file, name string, u use) (Finding, bool) {
	if u.Kind == kindModule && provides(filepath.Dir(file), u.Name) { // a script finds its neighbours first
		return Finding{}, false
	}
	entry := removal{kind: u.Kind, name: u.Name, removed: r.new.minorNumber(), instead: "nothing of the standard library"}
	for _, one := range concerning(r.new.minorNumber()) {
		if one.kind == u.Kind && one.name == u.Name {
			entry = one
		}
	}
	f := Finding{File: name, Line: u.Line, Module: u.Name, Evidence: u.Name, Cause: entry.cause(), Fix: "use " + entry.instead, Verdict: New, Level: Warn}
	if entry.removed == 0 || entry.removed > r.new.minorNumber() {
		f.Code, f.Title = "CP-SRC-006", u.Name+" is deprecated"
		if r.old.known() {
			f.Verdict = Broken
			if entry.deprecated <= r.old.minorNumber() {
				f.Verdict = Same
			}
		}
		return f, true
	}
	state := ""
	if r.old.known() {
		state = good
		if entry.removed <= r.old.minorNumber() {
			state = failed
		}
	}
	f.Verdict, f.Level = judge(state, failed)
	f.Evidence += before(f.Verdict)
	switch {
	case u.Guarded:
		f.Code, f.Level, f.Title = "CP-SRC-004", Warn, u.Name+" is gone; the code is prepared for that"
	case u.Kind == kindModule:
		f.Code, f.Title = "CP-SRC-003", "the module "+u.Name+" is gone"
		if _, there := r.new.names["setuptools"]; there && (u.Name == "distutils") {
			f.Level, f.Title = Warn, "distutils is gone; setuptools, which is installed, stands in for it"
			f.Fix = "declare setuptools, or use " + entry.instead
		}
	default:
		f.Code, f.Title = "CP-SRC-005", u.Name+" is gone"
	}
	return f, true
}
