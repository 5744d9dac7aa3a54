// Package scenetest is the rig for tests of checks: a workspace, containers of
// it in a daemon of the testbed, and a look at them through a door that fails the
// test when a check changes something.
package scenetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/testbed"
)

// Patience is that of tests: many of them run at once, maybe on a busy machine.
const Patience = 5

// Rig is a workspace and what belongs to it.
type Rig struct {
	t      testing.TB
	daemon *testbed.DockerDaemon
	door   *command.Door

	Workspace string
	// Options are those of the next scene; a test changes what it is about.
	Options scene.Options
}

// New is an empty workspace whose containers are made by a daemon.
func New(t testing.TB, daemon *testbed.DockerDaemon) *Rig {
	t.Helper()
	r := Over(t, command.Local())
	r.daemon, r.Options.Docker = daemon, daemon.Env()
	return r
}

// Over is an empty workspace without a daemon: what answers is a transport, such
// as a commandtest.Fake, and has to be told what docker says.
func Over(t testing.TB, transport command.Transport) *Rig {
	t.Helper()
	workspace := t.TempDir()
	// The one who runs the tests may have pointed the client elsewhere.
	environ := slices.DeleteFunc(os.Environ(), func(line string) bool {
		return strings.HasPrefix(line, "DOCKER_") || strings.HasPrefix(line, "COMPOSE_")
	})
	return &Rig{
		t: t, door: command.NewDoor(command.Local()), Workspace: workspace,
		Options: scene.Options{
			Door: command.NewDoor(commandtest.ReadOnly(t, transport)), Workspace: workspace, Environ: environ, Now: time.Now, Patience: Patience,
		},
	}
}

// Answers is a transport that runs everything on this machine but the docker
// client, whose answers it makes up: what other engines say, or newer ones. A
// script that runs the client is one of its calls, too: Expect("sh", …).
func Answers(docker command.Transport) command.Transport {
	return answers{command.Local(), docker}
}

type answers struct {
	command.Transport
	docker command.Transport
}

func (a answers) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if c.Program == "docker" || c.Program == "sh" && len(c.Args) > 1 && strings.Contains(c.Args[1], "docker \"$@\"") {
		return a.docker.Start(ctx, c, stdout)
	}
	return a.Transport.Start(ctx, c, stdout)
}

