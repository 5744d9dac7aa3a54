package compat

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// blame says why a dependency does not import, and what helps.
func (r *run) blame(d *dependency, verdict, level string) Finding {
	bad := d.newRow.failed[0]
	f := Finding{Level: level, Verdict: verdict, Evidence: r.evidence(bad, verdict)}
	if more := len(d.newRow.failed) - 1; more > 0 {
		f.Evidence += fmt.Sprintf("\nand %d more of its modules", more)
	}
	version := d.newRow.installed.Version
	newer := r.pip() + " install --upgrade " + quoted(d.name) + ", in a change of its own: a version for Python " + r.new.minor()
	again := r.pip() + " install --force-reinstall --no-deps --no-cache-dir " + quoted(d.name+"=="+version)
	switch bad.state {
	case crashed:
		f.Code, f.Title, f.Cause, f.Fix = "CP-IMP-002", "importing "+bad.Name+" crashes the interpreter", "a compiled part of it was built for another Python, or has a fault that the new one brings out", again+"; if it stays: "+newer
	case hung:
		f.Code, f.Title, f.Cause, f.Fix = "CP-IMP-003", "importing "+bad.Name+" does not end", "it waits for something on import: a lock, the network, a prompt", "run it by hand: "+quoted(r.new.program)+" -X faulthandler -c 'import "+bad.Name+"', and end it with kill -ABRT to see where it waits"
	case quit:
		f.Code, f.Title, f.Cause, f.Fix = "CP-IMP-004", "importing "+bad.Name+" ends the process", "it calls sys.exit or os._exit: most often it found that it does not fit this Python", newer
	case settings:
		f.Code, f.Title, f.Cause, f.Fix = "CP-IMP-005", bad.Name+" wants the project's settings on import", "it reads the settings of Django as soon as it is imported: alone this says nothing about the interpreter", "the smoke command manage.py check imports it with the settings"
	default:
		f.Code, f.Title = "CP-IMP-001", bad.Name+" does not import"
		f.Cause, f.Fix = r.cause(bad, newer, again)
		if stale := r.stale(d.newRow.installed); stale != "" {
			f.Cause, f.Fix = "its compiled module "+stale, again
		}
		// A part that wants something optional is not the whole.
		if bad.Missing != "" && !r.isStdlib(bad.Missing) && len(d.newRow.failed) < len(d.newRow.installed.Modules) {
			f.Code, f.Title = "CP-IMP-006", "a part of "+d.name+", "+bad.Name+", does not import"
			f.Cause = "it needs " + bad.Missing + ", which is not installed: the rest of it does import"
			f.Level = Warn
		}
	}
	return f
}

// stale says what is wrong with the first extension that the new interpreter
// does not see, while it sees none in its place.
func (r *run) stale(d *distribution) string {
	why, seen := "", map[string]bool{}
	for _, path := range d.Extensions {
		if code, _ := parseTag(filepath.Base(path)).wrong(r.new.facts); code == "" {
			seen[stem(path)] = true
		}
	}
	for _, path := range d.Extensions {
		if code, said := parseTag(filepath.Base(path)).wrong(r.new.facts); code != "" && !seen[stem(path)] && why == "" {
			why = filepath.Base(path) + " is not seen: " + said
		}
	}
	return why
}

func stem(path string) string {
	return filepath.Join(filepath.Dir(path), parseTag(filepath.Base(path)).stem)
}

func (r *run) evidence(bad loaded, verdict string) string {
	text := bad.Text
	if bad.Kind != "" {
		text = bad.Kind + ": " + text
	}
	if bad.Where != "" {
		text += "\n" + bad.Where
	}
	return strings.TrimSpace(text) + before(verdict)
}

