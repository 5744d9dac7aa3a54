package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"iact-infra/internal/ci/pipeline"
)

// Tools are what the programs of a component are.
type Tools struct {
	Node, Python, Go Version
	// Lock is the file that says what is installed, below the project, and Manager
	// who installs it: npm, yarn, pnpm, pip, uv, go.
	Lock    string
	Manager string
}

// Version is which one of a language a component wants.
type Version struct {
	File   string // that says so, below the project; the system reads it itself
	Number string // the first that will do, for the name of an image
}

// of is the language whose packages a lock file names.
func (t Tools) of() string {
	switch t.Manager {
	case "npm", "yarn":
		return "node"
	case "pip":
		return "python"
	case "go":
		return "go"
	}
	return "" // its action knows no cache of it, and the toolkit's own has it
}

// Look reads what the components of a project say of the programs that they want.
// A component that says nothing gets what its kind usually needs.
func Look(project fs.FS, p pipeline.Pipeline) (map[string]Tools, error) {
	all := map[string]Tools{}
	for _, c := range p.Components {
		s := search{project: project, dir: path.Clean(c.Dir)}
		var t Tools
		switch c.Kind {
		case pipeline.Node:
			t.Node = s.version("22", source{".nvmrc", `^v?([0-9.]+|lts/[a-z*]+)`}, source{".node-version", `^v?([0-9.]+)`}, source{"package.json", "engines"})
			t.Lock, t.Manager = s.lock("package-lock.json", "npm", "npm-shrinkwrap.json", "npm", "yarn.lock", "yarn", "pnpm-lock.yaml", "pnpm")
		case pipeline.Python:
			t.Python = s.version("3.13", source{".python-version", `^([0-9.]+)`}, source{"pyproject.toml", `(?m)^requires-python\s*=\s*["'][^0-9"']*([0-9.]+)`})
			t.Lock, t.Manager = s.lock("uv.lock", "uv", "requirements.txt", "pip", "requirements/test.txt", "pip", "requirements/base.txt", "pip")
		case pipeline.Go:
			t.Go = s.version("1.25", source{"go.mod", `(?m)^go ([0-9.]+)`})
			t.Lock, t.Manager = s.lock("go.sum", "go")
		}
		if s.err != nil {
			return nil, fmt.Errorf("read versions of %s: %w", c.Name, s.err)
		}
		all[c.Name] = t
	}
	return all, nil
}

// source is a file that may name a version, and how it does.
type source struct{ name, pattern string }

// search looks in the directory of one component.
type search struct {
	project fs.FS
	dir     string
	err     error
}

// version takes the first file that names one.
func (s *search) version(usual string, sources ...source) Version {
	for _, from := range sources {
		number := ""
		if from.pattern == "engines" {
			number = s.engines(from.name)
		} else if found := regexp.MustCompile(from.pattern).FindStringSubmatch(s.text(from.name)); found != nil {
			number = found[1]
		}
		if number != "" {
			// Images have names for the lines of Node: lts/iron is node:iron.
			return Version{File: path.Join(s.dir, from.name), Number: strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(number, "/*"), "lts/"), ".")}
		}
	}
	return Version{Number: usual}
}

// engines is the lowest Node.js that a package.json asks for.
func (s *search) engines(name string) string {
	var manifest struct {
		Engines struct{ Node string } `json:"engines"`
	}
	if text := s.text(name); text != "" {
		// Another stage says what is wrong with it: here it only names no version.
		if json.Unmarshal([]byte(text), &manifest) != nil {
			return ""
		}
	}
	return regexp.MustCompile(`[0-9]+(?:\.[0-9]+)*`).FindString(manifest.Engines.Node)
}

// lock is the first file that is there, of pairs of a file and who reads it.
func (s *search) lock(pairs ...string) (lock, manager string) {
	for i := 0; i < len(pairs); i += 2 {
		if at := path.Join(s.dir, pairs[i]); s.text(pairs[i]) != "" {
			return at, pairs[i+1]
		}
	}
	return "", ""
}

// text is that of a file, and empty for one that is not there.
func (s *search) text(name string) string {
	content, err := fs.ReadFile(s.project, path.Join(s.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && s.err == nil {
		s.err = err
	}
	return strings.TrimSpace(string(content))
}
