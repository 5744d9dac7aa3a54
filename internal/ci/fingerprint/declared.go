package fingerprint

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Declared tells of paths below the project, with slashes, whether they are inputs
// of a selection, or would be if they were there.
func (s *Snapshot) Declared(sel Selection) (func(name string) bool, error) {
	rules, err := compile(sel)
	if err != nil {
		return nil, err
	}
	return func(name string) bool {
		if !rules.selects(name) {
			return false
		}
		if slices.ContainsFunc(rules.literals, func(l literal) bool { return name == l.path || strings.HasPrefix(name, l.path+"/") }) {
			return true // what git ignores, and outputs, count where they are named
		}
		return !excepted(sel.Except, name) && !s.ignored(name)
	}, nil
}

// ignored tells whether a walk would pass a path over.
func (s *Snapshot) ignored(name string) bool {
	if _, walked := slices.BinarySearch(s.kept, name); walked {
		return false
	}
	at := scopes(s.root)
	words := strings.Split(name, "/")
	for i, word := range words {
		dir := path.Join(words[:i]...)
		if list := gitignore(filepath.Join(s.root, dir)); list != nil {
			prefix := ""
			if dir != "" {
				prefix = dir + "/"
			}
			at = &scope{above: at, dir: prefix, list: list}
		}
		below := path.Join(dir, word)
		if ours(word) || at.ignores(below, i < len(words)-1) {
			return true
		}
	}
	return false
}
