package defaults_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"iact-infra/internal/ci/defaults"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
)

func TestAJobOfTheConfigurationChangesOnlyTheKeysThatItGives(t *testing.T) {
	t.Parallel()
	tree, _ := project(t, "testdata/client.txtar")
	p := made(t, tree, `
ci:
  retries: 3
  stages:
    unit: {limit: 10m}
    build: {needs: [deps]}
    integration: {optional: true}
  components:
    - name: web
      dir: ui
      coverage: 55
      jobs:
        - {stage: deps, run: [npm ci]}
        - {stage: unit, limit: 2m, retries: 0}
        - {stage: lint, variant: eslint, run: []}
        - {stage: build, env: [NODE_ENV], needs: [lint, "api:unit"], fresh: true}
        - {stage: artifacts, run: [test -s dist/index.html]}
        - {stage: lint, variant: css, run: [npx stylelint src], findings: ["checkstyle:$IACT_REPORTS/x.xml"]}
    - {name: api, size: 1MB}
    - name: docs
      dir: .
      kind: custom
      needs: [web]
      jobs:
        - {stage: build, run: [mkdocs build], inputs: [docs/], outputs: [site], placed: true}
`).Pipeline
	job := func(name string) pipeline.Job {
		j, there := p.Job(name)
		if !there {
			t.Fatalf("there is no %s among %+v", name, p.Jobs)
		}
		return j
	}
	if deps := job("web:deps"); !slices.Equal(deps.Run, []string{"npm ci"}) || !slices.Equal(deps.Outputs, []string{"node_modules"}) {
		t.Errorf("deps: %+v", deps)
	}
	if unit := job("web:unit"); unit.Limit != 2*time.Minute || unit.Retries != 0 || len(unit.Reports.Coverage) != 1 {
		t.Errorf("unit: %+v", unit)
	}
	if unit := job("api:unit"); unit.Limit != 10*time.Minute || unit.Retries != 3 {
		t.Errorf("unit of api: %+v", unit)
	}
	if _, there := p.Job("web:lint:eslint"); there {
		t.Error("the job is still there")
	}
	if build := job("web:build"); !build.Fresh || strings.Join(build.Needs, " ") != "web:lint:css api:unit" || strings.Join(build.Env, " ") != "NODE_ENV" || build.Run[0] != "npm run build" {
		t.Errorf("build: %+v", build)
	}
	if css := job("web:lint:css"); css.Reports.Findings[0] != (pipeline.Findings{Format: "checkstyle", Path: "$IACT_REPORTS/x.xml"}) || strings.Join(css.Needs, " ") != "web:deps" {
		t.Errorf("css: %+v", css)
	}
	if docs := job("docs:build"); docs.Dir != "." || !docs.Placed || strings.Join(docs.Needs, " ") != "web:build" || strings.Join(docs.Outputs, " ") != "site" {
		t.Errorf("docs: %+v", docs)
	}
	if last := job("api:integration"); !last.Optional || job("web:artifacts").Run[0] != "test -s dist/index.html" {
		t.Errorf("integration: %+v", last)
	}
	if web, _ := p.Component("web"); web.Coverage != 55 || web.SizeBytes != 5_000_000 || web.Kind != pipeline.Node {
		t.Errorf("web: %+v", web)
	}
	if api, _ := p.Component("api"); api.Coverage != 80 || api.SizeBytes != 1_000_000 {
		t.Errorf("api: %+v", api)
	}
}

