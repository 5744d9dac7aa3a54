package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// File is a file of requirements.
type File struct {
	Path   string // below the component
	Hashed bool
}

// Requirements reads a file of requirements: the packages that it names, in their
// normal form, the files that it includes, and whether it gives hashes.
func Requirements(text string) (names, includes []string, hashed bool) {
	text = regexp.MustCompile(`\\\r?\n`).ReplaceAllString(text, " ")
	name := regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:$|[\[<>=!~;@#(\s])`)
	include := regexp.MustCompile(`^(?:-r\s*|--requirement[= ]\s*|-c\s*|--constraint[= ]\s*)(\S+)`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		hashed = hashed || strings.Contains(line, "--hash=")
		if at := include.FindStringSubmatch(line); at != nil {
			includes = append(includes, at[1])
		} else if at := name.FindStringSubmatch(line); at != nil {
			names = append(names, normal(at[1]))
		}
	}
	return names, includes, hashed
}

// normal is a package's name as the index compares it.
func normal(name string) string {
	return regexp.MustCompile(`[-_.]+`).ReplaceAllString(strings.ToLower(name), "-")
}

// requirements finds the files that make an environment for development, without
// those that another one includes.
func (s *search) requirements(p *Python, dir string, files []string) {
	var found []string
	for _, name := range files {
		if fits, err := path.Match("requirements*.txt", name); err == nil && fits {
			found = append(found, name)
		}
	}
	if has(files, "requirements/") {
		below, err := s.list(path.Join(dir, "requirements"))
		for _, name := range below {
			if err == nil && strings.HasSuffix(name, ".txt") {
				found = append(found, "requirements/"+name)
			}
		}
	}
	elsewhere := regexp.MustCompile(`(?i)(^|[-_./])(prod|production|deploy|docs?|doc|staging|release|heroku)\b`)
	base := regexp.MustCompile(`^requirements(\.txt|/(base|common|main|requirements)\.txt)$`)
	found = slices.DeleteFunc(found, func(name string) bool { return elsewhere.MatchString(strings.TrimPrefix(name, "requirements")) })
	hashed, included := map[string]bool{}, map[string]bool{}
	var visit func(file string) bool
	visit = func(file string) bool {
		if is, again := hashed[file]; again {
			return is
		}
		names, includes, hashes := Requirements(s.read(dir, file))
		hashed[file] = hashes
		p.Read = append(p.Read, file)
		p.Required = append(p.Required, names...)
		for _, include := range includes {
			if at := path.Join(path.Dir(file), include); inside(at) != "" && !strings.Contains(include, "://") {
				included[at] = included[at] || at != file
				hashed[file] = visit(at) || hashed[file]
			}
		}
		return hashed[file]
	}
	for _, file := range found {
		p.Base = p.Base || base.MatchString(file)
		visit(file)
	}
	for _, file := range found {
		if !included[file] {
			p.Files = append(p.Files, File{file, hashed[file]})
		}
	}
	slices.Sort(p.Read)
	p.Read = slices.Compact(p.Read)
}

// static finds where the settings of Django say that static files go, below the
// directory of manage.py.
func (s *search) static(dir string) string {
	found := ""
	var look func(at string, level int)
	look = func(at string, level int) {
		files, err := s.list(at)
		if err != nil || level > depth || found != "" {
			return
		}
		for _, name := range files {
			below, isDir := strings.CutSuffix(name, "/")
			switch {
			case isDir && !made(below):
				look(path.Join(at, below), level+1)
			case strings.HasSuffix(name, ".py") && (strings.HasPrefix(name, "settings") || path.Base(at) == "settings"):
				if is := regexp.MustCompile(`(?m)^STATIC_ROOT\s*=.*?["']([\w./-]+)["']`).FindStringSubmatch(s.read(at, name)); is != nil && found == "" {
					found = inside(is[1])
				}
			}
		}
	}
	look(dir, 0)
	return found
}
