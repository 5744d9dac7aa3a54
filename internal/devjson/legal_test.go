package devjson_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"iact-infra/internal/devjson"
)

// archive is the project that a text holds: a line "-- NAME --", and below it the
// file. Scripts and what lies in tools/ can be run.
func archive(text string) fstest.MapFS {
	tree := fstest.MapFS{}
	names := regexp.MustCompile(`(?m)^-- (\S+) --\n`).FindAllStringSubmatchIndex(text, -1)
	for i, at := range names {
		end := len(text)
		if i+1 < len(names) {
			end = names[i+1][0]
		}
		name, mode := text[at[2]:at[3]], fs.FileMode(0o644)
		if path.Ext(name) == ".sh" || strings.HasPrefix(name, "tools/") || name == "mvnw" {
			mode = 0o755
		}
		tree[name] = &fstest.MapFile{Data: []byte(text[at[1]:end]), Mode: mode}
	}
	return tree
}

// place is where the devcontainer.json of a project is.
func place(t *testing.T, tree fs.FS) string {
	t.Helper()
	for _, pattern := range devjson.Places() {
		if found, err := fs.Glob(tree, pattern); err == nil && len(found) > 0 {
			return found[0]
		}
	}
	t.Fatal("there is no devcontainer.json")
	return ""
}

// judge judges a project, but for what is only to be known.
func judge(t *testing.T, tree fs.FS, env map[string]string) []string {
	t.Helper()
	where := place(t, tree)
	text, err := fs.ReadFile(tree, where)
	if err != nil {
		t.Fatal(err)
	}
	found := devjson.Judge(where, text, devjson.Options{Files: tree, Folder: "/home/ana/project", Env: env})
	for _, f := range found {
		if slices.Contains([]string{f.Where, f.Evidence, f.Cause, f.Fix, f.Title.ES, f.Title.EN}, "") || strings.Contains(f.Where+f.Evidence+f.Cause+f.Fix, "\x00") {
			t.Errorf("%+v is not whole", f)
		}
	}
	return said(slices.DeleteFunc(found, func(f devjson.Finding) bool { return f.State == devjson.Note }))
}

func home() map[string]string { return map[string]string{"HOME": "/home/ana", "PATH": "/bin"} }

func TestLegalProjectsHaveNoFindings(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/legal/*.txtar")
	if err != nil || len(archives) < 20 {
		t.Fatalf("%d projects, %v", len(archives), err)
	}
	for _, name := range archives {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := judge(t, archive(string(text)), home()); len(found) > 0 {
			t.Errorf("%s:\n%s", name, strings.Join(found, "\n"))
		}
	}
}

func TestAVariableOfTheToolsThatComposeHasAValueForIsNoFault(t *testing.T) {
	t.Parallel()
	const service = "services:\n  app:\n    image: x\n    volumes:\n"
	for name, files := range map[string][2]string{
		"a default":    {service + "      - ..:/workspaces/${localWorkspaceFolderBasename:-app}\n", ""},
		"a comment":    {service + "      # not ${localWorkspaceFolder}\n      - ..:/workspaces/app\n", ""},
		"a value":      {service + "      - ..:/workspaces/${localWorkspaceFolderBasename}\n", "localWorkspaceFolderBasename=app\n"},
		"from outside": {service + "      - ..:/workspaces/$containerWorkspaceFolderBasename\n", ""},
	} {
		tree := fstest.MapFS{
			usual:                 {Data: []byte(`{"dockerComposeFile": "c.yml", "service": "app", "workspaceFolder": "/workspaces/app"}`)},
			".devcontainer/c.yml": {Data: []byte(files[0])}, ".devcontainer/.env": {Data: []byte(files[1])},
		}
		if found := judge(t, tree, map[string]string{"containerWorkspaceFolderBasename": "app"}); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
	}
}
