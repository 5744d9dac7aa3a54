package audit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/audit"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
)

// project has a component ui with a job that makes its dependencies and one that
// builds, and beside it what nobody declares.
func project(t *testing.T) (dir, home string) {
	t.Helper()
	dir, home = t.TempDir(), t.TempDir()
	for _, name := range []string{
		"ui/src/a.js", "ui/.env", "ui/node_modules/react/index.js", "ui/dist/old.js", "ui/gen/1", "ui/gen/2", "ui/gen/3", "ui/gen/4",
		"shared/x.json", "api/dist/api.json", ".git/HEAD",
	} {
		write(t, filepath.Join(dir, name))
	}
	write(t, filepath.Join(home, ".npmrc"))
	return dir, home
}

func write(t *testing.T, file string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// build audits a build of ui that consists of the lines. Its inputs are all below
// ui/src.
func build(t *testing.T, dir, home string, lines ...string) audit.Report {
	t.Helper()
	job := pipeline.Job{Component: "ui", Stage: pipeline.Build, Dir: "ui", Run: lines, Needs: []string{"ui:deps"}, Inputs: []string{"src/"}, Outputs: []string{"dist"}}
	job.Reports.JUnit = []string{"report-*.xml"}
	p := pipeline.Pipeline{Jobs: []pipeline.Job{
		{Component: "ui", Stage: pipeline.Deps, Dir: "ui", Outputs: []string{"node_modules"}},
		{Component: "api", Stage: pipeline.Build, Dir: "api", Outputs: []string{"dist"}},
		job,
	}}
	r, err := audit.Run(t.Context(), command.NewDoor(command.Local()), audit.Options{
		Project: dir, Pipeline: p, Job: job, Home: home, Env: []string{"HOME=" + home},
		Input: func(path string) bool { return strings.HasPrefix(path, "ui/src/") },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAJobIsToldWhatItUsesAndDoesNotDeclare(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines []string
		want  []string // rule, path and what to add
	}{
		"all declared":                  {[]string{"cat src/a.js node_modules/react/index.js >dist/new.js", "echo >report-1.xml", "rm dist/old.js", "test ! -e src/later.js"}, nil},
		"a file elsewhere":              {[]string{"cat ../shared/x.json"}, []string{`undeclared-input shared/x.json inputs: ["src/", "//shared/x.json"]`}},
		"one that git ignores":          {[]string{"cd /; cat \"$OLDPWD\"/.env"}, []string{`undeclared-input ui/.env inputs: ["src/", "/.env"]`}},
		"many of one directory":         {[]string{"cat gen/*"}, []string{`undeclared-input ui/gen inputs: ["src/", "/gen/"]`}},
		"through a link":                {[]string{"ln -s ../../shared dist/link", "cat dist/link/x.json"}, []string{`undeclared-input shared/x.json inputs: ["src/", "//shared/x.json"]`}},
		"a job's that it does not need": {[]string{"cat ../api/dist/api.json"}, []string{`missing-need api:build needs: ["ui:deps", "api:build"]`}},
		"the commit":                    {[]string{"cat ../.git/HEAD"}, []string{`undeclared-input .git fresh: true`}},
		"what it made itself":           {[]string{"mkdir tmp; echo >tmp/a; cat tmp/a; mv tmp/a tmp/b; cat tmp/b; rm -r tmp"}, nil},
		"what it leaves":                {[]string{"mkdir -p tmp/deep; echo >tmp/deep/a; echo >tmp/b", "(echo >../loose)"}, []string{"undeclared-output loose ", `undeclared-output ui/tmp outputs: ["dist", "tmp"]`}},
		"what it removes":               {[]string{"rm ../shared/x.json"}, []string{"undeclared-output shared/x.json "}},
		"what it had made before":       {[]string{"cat dist/old.js"}, []string{"own-output ui "}},
		"the user's own":                {[]string{"cat ~/.npmrc", "test ! -e ~/.babelrc"}, []string{`outside-input ~/.npmrc tools: ["sha256sum ~/.npmrc"]`, "absent-input ~ "}},
		"what is not there":             {[]string{"test ! -e .eslintrc"}, []string{"absent-input ui "}},
		"caches":                        {[]string{"mkdir .cache; echo >.cache/a; cat .cache/a", "cat /etc/passwd >/dev/null"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, home := project(t)
			r := build(t, dir, home, test.lines...)
			var got []string
			for _, m := range r.Remarks {
				got = append(got, m.Rule+" "+m.Path+" "+m.Add)
				if m.What.ES == "" || m.What.EN == "" || m.Level == "" {
					t.Errorf("%s is not told: %+v", m.Rule, m)
				}
			}
			if !slices.Equal(got, test.want) || r.Failed != nil || r.Calls == 0 {
				t.Errorf("got %q, want %q; failed %v", got, test.want, r.Failed)
			}
			if all := r.Findings("es"); len(all) != len(test.want) {
				t.Errorf("findings %v", all)
			}
		})
	}
}

func TestAJobThatFailsIsJudgedByWhatItDid(t *testing.T) {
	t.Parallel()
	dir, home := project(t)
	r := build(t, dir, home, "cat ../shared/x.json", "echo broken; exit 7", "cat .env")
	if r.Failed == nil || !strings.Contains(r.Failed.Error(), "exit 7") || len(r.Remarks) != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestWhatTheJobSaysIsKept(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	job := pipeline.Job{Component: "c", Stage: pipeline.Unit, Dir: ".", Run: []string{"echo out", "echo err >&2"}}
	_, err := audit.Run(t.Context(), command.NewDoor(command.Local()), audit.Options{
		Project: t.TempDir(), Job: job, Pipeline: pipeline.Pipeline{Jobs: []pipeline.Job{job}}, Log: &log, Input: func(string) bool { return true },
	})
	if err != nil || log.String() != "out\nerr\n" {
		t.Errorf("log %q, %v", log.String(), err)
	}
}

func TestAMachineThatCannotTraceSaysSo(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted\n": "does not let strace watch",
		"strace: unrecognized option '--seccomp-bpf'\n":                  "unrecognized option",
	} {
		fake := commandtest.New(t, commandtest.Expect("strace", commandtest.Rest).Complains(said).Exits(1))
		job := pipeline.Job{Component: "c", Stage: pipeline.Unit, Dir: ".", Run: []string{"true"}}
		_, err := audit.Run(t.Context(), command.NewDoor(fake), audit.Options{Project: t.TempDir(), Job: job})
		if err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Missing || fault.Hint(err) == "" {
			t.Errorf("got %v, hint %q", err, fault.Hint(err))
		}
	}
}

func TestAStoppedAuditSaysNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	job := pipeline.Job{Component: "c", Stage: pipeline.Unit, Dir: ".", Run: []string{"echo up", "sleep 1000"}}
	_, err := audit.Run(ctx, command.NewDoor(command.Local()), audit.Options{Project: t.TempDir(), Job: job, Log: whenWritten(cancel)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// whenWritten is a log that calls a function with the first line.
type whenWritten func()

func (f whenWritten) Write(p []byte) (int, error) { f(); return len(p), nil }
