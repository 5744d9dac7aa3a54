package compat

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// requirement is one declared dependency, as one line says it.
type requirement struct {
	Name   string // as it is compared; "" when only a place is given
	Spec   string // versions, as PEP 440 writes them
	Marker string
	URL    string
	File   string // relative to the project
	Line   int
	Extra  bool // nobody has to install it: an extra, or a group
}

// The parts of PEP 508, each from the start of what is left.
const (
	nameForm  = `^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`
	extraForm = `^\[\s*(?:[A-Za-z0-9._-]+\s*(?:,\s*[A-Za-z0-9._-]+\s*)*)?\]`
	oneSpec   = `(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()<>=!~'"]+`
)

// parseRequirement reads a dependency as PEP 508 and pip write it.
func parseRequirement(text string) (requirement, error) {
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return requirement{}, fmt.Errorf("read requirement %.60q: it holds a control character", text)
	}
	// A place first: a URL, or a path, which pip knows by its slash or dot.
	if scheme, _, ok := strings.Cut(text, "://"); ok && regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`).MatchString(scheme) {
		return place(text)
	}
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "/") || strings.HasPrefix(text, "file:") || strings.HasSuffix(text, ".whl") {
		return place(text)
	}
	name := regexp.MustCompile(nameForm).FindString(text)
	if name == "" {
		return requirement{}, fmt.Errorf("read requirement %.60q: it does not begin with a name", text)
	}
	found := requirement{Name: normal(name)}
	rest := strings.TrimSpace(text[len(name):])
	rest = strings.TrimSpace(rest[len(regexp.MustCompile(extraForm).FindString(rest)):])
	if url, ok := strings.CutPrefix(rest, "@"); ok {
		// A URL may hold a semicolon; with a blank before it begins the marker.
		url, marker, _ := strings.Cut(strings.TrimSpace(url), " ;")
		found.URL, found.Marker = strings.TrimSpace(url), strings.TrimSpace(marker)
		if found.URL == "" || strings.ContainsAny(found.URL, " \t") {
			return requirement{}, fmt.Errorf("read requirement %.60q: no URL follows the @", text)
		}
		return found, nil
	}
	spec, marker, _ := strings.Cut(rest, ";")
	found.Marker = strings.TrimSpace(marker)
	spec = strings.TrimSpace(spec)
	if inner, ok := strings.CutPrefix(spec, "("); ok {
		if spec, ok = strings.CutSuffix(inner, ")"); !ok {
			return requirement{}, fmt.Errorf("read requirement %.60q: a parenthesis is not closed", text)
		}
	}
	spec = strings.TrimSuffix(strings.TrimSpace(spec), ",")
	if spec != "" && !regexp.MustCompile(`^`+oneSpec+`(?:\s*,\s*`+oneSpec+`)*$`).MatchString(spec) {
		return requirement{}, fmt.Errorf("read requirement %.60q: %.40q is no version", text, spec)
	}
	found.Spec = strings.ReplaceAll(spec, " ", "")
	return found, nil
}

// place reads a requirement that is a URL or a path. Its name may stand in the
// fragment, or in the name of a wheel.
func place(text string) (requirement, error) {
	where, marker, _ := strings.Cut(text, " ;")
	found := requirement{URL: strings.TrimSpace(where), Marker: strings.TrimSpace(marker)}
	bare, fragment, _ := strings.Cut(found.URL, "#")
	for one := range strings.SplitSeq(fragment, "&") {
		if egg, ok := strings.CutPrefix(one, "egg="); ok {
			found.Name = normal(regexp.MustCompile(nameForm).FindString(egg))
		}
	}
	if wheel, ok := strings.CutSuffix(path.Base(bare), ".whl"); ok && found.Name == "" {
		name, _, _ := strings.Cut(wheel, "-")
		found.Name = normal(regexp.MustCompile(nameForm).FindString(name))
	}
	return found, nil
}

// normal is a name as pip compares it.
func normal(name string) string {
	return strings.ToLower(regexp.MustCompile(`[-_.]+`).ReplaceAllString(name, "-"))
}
