// Package detect finds the components of a project by the files that lie there:
// package.json, requirements, pyproject.toml, go.mod, Dockerfile, compose files.
//
// It states facts and decides nothing: which manager has the lock file, which
// tools are required, what the scripts say. Package defaults makes jobs of them.
// It only reads, a few small files of each directory and three directories deep;
// what others have made (node_modules, environments, builds) it never enters. A
// file that cannot be understood is noted and taken for an empty one: the tool
// that owns it says better what is wrong.
package detect

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/procedure"
)

// depth is how far below the project a component may lie.
const depth = 3

// Found is what lies in a project.
type Found struct {
	Components []Component
	Notes      []Note
}

// Note is something that a person should know, and that stops nothing.
type Note struct {
	Component string
	Rule      string // "no-lock-file"
	Path      string // below the project
	Text      procedure.Text
}

// Component is one part of the project, with what is known about it.
type Component struct {
	Name   string
	Dir    string // below the project; "." is the project itself
	Kind   pipeline.Kind
	Needs  []string
	Files  []string // names in its directory, in order; a directory has a / behind it
	Node   *Node
	Python *Python
	Go     *Go
	Images Images
	Env    Env
}

// Has says whether one of the names is in the directory; a name may be a
// pattern of path.Match.
func (c Component) Has(names ...string) bool { return has(c.Files, names...) }

func has(files []string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(files, func(file string) bool {
			fits, err := path.Match(name, file)
			return err == nil && fits
		})
	})
}

// Find looks through a project.
func Find(ctx context.Context, project fs.FS) (Found, error) {
	s := &search{tree{project}, Found{}}
	if err := s.walk(ctx, ".", 0); err != nil {
		return Found{}, err
	}
	s.settle()
	return s.found, nil
}

// At says what lies in one directory, where the configuration names it. A kind
// other than auto is taken as told.
func At(project fs.FS, dir string, kind pipeline.Kind) (Found, error) {
	s := &search{tree{project}, Found{}}
	files, err := s.list(path.Clean(dir))
	if err != nil {
		return Found{}, err
	}
	for _, k := range kindsOf(s.tree, path.Clean(dir), files) {
		if kind == "" || k == kind {
			s.add(path.Clean(dir), k, files)
			break
		}
	}
	if len(s.found.Components) == 0 && kind != "" {
		s.add(path.Clean(dir), kind, files)
	}
	s.settle()
	return s.found, nil
}

type search struct {
	tree
	found Found
}

// walk visits a directory and those below it, in order.
func (s *search) walk(ctx context.Context, dir string, level int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	files, err := s.list(dir)
	if err != nil && dir == "." {
		return err
	}
	if err != nil || slices.Contains(files, "pyvenv.cfg") {
		return nil //nolint:nilerr // a directory that cannot be read holds no component
	}
	for _, kind := range kindsOf(s.tree, dir, files) {
		if s.stands(dir, kind) {
			s.add(dir, kind, files)
		}
	}
	for _, name := range files {
		below, isDir := strings.CutSuffix(name, "/")
		if isDir && level < depth && !made(below) {
			if err := s.walk(ctx, path.Join(dir, below), level+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// made says that a directory is nobody's source.
func made(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{
		"node_modules", "bower_components", "vendor", "venv", "env", "site-packages", "__pycache__", "dist", "build", "out", "target", "coverage",
		"htmlcov", "testdata", "fixtures", "__fixtures__", "__mocks__",
	}, name)
}

// kindsOf lists what a directory is a component of. Node comes first: a Python
// project takes in what it has built.
func kindsOf(t tree, dir string, files []string) []pipeline.Kind {
	var kinds []pipeline.Kind
	if has(files, "package.json") {
		kinds = append(kinds, pipeline.Node)
	}
	if isPython(t, dir, files) {
		kinds = append(kinds, pipeline.Python)
	}
	if has(files, "go.mod") {
		kinds = append(kinds, pipeline.Go)
	}
	if len(kinds) == 0 && (has(files, "Dockerfile") || has(files, composeNames()...)) {
		kinds = append(kinds, pipeline.Docker)
	}
	return kinds
}

// stands says whether a directory is a component of its own, and not a piece of
// one that lies above it.
func (s *search) stands(dir string, kind pipeline.Kind) bool {
	for _, above := range s.found.Components {
		if above.Dir != "." && strings.HasPrefix(dir, above.Dir+"/") {
			return above.Kind == kind && kind == pipeline.Node && above.Node.member(above.Dir, dir) || above.Kind != kind && kind != pipeline.Docker
		}
	}
	if dir == "." {
		return true
	}
	if kind == pipeline.Docker { // elsewhere it is one of several ways to build something else
		return !strings.Contains(dir, "/") && dir != "docker"
	}
	return true
}

func (s *search) add(dir string, kind pipeline.Kind, files []string) {
	c := Component{Dir: dir, Kind: kind, Files: files, Env: s.env(dir, files)}
	switch kind {
	case pipeline.Node:
		c.Node = s.node(dir, files)
	case pipeline.Python:
		c.Python = s.python(dir, files)
	case pipeline.Go:
		c.Go = s.golang(dir, files)
	}
	c.Images = s.images(dir, files)
	s.found.Components = append(s.found.Components, c)
}

func (s *search) note(dir, rule, file, en, es string) {
	s.found.Notes = append(s.found.Notes, Note{Component: dir, Rule: rule, Path: path.Join(dir, file), Text: procedure.Text{EN: en, ES: es}})
}
