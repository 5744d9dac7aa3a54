package state_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/devcontainer/state"
	"iact-infra/internal/testbed"
)

// fault is a container that was brought into a state, and what has to be said of
// it first.
type fault struct {
	name   string
	files  map[string]string // of the workspace, executable
	fails  bool              // docker run itself fails, or waits for the end
	args   []string          // of docker run; {ws} is the workspace, {image} busybox
	after  []string          // a docker command, {c} is the container
	wait   [2]string         // a format and what it has to become
	code   string
	state  doctor.State
	has    string // in the evidence
	cause  string
	fix    string
	hidden string // a code that this one explains
}

func faults() []fault {
	gone := [2]string{"{{.State.Status}}", "exited"}
	run := func(script string) []string { return []string{"{image}", "sh", "-c", script} }
	return []fault{
		{name: "a program that ends well", args: run("echo done"), wait: gone, code: "DC-STA-002", has: "exit code 0", cause: "ended well"},
		{name: "a shell without input", args: []string{"{image}", "sh"}, wait: gone, code: "DC-STA-002", has: "exit code 0", cause: "overrideCommand"},
		{name: "a program that fails", args: run("echo starting; echo 'boom: no configuration' >&2; exit 3"), wait: gone, code: "DC-STA-002", has: "boom: no configuration", cause: "code 3", fix: "docker logs"},
		{name: "a program that is not there, by a shell", args: run("nosuch --serve"), wait: gone, code: "DC-STA-008", has: "nosuch: not found", cause: "command nosuch"},
		{name: "a message that the catalogue knows", args: run("echo 'Error response from daemon: toomanyrequests: You have reached your pull rate limit.'; exit 1"), wait: gone, code: "DC-STA-002", has: "D05", cause: "Docker Hub"},
		{name: "an order to stop", args: []string{"--init", "{image}", "sleep", "600"}, after: []string{"stop", "--time", "5", "{c}"}, code: "DC-STA-002", state: doctor.Warn, has: "after an order to stop", cause: "somebody stopped it", fix: "docker start"},
		{name: "a kill", args: []string{"{image}", "sleep", "600"}, after: []string{"kill", "{c}"}, wait: gone, code: "DC-STA-002", has: "137", cause: "docker kill, signal 9"},
		{name: "no memory", args: []string{"--memory", "6m", "{image}", "sh", "-c", "x=a; while :; do x=$x$x; done"}, wait: gone, code: "DC-STA-004", has: "memory limit 6 MiB", cause: "limit 6 MiB", fix: "docker update --memory"},
		{name: "a restart loop", args: []string{"--restart", "always", "{image}", "sh", "-c", "echo no database; exit 4"}, wait: [2]string{"{{.RestartCount}}", "[3-9]"}, code: "DC-STA-003", has: "no database", cause: "code 4", fix: "--restart no"},
		{
			name: "a restart loop of what cannot run", files: map[string]string{"go": "echo hi\n"}, args: []string{"--restart", "always", "-v", "{ws}:/w", "{image}", "/w/go"}, wait: [2]string{"{{.RestartCount}}", "[3-9]"},
			code: "DC-STA-007", has: "exec format error", cause: "#!", hidden: "DC-STA-003",
		},
		{name: "a pause", args: []string{"{image}", "sleep", "600"}, after: []string{"pause", "{c}"}, code: "DC-STA-009", has: "paused", cause: "paused", fix: "docker unpause"},
		{name: "a script without its first line", files: map[string]string{"go": "echo hi\n"}, args: []string{"-v", "{ws}:/w", "{image}", "/w/go"}, wait: gone, code: "DC-STA-007", has: "does not begin with #!", cause: "without its first line"},
		{name: "line ends of Windows", files: map[string]string{"go": "#!/bin/sh\r\necho hi\r\n"}, args: []string{"-v", "{ws}:/w", "{image}", "/w/go"}, wait: gone, code: "DC-STA-008", has: `#!/bin/sh\r`, cause: "CRLF", fix: "sed -i"},
		{name: "an interpreter that is not there", files: map[string]string{"go": "#!/usr/bin/python3\n"}, args: []string{"-v", "{ws}:/w", "{image}", "/w/go"}, wait: gone, code: "DC-STA-008", has: "#!/usr/bin/python3", cause: "/usr/bin/python3, does not exist"},
		{name: "a program of another machine", files: map[string]string{"go": foreign()}, args: []string{"-v", "{ws}:/w", "{image}", "/w/go"}, wait: gone, code: "DC-STA-007", has: "ELF for arm64", cause: "engine is amd64"},
		{name: "a start-up program that is not there", fails: true, args: []string{"{image}", "no-such-program"}, code: "DC-STA-008", has: "executable file not found", cause: "no-such-program is not in the PATH"},
		{name: "a user that is not there", fails: true, args: []string{"-u", "nosuch", "{image}", "true"}, code: "DC-STA-006", has: "unable to find user nosuch", cause: "user nosuch"},
		{name: "a file over a directory", files: map[string]string{"f": "x"}, fails: true, args: []string{"-v", "{ws}/f:/etc", "{image}", "true"}, code: "DC-STA-006", has: "not a directory", cause: "one is a directory"},
		{
			name: "a probe that fails", args: []string{"--health-cmd", "echo not ready; exit 1", "--health-interval", "100ms", "--health-retries", "1", "{image}", "sleep", "600"}, wait: [2]string{"{{.State.Health.Status}}", "unhealthy"},
			code: "DC-STA-005", has: "not ready", cause: "fails", fix: "docker exec",
		},
		{
			name: "a probe that cannot run", args: []string{"--health-cmd", "curl -f http://localhost:8000", "--health-interval", "100ms", "--health-retries", "1", "{image}", "sleep", "600"}, wait: [2]string{"{{.State.Health.Status}}", "unhealthy"},
			code: "DC-STA-005", has: "curl: not found", cause: "itself cannot run",
		},
	}
}

