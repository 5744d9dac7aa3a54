package bench

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

func TestEachModuleOfTheProjectHasItsTest(t *testing.T) {
	t.Parallel()
	p := &pipeline{toolchain: &toolchain{bench: &bench{dir: t.TempDir()}}}
	if err := p.seed(); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]int{
		"ui/src/m*[0-9].js": modules(".js"), "ui/src/m*.test.js": modules(".js"),
		"api/app/m*.py": modules(".py"), "api/tests/test_m*.py": modules(".py"),
		"*/module*": 0, "*/*/module*": 0, "ui/src/index.js": 1,
	} {
		files, err := filepath.Glob(p.path("seed/" + pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != want {
			t.Errorf("%s: %d files, want %d", pattern, len(files), want)
		}
		for _, file := range files {
			if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), "@N@") {
				t.Errorf("%s has no number, %v", file, err)
			}
		}
	}
}

func TestThePeersRunTheSameLines(t *testing.T) {
	t.Parallel()
	p := &pipeline{toolchain: &toolchain{bench: &bench{dir: t.TempDir()}}, jobs: []job{
		{Name: "ui:deps", Dir: "ui", Run: []string{"npm ci"}, Inputs: []string{"package.json"}, Outputs: []string{"node_modules"}},
		{Name: "ui:env", Dir: "ui"},
		{Name: "ui:unit", Dir: "ui", Run: []string{`export A="$IACT_REPORTS"`, "npm test"}, Needs: []string{"ui:deps", "ui:env"}, Inputs: []string{"*", ".env"}},
	}}
	if err := os.Mkdir(p.path("peer"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := p.serial(); err != nil {
		t.Fatal(err)
	}
	if err := p.taskfile(); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(p.path("peer/serial.sh"))
	if err != nil {
		t.Fatal(err)
	}
	first, second := strings.Index(string(script), "npm ci"), strings.Index(string(script), "npm test")
	if first < 0 || second < first {
		t.Errorf("the script is %s", script)
	}
	text, err := os.ReadFile(p.path("peer/Taskfile.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tasks map[string]struct{ Deps, Cmds, Sources, Generates []string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	unit, deps := file.Tasks["ui:unit"], file.Tasks["ui:deps"]
	if !slices.Equal(unit.Deps, []string{"ui:deps"}) || !strings.HasSuffix(unit.Cmds[0], "\nnpm test") || !slices.Contains(unit.Sources, p.path("project/ui/src/**/*.js")) {
		t.Errorf("ui:unit is %+v", unit)
	}
	if !slices.Equal(deps.Sources, []string{p.path("project/ui/package.json")}) || !slices.Equal(deps.Generates, []string{p.path("project/ui/node_modules/**")}) {
		t.Errorf("ui:deps is %+v", deps)
	}
	if _, there := file.Tasks["ui:env"]; there {
		t.Error("a job without lines is a task")
	}
}

func TestTheTimeOfProcessorsIsThatOfAllProgramsThatRan(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	_, work, err := worked(t.Context(), func(ctx context.Context) (float64, error) {
		return 1, door.Run(ctx, command.Read("sh", "-c", "(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done) & (i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done); wait"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if work < 0.02 {
		t.Errorf("two loops took the processors %g s", work)
	}
}
