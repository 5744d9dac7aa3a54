package ci_test

import (
	"os"
	"strings"
	"testing"

	"iact-infra/internal/ci"
	"iact-infra/internal/testbed"
)

// TestWholeAnImageIsBuiltAgainOnlyWhenWhatItIsMadeOfOrTheDaemonHasChanged walks one
// project through all that may happen between two runs.
func TestWholeAnImageIsBuiltAgainOnlyWhenWhatItIsMadeOfOrTheDaemonHasChanged(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	r := newRig(t)
	r.environ = docker.Env()
	name, base := docker.Name(t), docker.Name(t)
	r.section = "    - {name: " + name + ", dir: a, kind: docker}\n"
	docker.Run(t, "tag", docker.Busybox(t), base)
	r.put("project/a/Dockerfile", "FROM "+base+" AS base\nFROM base\nCOPY . /app/\n")
	r.put("project/a/.dockerignore", "*.md\n!KEEP.md\n")
	tags := func() []string {
		return strings.Fields(docker.Run(t, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "iact-"+name))
	}
	t.Cleanup(func() {
		for _, tag := range append(tags(), base) {
			docker.Run(t, "rmi", "--force", tag)
		}
	})
	build := func(when, want, says string) {
		t.Helper()
		p := r.good("ci:build")
		if got := string(r.outcome(name + ":build:image").State); got != want || !strings.Contains(p.all(), says) {
			t.Errorf("%s: it ended %s, want %s and %q:\n%s", when, got, want, says, p.all())
		}
		if id := strings.TrimSpace(r.read("project/.iact-ci/" + name + "-build-image/image.id")); !strings.HasPrefix(id, "sha256:") {
			t.Errorf("%s: its id is %q", when, id)
		}
	}
	const held = "unchanged, and the daemon has its image"
	build("the first time", "passed", "")
	build("unchanged", "restored", held)
	must(t, os.RemoveAll(r.path("project/.iact-ci")))
	build("without its reports", "restored", held)

	r.put("project/a/NOTES.md", "docker does not see this\n")
	build("with an ignored file", "restored", held)
	r.put("project/a/KEEP.md", "docker sees this\n")
	build("with a file", "passed", "")
	r.put("project/a/.gitignore", "made\n")
	build("with .gitignore", "passed", "")
	r.put("project/a/made", "git does not see this, and docker does\n")
	build("with a file that git ignores", "passed", "")
	build("unchanged again", "restored", held)

	all := tags()
	if len(all) != 4 {
		t.Fatalf("these images are there: %s", all)
	}
	docker.Run(t, "rmi", "--force", all[0]) // the newest stands first
	build("removed from the daemon", "passed", "the daemon has no image "+all[0]+" any more")
	docker.Run(t, "tag", base, all[0])
	build("another image under its tag", "passed", all[0]+" is another image now")
	build("and then", "restored", held)

	docker.Run(t, "tag", all[1], base)
	build("with a base that moved", "passed", "")
	docker.Run(t, "rmi", "--force", base)
	docker.Run(t, "tag", docker.Busybox(t), base)
	build("with the base of before", "passed", "")
	if _, err := r.run(ci.Selection{Fresh: true}, "ci:build"); err != nil {
		t.Fatal(err)
	}
	r.states(name + ":build:image=passed")

	r.section = "    - {name: " + name + ", dir: a, kind: docker, jobs: [{stage: build, variant: image, run: [\"docker build --tag iact-" + name + ":mine .\"]}]}\n"
	for range 2 { // nobody knows what these lines make
		r.good("ci:build")
		r.states(name + ":build:image=passed")
	}
}
