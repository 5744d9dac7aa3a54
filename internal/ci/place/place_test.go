package place_test

import (
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/ci/place"
)

func project(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAPrintedPathIsFoundBelowTheProject(t *testing.T) {
	t.Parallel()
	dir := project(t, "ui/src/a.js", "api/src/b.py", "setup.py", "ui/setup.js")
	linked := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, linked); err != nil {
		t.Fatal(err)
	}
	ui := place.Place{Project: dir, Dir: "ui"}
	for name, c := range map[string]struct {
		at      place.Place
		printed string
		want    string
		below   bool
	}{
		"from the component":                    {ui, "src/a.js", "ui/src/a.js", true},
		"with a dot before":                     {ui, "./src/a.js", "ui/src/a.js", true},
		"of a file that is gone":                {ui, "src/gone.js", "ui/src/gone.js", true},
		"from the project, as a file is there":  {ui, "api/src/b.py", "api/src/b.py", true},
		"from the root":                         {ui, dir + "/api/src/b.py", "api/src/b.py", true},
		"through a link to the project":         {place.Place{Project: linked}, dir + "/setup.py", "setup.py", true},
		"as an address":                         {ui, "file://" + dir + "/ui/src/a.js", "ui/src/a.js", true},
		"with backslashes":                      {ui, `src\a.js`, "ui/src/a.js", true},
		"up and down":                           {ui, "../api/src/b.py", "api/src/b.py", true},
		"from a container":                      {ui, "/app/src/a.js", "ui/src/a.js", true},
		"from a container, at its top":          {ui, "/app/setup.js", "ui/setup.js", true},
		"of a library with a name that is here": {ui, "/usr/lib/python3/dist-packages/src/a.js", "/usr/lib/python3/dist-packages/src/a.js", false},
		"with only its last name here":          {ui, "/opt/thing/setup.js", "/opt/thing/setup.js", false},
		"outside":                               {ui, "../../etc/passwd", "../../etc/passwd", false},
		"of the project itself":                 {place.Place{Project: dir}, ".", ".", false},
		"with nothing to look up":               {place.Place{Dir: "ui"}, "src/a.js", "ui/src/a.js", true},
		"none":                                  {ui, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, below := c.at.Below(c.printed); got != c.want || below != c.below {
				t.Errorf("got %q, %v, want %q, %v", got, below, c.want, c.below)
			}
		})
	}
}
