package host_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/host"
)

func TestRealAContainerRunsOnWhileTheDaemonGetsItsSettings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.more += ", daemon: {buildkit: true, icc: true, debug: true, userland_proxy: false, insecure_registries: ['registry.invalid:5000']}"
	const own = "{\n    \"labels\": [\"rack=7\"],\n    \"log-driver\": \"local\"\n}\n"
	must(t, os.WriteFile(r.files.Config, []byte(own), 0o644))
	name := r.docker.Container(t, r.docker.Busybox(t), "sleep", "600")
	before := r.docker.Run(t, "inspect", "--format", "{{.State.Pid}}", name)
	said := r.good("", "host:daemon")
	for _, part := range []string{"log-opts", "live-restore", "containers that ran on: " + name,
		"features.buildkit is buildkit:true, proven", "icc is true, proven", "debug is true, proven", "userland-proxy is false, proven",
		"insecure-registries is registry.invalid:5000, proven"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q was not said:\n%s", part, said)
		}
	}
	if text, err := os.ReadFile(r.files.Config); err != nil || !strings.Contains(string(text), `"labels": ["rack=7"]`) || !strings.Contains(string(text), `"log-driver": "local"`) {
		t.Errorf("daemon.json is %s, %v", text, err)
	}
	if again := r.good("", "host:daemon"); !strings.Contains(again, "already done") {
		t.Errorf("a second time it changed something:\n%s", again)
	}
	if after := r.docker.Run(t, "inspect", "--format", "{{.State.Pid}}", name); after != before {
		t.Errorf("the container runs as %s, before as %s", after, before)
	}
	r.undo("host:daemon")
	if text, err := os.ReadFile(r.files.Config); err != nil || string(text) != own {
		t.Errorf("after the undo daemon.json is %s, %v", text, err)
	}
}

func TestRealAContainerSpeaks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.more += ", hello: '127.0.0.1:1/hello-world'"
	if said := r.good("", "host:hello"); !strings.Contains(said, "Hello from a container of the IACT toolkit") || !strings.Contains(said, "the registry was not reached") {
		t.Errorf("it said\n%s", said)
	}
	r.docker.Stop(t)
	r.refused("", "host:hello", fault.Missing, "ask the docker daemon")
}

func TestRealAMachineThatIsTooSmallIsRefusedWithItsFindings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if said := r.good("", "host:check"); !strings.Contains(said, "HC-") {
		t.Errorf("it said\n%s", said)
	}
	r.more = "memory: 4096, disk: 0"
	r.refused("", "host:check", fault.Missing, "it cannot run Docker")
}

// TestRealAUserWhoCouldNotUseDockerCanAndThenCannotAnyMore works in a container
// that has the daemon's socket: groups of this machine stay as they are.
func TestRealAUserWhoCouldNotUseDockerCanAndThenCannotAnyMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	socket := strings.TrimPrefix(r.docker.Host, "unix://")
	box := r.docker.Container(t, "--volume", socket+":"+socket, "--volume", r.docker.Program+":/usr/local/bin/docker:ro", r.docker.Databases(t), "sleep", "600")
	inside := func(args ...string) string { return r.docker.Run(t, append([]string{"exec", box}, args...)...) }
	inside("useradd", "--create-home", "ana")
	r.more += ", user: ana"
	on := "docker:" + box
	r.refused(on, "host:group", fault.Invalid, "ask docker as ana") // the socket is not the group's
	if groups := inside("getent", "group"); strings.Contains(groups, "docker:") {
		t.Errorf("the group that was made for it is left:\n%s", groups)
	}
	inside("groupadd", "--system", "docker")
	inside("chgrp", "docker", socket)
	inside("chmod", "660", socket)
	inside("chmod", "755", filepath.Dir(socket))
	if said := r.good(on, "host:group"); !strings.Contains(said, "docker answers ana") {
		t.Errorf("it said\n%s", said)
	}
	if said := r.good(on, "host:group"); !strings.Contains(said, "already done") {
		t.Errorf("a second time it said\n%s", said)
	}
	r.undo("host:group")
	if groups := inside("id", "-nG", "ana"); strings.Contains(groups, "docker") {
		t.Errorf("ana is in %s", groups)
	}
	inside("getent", "group", "docker") // it was there before
}

func TestAnotherMachineIsRefusedInOneInvocation(t *testing.T) {
	t.Parallel()
	room := host.New(host.Options{})
	must(t, room.Select(host.Selection{On: "ssh:ana@one"}))
	must(t, room.Select(host.Selection{}))
	for _, on := range []string{"ssh:ana@two", "the moon"} {
		if err := room.Select(host.Selection{On: on}); fault.Code(err) != fault.Usage {
			t.Errorf("%s: %v", on, err)
		}
	}
}
