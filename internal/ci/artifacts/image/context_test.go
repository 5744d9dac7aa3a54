package image_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"iact-infra/internal/ci/artifacts/image"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
)

func put(t *testing.T, file, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheContextOfAnImageIsWhatDockerignoreLeaves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules, file string
		counts      bool
	}{
		"no rules":               {"", "a", true},
		"a name":                 {"a", "a", false},
		"a name, at the top":     {"a", "d/a", true}, // unlike git
		"below a directory":      {"d", "d/e/a", false},
		"a comment":              {"#a", "a", true},
		"a slash before":         {"/a", "a", false},
		"a slash behind":         {"d/", "d/a", false},
		"a star":                 {"*.md", "a.md", false},
		"a star stays":           {"*.md", "d/a.md", true},
		"two stars":              {"**/*.md", "d/e/a.md", false},
		"two stars, at the top":  {"**/*.md", "a.md", false},
		"two stars behind":       {"d/**", "d/e/a", false},
		"a question":             {"a?c", "abc", false},
		"a dot is a dot":         {"a.c", "abc", true},
		"a set":                  {"a[0-9]", "a7", false},
		"taken back":             {"*.md\n!a.md", "a.md", true},
		"taken back below":       {"d\n!d/a", "d/a", true},
		"and again":              {"*.md\n!a.md\na.*", "a.md", false},
		"no expression":          {"a[", "a[", true},
		"windows lines, a mark":  {"\ufeffa\r\n", "a", false},
		"around, and up, a path": {" ./d/../a ", "a", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			sum := func() string {
				t.Helper()
				got, err := image.Context(dir, ".skipped")
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
			put(t, filepath.Join(dir, ".dockerignore"), c.rules)
			put(t, filepath.Join(dir, c.file), "one")
			before := sum()
			put(t, filepath.Join(dir, ".skipped/x"), "x")
			if sum() != before {
				t.Error("what is to be skipped counts")
			}
			put(t, filepath.Join(dir, c.file), "two")
			if (sum() != before) != c.counts {
				t.Errorf("with %q it is wrong that %s counts: %v", c.rules, c.file, !c.counts)
			}
			before = sum()
			if err := os.Chmod(filepath.Join(dir, c.file), 0o755); err != nil {
				t.Fatal(err)
			}
			if (sum() != before) != c.counts {
				t.Errorf("its mode is not taken like its content")
			}
			put(t, filepath.Join(dir, "Dockerfile.dockerignore"), "")
			before = sum()
			put(t, filepath.Join(dir, c.file), "three")
			if sum() == before {
				t.Error("beside a Dockerfile.dockerignore something is ignored")
			}
		})
	}
}

func TestTheBasesOfAnImageAreAllThatItTakesFromElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "Dockerfile"), `# syntax=docker/dockerfile:1
ARG VERSION=3
FROM --platform=linux/amd64 node:22 AS Build
from python:$VERSION
COPY --from=build /a /a
COPY --from=0 /a /b
COPY --chown=1 --from=nginx:1 /c \\
  /d
RUN --mount=type=bind,from=tools:2,target=/x true
FROM scratch
FROM build
`)
	got, err := image.Bases(dir)
	if want := []string{"docker/dockerfile:1", "nginx:1", "node:22", "python:$VERSION", "tools:2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestABaseThatTheDaemonDoesNotHaveStandsForItsDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 23, 0, 0, 0, time.UTC)
	inspect := func(name string) *commandtest.Call {
		return commandtest.Expect("docker", "image", "inspect", "--format", "{{.Id}}", "--", name).Reading()
	}
	door := command.NewDoor(commandtest.New(t, inspect("x:1").Prints("sha256:def\n"), inspect("x:2").Complains("Error: No such image: x:2").Exits(1)))
	for base, want := range map[string]string{"x:1": "sha256:def", "x:2": "2026-03-04", "x@sha256:abc": "abc"} {
		if got := image.Standing(t.Context(), door, base, now); got != want {
			t.Errorf("%s stands for %q, want %q", base, got, want)
		}
	}
}
