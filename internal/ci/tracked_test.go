package ci_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// commit makes the project a repository that knows some files.
func (r *rig) commit(files ...string) {
	r.t.Helper()
	door := command.NewDoor(command.Local())
	for _, args := range [][]string{
		{"init", "-q"}, append([]string{"add", "--"}, files...),
		{"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "first"},
	} {
		git := command.Change("git", args...)
		git.Dir = r.path("project")
		must(r.t, door.Run(r.t.Context(), git))
	}
}

func TestABuildLeavesOutputsThatGitTracksAsTheyLie(t *testing.T) {
	t.Parallel()
	for name, output := range map[string]string{"directory": "made", "above it": "./made/in/", "pattern": "m*"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, job("build", "outputs: [\""+output+"\"]", "mkdir -p made/in", "echo built >made/in/out.txt"), job("unit", ""))
			r.put("project/a/made/in/page.html", "committed\n")
			r.commit("a/src.txt", "a/made/in/page.html")
			r.put("project/a/made/in/page.html", "the work of today\n")
			p := r.good("ci:build", "ci:unit")
			r.runs("build unit")
			if said := p.all(); !strings.Contains(said, "a:build: git tracks files in its output "+output) || !strings.Contains(said, "page.html") {
				t.Errorf("it does not say what lies there:\n%s", said)
			}
			r.put("project/a/made/in/page.html", "more work\n")
			r.good("ci:build", "ci:unit")
			r.runs("build unit") // nothing of it came from the cache, and it is an input of the tests
			if got := r.read("project/a/made/in/page.html"); got != "more work\n" {
				t.Errorf("the file holds %q", got)
			}
			if got := r.read("project/a/made/in/out.txt"); got != "built\n" {
				t.Errorf("the build made %q", got)
			}
		})
	}
}

func TestFilesOfARepositoryThatBelongsToAnotherUserAreLeftAsWell(t *testing.T) {
	r := newRig(t, job("build", "outputs: [made]", "mkdir -p made"))
	r.put("project/a/made/page.html", "committed\n")
	r.commit("a/made/page.html")
	t.Setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
	r.good("ci:build")
	if got := r.read("project/a/made/page.html"); got != "committed\n" {
		t.Errorf("the file holds %q", got)
	}
}

func TestOutputsThatGitDoesNotKnowAreMadeAnewAndCached(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("build", "outputs: [made]", "mkdir made", "echo built >made/out.txt"))
	r.put("project/a/made/stale.txt", "of another build\n")
	r.commit("a/src.txt")
	r.good("ci:build")
	r.runs("build")
	if _, err := os.Stat(r.path("project/a/made/stale.txt")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what another build left is still there: %v", err)
	}
	r.good("ci:build")
	r.runs("")
}
