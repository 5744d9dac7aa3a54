package endtoend_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/house"
)

// TestEveryTableKeepsTheRules holds the tables against the targets that the
// compiled program answers to.
func TestEveryTableKeepsTheRules(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	listed, err := door.Text(context.Background(), command.Read(program(t), "-l")).String()
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for line := range strings.Lines(listed) {
		if name, indented := strings.CutPrefix(line, "  "); indented {
			targets = append(targets, strings.Fields(name)[0])
		}
	}
	if len(targets) < 5 {
		t.Fatalf("iact -l lists only %v", targets)
	}
	environment := house.Process()
	environment.Workdir = root
	environment.Getenv = func(name string) string {
		if name == "HOME" {
			return os.Getenv(name)
		}
		return ""
	}
	registry, err := house.New(environment).Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range registry.Lint(targets) {
		t.Error(broken)
	}
}
