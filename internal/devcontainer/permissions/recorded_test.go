package permissions_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/scene/scenetest"
)

// recorded is an engine that this machine does not have: each answer belongs to a
// part of the command line.
type recorded struct {
	command.Transport
	t       *testing.T
	answers [][2]string
}

func (r recorded) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	line := strings.Join(append([]string{c.Program}, c.Args...), " ")
	for _, a := range r.answers {
		if strings.Contains(line, a[0]) {
			file := filepath.Join(r.t.TempDir(), "answer")
			if err := os.WriteFile(file, []byte(a[1]), 0o600); err != nil {
				return nil, err
			}
			return r.Transport.Start(ctx, command.Read("cat", file), stdout)
		}
	}
	return nil, fmt.Errorf("nobody expected %s", line)
}

// over is a rig whose engine says so.
func over(t *testing.T, config, metadata, security, container, own, root string) *scenetest.Rig {
	t.Helper()
	r := &recorded{Transport: command.Local(), t: t}
	rig := scenetest.Over(t, r)
	rig.Config(config)
	r.answers = [][2]string{
		{"docker info", `{"ServerVersion": "28.2.2", "SecurityOptions": ["` + security + `"], "Name": "elsewhere"}`},
		{"docker context", "default unix:///var/run/docker.sock"},
		{"docker ps", "c1\n"},
		{"docker container inspect", fmt.Sprintf(`[{"Id": "c1", "Name": "/dev", "Config": {"Labels": {"devcontainer.local_folder": %q, "devcontainer.metadata": %q}}, %s}]`, rig.Workspace, metadata, container)},
		{"--user 0", root},
		{"--user dev", own},
	}
	return rig
}

const running = `"State": {"Status": "running", "Running": true, "StartedAt": "2026-01-01T00:00:00Z"}`

func TestFaultsOfEnginesThatThisMachineDoesNotHaveAreNamed(t *testing.T) {
	t.Parallel()
	id := "== id\n1000\n1000\n1000\n== home\n/home/dev\n== entry\nyes\n== write\nyes /home/dev\nyes /tmp\n"
	status := "== status\nCapBnd:\t00000000a80425fb\n== map\n         0          0 4294967295\n"
	socket := "== stat\n666 0 0 socket,/var/run/docker.sock\n"
	const named = `{"image": "x", "remoteUser": "dev", "workspaceFolder": "/w"}`
	for _, c := range []struct{ name, security, container, own, root, code, evidence, cause string }{
		{
			"SELinux keeps the workspace from the container", "name=selinux", running + `, "ProcessLabel": "system_u:system_r:container_t:s0:c1,c2"`,
			id + "no /w\n", status + socket + "755 1000 1000 directory,/w\n== list\nls: cannot open directory '/w': Permission denied\n",
			"DC-PRM-007", "cannot open directory '/w': Permission denied (process system_u:system_r:container_t", "SELinux",
		},
		{
			"a profile of AppArmor is not loaded", "name=apparmor", `"State": {"Status": "created", "Error": "failed to create task for container: apparmor failed to apply profile: write /proc/self/attr/exec: no such file or directory"}`,
			"", "", "DC-PRM-007", "apparmor failed to apply profile", "not loaded",
		},
		{
			"a rootless engine maps the users", "name=rootless", running,
			id + "no /w\n", "== map\n         0       1000          1\n         1     100000      65536\n" + socket + "755 0 0 directory,/w\n== list\n",
			"DC-PRM-002", "user dev (1000) cannot write /w (owner 0:0", "other numbers",
		},
		{
			"the daemon inside did not start", "name=seccomp", running + `, "HostConfig": {"Privileged": false}`,
			id + "yes /w\n", status, "DC-PRM-004", "not privileged", "did not start",
		},
		{
			"the workspace's file system runs no program", "name=seccomp", running,
			id + "yes /w\n", status + socket + "== mounts\n1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / /w rw,noexec - ext4 /dev/sdb1 rw\n", "DC-PRM-013", "/w is mounted noexec", "126",
		},
		{
			"sudo's capability was taken", "name=seccomp", running,
			id + "yes /w\n", socket + "== status\nCapBnd:\t0000000000000000\nNoNewPrivs:\t0\n== sudo\n4755 0 /usr/bin/sudo\n== rules\ndev ALL=(ALL) NOPASSWD: ALL\n== users\ndev:1000\n", "DC-PRM-012", "without SETUID", "capability",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rig := over(t, named, `[{"id": "ghcr.io/devcontainers/features/docker-in-docker:2"}]`, c.security, c.container, c.own, c.root)
			f := rig.First(checks())
			if f.Code != c.code || !strings.Contains(f.Evidence, c.evidence) || !strings.Contains(f.Cause.EN, c.cause) {
				t.Errorf("got %s %q %q", f.Code, f.Evidence, f.Cause.EN)
			}
		})
	}
}
