package sbom_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"iact-infra/internal/ci/artifacts/sbom"
)

const lock = `{
  "name": "ui", "lockfileVersion": 3,
  "packages": {
    "": {"name": "ui", "version": "0.1.0"},
    "packages/shared": {"name": "shared", "version": "1.0.0"},
    "node_modules/shared": {"resolved": "packages/shared", "link": true},
    "node_modules/@babel/core": {"version": "7.25.2", "dev": true, "license": "MIT",
      "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="},
    "node_modules/react": {"version": "18.3.1", "license": "MIT"},
    "node_modules/x": {"version": "1.0.0", "license": "(MIT OR Apache-2.0)"},
    "node_modules/y": {"name": "aliased", "version": "2.0.0", "license": "SEE LICENSE IN LICENSE"},
    "node_modules/a/node_modules/react": {"version": "18.3.1", "dev": true, "license": "MIT"}
  }
}`

func decoded(t *testing.T, parts []sbom.Part) (text string, components map[string]cdx.Component) {
	t.Helper()
	var out bytes.Buffer
	if err := sbom.Write(&out, "iact", "0.1.0", parts); err != nil {
		t.Fatal(err)
	}
	text = out.String()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(&out, cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	components = map[string]cdx.Component{}
	for _, c := range *bom.Components {
		components[c.BOMRef] = c
	}
	return text, components
}

func TestALockFileBecomesItsPackages(t *testing.T) {
	t.Parallel()
	parts, err := sbom.NPM(strings.NewReader(lock))
	if err != nil {
		t.Fatal(err)
	}
	text, got := decoded(t, parts)
	if len(got) != 4 || !strings.Contains(text, `"specVersion": "1.6"`) {
		t.Errorf("%d packages in\n%s", len(got), text)
	}
	babel := got["pkg:npm/%40babel/core@7.25.2"]
	if babel.Group != "@babel" || babel.Name != "core" || babel.Scope != cdx.ScopeOptional ||
		babel.Hashes == nil || !strings.HasPrefix((*babel.Hashes)[0].Value, "cf83e1357eefb8bd") {
		t.Errorf("got %+v", babel)
	}
	if react := got["pkg:npm/react@18.3.1"]; react.Scope != cdx.ScopeRequired || (*react.Licenses)[0].License.ID != "MIT" {
		t.Errorf("one that is needed once is needed: %+v", react)
	}
	if x := got["pkg:npm/x@1.0.0"]; (*x.Licenses)[0].Expression != "(MIT OR Apache-2.0)" {
		t.Errorf("got %+v", x.Licenses)
	}
	if y := got["pkg:npm/aliased@2.0.0"]; (*y.Licenses)[0].License.Name != "SEE LICENSE IN LICENSE" {
		t.Errorf("got %+v", y.Licenses)
	}
	again, _ := decoded(t, parts)
	if again != text {
		t.Error("the same parts give another document")
	}
}

func TestAVenvBecomesItsPackages(t *testing.T) {
	t.Parallel()
	venv := t.TempDir()
	for name, text := range map[string]string{
		"Django-5.2.dist-info/METADATA":             "Metadata-Version: 2.4\nName: Django\nVersion: 5.2\nLicense-Expression: BSD-3-Clause\n\nText: no\n",
		"typing_extensions-4.12.dist-info/METADATA": "Metadata-Version: 2.1\nName: typing_extensions\nVersion: 4.12\nClassifier: Topic :: X\nClassifier: License :: OSI Approved :: Python Software Foundation License\n",
		"own-1+local.dist-info/METADATA":            "Name: own\nVersion: 1+local\nLicense: UNKNOWN\n\n",
		"own-1+local.dist-info/direct_url.json":     `{"url": "file:///own.whl", "archive_info": {"hashes": {"sha256": "ab12"}}}`,
	} {
		file := filepath.Join(venv, "lib/python3.12/site-packages", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := sbom.Python(venv)
	if err != nil {
		t.Fatal(err)
	}
	text, got := decoded(t, parts)
	if len(got) != 3 || (*got["pkg:pypi/django@5.2"].Licenses)[0].License.ID != "BSD-3-Clause" {
		t.Errorf("got\n%s", text)
	}
	if l := got["pkg:pypi/typing-extensions@4.12"].Licenses; l == nil || (*l)[0].License.Name != "Python Software Foundation License" {
		t.Errorf("licence %+v", l)
	}
	if own := got["pkg:pypi/own@1%2Blocal"]; own.Licenses != nil || own.Hashes == nil || (*own.Hashes)[0].Value != "ab12" {
		t.Errorf("own %+v", own)
	}
}

func TestWhatListsNoPackagesSaysWhatToDo(t *testing.T) {
	t.Parallel()
	if _, err := sbom.NPM(strings.NewReader(`{"lockfileVersion": 1, "dependencies": {}}`)); err == nil || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("an old lock file: %v", err)
	}
	if _, err := sbom.NPM(strings.NewReader("<<<<<<< HEAD")); err == nil {
		t.Error("a broken lock file passes")
	}
	if _, err := sbom.Python(t.TempDir()); err == nil || !strings.Contains(err.Error(), "there are none") {
		t.Errorf("no venv: %v", err)
	}
}

func FuzzALockFileGivesADocumentThatCanBeReadAgain(f *testing.F) {
	f.Add(lock)
	f.Add(`{"lockfileVersion":2,"packages":{"node_modules/":{"version":"\u0000","license":[{"type":"x"}],"integrity":"sha512- sha1-"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := sbom.NPM(strings.NewReader(text))
		if err != nil {
			return
		}
		if err := sbom.Write(&bytes.Buffer{}, "p", "1", parts); err != nil {
			t.Error(err)
		}
	})
}
