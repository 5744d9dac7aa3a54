package fingerprint_test

import (
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/ci/fingerprint"
)

func TestAPathIsDeclaredAsItWouldBeAnInput(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"ui/src/a.js": "a", "ui/.env": "b", "ui/.gitignore": ".env\n*.log\n/dist\n", "api/a.py": "c",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := fingerprint.Open(t.Context(), fingerprint.Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	whole := fingerprint.Selection{Dir: "ui", Except: []string{"ui/build"}}
	named := fingerprint.Selection{Dir: "ui", Patterns: []string{"src", ".env"}}
	for _, c := range []struct {
		sel  fingerprint.Selection
		name string
		want bool
	}{
		{whole, "ui/src/a.js", true},
		{whole, "ui/src/new.js", true},
		{whole, "ui/.env", false},
		{whole, "ui/src/x.log", false},
		{whole, "ui/dist/a.js", false},
		{whole, "ui/build/a.js", false},
		{whole, "api/a.py", false},
		{named, "ui/.env", true},
		{named, "ui/package.json", false},
	} {
		declared, err := s.Declared(c.sel)
		if err != nil {
			t.Fatal(err)
		}
		if got := declared(c.name); got != c.want {
			t.Errorf("%s of %v: %v", c.name, c.sel.Patterns, got)
		}
	}
}