// cause reads an import error.
func (r *run) cause(bad loaded, newer, again string) (cause, fix string) {
	top, _, _ := strings.Cut(bad.Missing, ".")
	if gone, ok := lookup(kindModule, bad.Missing, r.new.minorNumber()); ok {
		return gone.cause(), newer + "; until then: " + gone.instead
	}
	if gone, ok := lookup(kindModule, top, r.new.minorNumber()); ok {
		return gone.cause(), newer + "; until then: " + gone.instead
	}
	if m := regexp.MustCompile(`cannot import name '(\w+)' from '([\w.]+)'|module '([\w.]+)' has no attribute '(\w+)'`).FindStringSubmatch(bad.Text); m != nil {
		name := m[2] + "." + m[1]
		if m[3] != "" {
			name = m[3] + "." + m[4]
		}
		if gone, ok := lookup(kindName, name, r.new.minorNumber()); ok {
			return gone.cause(), newer
		}
	}
	switch {
	case bad.Missing != "" && r.old.known() && slices.Contains(r.old.facts.Stdlib, top) && !slices.Contains(r.new.facts.Stdlib, top):
		return "the standard library of the new interpreter has no " + top, newer
	case bad.Missing != "" && slices.Contains(r.new.facts.Stdlib, top):
		return "the new interpreter was built without " + bad.Missing + ": a -dev package was missing", "cpython:deps installs what is missing, cpython:build builds anew"
	case bad.Missing != "":
		return "it needs " + bad.Missing + ", which is not installed", r.pip() + " check names what is missing; " + again + " without --no-deps brings it"
	case strings.Contains(bad.Text, "cannot open shared object file"):
		return library(bad.Text)
	case strings.Contains(bad.Text, "undefined symbol"), strings.Contains(bad.Text, "invalid ELF"), strings.Contains(bad.Text, "wrong ELF class"):
		return "a compiled part of it was built for another Python or another machine", again
	}
	return "its code does not run on Python " + r.new.minor(), newer
}

// library reads what the loader misses.
func library(text string) (cause, fix string) {
	name := regexp.MustCompile(`([^\s:/]+\.so[.0-9]*): cannot open shared object file`).FindStringSubmatch(text)
	if name == nil {
		return "a shared library is missing", "ldconfig -p lists those that are there"
	}
	cause = "the shared library " + name[1] + " is not on this machine"
	const anew = "install the package again, so that it is built against the OpenSSL of this system"
	for _, known := range [][2]string{
		{"libpq.so", "apt-get install libpq5"},
		{"libmariadb.so", "apt-get install libmariadb3"},
		{"libmysqlclient.so", "apt-get install libmariadb-dev, and build mysqlclient again"},
		{"libffi.so", "apt-get install libffi8; for another number build the package again"},
		{"libgomp.so", "apt-get install libgomp1"},
		{"libopenblas.so", "apt-get install libopenblas0"},
		{"libxml2.so", "apt-get install libxml2"},
		{"libxslt.so", "apt-get install libxslt1.1"},
		{"libgfortran.so", "apt-get install libgfortran5"},
		{"libGL.so", "apt-get install libgl1"},
		{"libodbc.so", "apt-get install unixodbc"},
		{"libc.musl", "it was built for musl (Alpine), and this system has glibc: install the package again here"},
		{"libssl.so", anew},
		{"libcrypto.so", anew},
		{"libpython", "it asks for one interpreter by its library: build it again with the new one"},
	} {
		if strings.HasPrefix(name[1], known[0]) {
			return cause, known[1]
		}
	}
	return cause, "apt-file search " + name[1] + " names the package that has it"
}

func (r *run) isStdlib(module string) bool {
	top, _, _ := strings.Cut(module, ".")
	if _, gone := lookup(kindModule, top, r.new.minorNumber()); gone {
		return true
	}
	return slices.Contains(r.new.facts.Stdlib, top) || r.old.known() && slices.Contains(r.old.facts.Stdlib, top)
}

func (s *side) minorNumber() int {
	if s.known() && len(s.facts.Info) > 1 && s.facts.Info[0] == 3 {
		return s.facts.Info[1]
	}
	return 0
}

func (s *side) minor() string { return fmt.Sprintf("3.%d", s.minorNumber()) }

func quoted(word string) string { return command.Quote(word) }
