package command_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/testbed"
)

// place is the transport to a place of the testbed.
func place(t *testing.T, places *command.Places, via string) command.Transport {
	t.Helper()
	t.Cleanup(places.Close)
	transport, err := places.Transport(via)
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func TestRealSSHKeepsThePromisesOfATransport(t *testing.T) {
	t.Parallel()
	server := testbed.SSHD(t)
	commandtest.Conform(t, place(t, &command.Places{SSHConfig: server.ConfigFile}, "ssh:"+testbed.SSHAlias))
}

func TestRealDockerKeepsThePromisesOfATransport(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	for name, image := range map[string]string{"a Debian container": docker.Databases(t), "a busybox container": docker.Busybox(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			container := docker.Container(t, "--init", image, "sleep", "1000000")
			commandtest.Conform(t, place(t, &command.Places{DockerEnv: docker.Env()}, "docker:"+container))
		})
	}
}

func TestRealComposeFindsTheContainerOfAServiceByItsLabels(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	service := docker.Name(t)
	run := func(project, number string) string {
		return docker.Container(t, "--init", "--label", "com.docker.compose.project="+project, "--label", "com.docker.compose.service="+service,
			"--label", "com.docker.compose.container-number="+number, docker.Busybox(t), "sleep", "1000000")
	}
	name := func(via string) (string, error) {
		transport := place(t, &command.Places{DockerEnv: docker.Env()}, via)
		out, err := command.NewDoor(transport).Text(t.Context(), command.Read("hostname")).String()
		return strings.TrimSpace(out), err
	}
	if _, err := name("compose:" + service); err == nil || !strings.Contains(err.Error(), "no running container is service "+service) {
		t.Errorf("without a container: %v", err)
	}
	run("one", "2")
	first := docker.Run(t, "inspect", "--format", "{{.Config.Hostname}}", run("one", "1"))
	if got, err := name("compose:" + service); err != nil || got != first {
		t.Errorf("got %s, %v, want the first copy %s", got, err, first)
	}
	other := docker.Run(t, "inspect", "--format", "{{.Config.Hostname}}", run("two", "1"))
	if _, err := name("compose:" + service); err == nil || !strings.Contains(err.Error(), "2 projects have a service") {
		t.Errorf("two projects: %v", err)
	}
	if got, err := name("compose:two/" + service); err != nil || got != other {
		t.Errorf("got %s, %v, want %s", got, err, other)
	}
}

