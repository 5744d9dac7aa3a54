package daemon_test

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
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/testbed"
)

// rig is a daemon of the test's own, with a container that must live.
type rig struct {
	daemon.Daemon
	docker  *testbed.DockerDaemon
	process *daemon.Process
	name    string
	pid     string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	docker := testbed.OwnDocker(t)
	r := &rig{docker: docker}
	door := command.NewDoor(command.Local())
	r.process = &daemon.Process{
		Door: door, PidFile: filepath.Join(docker.Dir, "docker.pid"), Log: filepath.Join(docker.Dir, "docker.log"),
		Dir: filepath.Join(docker.Dir, "work"), Grace: 5 * time.Second,
	}
	argv, err := r.process.CommandLine(t.Context())
	if err != nil || len(argv) == 0 {
		t.Fatalf("command line: %q, %v", argv, err)
	}
	// The pools are what the tests set. Without live-restore, a daemon with pools would take docker0 away from whoever has it.
	i := slices.Index(argv, "--default-address-pool")
	r.process.Command = slices.Delete(argv, i, i+2)
	r.Daemon = daemon.Daemon{
		Door: door, File: filepath.Join(docker.Dir, "daemon.json"), Program: r.process.Command[0],
		Client: []string{docker.Program}, Env: docker.Env(), Control: r.process, Limit: 20 * time.Second, Answer: 5 * time.Second, Say: t.Logf,
	}
	// Its own flag would go against the file.
	if err := r.process.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		if _, err := r.Info(t.Context()); err == nil {
			break
		} else if n > 100 {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.name = docker.Container(t, docker.Busybox(t), "sleep", "600")
	r.pid = r.inspect(t)
	return r
}

func (r *rig) inspect(t *testing.T) string {
	t.Helper()
	return r.docker.Run(t, "inspect", "--format", "{{.State.Status}} {{.State.Pid}}", r.name)
}

// lives fails the test when the container is not the one of the beginning.
func (r *rig) lives(t *testing.T) {
	t.Helper()
	if got := r.inspect(t); got != r.pid {
		t.Errorf("the container is %q, was %q", got, r.pid)
	}
}

// is fails the test when the file is not as it was, or something of ours stays.
func (r *rig) is(t *testing.T, want string) {
	t.Helper()
	text, err := os.ReadFile(r.File)
	if err != nil || string(text) != want {
		t.Errorf("the file is %q, %v, want %q", text, err, want)
	}
	left, err := filepath.Glob(r.File + ".iact-*")
	if err != nil || len(left) > 0 {
		t.Errorf("left are %q, %v", left, err)
	}
}

func (r *rig) file(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(r.File)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (r *rig) info(t *testing.T) daemon.Info {
	t.Helper()
	info, err := r.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func (r *rig) dockerd(t *testing.T) string {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(r.docker.Dir, "docker.pid"))
	if err != nil {
		t.Fatal(err)
	}
	return string(pid)
}

func TestRealSlowEveryValueIsInEffectAndTheContainerLives(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.file(t)
	want := daemon.Settings{
		LogSize: "10m", LogFiles: 3, LiveRestore: on(), Pools: []string{"203.0.113.0/24"}, PoolSize: 26, DNS: []string{"192.0.2.53"},
		Mirrors: []string{"https://mirror.invalid"}, Insecure: []string{"registry.invalid:5000", "198.18.7.7/16"}, Debug: on(), BuildKit: on(), ICC: on(),
		UserlandProxy: new(bool), Storage: r.info(t).Driver,
	}
	a, err := r.Apply(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	r.lives(t)
	if !slices.Equal(a.Spared, []string{r.name}) || a.Needs != daemon.Restart {
		t.Errorf("got %+v", a)
	}
	for _, p := range a.Proofs {
		t.Logf("%+v", p)
		if p.State != daemon.Proven {
			t.Errorf("%s is %s: %s", p.Key, p.State, p.By)
		}
	}
	if len(a.Proofs) != 13 {
		t.Errorf("%d proofs, want 13", len(a.Proofs))
	}
	if out := r.docker.Run(t, "network", "ls", "--quiet", "--filter", "name=iact-probe"); out != "" {
		t.Errorf("the probe of a network stays behind: %q", out)
	}
	if out := r.docker.Run(t, "ps", "--all", "--quiet"); strings.Count(out, "\n") != 0 {
		t.Errorf("the probe stays behind: %q", out)
	}
	before := r.dockerd(t)
	if again, err := r.Apply(t.Context(), want); err != nil || again.Changed() || r.dockerd(t) != before {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	for range 2 {
		if err := r.Back(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		r.lives(t)
		r.is(t, old)
	}
	if info := r.info(t); info.LiveRestoreEnabled || info.Debug || len(info.DefaultAddressPools) > 0 || len(info.RegistryConfig.Mirrors) > 0 {
		t.Errorf("after the way back: %+v", info)
	}
}

func TestRealSlowAReloadLeavesTheProcessAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old, before := r.file(t), r.dockerd(t)
	a, err := r.Apply(t.Context(), daemon.Settings{Mirrors: []string{"https://mirror.invalid"}, BuildKit: on(), LiveRestore: on()})
	if err != nil || r.dockerd(t) != before {
		t.Fatalf("got %+v, %v", a, err)
	}
	// A reload takes nothing away that the file names no more: the way back has to name it.
	if err := r.Back(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	r.is(t, old)
	if info := r.info(t); info.LiveRestoreEnabled || len(info.RegistryConfig.Mirrors) > 0 || r.dockerd(t) != before {
		t.Errorf("after the way back: %+v", info)
	}
	r.lives(t)
}

func TestRealSlowADaemonThatDoesNotStartGetsItsOldFileBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.file(t)
	// What it dies of is on its command line, for nothing in a file that it has reloaded is sure to kill it.
	const script = `grep -q 192.0.2.99 "$1" && set -- "$@" --default-runtime nonsense; shift; exec "$@"`
	r.process.Command = append([]string{"sh", "-c", script, "sh", r.File}, r.process.Command...)
	_, err := r.Apply(t.Context(), daemon.Settings{DNS: []string{"192.0.2.99"}})
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	r.is(t, old)
	r.lives(t)
	if info := r.info(t); info.LiveRestoreEnabled || info.LoggingDriver != "json-file" {
		t.Errorf("after the way back: %+v", info)
	}
}

func TestRealSlowAFileThatTheDaemonRefusesNeverStopsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// Somebody else's mistake: the daemon would not start again with it.
	const old = "{\n  \"log-optss\": 1\n}\n"
	if err := os.WriteFile(r.File, []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	before := r.dockerd(t)
	_, err := r.Apply(t.Context(), daemon.Settings{DNS: []string{"192.0.2.53"}})
	if err == nil || !strings.Contains(err.Error(), "log-optss") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	if text := r.file(t); text != old || r.dockerd(t) != before {
		t.Errorf("the file is %q, the daemon %s, was %s", text, r.dockerd(t), before)
	}
	r.lives(t)
}

func TestWholeADaemonThatNeverAnswersIsEndedInTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.file(t)
	const script = `grep -q 192.0.2.99 "$1" && exec sleep 600; shift; exec "$@"`
	r.process.Command = append([]string{"sh", "-c", script, "sh", r.File}, r.process.Command...)
	r.Limit, r.Answer = 6*time.Second, 2*time.Second
	begin := time.Now()
	_, err := r.Apply(t.Context(), daemon.Settings{DNS: []string{"192.0.2.99"}})
	if err == nil || !strings.Contains(err.Error(), "not done within 6s") || time.Since(begin) > 40*time.Second {
		t.Errorf("got %v after %s", err, time.Since(begin))
	}
	r.is(t, old)
	r.lives(t)
}

func TestRealSlowAHungDaemonIsAnErrorAndKeepsItsFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.file(t)
	r.Answer = time.Second
	r.docker.Hang(t)
	begin := time.Now()
	_, err := r.Apply(t.Context(), daemon.Settings{DNS: []string{"192.0.2.53"}})
	if err == nil || !strings.Contains(err.Error(), "it hangs") || time.Since(begin) > 20*time.Second {
		t.Errorf("got %v after %s", err, time.Since(begin))
	}
	r.is(t, old)
	r.docker.Continue(t)
	r.lives(t)
}

func TestWholeAnotherStorageDriverIsRefusedWhereThereAreImages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.file(t)
	_, err := r.Apply(t.Context(), daemon.Settings{Storage: "vfs"})
	if err == nil || !strings.Contains(err.Error(), "and vfs would hide what is in it; running: "+r.name) {
		t.Errorf("got %v", err)
	}
	r.is(t, old)
}

// killed ends the run where a kill would: nothing after it happens.
type killed struct{ daemon.Control }

var errKilled = errors.New("killed")

func (killed) Restart(context.Context) error { panic(errKilled) }

// kill runs an Apply that ends between the change of the file and the restart.
func (r *rig) kill(t *testing.T, want daemon.Settings) {
	t.Helper()
	doomed := r.Daemon
	doomed.Control = killed{r.process}
	defer func() {
		if err := recover(); err != errKilled { //nolint:errorlint // what was thrown, not what it wraps
			t.Fatalf("the run ended by %v", err)
		}
	}()
	_, err := doomed.Apply(t.Context(), want)
	t.Fatalf("the run came to its end: %v", err)
}

func TestRealSlowAKilledRunIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.file(t)
	want := daemon.Settings{DNS: []string{"192.0.2.53"}, LogSize: "5m", UserlandProxy: on()}
	r.kill(t, want)
	if !strings.Contains(r.file(t), `"live-restore": true`) {
		t.Error("live-restore spares the container, and the file does not say so")
	}
	a, err := r.Apply(t.Context(), want)
	if err != nil || a.Needs != daemon.Restart || !slices.Equal(a.Spared, []string{r.name}) {
		t.Fatalf("got %+v, %v", a, err)
	}
	if last := a.Proofs[len(a.Proofs)-1]; last.Key != "userland-proxy" || last.Got != "true" || last.State != daemon.Proven {
		t.Errorf("the proxy is %+v", last)
	}
	if strings.Contains(r.file(t), "live-restore") || r.info(t).LiveRestoreEnabled {
		t.Errorf("live-restore, which nobody wanted, stays: %s", r.file(t))
	}
	if _, open, err := r.Unfinished(t.Context()); open || err != nil {
		t.Errorf("still under way: %v, %v", open, err)
	}
	if err := r.Back(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	r.is(t, old)
	r.lives(t)
}

func TestWholeAKilledRunIsUndoneFromItsNote(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.file(t)
	r.kill(t, daemon.Settings{DNS: []string{"192.0.2.53"}, LiveRestore: on()})
	a, open, err := r.Unfinished(t.Context())
	if err != nil || !open {
		t.Fatalf("under way: %v, %v", open, err)
	}
	for range 2 {
		if err := r.Back(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		r.is(t, old)
	}
	r.lives(t)
	if r.info(t).LiveRestoreEnabled {
		t.Error("live-restore stays on")
	}
}
