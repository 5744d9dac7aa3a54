package devcontainer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/host/devcontainer"
)

func door() *command.Door { return command.NewDoor(command.Local()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rig is a repository with a branch main, a branch other and a tag v1, and a
// place to clone it to.
type rig struct {
	*devcontainer.Project
	t    *testing.T
	home string
	work string // where commits are made, and pushed from
}

func newRig(t *testing.T) *rig {
	t.Helper()
	home := t.TempDir()
	r := &rig{t: t, home: home, work: filepath.Join(home, "work"), Project: &devcontainer.Project{
		Door: door(), Env: []string{"HOME=" + home}, Repository: filepath.Join(home, "IACT.git"), Dir: "~/IACT",
	}}
	r.git(home, "init", "--quiet", "--bare", "--initial-branch=main", r.Repository)
	r.git(home, "init", "--quiet", "--initial-branch=main", r.work)
	r.put("work/.gitignore", ".env\n")
	r.put("work/.devcontainer.json", `{"image": "busybox:testbed"}`)
	r.push("first")
	r.git(r.work, "branch", "other")
	r.git(r.work, "tag", "v1")
	r.git(r.work, "push", "--quiet", "--all", r.Repository)
	r.git(r.work, "push", "--quiet", "--tags", r.Repository)
	return r
}

// git runs git apart from the settings of the one who runs the tests.
func (r *rig) git(dir string, args ...string) string {
	r.t.Helper()
	c := command.Change("git", append([]string{"-c", "user.name=ana", "-c", "user.email=ana@example.org"}, args...)...)
	c.Dir, c.Env = dir, []string{"HOME=" + r.home, "GIT_CONFIG_NOSYSTEM=1"}
	out, err := r.Door.Text(r.t.Context(), c).String()
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func (r *rig) put(name, text string) {
	r.t.Helper()
	must(r.t, os.MkdirAll(filepath.Dir(filepath.Join(r.home, name)), 0o755))
	must(r.t, os.WriteFile(filepath.Join(r.home, name), []byte(text), 0o644))
}

// push makes a commit of all that is there and puts it into the repository.
func (r *rig) push(message string) {
	r.t.Helper()
	r.git(r.work, "add", "--all")
	r.git(r.work, "commit", "--quiet", "--allow-empty", "--message", message)
	r.git(r.work, "push", "--quiet", "--force", r.Repository, "HEAD:main")
}

func (r *rig) clone() string { return filepath.Join(r.home, "IACT") }

func (r *rig) made(token string) {
	r.t.Helper()
	must(r.t, r.Make(r.t.Context(), token))
}

func (r *rig) looked() devcontainer.Clone {
	r.t.Helper()
	c, err := r.Look(r.t.Context(), true)
	must(r.t, err)
	return c
}

// beside are the names in the home.
func (r *rig) beside() string {
	r.t.Helper()
	entries, err := os.ReadDir(r.home)
	must(r.t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
