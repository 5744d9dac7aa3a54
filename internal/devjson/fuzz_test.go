package devjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"iact-infra/internal/devjson"
)

// FuzzCheck holds the reader against encoding/json: what that takes has no
// syntax error here, and what it refuses has one, or is one of the liberties.
// A place is always inside of the text.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"image": "x"}`, `{"a": [1, {"b": "\u00e9"}], "a": null}`, "{ // c\n \"image\": \"x\", /* d */ }", "<<<<<<< a\n", `{"a" 1}`, `[`, `{"a": "`, "\ufeff{}", `{"a": 1 "b": 2}`,
		`{"dockerComposeFile": ["a"], "service": "b", "features": {"./x": {}}, "customizations": {"vscode": {"extensions": ["x"]}}}`,
	} {
		f.Add([]byte(seed))
	}
	for _, seed := range []string{
		`{"image": "x:${localEnv:T}", "mounts": ["source=a,target=b", {"type": "c"}], "runArgs": ["-v", "a:/b", "--name c", "--mount"], "appPort": ["1:2-3/tcp", 4], "forwardPorts": ["a:1", -1]}`,
		`{"build": {"dockerfile": "D", "context": ".."}, "postCreateCommand": {"a": "cd x && ./y.sh", "b": ["z", ""]}, "initializeCommand": ["", "&&"], "remoteUser": "u", "workspaceFolder": "/w", "workspaceMount": "="}`,
		`{"image": "a/B:c@", "features": {"./f": {"o": 1}, "ghcr.io/devcontainers/features/g:": "", "x": true}, "portsAttributes": {"9-1": {}, "(": {}}, "remoteEnv": {"PATH": "${PATH}:$PATH"}}`,
	} {
		f.Add([]byte(seed))
	}
	files := in(map[string]string{".devcontainer/a": "services: {b: {}}"})
	f.Fuzz(func(t *testing.T, text []byte) {
		found := devjson.Check(usual, text, files)
		codes := map[string]bool{}
		for _, finding := range found {
			codes[finding.Code] = true
			var line, column int
			if rest, here := strings.CutPrefix(finding.Where, usual+":"); here {
				if _, err := fmt.Sscanf(rest, "%d:%d", &line, &column); err != nil || line < 1 || line > bytes.Count(text, []byte("\n"))+1 || column < 1 || column > len(text)+1 {
					t.Errorf("%q: %+v is no place in it", text, finding)
				}
			}
		}
		if codes["DC-CONFLICT"] || bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > 100 {
			return
		}
		valid := json.Valid(text)
		if valid && codes["DC-SYNTAX"] {
			t.Errorf("%q is JSON: %q", text, said(found))
		}
		liberties := regexp.MustCompile(`//|/\*|^\x{feff}|,\s*[}\]]`).Match(text)
		if !valid && !codes["DC-SYNTAX"] && !liberties {
			t.Errorf("%q is no JSON, and nothing was said: %q", text, said(found))
		}
	})
}

// FuzzRead promises that any text is read or refused, and that every place is
// inside of it.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{whole, `{"mounts": ["a,\"b", {}, "="], "runArgs": ["-v", "--mount"]}`, `{"runArgs": ["-v", "C:\\x:/y:ro", "-v", "${localEnv:A:b}:c"]}`, `{a: {"b": 1}, "c": [`, "<<<<<<< a\n{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := devjson.Read(text)
		if err != nil {
			return
		}
		s = s.Substitute(devjson.Variables{Env: map[string]string{}})
		for _, m := range append(s.Mounts, s.RunMounts...) {
			if m.At.Line < 1 || m.At.Line > bytes.Count(text, []byte("\n"))+1 || m.At.Column < 1 || m.At.Column > len(text)+1 {
				t.Errorf("%q: %+v is no place in it", text, m)
			}
		}
	})
}

// FuzzFiles promises that any Dockerfile, compose file and script is judged, and
// that a place is inside of it.
func FuzzFiles(f *testing.F) {
	for _, seed := range []string{
		"FROM x AS y\nARG A\nCOPY --from=0 [\"a\", \"b*\"] /c/\nRUN <<E\nx\nE\n", "# escape=`\nFROM ${X:-y} \\\n\nCMD ['a']", "services: {a: {build: {context: ., args: [b=c]}, ports: ['1-2:3-4', {published: 5}], volumes: ['a:b:c', {type: bind}]}}",
		"services: &x\n  a: {<<: *x, depends_on: [a], env_file: [{path: b}]}\n", "a: &a [*a]", "#!/bin/sh\r\nif x\n", "services:\n\ta: b", "COPY \\", "services: {a: {<<: [*b, {c: d}]}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, settings := range []string{
			`{"dockerComposeFile": "c.yml", "service": "a", "workspaceFolder": "/w", "postCreateCommand": "bash /w/.devcontainer/c.yml"}`,
			`{"build": {"dockerfile": "c.yml", "args": {"A": "b"}, "target": "y"}, "postCreateCommand": "./.devcontainer/c.yml", "features": {"./f": {"a": 1}}}`,
		} {
			tree := with(settings, ".devcontainer/c.yml", string(text), ".devcontainer/f/devcontainer-feature.json", string(text), ".dockerignore", string(text))
			for _, finding := range devjson.Judge(usual, []byte(settings), devjson.Options{Files: tree, Env: map[string]string{}}) {
				var line int
				if rest, there := strings.CutPrefix(finding.Where, ".devcontainer/c.yml:"); there {
					if _, err := fmt.Sscanf(rest, "%d", &line); err != nil || line < 1 || line > bytes.Count(text, []byte("\n"))+2 {
						t.Errorf("%q: %+v is no place in it", text, finding)
					}
				}
			}
		}
	})
}
