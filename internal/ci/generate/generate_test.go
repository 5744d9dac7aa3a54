package generate_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/generate"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/fault"
)

// client is the pipeline of the real client: ui is built with Node.js, api is
// tested with Python against a database and with what ui has built.
func client() pipeline.Pipeline {
	return pipeline.Pipeline{
		Components: []pipeline.Component{
			{Name: "ui", Dir: "ui", Kind: pipeline.Node},
			{Name: "api", Dir: "api", Kind: pipeline.Python, Needs: []string{"ui"}},
		},
		Jobs: []pipeline.Job{
			{Component: "ui", Stage: pipeline.Deps, Dir: "ui", Run: []string{"npm ci"}, Outputs: []string{"node_modules"}},
			{Component: "api", Stage: pipeline.Deps, Dir: "api", Run: []string{"pip install -r requirements.txt"}},
			{Component: "api", Stage: pipeline.Env, Dir: "api", Needs: []string{"api:deps"}},
			{
				Component: "ui", Stage: pipeline.Unit, Dir: "ui", Needs: []string{"ui:deps"}, Limit: 10 * time.Minute,
				Reports: pipeline.Reports{JUnit: []string{"reports/junit.xml"}, Coverage: []string{"coverage/lcov.info", "coverage/cobertura.xml"}},
			},
			{Component: "api", Stage: pipeline.Unit, Variant: "sqlite", Dir: "api", Needs: []string{"api:env"}},
			{Component: "api", Stage: pipeline.Unit, Variant: "postgres", Dir: "api", Needs: []string{"api:env"}, Services: []string{"db"}},
			{Component: "ui", Stage: pipeline.Lint, Variant: "eslint", Dir: "ui", Needs: []string{"ui:deps"}},
			{Component: "ui", Stage: pipeline.Lint, Variant: "prettier", Dir: "ui", Needs: []string{"ui:deps"}},
			{Component: "ui", Stage: pipeline.Build, Dir: "ui", Needs: []string{"ui:deps"}, Outputs: []string{"dist"}, Env: []string{"SENTRY_TOKEN"}},
			{Component: "ui", Stage: pipeline.Artifacts, Dir: "ui", Needs: []string{"ui:build"}},
			{Component: "api", Stage: pipeline.Integration, Dir: "api", Needs: []string{"api:unit:sqlite", "ui:artifacts"}, Services: []string{"db"}},
		},
	}
}

func settings() generate.Options {
	return generate.Options{
		Tools: map[string]generate.Tools{
			"ui":  {Node: generate.Version{File: "ui/.nvmrc", Number: "22"}, Lock: "ui/package-lock.json", Manager: "npm"},
			"api": {Python: generate.Version{Number: "3.12"}, Lock: "api/requirements.txt", Manager: "pip"},
		},
		Services: []generate.Service{{Name: "db", Image: "postgres:16", Env: map[string]string{"POSTGRES_PASSWORD": "test"}}},
		Secrets:  []string{"SENTRY_TOKEN"},
	}
}

