package ci_test

import (
	"os"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// git runs it in a directory of the rig, as somebody.
func (r *rig) git(dir string, args ...string) string {
	r.t.Helper()
	c := command.Change("git", append([]string{"-C", r.path(dir), "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
	out, err := command.NewDoor(command.Local()).Text(r.t.Context(), c).String()
	must(r.t, err)
	return strings.TrimSpace(out)
}

func TestACopyIsAsShallowAsTheConfigurationSaysAndGoesForwardAllTheSame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ scheme, depth, commits string }{
		"of a server":   {"file://", "2", "2"},
		"of a path":     {"", "1", "1"},
		"whole":         {"file://", "0", "3"},
		"more than all": {"file://", "9", "3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			must(t, os.RemoveAll(r.path("project")))
			r.put("seed/src.txt", "")
			r.git("seed", "init", "--quiet", "--initial-branch=develop")
			push := func(text string) {
				r.put("seed/src.txt", text)
				r.git("seed", "add", ".")
				r.git("seed", "commit", "--quiet", "--message", text)
				r.git("seed", "push", "--quiet", r.path("remote.git"), "develop")
			}
			r.git(".", "init", "--quiet", "--bare", "remote.git")
			for _, text := range []string{"one", "two", "three"} {
				push(text)
			}
			r.section = "  repository: " + c.scheme + r.path("remote.git") + "\n  depth: " + c.depth + "\n"
			p := r.good("ci:checkout")
			if got := r.git("project", "rev-list", "--count", "HEAD"); got != c.commits {
				t.Errorf("it has %s commits, want %s", got, c.commits)
			}
			if shallow := c.commits != "3"; strings.Contains(p.all(), ", shallow") != shallow {
				t.Errorf("it does not say whether it is shallow:\n%s", p.all())
			}
			push("four")
			r.good("ci:checkout")
			if r.read("project/src.txt") != "four" {
				t.Error("it did not go forward")
			}
		})
	}
}
