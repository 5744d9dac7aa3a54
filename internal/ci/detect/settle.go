package detect

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/ci/pipeline"
)

// settle gives the components their names, and finds which needs which.
func (s *search) settle() {
	all := s.found.Components
	dirs := map[string]string{} // of notes, which know only the directory so far
	for i := range all {
		all[i].Name = s.name(all[:i], all[i])
		if dirs[all[i].Dir] == "" {
			dirs[all[i].Dir] = all[i].Name
		}
	}
	for i := range all {
		c := &all[i]
		for j := range all {
			if i != j && needs(*c, all[j], j < i) {
				c.Needs = append(c.Needs, all[j].Name)
			}
		}
		if i > 0 && all[i-1].Dir == c.Dir { // the image holds both: the last one builds it
			all[i-1].Images, all[i-1].Env = Images{}, Env{}
		}
	}
	for i := range s.found.Notes {
		s.found.Notes[i].Component = dirs[s.found.Notes[i].Component]
	}
}

// needs says whether c is made from the other: it lies in the same directory and
// comes later, requires it as a package of the same workspace, or builds its
// image.
func needs(c, other Component, earlier bool) bool {
	switch {
	case c.Dir == other.Dir:
		return earlier
	case c.Node != nil && other.Node != nil:
		return other.Node.Name != "" && c.Node.Workspace != "" && c.Node.Requires(other.Node.Name)
	case c.Kind == pipeline.Docker:
		return slices.Contains(c.Images.Contexts, other.Dir)
	}
	return false
}

// name is short, the same on every machine, and not taken: the directory's, or
// for the project itself what its own files call it.
func (s *search) name(before []Component, c Component) string {
	candidates := []string{path.Base(c.Dir), c.Dir, c.Dir + "-" + string(c.Kind)}
	if c.Dir == "." {
		own := "app"
		switch {
		case c.Node != nil && c.Node.Name != "":
			own = path.Base(c.Node.Name)
		case c.Python != nil && c.Python.Name != "":
			own = c.Python.Name
		case c.Go != nil && c.Go.Module != "":
			own = path.Base(c.Go.Module)
		}
		candidates = []string{own, own + "-" + string(c.Kind)}
	}
	for i := 2; ; i++ {
		for _, candidate := range candidates {
			name := plain(candidate)
			if !slices.ContainsFunc(before, func(b Component) bool { return b.Name == name }) {
				return name
			}
		}
		candidates = []string{fmt.Sprintf("%s-%d", candidates[0], i)}
	}
}

// plain makes a name of what a directory or a package is called.
func plain(s string) string {
	s = regexp.MustCompile(`[^a-z0-9_.-]+`).ReplaceAllString(strings.ToLower(s), "-")
	s = strings.Trim(s, "-._")
	s = s[:min(len(s), 30)]
	if s == "" {
		return "app"
	}
	return s
}
