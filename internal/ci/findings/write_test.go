package findings_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/place"
)

// some are findings of every shape.
func some() []findings.Finding {
	return []findings.Finding{
		{Tool: "eslint", Rule: "semi", Level: findings.Error, Path: "ui/src/b c.js", Line: 2, Column: 15, Message: "Missing <semicolon>.", Print: "p1"},
		{Tool: "flake8", Rule: "W291", Level: findings.Warning, Path: "api/a.py", Line: 1, Message: "trailing", Print: "p2"},
		{Tool: "eslint", Level: findings.Error, Path: "ui/src/a.js", Message: "Parsing error", Print: "p3"},
		{Tool: "eslint", Rule: "semi", Level: findings.Note, Path: "ui/src/a.js", Line: 9, Column: 1, Message: "Missing semicolon.", Print: "p4"},
		{Tool: "sh", Level: findings.Note, Path: "/etc/x:y", Line: 1, Message: "outside", Print: "p5"},
		{Level: findings.Warning, Message: "of no file", Print: "p6"},
	}
}

func TestSARIFIsWrittenAsRecorded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := findings.WriteSARIF(&b, some()); err != nil {
		t.Fatal(err)
	}
	// The recording was held against the schema of OASIS.
	recorded, err := os.ReadFile("testdata/written.sarif")
	if err != nil || b.String() != string(recorded) {
		t.Errorf("%v: got\n%s", err, b.String())
	}
	b.Reset()
	if err := findings.WriteSARIF(&b, nil); err != nil || !strings.Contains(b.String(), `"runs": []`) {
		t.Errorf("no finding: %v\n%s", err, b.String())
	}
	b.Reset()
	if err := findings.WriteSARIF(&b, nil, "flake8", "eslint", "flake8"); err != nil || strings.Count(b.String(), `"results": []`) != 2 {
		t.Errorf("two linters that found nothing: %v\n%s", err, b.String())
	}
}

func TestWrittenSARIFIsReadAsTheSame(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := findings.WriteSARIF(&b, some()); err != nil {
		t.Fatal(err)
	}
	back := map[string]findings.Finding{}
	for _, f := range read(t, "sarif", b.String(), at("ui")) {
		back[f.Message] = f
	}
	for _, f := range some() {
		got := back[f.Message]
		got.Print = f.Print
		if f.Tool == "" {
			f.Tool = "unknown"
		}
		if got != f {
			t.Errorf("got %+v, want %+v", got, f)
		}
	}
}

func TestCodeQualityIsWhatGitLabReads(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := findings.WriteCodeQuality(&b, some()); err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Description, Fingerprint, Severity string
		Check                              string `json:"check_name"`
		Location                           struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal([]byte(b.String()), &list); err != nil || len(list) != 4 {
		t.Fatalf("%v: %d of the four that have a file\n%s", err, len(list), b.String())
	}
	for i, want := range []string{"api/a.py 1 minor W291 p2 trailing", "ui/src/a.js 1 major eslint p3 Parsing error", "ui/src/a.js 9 info semi p4 Missing semicolon.", "ui/src/b c.js 2 major semi p1 Missing <semicolon>."} {
		one := list[i]
		line, err := json.Marshal(one.Location.Lines.Begin)
		if got := strings.Join([]string{one.Location.Path, string(line), one.Severity, one.Check, one.Fingerprint, one.Description}, " "); err != nil || got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	b.Reset()
	if err := findings.WriteCodeQuality(&b, nil); err != nil || b.String() != "[]\n" {
		t.Errorf("no finding: %v, %q", err, b.String())
	}
}

func FuzzRead(f *testing.F) {
	for format, name := range map[string]string{"eslint": "eslint.json", "flake8": "flake8.txt", "ruff": "ruff.json", "mypy": "mypy.txt", "sarif": "eslint.sarif", "checkstyle": "eslint-checkstyle.xml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(format, data)
	}
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		found, err := findings.Read(format, strings.NewReader(string(data)), place.Place{Project: "/home/dev/iact", Dir: "ui"})
		if err != nil {
			return
		}
		prints := map[string]bool{}
		for _, one := range found {
			if one.Print == "" || prints[one.Print] || one.Line < 0 || one.Column < 0 || strings.ContainsAny(one.Message+one.Path+one.Rule, "\x1b\n\x00") {
				t.Errorf("%+v", one)
			}
			prints[one.Print] = true
		}
		// A note on no file is no result.
		found = slices.DeleteFunc(found, func(one findings.Finding) bool { return one.Path == "" && one.Level == findings.Note })
		var b strings.Builder
		if err := findings.WriteSARIF(&b, found); err != nil {
			t.Fatal(err)
		}
		if back, err := findings.Read("sarif", strings.NewReader(b.String()), place.Place{}); err != nil || len(back) != len(found) {
			t.Errorf("%v: %d of %d findings come back", err, len(back), len(found))
		}
	})
}
