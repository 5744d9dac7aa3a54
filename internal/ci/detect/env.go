package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Env is the template of a file of variables.
type Env struct {
	Template string   // its name: ".env.example"; "" is none
	Target   string   // the file that is made from it: ".env"
	Names    []string // the variables that it holds
}

func (s *search) env(dir string, files []string) Env {
	for _, e := range []Env{
		{Template: ".env.example", Target: ".env"}, {Template: ".env.sample", Target: ".env"}, {Template: ".env.template", Target: ".env"},
		{Template: ".env.dist", Target: ".env"}, {Template: "env.example", Target: "env"}, {Template: "example.env", Target: ".env"},
	} {
		if has(files, e.Template) {
			e.Names = variables(s.read(dir, e.Template))
			return e
		}
	}
	return Env{}
}

// variables are the names that a file of variables sets.
func variables(text string) []string {
	var names []string
	for _, at := range regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=`).FindAllStringSubmatch(text, -1) {
		names = append(names, at[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Go is what is known of a Go module.
type Go struct {
	Module string
	Lint   string // the configuration of golangci-lint; "" is none
}

func (s *search) golang(dir string, files []string) *Go {
	g := &Go{}
	if at := regexp.MustCompile(`(?m)^module[ \t]+"?([^\s"]+)`).FindStringSubmatch(s.read(dir, "go.mod")); at != nil {
		g.Module = strings.TrimSuffix(path.Clean(at[1]), "/")
	}
	for _, name := range []string{".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json"} {
		if has(files, name) {
			g.Lint = name
		}
	}
	return g
}
