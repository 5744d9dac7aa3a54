package houserules_test

import (
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"iact-infra/internal/houserules"
)

func TestThisRepositoryKeepsEveryRule(t *testing.T) {
	t.Parallel()
	repo := os.DirFS("../..")
	for _, rule := range houserules.Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			t.Parallel()
			broken, err := rule.Broken(repo)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range broken {
				t.Error(line)
			}
		})
	}
}

func TestEachRuleBitesOnWhatBreaksItAndOnNothingElse(t *testing.T) {
	t.Parallel()
	sound := fstest.MapFS{
		"go.mod":                  file("module iact-infra\n"),
		"README.md":               file("run `go tool mage backup:all` and `go tool mage test:all`\n"),
		"magefiles/house.go":      file("//go:build mage\n\npackage main\n"),
		"internal/command/doc.go": file("// Package command is the door.\npackage command\n"),
		"internal/command/run.go": file("package command\n\nimport _ \"os/exec\"\n"),
		"internal/only/it_test.go": file("// Package only has nothing but tests.\npackage only\n\n" +
			"type t struct{}\n\nfunc (t) init() {}\n"),
		"internal/long/doc.go":            file("// Package long is just short enough.\npackage long\n" + strings.Repeat("//\n", 398)),
		"internal/long/testdata/other.go": file("this is not Go"),
		"internal/symptom/data/list.yaml": file("- id: B01\n"),
	}
	for _, test := range []struct {
		rule, name, text, want string
	}{
		{"the top level", "helpers/x.txt", "", "helpers: no such name"},
		{"every internal package", "internal/command/more.go", "// Package command again.\npackage command\n", "internal/command: 2 package doc"},
		{"every internal package", "internal/bare/x.go", "package bare\n", "internal/bare: 0 package doc"},
		{"every internal package", "internal/bare/x_test.go", "package bare\n", "internal/bare: 0 package doc"},
		{"no file is longer", "internal/long/x.go", strings.Repeat("//\n", 401) + "package long\n", "x.go: 402 lines"},
		{"no package has an init", "internal/long/x.go", "package long\n\nfunc init() {}\n", "x.go:3:1: func init"},
		{"only internal/command", "internal/long/x_test.go", "package long\n\nimport \"os/exec\"\n", "x_test.go:3:8: imports"},
		{"only internal/command", "internal/command/commandtest/x.go", "package commandtest\n\nimport \"os/exec\"\n", "x.go:3:8: imports"},
		{"only internal/command", "magefiles/x.go", "package main\n\nimport run \"os/exec\"\n", "x.go:3:8: imports"},
		{"the README names", "README.md", "go tool mage backup:all\n", `"go tool mage test:all"`},
		{"the README names", "README.es.md", "go tool mage test:all\n", `README.es.md: does not name "go tool mage backup:all"`},
	} {
		t.Run(test.rule+" "+test.name, func(t *testing.T) {
			t.Parallel()
			rule := named(t, test.rule)
			if broken, err := rule.Broken(sound); err != nil || len(broken) > 0 {
				t.Fatalf("a sound repository: %v, %v", broken, err)
			}
			repo := maps.Clone(sound)
			repo[test.name] = file(test.text)
			broken, err := rule.Broken(repo)
			if err != nil || len(broken) != 1 || !strings.Contains(broken[0], test.want) {
				t.Errorf("got %q, %v, want one line with %q", broken, err, test.want)
			}
		})
	}
}

func named(t *testing.T, start string) houserules.Rule {
	t.Helper()
	for _, rule := range houserules.Rules() {
		if strings.HasPrefix(rule.Name, start) {
			return rule
		}
	}
	t.Fatalf("no rule begins with %q", start)
	return houserules.Rule{}
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
