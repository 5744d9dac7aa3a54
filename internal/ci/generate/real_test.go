package generate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/generate"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestRealSlowActionlintAcceptsWhatIsGenerated has it look at scripts as well, with
// shellcheck, and shows first that it would see a fault of either.
func TestRealSlowActionlintAcceptsWhatIsGenerated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name string, text []byte) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	good := made(t, generate.GitHub, client(), settings()).Text
	files := []string{put("client.yml", good)}
	for seed := range uint64(40) {
		p, o := anyPipeline(seed)
		files = append(files, put(fmt.Sprintf("%d.yml", seed), made(t, generate.GitHub, p, o).Text))
	}
	door := command.NewDoor(command.Local())
	lint := func(files ...string) (string, error) {
		// It says what it finds on standard output, and ends with 1.
		words := []string{"-c", `"$@" || test $? -eq 1`, "sh", "go", "tool", "-modfile=tools/go.mod", "actionlint", "-no-color", "-oneline", "-shellcheck=shellcheck", "-pyflakes="}
		c := command.Read("sh", append(words, files...)...)
		c.Dir = filepath.Join("..", "..", "..")
		out, err := door.Text(t.Context(), c).String()
		return out, err
	}
	if out, err := lint(files...); err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
	bad := strings.NewReplacer("node-version-file", "node-versoin", `"$IACT_COMPONENT"`, "$IACT_COMPONENT").Replace(string(good))
	out, err := lint(put("bad.yml", []byte(bad)))
	if err != nil || !strings.Contains(out, "node-versoin") || !strings.Contains(out, "SC2086") {
		t.Errorf("it sees no fault: %v\n%s", err, out)
	}
}

// TestRealSlowGitLabsSchemaAcceptsWhatIsGenerated has gitlab-ci-local hold files
// against GitLab's published schema, and then run one: in order, to the report,
// although a job in the middle fails.
func TestRealSlowGitLabsSchemaAcceptsWhatIsGenerated(t *testing.T) {
	t.Parallel()
	testbed.Node(t)
	g := gitlabLocal{T: t, door: command.NewDoor(command.Local()), dir: t.TempDir()}
	g.write("package.json", `{"private": true}`)
	g.must(".", "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "gitlab-ci-local@4.64.1")
	for _, seed := range []uint64{3, 4, 13} {
		p, o := anyPipeline(seed)
		f := made(t, generate.GitLab, p, o)
		listed := g.project(fmt.Sprint(seed), f, "--list-csv-all")
		for id := range readGitLab(t, f) {
			if !strings.Contains(listed, id+";") {
				t.Errorf("pipeline %d: it does not see %s in\n%s", seed, id, listed)
			}
		}
	}
	bad := generate.File{Path: ".gitlab-ci.yml", Text: []byte("a:\n  script: [x]\n  interruptibel: true\n")}
	if _, err := g.run("bad", bad, "--list-csv-all"); err == nil {
		t.Error("it sees no fault")
	}
	g.order()
}

// order runs the client's pipeline with a toolkit that notes what it is asked for
// and leaves an outcome behind. It fails in ui:lint, which nothing needs.
func (g gitlabLocal) order() {
	g.Helper()
	p, o := client(), settings()
	o.Command, o.Services = []string{"./iact"}, nil
	asked := filepath.Join(g.dir, "asked")
	g.write("run/iact", `#!/bin/sh
set -e
echo "$IACT_CI_TRUST $*" >>`+command.Quote(asked)+`
case "$*" in
ci:report*) mkdir -p .iact/ci/report; echo '[]' >.iact/ci/report/codequality.json; ls .iact/ci/jobs >>`+command.Quote(asked)+` ;;
ci:generate*) ;;
*)
  name=$(echo "$*" | tr -c 'a-z\n' -)
  mkdir -p .iact/cache/ci .iact/ci/jobs
  echo entry >.iact/cache/ci/entry
  echo run >".iact/ci/jobs/$name"
  ;;
esac
case "$*" in *ci:lint*) exit 1 ;; esac
`)
	if err := os.Chmod(filepath.Join(g.dir, "run/iact"), 0o700); err != nil { //nolint:gosec // it is a program
		g.Fatal(err)
	}
	out, err := g.run("run", made(g, generate.GitLab, p, o), "--force-shell-executor", "--shell-isolation", "--concurrency=1")
	if err == nil {
		g.Errorf("a pipeline with a job that fails ends well:\n%s", out)
	}
	text, err := os.ReadFile(asked)
	if err != nil {
		g.Fatalf("%v\n%s", err, out)
	}
	const want = `untrusted ci:unit -component=ui
untrusted ci:unit -component=api -variant=sqlite
untrusted ci:unit -component=api -variant=postgres
untrusted ci:lint -component=ui
untrusted ci:build -component=ui ci:artifacts -component=ui
untrusted ci:integration -component=api
untrusted ci:report -to=.iact/ci/report
ci-build--component-ui-ci-artifacts--component-ui
ci-integration--component-api
ci-lint--component-ui
ci-unit--component-api--variant-postgres
ci-unit--component-api--variant-sqlite
ci-unit--component-ui
untrusted ci:generate -for=gitlab -check=true
`
	if string(text) != want {
		g.Errorf("the toolkit is asked for\n%s", text)
	}
}

// gitlabLocal runs gitlab-ci-local in repositories below a directory.
type gitlabLocal struct {
	*testing.T
	door *command.Door
	dir  string
}

func (g gitlabLocal) write(name, text string) {
	g.Helper()
	at := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		g.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		g.Fatal(err)
	}
}

func (g gitlabLocal) must(dir, program string, args ...string) string {
	g.Helper()
	c := command.Change(program, args...)
	c.Dir = filepath.Join(g.dir, dir)
	out, err := g.door.Text(g.Context(), c).String()
	if err != nil {
		g.Fatal(err)
	}
	return out
}

func (g gitlabLocal) project(dir string, f generate.File, args ...string) string {
	g.Helper()
	out, err := g.run(dir, f, args...)
	if err != nil {
		g.Fatalf("%v\n%s", err, f.Text)
	}
	return out
}

func (g gitlabLocal) run(dir string, f generate.File, args ...string) (string, error) {
	g.Helper()
	g.write(filepath.Join(dir, f.Path), string(f.Text))
	g.must(dir, "git", "init", "-q", "-b", "main")
	g.must(dir, "git", "add", ".")
	g.must(dir, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "all")
	g.must(dir, "git", "remote", "add", "origin", "git@gitlab.example.com:group/project.git")
	c := command.Change(filepath.Join(g.dir, "node_modules/.bin/gitlab-ci-local"), args...)
	c.Dir = filepath.Join(g.dir, dir)
	c.Env = []string{"HOME=" + g.dir, "NO_COLOR=1"}
	return g.door.Text(g.Context(), c).String()
}
