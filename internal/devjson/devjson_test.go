package devjson_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/devjson"
)

// in is a project of these files.
func in(files map[string]string) devjson.Look {
	return func(path string) ([]byte, error) {
		if text, there := files[path]; there {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
}

const usual = ".devcontainer/devcontainer.json"

// said is each finding in one line.
func said(found []devjson.Finding) []string {
	var lines []string
	for _, f := range found {
		lines = append(lines, strings.Join([]string{f.Code, string(f.State), f.Where, f.Evidence}, " "))
	}
	return lines
}

func TestAFileAsPeopleWriteItHasNoFindings(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		".devcontainer/Dockerfile":                         "FROM x",
		"docker/compose.yml":                               "services:\n  app: {image: x}\n",
		".devcontainer/mine/devcontainer-feature.json":     "{}",
		".devcontainer/compose.yml":                        "services: {db: {image: x}}",
		".devcontainer/docker-compose.override.yml":        "services: {extra: {image: x}}",
		"infrastructure/devcontainer/with-include/all.yml": "include: [other.yml]",
	}
	for name, text := range map[string]string{
		"an image":                "\ufeff{\n  // why\n  \"image\": \"x:1\", /* and how */\n}\n",
		"a Dockerfile":            `{"build": {"dockerfile": "Dockerfile", "args": {"A": "1",},},}`,
		"the old spelling":        `{"dockerFile": "Dockerfile"}`,
		"Compose":                 `{"dockerComposeFile": ["compose.yml", "docker-compose.override.yml"], "service": "extra"}`,
		"a file further up":       `{"dockerComposeFile": "../docker/compose.yml", "service": "app"}`,
		"from the workspace":      `{"dockerComposeFile": "${localWorkspaceFolder}/docker/compose.yml", "service": "app"}`,
		"services from elsewhere": `{"dockerComposeFile": "../infrastructure/devcontainer/with-include/all.yml", "service": "web"}`,
		"a path of the shell":     `{"build": {"dockerfile": "${localEnv:WHICH}"}}`,
		"an image and arguments":  `{"image": "x", "build": {"args": {}}}`,
		"features":                `{"image": "x", "features": {"ghcr.io/devcontainers/features/git:1": {}, "localhost:5000/a/b@sha256:` + strings.Repeat("a", 64) + `": {}, "./mine": {}, "https://h/devcontainer-feature-x.tgz": {}}}`,
		"extensions":              `{"image": "x", "customizations": {"vscode": {"extensions": ["ms-python.python", "-a.b", "a.b@1.2", "./x.vsix"]}}}`,
		"numbers and escapes":     `{"image": "x", "name": "\u00e9\\\"", "customizations": {"a": [1, -2.5e3, true, false, null, []], "b": {}}}`,
	} {
		if found := devjson.Check(usual, []byte(text), in(files)); len(found) > 0 {
			t.Errorf("%s: %q", name, said(found))
		}
	}
}

func TestEachFaultIsNamedAtItsPlace(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		".devcontainer/Dockerfile":  "FROM x",
		".devcontainer/compose.yml": "services:\n  app: {image: x,\n    volumes: ['..:/workspaces/${localWorkspaceFolderBasename}']}\n",
		".devcontainer/bad.yml":     "services: [",
		".devcontainer/good.yml":    "services: {app: {image: x}, db: {image: x}}",
	}
	at := usual + ":"
	for _, c := range []struct{ text, want string }{
		{"", "DC-SYNTAX fail " + at + "1:1 the file is empty"},
		{"\xff\xfe{\x00}\x00", "DC-SYNTAX fail " + at + "1:1 the file is written in UTF-16"},
		{"// nothing\n", "DC-SYNTAX fail " + at + "2:1 the file is empty"},
		{"[]", "DC-OBJECT fail " + at + "1:1 the file holds a list"},
		{"{\n  \"image\": \"x\"\n  \"name\": \"y\"\n}", `DC-SYNTAX fail ` + at + `3:3 a comma is missing before "\""`},
		{"{\n\"image\": \"x\", \"a\": {\n", `DC-SYNTAX fail ` + at + `2:20 the "{" of line 2 is never closed`},
		{`{"image": "x", "a": [1}`, `DC-SYNTAX fail ` + at + `1:23 "}" closes the "[" of line 1`},
		{`{"image": "x"}}`, `DC-SYNTAX fail ` + at + `1:15 "}" after the end of the settings`},
		{`{"image": "x",,}`, "DC-SYNTAX fail " + at + "1:15 a comma without a value before it"},
		{`{image: "x"}`, `DC-SYNTAX fail ` + at + `1:2 "i" where a key should begin`},
		{`{"image" "x"}`, `DC-SYNTAX fail ` + at + `1:10 "\"" after the key "image"`},
		{`{"image": }`, `DC-SYNTAX fail ` + at + `1:11 "}" where a value should be`},
		{`{"image": 'x'}`, `DC-SYNTAX fail ` + at + `1:11 "'x'" is no value`},
		{"{\"image\": \"x\n\"}", "DC-SYNTAX fail " + at + "1:11 the text that begins here does not end in its line"},
		{`{"image": "x`, "DC-SYNTAX fail " + at + "1:11 the text that begins here does not end"},
		{`{"image": "\x"}`, "DC-SYNTAX fail " + at + "1:11 the text that begins here has a character that JSON does not take"},
		{`{"image": "x" /* `, "DC-SYNTAX fail " + at + "1:15 the comment that begins here does not end"},
		{"{\"_é\": 1, \"image\": \"x\",\n\"image\": \"y\"}", `DC-DUPLICATE fail ` + at + `2:1 the key "image" is there already, in line 1`},
		{"{\n<<<<<<< HEAD\n\"image\": \"x\"\n=======\n\"image\": \"y\"\n>>>>>>> main\n}", "DC-CONFLICT fail " + at + "2:1 <<<<<<< HEAD, DC-CONFLICT fail " + at + "6:1 >>>>>>> main"},
		{`{"name": "x"}`, "DC-BASE fail " + at + "1:1 none of image, dockerFile, build.dockerfile, dockerComposeFile"},
		{`{"build": {"context": "."}}`, "DC-BASE fail " + at + "1:1 none of image, dockerFile, build.dockerfile, dockerComposeFile"},
		{`{"image": "x", "dockerFile": "Dockerfile"}`, "DC-BOTH fail " + at + "1:11 image and a Dockerfile"},
		{`{"image": "x", "dockerComposeFile": "good.yml", "service": "app"}`, "DC-BOTH fail " + at + "1:16 dockerComposeFile, and an image or a Dockerfile"},
		{`{"image": 7}`, "DC-TYPE fail " + at + "1:11 image is a number"},
		{`{"image": "x", "features": ["git"]}`, "DC-TYPE fail " + at + "1:28 features is a list"},
		{`{"dockerComposeFile": 1, "service": "x"}`, "DC-TYPE fail " + at + "1:23 dockerComposeFile is a number"},
		{`{"build": {"dockerfile": "../Dockerfile"}}`, "DC-DOCKERFILE fail " + at + "1:26 Dockerfile is not there"},
		{`{"dockerComposeFile": "compose.yaml", "service": "app"}`, "DC-COMPOSE fail " + at + "1:23 .devcontainer/compose.yaml is not there"},
		{`{"dockerComposeFile": "bad.yml", "service": "app"}`, "DC-COMPOSE fail .devcontainer/bad.yml:1 it cannot be read"},
		{`{"dockerComposeFile": "good.yml"}`, "DC-SERVICE fail " + at + "1:2 there is no key service"},
		{`{"dockerComposeFile": "good.yml", "service": "web"}`, `DC-SERVICE fail ` + at + `1:46 no compose file has a service "web"`},
		{`{"dockerComposeFile": "compose.yml", "service": "app"}`, "DC-VARIABLE warn .devcontainer/compose.yml:3 ${localWorkspaceFolderBasename}"},
		{`{"image": "x", "features": {"git": {}}}`, "DC-FEATURE warn " + at + "1:29 git"},
		{`{"image": "x", "features": {"devcontainers/features/git:1": {}}}`, "DC-FEATURE warn " + at + "1:29 devcontainers/features/git:1"},
		{`{"image": "x", "features": {"ghcr.io/devcontainers/features/git:1:2": {}}}`, "DC-FEATURE fail " + at + "1:29 ghcr.io/devcontainers/features/git:1:2"},
		{`{"image": "x", "features": {"http://h/x.tgz": {}}}`, "DC-FEATURE fail " + at + "1:29 http://h/x.tgz"},
		{`{"image": "x", "features": {"./none": {}}}`, "DC-FEATURE fail " + at + "1:29 .devcontainer/none/devcontainer-feature.json is not there"},
		{`{"image": "x", "features": {"../infrastructure/cpython": {}}}`, "DC-FEATURE fail " + at + "1:29 ../infrastructure/cpython"},
		{`{"image": "x", "customizations": {"vscode": {"extensions": ["python"]}}}`, "DC-EXTENSION warn " + at + `1:61 "python"`},
	} {
		if got := strings.Join(said(devjson.Check(usual, []byte(c.text), in(files))), ", "); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestAFileAtTheRootLooksForItsFilesThere(t *testing.T) {
	t.Parallel()
	files := map[string]string{"docker/Dockerfile": "FROM x", ".devcontainer/mine/devcontainer-feature.json": "{}"}
	text := []byte(`{"dockerFile": "docker/Dockerfile", "features": {"./.devcontainer/mine": {}}}`)
	if found := devjson.Check(".devcontainer.json", text, in(files)); len(found) > 0 {
		t.Errorf("got %q", said(found))
	}
}

func TestEveryFindingHasACauseAFixAndATitleInBothLanguages(t *testing.T) {
	t.Parallel()
	found := []devjson.Finding{devjson.Absent()}
	for _, text := range []string{"", "[]", `{"a":1,"a":2}`, `{"image":1,"features":{"git":{}},"extensions":[1]}`, ">>>>>>> x", `{"dockerComposeFile":"x","image":"y"}`, `{"dockerFile":"x"}`} {
		found = append(found, devjson.Check(usual, []byte(text), in(nil))...)
	}
	for _, f := range found {
		if slices.Contains([]string{f.Where, f.Evidence, f.Cause, f.Fix, f.Title.ES, f.Title.EN}, "") {
			t.Errorf("%+v is not whole", f)
		}
	}
	if !devjson.Failed(found) || devjson.Failed(nil) {
		t.Error("what keeps a container from starting was not told from what does not")
	}
}
