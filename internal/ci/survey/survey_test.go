package survey_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/survey"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/verdict"
)

// said are the findings that are not well.
func said(all []verdict.Finding) string {
	var lines []string
	for _, f := range all {
		if f.State != verdict.OK {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.State, f.Code, f.About))+": "+f.Seen)
		}
		if f.State != verdict.OK && (f.Cause.ES == "" || f.Cause.EN == "" || f.Fix.ES == "" || f.Fix.EN == "") {
			lines = append(lines, f.Code+" has no cause or no fix in a language")
		}
	}
	return strings.Join(lines, "|")
}

// project is a directory with files, and the components ui and api.
func project(t *testing.T, files map[string]string) survey.Wants {
	t.Helper()
	w := survey.Wants{Dir: t.TempDir(), Home: t.TempDir(), Browsers: "0", Components: []pipeline.Component{{Name: "ui", Dir: "ui", Kind: pipeline.Node}, {Name: "api", Dir: "api", Kind: pipeline.Python}}}
	for name, text := range map[string]string{"ui/package.json": `{"name":"ui"}`, "ui/package-lock.json": `{"packages":{"":{"name":"ui"}}}`, "api/manage.py": ""} {
		if _, given := files[name]; !given {
			files[name] = text
		}
	}
	for name, text := range files {
		path := filepath.Join(w.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if text == "" && name != "api/manage.py" {
			continue // not there
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// machine is a fake one where all is well but for the calls that are given, which
// come first.
func machine(t *testing.T, calls ...*commandtest.Call) *commandtest.Fake {
	t.Helper()
	well := func(prints, program string, args ...string) *commandtest.Call {
		return commandtest.Expect(program, args...).Reading().Prints(prints).AnyTimes()
	}
	return commandtest.New(t, append(calls,
		well("git version 2.39.5\n", "git", "--version"), well("x\n", "git", "config", "--get", commandtest.Any),
		well("", "git", "-C", commandtest.Rest), well("", "git", "ls-remote", commandtest.Rest),
		well("v22.1.0\n", "node", "--version"), well("10.9.0\n", "npm", "--version"),
		well("3.12.1\nvenv\n", "python3", commandtest.Rest),
		well("28.2.2\n", "docker", "version", commandtest.Rest), well("2.30.1\n", "docker", "compose", "version", "--short"),
		well("gh version 2.40.0\n", "gh", "--version"), well("go version go1.25.8 linux/amd64", "go", "version"))...)
}

func TestOnlyWhatIsNotWellIsABadFinding(t *testing.T) {
	t.Parallel()
	expect := commandtest.Expect
	for name, c := range map[string]struct {
		files map[string]string
		fake  func(t *testing.T) *commandtest.Fake
		also  func(*survey.Wants)
		want  string
	}{
		"all is well": {fake: func(t *testing.T) *commandtest.Fake { return machine(t).Lacks("gh", "docker") }},
		"docker is only asked for by who needs it": {fake: func(t *testing.T) *commandtest.Fake { return machine(t).Lacks("docker") },
			also: func(w *survey.Wants) { w.Services = true }, want: "fail CI-DOC-001: missing|fail CI-DOC-002: missing"},
		"an old git": {fake: func(t *testing.T) *commandtest.Fake {
			return machine(t, expect("git", "--version").Prints("git version 2.25.1\n"))
		}, want: "fail CI-GIT-001: 2.25.1"},
		"no identity": {fake: func(t *testing.T) *commandtest.Fake {
			return machine(t, expect("git", "config", "--get", "user.email").Exits(1))
		}, want: "warn CI-GIT-002: missing: user.email"},
		"a server that is away": {fake: func(t *testing.T) *commandtest.Fake {
			return machine(t, expect("git", "ls-remote", commandtest.Rest).Exits(128).Complains("fatal: unable to access 'https://me:hunter2@x/': Could not resolve host\n"))
		}, also: func(w *survey.Wants) { w.Remote = "https://me:hunter2@x/" }, want: "warn CI-GIT-003: https://me:***@x/: fatal: unable to access 'https://me:***@x/': Could not resolve host"},
		"no node": {fake: func(t *testing.T) *commandtest.Fake { return machine(t).Lacks("node", "npm") }, want: "fail CI-NOD-001 ui: missing|fail CI-NOD-002 ui: missing"},
		"a node that package.json does not take": {files: map[string]string{"ui/package.json": `{"engines":{"node":">=24"}}`, "ui/package-lock.json": `{"packages":{"":{}}}`},
			want: "fail CI-NOD-001 ui: v22.1.0"},
		"a node that .nvmrc does not take": {files: map[string]string{"ui/.nvmrc": "v20\n"}, want: "fail CI-NOD-001 ui: v22.1.0"},
		"a node out of support": {fake: func(t *testing.T) *commandtest.Fake {
			return machine(t, expect("node", "--version").Prints("v18.20.0\n"))
		}, want: "warn CI-NOD-001 ui: v18.20.0"},
		"no lock file": {files: map[string]string{"ui/package-lock.json": ""}, want: "warn CI-NOD-003 ui: none"},
		"a lock file out of step": {files: map[string]string{"ui/package.json": `{"dependencies":{"react":"^18.3.0","new":"1"}}`, "ui/package-lock.json": `{"packages":{"":{"dependencies":{"react":"^18.2.0"},"devDependencies":{"gone":"1"}}}}`},
			want: "fail CI-NOD-003 ui: package-lock.json: gone, new, react"},
		"a lock file of npm 6 is not compared": {files: map[string]string{"ui/package.json": `{"dependencies":{"a":"1"}}`, "ui/package-lock.json": `{"lockfileVersion":1}`}},
		"a yarn.lock out of step": {files: map[string]string{"ui/package.json": `{"dependencies":{"a":"^1","@b/c":"~2.0"}}`, "ui/package-lock.json": "", "ui/yarn.lock": "a@^1, a@^1.2:\n  version 1\n"},
			fake: func(t *testing.T) *commandtest.Fake {
				return machine(t, expect("yarn", "--version").Prints("1.22.22\n"))
			}, want: "fail CI-NOD-003 ui: yarn.lock: @b/c"},
		"two lock files": {files: map[string]string{"ui/yarn.lock": "x"}, fake: func(t *testing.T) *commandtest.Fake { return machine(t).Lacks("yarn") },
			want: "fail CI-NOD-002 ui: missing|warn CI-NOD-003 ui: yarn.lock, package-lock.json"},
		"another pnpm than wanted": {files: map[string]string{"ui/package.json": `{"packageManager":"pnpm@9.1.0"}`, "ui/package-lock.json": "", "ui/pnpm-lock.yaml": "x"},
			fake: func(t *testing.T) *commandtest.Fake {
				return machine(t, expect("pnpm", "--version").Prints("8.6.0\n"))
			}, want: "warn CI-NOD-002 ui: pnpm 8.6.0"},
		"no browsers":   {files: map[string]string{"ui/package.json": `{"devDependencies":{"@playwright/test":"1"}}`, "ui/package-lock.json": `{"packages":{"":{"devDependencies":{"@playwright/test":"1"}}}}`}, want: "warn CI-NOD-004 ui: none in HOME/.cache/ms-playwright"},
		"an old python": {files: map[string]string{"api/pyproject.toml": "[project]\nrequires-python = \">=3.13\"\n"}, want: "fail CI-PYT-001 api: 3.12.1"},
		"Debian without venv": {fake: func(t *testing.T) *commandtest.Fake {
			return machine(t, expect("python3", commandtest.Rest).Prints("3.11.2\nModuleNotFoundError: No module named 'ensurepip'\n"))
		}, want: "fail CI-PYT-002: ModuleNotFoundError: No module named 'ensurepip'"},
		"a daemon that does not answer": {fake: func(t *testing.T) *commandtest.Fake {
			return machine(t, expect("docker", "version", commandtest.Rest).Exits(1).Complains("Cannot connect to the Docker daemon\n"), expect("docker", "compose", "version", "--short").Exits(1).Complains("unknown command\n"))
		}, also: func(w *survey.Wants) { w.Services = true }, want: "fail CI-DOC-001: Cannot connect to the Docker daemon|fail CI-DOC-002: docker compose"},
		"a .env that git would take": {files: map[string]string{"api/.env.example": "A=1\n"}, fake: func(t *testing.T) *commandtest.Fake {
			return machine(t, expect("git", "-C", commandtest.Any, "-c", "core.fsmonitor=false", "check-ignore", commandtest.Rest).Exits(1))
		}, want: "fail CI-ENV-011 api/.env: not ignored by git"},
		"a component that is not there": {also: func(w *survey.Wants) {
			w.Components = []pipeline.Component{{Name: "x", Dir: "x", Kind: pipeline.Custom}}
		}, want: "fail CI-PRJ-001 DIR/x: look for .env files: open DIR/x: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.files == nil {
				c.files = map[string]string{}
			}
			w := project(t, c.files)
			if c.also != nil {
				c.also(&w)
			}
			fake := machine(t)
			if c.fake != nil {
				fake = c.fake(t)
			}
			found := survey.Look(t.Context(), command.NewDoor(fake), w)
			var own []verdict.Finding // this machine's resources are another test's
			for _, f := range found {
				if !slices.Contains([]string{"CI-CPU-001", "CI-MEM-001", "CI-DSK-001", "CI-DSK-002", "CI-KRN-001"}, f.Code) {
					own = append(own, f)
				}
			}
			if got := strings.NewReplacer(w.Dir, "DIR", w.Home, "HOME").Replace(said(own)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAMachineIsJudgedByWhatAPipelineTakes(t *testing.T) {
	t.Parallel()
	node := survey.Wants{Dir: "/p", Components: []pipeline.Component{{Name: "ui", Kind: pipeline.Node}}}
	for want, got := range map[string][]verdict.Finding{
		"": survey.Judge(node, 4, 8<<30, 100<<30, 1<<20, 524288),
		"warn CI-CPU-001: 1|warn CI-MEM-001: 1.0 GiB available of 16.0 GiB|warn CI-DSK-001: 5.0 GiB free in /p|warn CI-DSK-002: 50000|warn CI-KRN-001: 8192": survey.Judge(node, 1, 1<<30, 5<<30, 50_000, 8192),
		"fail CI-MEM-001: 100 MiB available of 16.0 GiB|fail CI-DSK-001: 100 MiB free in /p|fail CI-DSK-002: 10|warn CI-KRN-001: unknown":                    survey.Judge(node, 4, 100<<20, 100<<20, 10, -1),
		"warn CI-MEM-001: unknown|warn CI-DSK-001: unknown|warn CI-DSK-002: unknown":                                                                         survey.Judge(survey.Wants{Dir: "/p"}, 4, -1, -1, -1, 8192),
	} {
		if said(got) != want {
			t.Errorf("got  %s\nwant %s", said(got), want)
		}
	}
}

func TestRealThisMachineIsLookedAtWithoutChangingItAndQuickly(t *testing.T) {
	w := project(t, map[string]string{"api/.env.example": "A=1\n"})
	w.Services = true
	door := command.NewDoor(commandtest.ReadOnly(t, command.Local()))
	began := time.Now()
	found := survey.Look(t.Context(), door, w)
	took := time.Since(began)
	codes := map[string]bool{}
	for _, f := range found {
		codes[f.Code] = true
		if f.Unknown {
			t.Errorf("%s: %s", f.Code, f.Seen)
		}
	}
	for _, code := range strings.Fields("CI-GIT-001 CI-GIT-002 CI-NOD-001 CI-NOD-002 CI-NOD-003 CI-PYT-001 CI-PYT-002 CI-DOC-001 CI-DOC-002 CI-GHC-001 CI-CPU-001 CI-MEM-001 CI-DSK-001 CI-DSK-002 CI-KRN-001 CI-ENV-011") {
		if !codes[code] {
			t.Errorf("nobody looked at %s", code)
		}
	}
	if took > 5*time.Second { // 0.3 s alone; others may be at work here
		t.Errorf("it took %s", took)
	}
	t.Logf("it took %s: %s", took, said(found))
}

func TestADaemonThatHangsIsOneWarning(t *testing.T) {
	t.Parallel()
	w := project(t, map[string]string{})
	w.Services = true
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	fake := machine(t, commandtest.Expect("docker", "version", commandtest.Rest).Blocks())
	for _, f := range survey.Look(ctx, command.NewDoor(fake), w) {
		if f.Code == "CI-DOC-001" && (f.State != verdict.Warn || !f.Unknown || f.Seen == "") {
			t.Errorf("finding %+v", f)
		}
	}
}

func TestAVersionThatIsKnownIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	w := project(t, map[string]string{})
	w.Recall = func(_ context.Context, line, dir string) (string, bool) {
		return "v18.20.0", line == "node --version" && dir == filepath.Join(w.Dir, "ui")
	}
	fake := machine(t).Lacks("node") // it would be missing if it were asked
	if got := said(survey.Look(t.Context(), command.NewDoor(fake), w)); got != "warn CI-NOD-001 ui: v18.20.0" {
		t.Errorf("found %s", got)
	}
}
