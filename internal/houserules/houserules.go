// Package houserules checks what no compiler and no linter checks about this repository: the names on its top level, one
// doc comment a package, no init, one door to outside programs, files of a readable length, and a README that names the
// two commands that a newcomer needs.
//
// Every rule reads a file system and returns the places that break it, so that a rule is tested on a small made-up
// repository and then applied to the real one.
package houserules

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Rule is one promise about the repository. Broken returns one line for each place that breaks it: where, and what.
type Rule struct {
	Name   string
	Broken func(repo fs.FS) ([]string, error)
}

// Rules are all the rules of the house.
func Rules() []Rule {
	return []Rule{
		{"the top level holds only the names of the house", topLevel},
		{"every internal package has exactly one doc comment", docComments},
		{"no file is longer than 400 lines", length},
		{"no package has an init function", inits},
		{"only internal/command imports os/exec", doors},
		{"the README names the two commands", readme},
	}
}

// topLevel compares with the names of the design, and with what git ignores.
func topLevel(repo fs.FS) ([]string, error) {
	allowed := []string{
		"magefiles", "internal", "scripts", "config", "backups", "docs", "tools", "go.mod", "go.sum", "README.md",
		"README.es.md", "CHANGELOG.md", "LICENSE", ".ci", ".golangci.yml", ".gitignore", ".gitattributes",
		".git", ".iact", "iact", "dist", "mage_output_file.go",
	}
	entries, err := fs.ReadDir(repo, ".")
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, entry := range entries {
		if !slices.Contains(allowed, entry.Name()) {
			broken = append(broken, entry.Name()+": no such name in the house")
		}
	}
	return broken, nil
}

// docComments counts per package. A package that has nothing but tests carries its comment in one of them.
func docComments(repo fs.FS) ([]string, error) {
	type count struct{ files, comments int }
	product, tests := map[string]count{}, map[string]count{}
	err := eachGoFile(repo, func(name string, file *ast.File, _ *token.FileSet) {
		dir := path.Dir(name)
		if !strings.HasPrefix(dir, "internal/") {
			return
		}
		into := product
		if strings.HasSuffix(name, "_test.go") {
			into = tests
		}
		seen := into[dir]
		seen.files++
		if file.Doc != nil && strings.TrimSpace(file.Doc.Text()) != "" {
			seen.comments++
		}
		into[dir] = seen
	})
	if err != nil {
		return nil, err
	}
	for dir, seen := range tests {
		if product[dir].files == 0 {
			product[dir] = seen
		}
	}
	var broken []string
	for dir, seen := range product {
		if seen.comments != 1 {
			broken = append(broken, fmt.Sprintf("%s: %d package doc comments in %d files", dir, seen.comments, seen.files))
		}
	}
	slices.Sort(broken)
	return broken, nil
}

func length(repo fs.FS) ([]string, error) {
	const limit = 400
	var broken []string
	err := eachFile(repo, ".go", func(name string, text []byte) error {
		if lines := bytes.Count(text, []byte("\n")); lines > limit {
			broken = append(broken, fmt.Sprintf("%s: %d lines", name, lines))
		}
		return nil
	})
	return broken, err
}

func inits(repo fs.FS) ([]string, error) {
	var broken []string
	err := eachGoFile(repo, func(_ string, file *ast.File, set *token.FileSet) {
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				broken = append(broken, set.Position(f.Pos()).String()+": func init")
			}
		}
	})
	return broken, err
}

func doors(repo fs.FS) ([]string, error) {
	var broken []string
	err := eachGoFile(repo, func(name string, file *ast.File, set *token.FileSet) {
		if path.Dir(name) == "internal/command" {
			return
		}
		for _, spec := range file.Imports {
			if spec.Path.Value == `"os/exec"` {
				broken = append(broken, set.Position(spec.Pos()).String()+": imports os/exec")
			}
		}
	})
	return broken, err
}

// readme holds for the translation too, once it is there.
func readme(repo fs.FS) ([]string, error) {
	var broken []string
	for _, name := range []string{"README.md", "README.es.md"} {
		text, err := fs.ReadFile(repo, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, command := range []string{"go tool mage backup:all", "go tool mage test:all"} {
			if !bytes.Contains(text, []byte(command)) {
				broken = append(broken, fmt.Sprintf("%s: does not name %q", name, command))
			}
		}
	}
	return broken, nil
}

// eachGoFile parses every Go file of the repository, tests included.
func eachGoFile(repo fs.FS, visit func(name string, file *ast.File, set *token.FileSet)) error {
	return eachFile(repo, ".go", func(name string, text []byte) error {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
		visit(name, file, set)
		return nil
	})
}

// eachFile visits the files with that ending, in order, outside of what is not ours to judge.
func eachFile(repo fs.FS, ending string, visit func(name string, text []byte) error) error {
	return fs.WalkDir(repo, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			base := path.Base(name)
			skipped := base == "testdata" || name == "dist" || name == "backups" || name == "tools" || base == "node_modules"
			if name != "." && (strings.HasPrefix(base, ".") || skipped) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || path.Ext(name) != ending || path.Base(name) == "mage_output_file.go" {
			return nil
		}
		text, err := fs.ReadFile(repo, name)
		if err != nil {
			return err
		}
		return visit(name, text)
	})
}