// Write writes a file of the workspace, with the folders that lead to it.
func (r *Rig) Write(path, text string) string {
	r.t.Helper()
	file := filepath.Join(r.Workspace, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return file
}

// Config writes the workspace's devcontainer.json.
func (r *Rig) Config(text string) string {
	r.t.Helper()
	return r.Write(".devcontainer/devcontainer.json", text)
}

// Run starts a container of the workspace, with the labels of the devcontainers
// tools, and returns its name. The arguments are those of `docker run`.
func (r *Rig) Run(args ...string) string {
	r.t.Helper()
	return r.daemon.Container(r.t, slices.Concat(r.labels(), args)...)
}

// Fail is Run for a container that does not come to run. It returns the name and
// what docker said; it is created or has ended when Fail returns.
func (r *Rig) Fail(args ...string) (name, said string) {
	r.t.Helper()
	name = r.daemon.Name(r.t)
	r.t.Cleanup(func() { _, _ = r.daemon.Try(r.t, "rm", "--force", "--volumes", name) })
	_, err := r.daemon.Try(r.t, slices.Concat([]string{"run", "--name", name}, r.labels(), args)...)
	if err == nil {
		r.t.Fatalf("container %s of %q ended well: it should have failed", name, args)
	}
	return name, err.Error()
}

// Up has the real devcontainers CLI make the workspace's container, and returns
// what it wrote when that failed. Its containers go with the test.
func (r *Rig) Up(args ...string) (failed string) {
	r.t.Helper()
	testbed.Node(r.t)
	r.t.Cleanup(func() {
		for id := range strings.FieldsSeq(r.daemon.Run(r.t, "ps", "--all", "--quiet", "--filter", "label="+scene.LabelFolder+"="+r.Workspace)) {
			r.daemon.Run(r.t, "rm", "--force", "--volumes", id)
		}
	})
	up := command.Change("npx", append([]string{"--yes", "@devcontainers/cli@0.89.0", "up", "--buildkit", "never", "--workspace-folder", r.Workspace}, args...)...)
	up.Env, up.Timeout = r.daemon.Env(), 5*time.Minute
	if _, err := r.door.Text(r.t.Context(), up).String(); err != nil {
		var why *command.Error
		if errors.As(err, &why) {
			return err.Error() + "\n" + why.Stderr
		}
		return err.Error()
	}
	return ""
}

func (r *Rig) labels() []string {
	return []string{
		"--label", scene.LabelFolder + "=" + r.Workspace,
		"--label", scene.LabelConfig + "=" + filepath.Join(r.Workspace, ".devcontainer/devcontainer.json"),
	}
}

// Docker runs the client, and fails the test when it fails.
func (r *Rig) Docker(args ...string) string { r.t.Helper(); return r.daemon.Run(r.t, args...) }

// Wait waits until docker inspect answers so for a format, as long as 20 seconds.
func (r *Rig) Wait(container, format, want string) {
	r.t.Helper()
	script := `for n in $(seq 200); do case $(docker inspect -f "$2" "$1") in $3) exit;; esac; sleep 0.1; done; docker inspect -f "$2" "$1"; exit 1`
	wait := command.Read("sh", "-c", script, "wait", container, format, want)
	wait.Env = r.daemon.Env()
	if out, err := r.door.Text(r.t.Context(), wait).String(); err != nil {
		r.t.Fatalf("container %s: %s never was %s, but %s", container, format, want, out)
	}
}

// Scene is a new look at everything.
func (r *Rig) Scene() *scene.Scene { return scene.New(r.t.Context(), r.Options) }

// Examine asks checks, and puts the root causes first. A look that a busy machine
// has cut short is taken again.
func (r *Rig) Examine(checks []doctor.Check) []doctor.Finding {
	r.t.Helper()
	const looks = 8
	for n := 1; ; n++ {
		found := doctor.Explain(doctor.Examine(r.t.Context(), r.Scene(), checks))
		if n == looks || !slices.ContainsFunc(found, late) {
			return found
		}
	}
}

// late says whether a check did not come to its end, for no reason that was found.
func late(f doctor.Finding) bool {
	return f.State == doctor.Unknown && f.By == "" && slices.ContainsFunc([]string{"no answer within", "stopped at its timeout", "context deadline exceeded"}, func(words string) bool { return strings.Contains(f.Evidence, words) })
}

// First is the finding that a person sees first: the root cause. The test fails
// when nothing was found, or when it has no cause, no evidence or no fix.
func (r *Rig) First(checks []doctor.Check) doctor.Finding {
	r.t.Helper()
	found := r.Examine(checks)
	if len(Bad(found)) == 0 {
		r.t.Fatalf("nothing was found:\n%s", Lines(found))
	}
	f := found[0]
	if f.Evidence == "" || f.Cause.ES == "" || f.Cause.EN == "" || f.Fix == "" {
		r.t.Fatalf("a finding needs evidence, a cause in both languages and a fix: %+v", f)
	}
	return f
}

// Healthy fails the test when a check raises something.
func (r *Rig) Healthy(checks []doctor.Check) {
	r.t.Helper()
	if bad := Bad(r.Examine(checks)); len(bad) > 0 {
		r.t.Errorf("a false alarm:\n%s", Lines(bad))
	}
}

// Bad are the findings that a person has to see, as long as nothing explains
// them.
func Bad(found []doctor.Finding) []doctor.Finding {
	var bad []doctor.Finding
	for _, f := range found {
		if f.Bad() && f.By == "" {
			bad = append(bad, f)
		}
	}
	return bad
}

// Codes are the codes of findings.
func Codes(found []doctor.Finding) []string {
	codes := make([]string, 0, len(found))
	for _, f := range found {
		codes = append(codes, f.Code)
	}
	return codes
}

// Lines are findings as a test shows them.
func Lines(found []doctor.Finding) string {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(strings.Join([]string{string(f.State), f.Code, f.By, f.Where, f.Evidence, f.Cause.EN, f.Fix}, " | ") + "\n")
	}
	return b.String()
}