func TestAPipelineThatCannotBeNamesTheLineOfTheConfiguration(t *testing.T) {
	t.Parallel()
	tree, _ := project(t, "testdata/client.txtar")
	workspace, _ := project(t, "testdata/monorepo.txtar")
	for _, c := range []struct {
		text, want string
		code       int
	}{
		{"ci: {components: [{name: x, dir: nowhere}]}", "config/iact.yaml:1: component x: ", fault.Usage},
		{"ci: {components: [{name: db}]}", "config/iact.yaml:1: component db: nothing in db tells what it is", fault.Usage},
		{"ci: {components: [{name: ui, jobs: [\n{stage: unit, run: []},\n{stage: unit, variant: x, run: []}]}]}", "config/iact.yaml:3: component ui has no job unit:x by itself", fault.Usage},
		{"ci: {components: [{name: ui, jobs: [\n{stage: integration}]}]}", "config/iact.yaml:2: component ui has no job integration by itself, and this one runs nothing", fault.Usage},
		{"ci: {components: [{name: ui, jobs: [\n{stage: unit, needs: [\"ui:lint\"]}]}]}", "config/iact.yaml:2: job ui:unit needs ui:lint, which there is not", fault.Usage},
		{"ci: {components: [{name: ui, jobs: [{stage: build, outputs: [.]}]}]}", "the output . is the whole component", fault.Usage},
		{"ci: {components: [{name: ui, jobs: [{stage: deps, needs: [build]}]}]}", "the jobs need each other: ui:deps needs ui:build needs ui:deps", fault.Usage},
		{"ci: {stages: {deps: {needs: [unit]}}}", "the jobs need each other", fault.Usage},
	} {
		_, err := defaults.Pipeline(t.Context(), tree, defaults.Options{CI: settings(t, c.text)})
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.Code(err) != c.code || fault.Hint(err) == "" {
			t.Errorf("%s\ngot  %v (hint %q)\nwant %s", c.text, err, fault.Hint(err), c.want)
		}
	}
	if _, err := defaults.Pipeline(t.Context(), workspace, defaults.Options{CI: settings(t, "ci: {components: [{name: web, dir: packages/web}]}")}); err == nil || !strings.Contains(err.Error(), "component web is installed by the workspace in .") {
		t.Errorf("a member without its workspace: %v", err)
	}
	if _, err := defaults.Pipeline(t.Context(), fstest.MapFS{"README": {}}, defaults.Options{CI: settings(t, ""), Project: "/srv/app"}); fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "project /srv/app: ") {
		t.Errorf("an empty project: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := defaults.Pipeline(cancelled, tree, defaults.Options{CI: settings(t, "")}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTheInterpreterAndTheWheelsOfTheConfigurationAreUsed(t *testing.T) {
	t.Parallel()
	tree, _ := project(t, "testdata/uv.txtar")
	ci := settings(t, "ci: {python: /opt/python-3.13.5/bin/python3, wheels: '/srv/my wheels'}")
	m, err := defaults.Pipeline(t.Context(), tree, defaults.Options{CI: ci, Has: func(program string) bool { return program != "uv" }})
	must(t, err)
	deps, _ := m.Pipeline.Job("tidy.pkg:deps")
	want := []string{
		"/opt/python-3.13.5/bin/python3 -m venv --clear .venv",
		"export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_INDEX=1 PIP_FIND_LINKS='/srv/my wheels'",
		".venv/bin/python -m pip install -e '.[test]'",
		".venv/bin/python -m pip check",
	}
	if !slices.Equal(deps.Run, want) || !slices.Contains(deps.Tools, "/opt/python-3.13.5/bin/python3 --version") {
		t.Errorf("got  %q\nwant %q", deps.Run, want)
	}
	if len(m.Notes) != 1 || m.Notes[0].Rule != "lock-not-used" || m.Notes[0].Path != "uv.lock" {
		t.Errorf("notes %+v", m.Notes)
	}
}

func TestInitKeepsTheRestOfTheFileAndNeverReplacesComponents(t *testing.T) {
	t.Parallel()
	tree, _ := project(t, "testdata/frontend-backend.txtar")
	want := made(t, tree, "").Pipeline
	section, err := defaults.Init(want, settings(t, ""), "en")
	must(t, err)
	for _, was := range []string{
		"", "# mine\n", "project: .", "ci:\n", "ci: # mine\n    jobs: 2 # two\nproject: .\n", "project: .\nci:\n  # the cache\n  cache: /srv/c\n", "ci:\n", config.Commented("en"), config.Commented("es"),
	} {
		text, err := defaults.Write([]byte(was), section)
		must(t, err)
		rest := string(text)
		for line := range strings.Lines(was) {
			at := strings.Index(rest, strings.TrimSuffix(line, "\n"))
			if at < 0 {
				t.Fatalf("the line %q is gone from\n%s", line, text)
			}
			rest = rest[at:]
		}
		if have := made(t, tree, string(text)).Pipeline; plain(have) != plain(want) {
			t.Errorf("%q reads back as another pipeline:\n%s", was, text)
		}
		if again, err := defaults.Write(text, section); !errors.Is(err, defaults.ErrThere) || fault.Code(err) != fault.Usage {
			t.Errorf("it is written a second time: %v\n%s", err, again)
		}
	}
	for _, was := range []string{"ci: {jobs: 2}\n", "{project: .}\n", "ci: {}\n", "- x\n", "ci: [\n"} {
		if text, err := defaults.Write([]byte(was), section); err == nil || fault.Hint(err) == "" {
			t.Errorf("%q is written as\n%s", was, text)
		}
	}
}