func made(t testing.TB, system generate.System, p pipeline.Pipeline, o generate.Options) generate.File {
	t.Helper()
	f, err := generate.Make(system, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTheClientsPipelineIsWrittenAsTestdataShows keeps what is generated before the
// eyes of who changes it. With IACT_UPDATE=1 the files are written instead.
func TestTheClientsPipelineIsWrittenAsTestdataShows(t *testing.T) {
	t.Parallel()
	for _, system := range generate.Systems() {
		f := made(t, system, client(), settings())
		at := filepath.Join("testdata", path.Base(f.Path))
		if os.Getenv("IACT_UPDATE") == "1" {
			if err := os.WriteFile(at, f.Text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, f.Text) {
			t.Errorf("%s is not what is written: run IACT_UPDATE=1 go test ./internal/ci/generate and look at the difference", at)
		}
	}
}

func TestTheSameInGivesTheSameOut(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		p, o := anyPipeline(seed)
		for _, system := range generate.Systems() {
			if first, again := made(t, system, p, o), made(t, system, p, o); !bytes.Equal(first.Text, again.Text) {
				t.Errorf("pipeline %d for %s is written in two ways", seed, system)
			}
		}
	}
}

func TestWhatNoFileCanHoldIsRefused(t *testing.T) {
	t.Parallel()
	named := func(name string) pipeline.Pipeline {
		return pipeline.Pipeline{
			Components: []pipeline.Component{{Name: name, Dir: "."}},
			Jobs:       []pipeline.Job{{Component: name, Stage: pipeline.Unit, Dir: "."}},
		}
	}
	service := func(s generate.Service) generate.Options { return generate.Options{Services: []generate.Service{s}} }
	for what, c := range map[string]struct {
		p      pipeline.Pipeline
		o      generate.Options
		system generate.System
		says   string
	}{
		"a name with a line break":   {p: named("a\nb"), says: `"a\nb" holds a character`},
		"a name that is no text":     {p: named("a\xff"), says: "holds a character"},
		"a name that turns the text": {p: named("a\u202eb"), says: "holds a character"},
		"a branch as an expression":  {p: named("a"), o: generate.Options{Branch: "main' || '1' == '1"}, says: "no plain name"},
		"a toolkit outside":          {p: named("a"), o: generate.Options{Dir: "ui/../../x"}, says: "not below the project"},
		"a secret of GitHub's own":   {p: named("a"), o: generate.Options{Secrets: []string{"GITHUB_TOKEN"}}, says: "no name of a variable"},
		"a variable with a bracket":  {p: named("a"), o: generate.Options{Variables: []string{"A}}"}}, says: "no name of a variable"},
		"a pin that is a version":    {p: named("a"), o: generate.Options{Pins: map[string]string{"actions/checkout@v6": "v6.0.1"}}, says: "no commit"},
		"a pin of another action":    {p: named("a"), o: generate.Options{Pins: map[string]string{"actions/check@v6": ""}}, says: "is not used"},
		"a service without an image": {p: named("a"), o: service(generate.Service{Name: "db"}), says: "has no image"},
		"a service that is no host":  {p: named("a"), o: service(generate.Service{Name: "d b", Image: "x"}), says: "no host can have"},
		"another system":             {p: named("a"), system: "travis", says: "no such system"},
		"nothing to run":             {says: "it has no jobs"},
		"a pipeline that is none":    {p: pipeline.Pipeline{Jobs: []pipeline.Job{{Component: "a", Stage: "x"}}}, says: "there is no stage x"},
	} {
		system := c.system
		if system == "" {
			system = generate.GitHub
		}
		_, err := generate.Make(system, c.p, c.o)
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
			t.Errorf("%s: %v (code %d, hint %q)", what, err, fault.Code(err), fault.Hint(err))
		}
	}
}

func TestActionsArePinnedByTheCommitsThatAreKnown(t *testing.T) {
	t.Parallel()
	o := settings()
	commit := strings.Repeat("0123456789", 4)
	o.Pins = map[string]string{"actions/checkout@v6": commit}
	text := string(made(t, generate.GitHub, client(), o).Text)
	if !strings.Contains(text, "uses: actions/checkout@"+commit+" # v6\n") || strings.Contains(text, "actions/checkout@v6") {
		t.Error("the checkout is not pinned by its commit")
	}
	if !strings.Contains(text, "uses: actions/setup-node@v6\n") {
		t.Error("an action without a commit is not pinned by its version")
	}
}

// TestSecretsGoOnlyToJobsThatNameThem has ui:build name one. It may be run again by
// api:integration, which needs it, and by no other.
func TestSecretsGoOnlyToJobsThatNameThem(t *testing.T) {
	t.Parallel()
	for system, line := range map[generate.System]string{
		generate.GitHub:  "SENTRY_TOKEN: ${{ secrets.SENTRY_TOKEN }}",
		generate.Jenkins: "SENTRY_TOKEN = credentials('SENTRY_TOKEN')",
	} {
		if n := strings.Count(string(made(t, system, client(), settings()).Text), line); n != 2 {
			t.Errorf("%s gives the secret to %d jobs", system, n)
		}
	}
}