// foreign is the head of an ELF file for arm64.
func foreign() string {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20] = 2, 183, 1
	return string(head)
}

func TestRealSlowEachStateIsNamedByItsCause(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	image := daemon.Busybox(t)
	for _, f := range testbed.Sample(faults(), 2) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			r := scenetest.New(t, daemon)
			r.Config(`{"image": "` + image + `"}`)
			for path, text := range f.files {
				if err := os.Chmod(r.Write(path, text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			var args []string
			for _, a := range f.args {
				args = append(args, strings.NewReplacer("{image}", image, "{ws}", r.Workspace).Replace(a))
			}
			start := r.Run
			if f.fails {
				start = func(args ...string) string { name, _ := r.Fail(args...); return name }
			}
			name := start(args...)
			if len(f.after) > 0 {
				r.Docker(strings.Fields(strings.ReplaceAll(strings.Join(f.after, " "), "{c}", name))...)
			}
			if f.wait[0] != "" {
				r.Wait(name, f.wait[0], f.wait[1])
			}
			f.check(t, r, name)
		})
	}
}

func (f fault) check(t *testing.T, r *scenetest.Rig, name string) {
	t.Helper()
	want := f.state
	if want == "" {
		want = doctor.Fail
	}
	found := r.Examine(state.Checks())
	got := found[0]
	if got.Code != f.code || got.State != want || got.Where != name || !strings.Contains(got.Evidence, f.has) || !strings.Contains(got.Cause.EN, f.cause) || !strings.Contains(got.Fix, f.fix) || got.Fix == "" {
		t.Errorf("first is %s %s %s: %s\n%s\n%s", got.State, got.Code, got.Where, got.Evidence, got.Cause.EN, got.Fix)
	}
	explained := ""
	for _, other := range found[1:] {
		if other.Bad() && other.By == "" {
			t.Errorf("besides: %s", scenetest.Lines([]doctor.Finding{other}))
		}
		if other.Bad() {
			explained += other.Code
		}
	}
	if f.hidden != explained {
		t.Errorf("it explains %q, want %q", explained, f.hidden)
	}
}

func TestRealAContainerThatWasNeverStartedIs(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	r := scenetest.New(t, daemon)
	name := daemon.Name(t)
	t.Cleanup(func() { _, _ = daemon.Try(t, "rm", "--force", name) })
	r.Docker("create", "--name", name, "--label", "devcontainer.local_folder="+r.Workspace, daemon.Busybox(t), "sleep", "600")
	f := r.First(state.Checks())
	if f.Code != "DC-STA-006" || f.Repair == nil || !f.Repair.Safe || f.Fix != "docker start "+name {
		t.Errorf("%+v", f)
	}
}

