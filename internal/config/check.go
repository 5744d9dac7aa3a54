package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// namePattern is the form of a source's name: it becomes a directory of a set.
const namePattern = `^[a-z0-9][a-z0-9_.-]{0,62}$`

// The rules return what a value breaks, or "" when it is fine. Line breaks and
// empty values are ruled out before.

func nameRule(s string) string {
	if regexp.MustCompile(namePattern).MatchString(s) {
		return ""
	}
	return "a name is 1 to 63 of a-z 0-9 _ . - and starts with a letter or digit"
}

func pathRule(s string) string {
	switch {
	case strings.HasPrefix(s, "$"):
		return "variables are not expanded: write the path, ~/ for the home directory"
	case strings.HasPrefix(s, "~") && s != "~" && !strings.HasPrefix(s, "~/"):
		return "only ~/ is expanded, for your own home directory"
	case isURL(s):
		return "that is an address: a path of this machine is wanted"
	}
	return ""
}

func storeRule(s string) string {
	if isURL(s) {
		return "that is not a directory: the store is a directory of this machine"
	}
	return pathRule(s)
}

func isURL(s string) bool { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`).MatchString(s) }

func placeRule(s string) string {
	if wrong := command.CheckPlace(s); wrong != "" {
		return "it " + wrong
	}
	return ""
}

func machineRule(s string) string {
	if command.CheckPlace("vagrant:"+s) != "" {
		return "a machine is named as in the Vagrantfile: a-z A-Z 0-9 _ . - with a letter or digit first"
	}
	return ""
}

func databaseRule(s string) string {
	switch {
	case strings.Contains(s, "://") || strings.Contains(s, "="):
		return "the name of a database is wanted, not a connection string; host, port and user are keys of their own"
	case len(s) > 63:
		return "a database's name has at most 63 bytes"
	}
	return ""
}

func hostRule(s string) string {
	if strings.ContainsAny(s, " @=?") || strings.Contains(s, "://") || strings.HasPrefix(s, "-") {
		return "a host is a name, an address or the directory of a socket; port and user are keys of their own"
	}
	return ""
}

func userRule(s string) string {
	if strings.ContainsAny(s, " :@/=") || strings.HasPrefix(s, "-") {
		return "a user is a plain name"
	}
	return ""
}

func patternRule(s string) string {
	switch {
	case strings.HasPrefix(s, "#"):
		return `gitignore takes that for a comment: write \# first`
	case s == "/" || s == "!" || s == "!/":
		return "the pattern matches nothing"
	}
	return ""
}

// tagsRule holds for one item of a list of tags: one tag, or several with commas
// between them.
func tagsRule(s string) string {
	for tag := range strings.SplitSeq(s, ",") {
		if strings.TrimSpace(tag) == "" {
			return "a tag is empty: write one tag, or several with commas between them"
		}
	}
	return ""
}

// checkTogether finds what no key shows alone, in the effective configuration.
func (r *reader) checkTogether() {
	r.checkCI()
	b := r.config.Backup
	for i, name := range b.Retired {
		at := fmt.Sprintf("backup.retired[%d]", i)
		if s := slices.IndexFunc(b.Sources, func(s Source) bool { return s.Name == name }); s >= 0 {
			r.reportAt(r.config.origins[at], at, fmt.Sprintf("%q is a configured source (%s)", name, b.Sources[s].Origin),
				"a source is retired or backed up, not both: remove one")
		}
		if slices.Index(b.Retired, name) < i {
			r.reportAt(r.config.origins[at], at, fmt.Sprintf("%q stands in the list twice", name), "remove one")
		}
	}
	ofKeep := func(p Problem) bool { return strings.HasPrefix(p.Key, "backup.keep") }
	if b.Keep.Empty() && !slices.ContainsFunc(r.problems, ofKeep) {
		r.reportAt(r.latest("backup.keep."), "backup.keep", "every rule is off: no set would be kept", "give at least one, such as last: 3; a rule left out is off")
	}
	if inside(b.Store, r.config.Project) {
		r.reportAt(r.latest("backup.store", "project"), "backup.store", "the project "+r.config.Project+" lies in the store "+b.Store,
			"the store is left out of every backup: choose another directory")
	}
	for i, s := range b.Sources {
		at := fmt.Sprintf("backup.sources[%d].path", i)
		if s.Path != "" && inside(b.Store, s.Path) {
			r.reportAt(r.config.origins[at], at, s.Path+" lies in the store "+b.Store, "the store is left out of every backup: choose another path")
		}
	}
}

// latest is the last place that set a key which starts with one of the prefixes.
func (r *reader) latest(prefixes ...string) place {
	var last place
	for keyPath, at := range r.config.origins {
		starts := func(prefix string) bool { return strings.HasPrefix(keyPath, prefix) }
		if slices.ContainsFunc(prefixes, starts) && at.compare(last) > 0 {
			last = at
		}
	}
	return last
}

// inside reports whether p is dir or lies under it.
func inside(dir, p string) bool {
	rel, err := filepath.Rel(dir, p)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// checkPasswordFile holds the file against the rule for secrets while nothing
// depends on it yet.
func (r *reader) checkPasswordFile(s Source, keyPath string) {
	if s.PasswordFile == "" {
		return
	}
	if what, rule := secretProblem(s.PasswordFile); what != "" {
		r.reportAt(r.config.origins[keyPath], keyPath, what, rule)
	}
}
