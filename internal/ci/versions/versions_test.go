package versions_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/versions"
	"iact-infra/internal/command"
)

func TestAProgramIsAskedOnceUntilItsFileChanges(t *testing.T) {
	t.Parallel()
	const script = "#!/bin/sh\necho asked >>\"$0.log\"\necho 1.2\n"
	for _, test := range []struct {
		name, program, linked string // linked: "" stands under its own name
		times                 int
	}{
		{"a link to the script of the same tool", "npm", "lib/npm-cli.js", 1},
		{"a script that may hand on", "python3", "", 3},
		{"a program that chooses by its name", "node", "volta-shim", 3},
		{"what Corepack has put there", "pnpm", "corepack/dist/pnpm.js", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program, file := filepath.Join(dir, test.program), filepath.Join(dir, test.program)
			if test.linked != "" {
				file = filepath.Join(dir, test.linked)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(test.linked, program); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			line, remembered := program+" --version", filepath.Join(dir, "state", versions.File)
			ask := func(want string) {
				t.Helper()
				tools := versions.Open(command.NewDoor(command.Local()), remembered)
				for range 2 { // an invocation asks once in any case
					if said, err := tools.Ask(t.Context(), line, dir); err != nil || said != want {
						t.Fatalf("says %q, %v", said, err)
					}
				}
				if err := tools.Save(); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				ask("1.2")
			}
			log, err := os.ReadFile(program + ".log")
			if err != nil {
				t.Fatal(err)
			}
			if times := strings.Count(string(log), "asked"); times != test.times {
				t.Errorf("was asked %d times, want %d", times, test.times)
			}
			said, known := versions.Open(command.NewDoor(command.Local()), remembered).Recall(t.Context(), line, dir)
			if wanted := test.times == 1; known != wanted || known && said != "1.2" {
				t.Errorf("recalls %q, %v", said, known)
			}
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(script, "1.2", "1.20")), 0o755); err != nil {
				t.Fatal(err)
			}
			if said, known := versions.Open(command.NewDoor(command.Local()), remembered).Recall(t.Context(), line, dir); known {
				t.Errorf("recalls %q of a file that has changed", said)
			}
			ask("1.20")
		})
	}
}

func TestAProgramThatIsNotThereIsNotRemembered(t *testing.T) {
	t.Parallel()
	remembered := filepath.Join(t.TempDir(), versions.File)
	tools := versions.Open(command.NewDoor(command.Local()), remembered)
	if _, err := tools.Ask(t.Context(), "/nowhere/tool --version", t.TempDir()); err == nil || !strings.Contains(err.Error(), "/nowhere/tool --version") {
		t.Errorf("the error is %v", err)
	}
	if err := tools.Save(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(remembered); !os.IsNotExist(err) {
		t.Errorf("something is remembered: %v", err)
	}
}