func TestRealOfSeveralContainersTheOthersAreNamed(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	r := scenetest.New(t, daemon)
	r.Config(`{"image": "busybox:testbed"}`)
	first := r.Run(daemon.Busybox(t), "sleep", "600")
	second := r.Run(daemon.Busybox(t), "sleep", "600")
	f := r.First(state.Checks())
	if f.Code != "DC-STA-014" || f.State != doctor.Warn || !strings.Contains(f.Evidence, first) || !strings.Contains(f.Evidence, second) {
		t.Errorf("%+v", f)
	}
}

func TestRealSlowAWorkspaceWithoutAContainerIsToldWhatIsMissing(t *testing.T) {
	t.Parallel()
	daemon := testbed.OwnDocker(t) // what others are refused would count here
	r := scenetest.New(t, daemon)
	r.Healthy(state.Checks()) // nothing is asked of a folder without a devcontainer.json

	r.Config(`{"image": "` + daemon.Busybox(t) + `"}`)
	if f := r.First(state.Checks()); f.Code != "DC-STA-001" || f.State != doctor.Warn {
		t.Errorf("an image and no container: %+v", f)
	}
	r.Config("{\n  \"image\": \"busybox:nosuch\"\n}")
	if f := r.First(state.Checks()); f.Code != "DC-STA-012" || !strings.Contains(f.Evidence, "there are busybox:testbed") || !strings.HasSuffix(f.Where, "devcontainer.json:2:12") {
		t.Errorf("a tag that is not there: %+v", f)
	}
	r.Config(`{"build": {"dockerfile": "Dockerfile"}}`)
	r.Write(".devcontainer/Dockerfile", "FROM busybox:testbed AS tools\nFROM debian:nosuch\n")
	if f := r.First(state.Checks()); f.Code != "DC-STA-012" || !strings.Contains(f.Evidence, "debian:nosuch") || f.Where != ".devcontainer/Dockerfile:2" {
		t.Errorf("an image behind FROM: %+v", f)
	}
	r.Config(`{"image": "busybox:testbed"}`)
	if _, err := daemon.Try(t, "create", "--workdir", "/etc/passwd", "busybox:testbed"); err == nil {
		t.Fatal("docker has made a container whose working directory is a file")
	}
	if f := r.First(state.Checks()); f.Code != "DC-STA-006" || !strings.Contains(f.Evidence, "/etc/passwd is not a directory") || !strings.Contains(f.Cause.EN, "is a file") {
		t.Errorf("a container that was refused: %+v", f)
	}
	r.Config(`{"image": "localhost/made-here"}`)
	if f := r.First(state.Checks()); f.Code != "DC-STA-012" || f.State != doctor.Fail {
		t.Errorf("an image that only this machine can have: %+v", f)
	}
}

func TestRealSlowAFailedRunOfABuildIsFound(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	r := scenetest.New(t, daemon)
	r.Config(`{"build": {"dockerfile": "Dockerfile"}}`)
	tag := daemon.Name(t)
	r.Write(".devcontainer/Dockerfile", "FROM "+daemon.Busybox(t)+"\nRUN echo one\nRUN echo "+tag+" && \\\n  echo 'no such package' >&2 && \\\n  exit 7\n")
	if _, err := daemon.Try(t, "build", "-t", tag, filepath.Join(r.Workspace, ".devcontainer")); err == nil {
		t.Fatal("the build did not fail")
	}
	t.Cleanup(func() {
		for line := range strings.Lines(daemon.Run(t, "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Command}}")) {
			if strings.Contains(line, tag) {
				daemon.Run(t, "rm", strings.Fields(line)[0])
			}
		}
	})
	f := r.First(state.Checks())
	if f.Code != "DC-STA-016" || !strings.Contains(f.Evidence, "exit code 7") || !strings.Contains(f.Evidence, "no such package") || f.Where != ".devcontainer/Dockerfile:3" {
		t.Errorf("%+v", f)
	}
}
