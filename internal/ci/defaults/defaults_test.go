package defaults_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"iact-infra/internal/ci/defaults"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/config"
)

// project reads a small project, and the pipeline that it should give.
func project(t *testing.T, file string) (fs.FS, string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	must(t, err)
	tree, want := fstest.MapFS{}, ""
	for _, f := range archive.Files {
		if f.Name == "pipeline.want" {
			want = string(f.Data)
			continue
		}
		tree[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return tree, want
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settings is the section ci of a configuration with this text.
func settings(t *testing.T, text string) config.CI {
	t.Helper()
	root := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "config"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "config", "iact.yaml"), []byte(text), 0o600))
	c, err := config.Load(config.Options{Root: root, Getenv: func(string) string { return "" }})
	must(t, err)
	return c.CI
}

func made(t *testing.T, tree fs.FS, text string) defaults.Made {
	t.Helper()
	m, err := defaults.Pipeline(t.Context(), tree, defaults.Options{CI: settings(t, text)})
	must(t, err)
	return m
}

// shown is a pipeline as the golden files have it.
func shown(m defaults.Made) string {
	var b strings.Builder
	line := func(name string, texts []string) {
		if len(texts) > 0 {
			fmt.Fprintf(&b, "  %s: %s\n", name, strings.Join(texts, " | "))
		}
	}
	for _, c := range m.Pipeline.Components {
		fmt.Fprintf(&b, "%s is %s in %s, coverage %d, size %s, needs %v\n", c.Name, c.Kind, c.Dir, c.Coverage, config.FormatSize(c.SizeBytes), c.Needs)
	}
	for _, j := range m.Pipeline.Jobs {
		fmt.Fprintf(&b, "\n%s < %s\n", j.Name(), strings.Join(j.Needs, " "))
		for _, run := range j.Run {
			fmt.Fprintf(&b, "  $ %s\n", run)
		}
		line("in", j.Inputs)
		line("out", j.Outputs)
		line("env", j.Env)
		line("tools", j.Tools)
		line("junit", j.Reports.JUnit)
		line("coverage", j.Reports.Coverage)
		for _, f := range j.Reports.Findings {
			line("findings", []string{f.Format + ":" + f.Path})
		}
		line("keep", j.Reports.Keep)
		line("services", j.Services)
		if j.Fresh || j.Daily || j.Placed || j.Optional {
			fmt.Fprintf(&b, "  fresh %t, daily %t, placed %t, optional %t\n", j.Fresh, j.Daily, j.Placed, j.Optional)
		}
	}
	for _, n := range m.Notes {
		fmt.Fprintf(&b, "\n! %s %s %s: %s\n", n.Component, n.Rule, n.Path, n.Text.EN)
	}
	return b.String()
}

func projects(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	must(t, err)
	if len(files) < 6 {
		t.Fatalf("only %d projects", len(files))
	}
	return files
}

// With IACT_UPDATE=1 the pipelines are written anew, to be read by a person.
func TestAProjectGivesThePipelineThatItsFilesSuggest(t *testing.T) {
	t.Parallel()
	for _, file := range projects(t) {
		tree, want := project(t, file)
		m := made(t, tree, "")
		have := shown(m)
		if os.Getenv("IACT_UPDATE") == "1" {
			archive, err := txtar.ParseFile(file)
			must(t, err)
			archive.Files = append(archive.Files[:len(tree.(fstest.MapFS))], txtar.File{Name: "pipeline.want", Data: []byte(have)})
			must(t, os.WriteFile(file, txtar.Format(archive), 0o644))
			continue
		}
		if have != want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", file, have, want)
		}
		for _, n := range m.Notes {
			if n.Text.EN == "" || n.Text.ES == "" || n.Rule == "" {
				t.Errorf("%s: a note without words: %+v", file, n)
			}
		}
	}
}

// plain makes empty lists none, as both are the same to a pipeline.
func plain(p pipeline.Pipeline) string { return fmt.Sprintf("%+v", p) }

func TestWhatInitWritesReadsBackToTheSamePipeline(t *testing.T) {
	t.Parallel()
	for _, file := range projects(t) {
		for _, lang := range []string{"en", "es"} {
			tree, _ := project(t, file)
			want := made(t, tree, "")
			section, err := defaults.Init(want.Pipeline, settings(t, ""), lang)
			must(t, err)
			on := regexp.MustCompile(`(?m)^( *)#( *(?:- |[a-z]+:))`).ReplaceAllString(section, "$1$2")
			for _, text := range []string{section, on} {
				ci := settings(t, text)
				if ci.Auto || len(ci.Components) != len(want.Pipeline.Components) {
					t.Fatalf("%s: %d components are read from\n%s", file, len(ci.Components), text)
				}
				have := made(t, tree, text)
				if plain(have.Pipeline) != plain(want.Pipeline) || !reflect.DeepEqual(have.Notes, want.Notes) {
					t.Errorf("%s: it reads back as\n%s\nwant\n%s\nfrom\n%s", file, shown(have), shown(want), text)
				}
			}
			if jobs := settings(t, on).Components[0].Jobs; len(jobs) == 0 {
				t.Errorf("%s: the jobs do not stand there:\n%s", file, on)
			}
		}
	}
}

func TestTheToolkitIsNoPartOfTheProject(t *testing.T) {
	t.Parallel()
	project := fstest.MapFS{
		"go.mod": {Data: []byte("module iact-infra\n")}, "tools/go.mod": {Data: []byte("module tools\n")},
		"infra/go.mod": {Data: []byte("module iact-infra\n")}, "infra/tools/go.mod": {Data: []byte("module tools\n")},
		"ui/package.json": {Data: []byte(`{"name": "ui", "scripts": {"test": "jest"}}`)},
	}
	for toolkit, want := range map[string][]string{".": {"infra", "ui"}, "infra": {"ui"}} {
		made, err := defaults.Pipeline(t.Context(), project, defaults.Options{CI: config.CI{Auto: true}, Toolkit: toolkit})
		if err != nil {
			t.Fatal(err)
		}
		var dirs []string
		for _, c := range made.Pipeline.Components {
			if top, _, _ := strings.Cut(c.Dir, "/"); !slices.Contains(dirs, top) {
				dirs = append(dirs, top)
			}
		}
		if toolkit == "infra" {
			dirs = slices.DeleteFunc(dirs, func(dir string) bool { return dir == "." || dir == "tools" })
		}
		if !slices.Equal(dirs, want) {
			t.Errorf("with the toolkit in %s the components lie in %v, want %v", toolkit, dirs, want)
		}
	}
}