// vagrantStandIn answers `vagrant ssh-config` for a server of the testbed, and
// counts how often it was asked.
func vagrantStandIn(t *testing.T, s *testbed.SSHServer) (dir, bin, asked string) {
	t.Helper()
	dir, bin = t.TempDir(), t.TempDir()
	asked = filepath.Join(bin, "asked")
	config, err := os.ReadFile(s.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	answer := strings.ReplaceAll(string(config), "Host "+testbed.SSHAlias+"\n", "Host devbox\n")
	script := "#!/bin/sh\necho \"$*\" >>" + asked + "\n[ \"$1 $2\" = 'ssh-config devbox' ] || { echo \"The machine with the name '$2' was not found configured for this Vagrant environment.\" >&2; exit 1; }\ncat <<'END'\n" + answer + "END\n"
	if err := os.WriteFile(filepath.Join(bin, "vagrant"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	machine := filepath.Join(dir, ".vagrant", "machines", "devbox", "libvirt")
	if err := os.MkdirAll(machine, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(machine, "id"), []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, bin, asked
}

//nolint:paralleltest // it changes PATH
func TestRealVagrantIsAskedOnceAndAgainWhenItsAnswerNoLongerLeadsThere(t *testing.T) {
	server := testbed.SSHD(t)
	dir, bin, asked := vagrantStandIn(t, server)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	cache := t.TempDir()
	hello := func(machine string) error {
		places := &command.Places{VagrantDir: dir, Cache: cache}
		transport := place(t, places, "vagrant:"+machine)
		defer places.Close()
		out, err := command.NewDoor(transport).Text(t.Context(), command.Read("echo", "hello")).String()
		if err == nil && out != "hello\n" {
			t.Errorf("got %q", out)
		}
		return err
	}
	times := func() int {
		text, _ := os.ReadFile(asked)
		return strings.Count(string(text), "\n")
	}
	for range 3 {
		if err := hello("devbox"); err != nil {
			t.Fatal(err)
		}
	}
	if n := times(); n != 1 {
		t.Errorf("vagrant was asked %d times for three commands", n)
	}
	kept, err := filepath.Glob(filepath.Join(cache, "vagrant", "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	// The machine got another port meanwhile.
	text, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept[0], []byte(strings.ReplaceAll(string(text), "HostName 127.0.0.1", "HostName 127.0.0.1\n  ProxyCommand false")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := hello("devbox"); err != nil || times() != 2 {
		t.Errorf("an answer that no longer leads there: %v, asked %d times", err, times())
	}
	err = hello("devbax")
	if err == nil || !strings.Contains(err.Error(), "has no machine devbax") || fault.Code(err) != fault.Missing {
		t.Errorf("a wrong name: %v", err)
	}
}

// away is the failure of a command at a place that cannot be reached.
func away(t *testing.T, places *command.Places, via string) error {
	t.Helper()
	err := command.NewDoor(place(t, places, via)).Run(t.Context(), command.Read("true"))
	if err == nil || !command.IsAway(err) || fault.Code(err) != fault.Missing || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: code %d: %v", via, fault.Code(err), err)
		return errors.New("none")
	}
	return err
}

func TestRealAHostThatCannotBeReachedIsExplainedInOneLine(t *testing.T) {
	t.Parallel()
	server := testbed.OwnSSHD(t)
	places := func() *command.Places { return &command.Places{SSHConfig: server.ConfigFile} }
	check := func(via, what, hint string) {
		t.Helper()
		err := away(t, places(), via)
		if !strings.Contains(err.Error(), what) || !strings.Contains(fault.Hint(err), hint) {
			t.Errorf("%s: %v\nhint %s", via, err, fault.Hint(err))
		}
	}
	check("ssh:no-such-host.invalid", "Could not resolve hostname", "correct the name")
	check("ssh:"+testbed.SSHRefusedAlias, "Permission denied", "ssh-copy-id")
	server.NewHostKey(t)
	check("ssh:"+testbed.SSHAlias, "its host key has changed", "ssh-keygen -R")
	server.Stop(t)
	check("ssh:"+testbed.SSHAlias, "Connection refused", "start its ssh server")
}

func TestRealAConnectionThatIsCutFailsTheStreamAndTheNextCommandConnectsAnew(t *testing.T) {
	t.Parallel()
	server := testbed.OwnSSHD(t)
	door := command.NewDoor(place(t, &command.Places{SSHConfig: server.ConfigFile}, "ssh:"+testbed.SSHAlias))
	stream, err := door.Stream(t.Context(), command.Read("cat", "/dev/zero"))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Abort()
	if _, err := io.ReadFull(stream, make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	server.Drop(t)
	if _, err = io.Copy(io.Discard, stream); err == nil || !command.IsAway(err) || !strings.Contains(err.Error(), "lost the connection to ssh:"+testbed.SSHAlias) {
		t.Errorf("a cut stream ends with %v", err)
	}
	if out, err := door.Text(t.Context(), command.Read("echo", "again")).String(); err != nil || out != "again\n" {
		t.Errorf("the next command: %q, %v", out, err)
	}
}

func TestRealAContainerThatCannotBeReachedIsExplainedInOneLine(t *testing.T) {
	t.Parallel()
	docker := testbed.OwnDocker(t)
	places := &command.Places{DockerEnv: docker.Env()}
	check := func(container, what, hint string) {
		t.Helper()
		err := away(t, places, "docker:"+container)
		if !strings.Contains(err.Error(), what) || !strings.Contains(fault.Hint(err), hint) {
			t.Errorf("%s: %v\nhint %s", container, err, fault.Hint(err))
		}
	}
	check("iact-none", "No such container", "docker ps")
	container := docker.Container(t, "--init", docker.Busybox(t), "sleep", "1000000")
	docker.Run(t, "pause", container)
	check(container, "is paused", "docker unpause "+container)
	docker.Run(t, "unpause", container)
	stream, err := command.NewDoor(place(t, places, "docker:"+container)).Stream(t.Context(), command.Read("cat", "/dev/zero"))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Abort()
	docker.Run(t, "kill", container)
	if _, err = io.Copy(io.Discard, stream); err == nil {
		t.Error("the stream of a killed container ends well")
	}
	docker.Run(t, "wait", container) // which it does not before its output was read
	check(container, "is not running", "docker start "+container)
	docker.Stop(t)
	check(container, "Cannot connect to the Docker daemon", "systemctl start docker")
}

func TestWholeADaemonThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	docker := testbed.OwnDocker(t)
	container := docker.Container(t, "--init", docker.Busybox(t), "sleep", "1000000")
	docker.Hang(t)
	defer docker.Continue(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err := command.NewDoor(place(t, &command.Places{DockerEnv: docker.Env()}, "docker:"+container)).Run(ctx, command.Read("true"))
	if err == nil || !strings.Contains(err.Error(), "does not answer") || !strings.Contains(fault.Hint(err), "restart") {
		t.Errorf("got %v\nhint %s", err, fault.Hint(err))
	}
}

// PostgreSQL as process 1 of a container takes any orphan that was killed for a
// crashed server process, ends all sessions and recovers.
func TestRealNothingOfOursDiesInTheArmsOfAServerThatIsProcessOne(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	container := docker.Postgres(t)
	door := command.NewDoor(place(t, &command.Places{DockerEnv: docker.Env()}, "docker:"+container))
	broken := errors.New("disk gone")
	for range 3 {
		if err := door.Run(t.Context(), command.Read("true")); err != nil {
			t.Fatal(err)
		}
		_ = door.Run(t.Context(), command.Read("sh", "-c", "kill -9 $$"))
		_, _ = door.Look(t.Context(), "no-such-program")
		_ = door.Feed(t.Context(), command.Read("head", "-c", "1"), io.LimitReader(endless{}, 8<<20))
		_ = door.Feed(t.Context(), command.Read("cat"), io.MultiReader(io.LimitReader(endless{}, 3<<20), failing{broken}))
		_ = door.Feed(t.Context(), command.Read("cat"), io.LimitReader(endless{}, 3<<20))
		stream, err := door.Stream(t.Context(), command.Read("cat", "/dev/zero"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = stream.Read(make([]byte, 1))
		stream.Abort()
		late := command.Read("sleep", "1000")
		late.Timeout = 300 * time.Millisecond
		_ = door.Run(t.Context(), late)
	}
	if log, err := docker.Try(t, "exec", container, "psql", "-U", "postgres", "-AtXc", "SELECT now() - pg_postmaster_start_time() > interval '1s' AND pg_last_wal_replay_lsn() IS NULL"); err != nil {
		t.Errorf("it does not answer: %s, %v", log, err)
	}
	c := command.Read("sh", "-c", docker.Program+" logs "+container+" 2>&1")
	c.Env = docker.Env()
	log, err := command.NewDoor(command.Local()).Text(t.Context(), c).String()
	if err != nil || !strings.Contains(log, "ready to accept connections") || strings.Contains(log, "terminated by signal") || strings.Contains(log, "reinitializing") {
		t.Errorf("its log says (%v)\n%s", err, log)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
