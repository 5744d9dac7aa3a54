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
