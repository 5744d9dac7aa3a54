package cluster_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
)

// However it ends, a daemon with a container, a network and a published port leaves nothing on the machine.
func TestRealSlowDockerLeavesNoTrace(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"stopped":          `true`,
		"stopped in order": `bash "$script" stop "$dir"`,
		"hanging":          `bash "$script" hang "$dir"`,
		"daemon killed":    `kill -9 "$(cat "$dir/docker.pid")"`,
		"all but the containers killed": `kill -9 "$(cat "$dir/docker.pid")" "$(cat "$dir/containerd.pid")"
			for at in /proc/[0-9]*; do case $(readlink "$at/cwd") in "$dir"/exec/*) kill -9 "${at#/proc/}" ;; esac; done`,
		"owner killed": `kill -9 "$owner"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := start(t, "docker.sh", "/var/tmp")
			image := filepath.Join("..", "..", "..", "scripts", "testbed", "image.sh")
			busy := service.sh(t, `bash "$1" busybox "$dir"
				export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config
				docker network create one >/dev/null
				docker run -d --network one -p 127.0.0.1::80 busybox:testbed sleep 1000 2>/dev/null`, image)
			container := strings.TrimSpace(busy)
			service.note(t, `docker -H "unix://$dir/docker.sock" inspect -f '{{.State.Pid}}' "$1"; cat "$dir"/*.pid`, container)
			// Its bridge, whose name another daemon may take at once; that of its network, and the socket of what serves the container.
			service.bridge, service.index = service.bridgeOf(t)
			service.outside = append(service.outside, service.lines(t, `ip -o link | grep -oE 'br-[0-9a-f]{12}' | grep "$(docker -H "unix://$dir/docker.sock" network inspect -f '{{.Id}}' one | cut -c1-12)" | sort -u | sed s,^,/sys/class/net/,
				grep -hoE '/run/containerd/s/[0-9a-f]+' $(find "$dir/exec/containerd" -name address)
				find /sys/fs/cgroup -maxdepth 2 -name "iact-testbed-$(printf %s "$dir" | cksum | cut -d' ' -f1)"`)...)
			service.leavesNothing(t, end)
		})
	}
}

func TestRealSlowSSHDLeavesNoTrace(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"stopped":                    `true`,
		"listening process killed":   `kill -9 "$(cat "$dir/sshd.pid")"`,
		"connections dropped before": `bash "$script" drop "$dir"`,
		"owner killed":               `kill -9 "$owner"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := start(t, "sshd.sh", "", freePort(t))
			session := command.Read("ssh", "-F", filepath.Join(service.dir, "config"), "iact-test", "echo $$; exec sleep 1000")
			stream, err := service.door.Stream(t.Context(), session)
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Abort()
			line, err := bufio.NewReader(stream).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			service.note(t, `cat "$dir/sshd.pid"; echo "$1"`, strings.TrimSpace(line))
			service.leavesNothing(t, end)
		})
	}
}

// service is what a script started for an owner, which is a process of its own here.
type service struct {
	door               *command.Door
	script, dir, owner string
	pids, outside      []string // what must be gone after its end: processes, and paths outside of dir
	bridge, index      string   // of Docker, and its number, which no other gets
}

func start(t *testing.T, script, base string, args ...string) *service {
	t.Helper()
	s := &service{door: command.NewDoor(command.Local()), script: filepath.Join("..", "..", "..", "scripts", "testbed", script)}
	owner, err := s.door.Stream(t.Context(), command.Read("sh", "-c", "echo $$; exec sleep 1000"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Abort)
	line, err := bufio.NewReader(owner).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s.owner = strings.TrimSpace(line)
	//nolint:usetesting // the name of a test is too long for a socket, and the watcher removes the directory
	if s.dir, err = os.MkdirTemp(base, "iact-db-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.sh(t, `[ ! -d "$dir" ] || { bash "$script" down "$dir"; rm -rf "$dir"; }`)
	})
	err = s.door.Run(t.Context(), command.Change("bash", append(append([]string{s.script, "up", s.dir}, args...), s.owner)...))
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 4 && os.Getenv("CI") != "true" {
		t.Skip(err) //nolint:forbidigo // package testbed cannot be asked about what it is made of
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sh runs a shell script that knows $script, $dir and $owner, also in a clean-up.
func (s *service) sh(t *testing.T, text string, args ...string) string {
	t.Helper()
	shell := command.Change("bash", append([]string{"-euc", text, "sh"}, args...)...)
	shell.Env = []string{"script=" + s.script, "dir=" + s.dir, "owner=" + s.owner}
	shell.Timeout = time.Minute
	out, err := s.door.Text(context.WithoutCancel(t.Context()), shell).String()
	if err != nil {
		t.Error(err)
	}
	return out
}

func (s *service) lines(t *testing.T, text string, args ...string) []string {
	t.Helper()
	return strings.Fields(s.sh(t, text, args...))
}

// note adds processes that must be gone in the end.
func (s *service) note(t *testing.T, text string, args ...string) {
	t.Helper()
	s.pids = append(s.pids, s.lines(t, text, args...)...)
}

// bridgeOf is the place of a Docker daemon's bridge below /sys, and its number.
func (s *service) bridgeOf(t *testing.T) (path, index string) {
	t.Helper()
	lines := s.lines(t, `read -r name _ <"$dir/bridge"; echo "/sys/class/net/$name"; cat "/sys/class/net/$name/ifindex"`)
	if len(lines) != 2 {
		t.Fatalf("its bridge is %q", lines)
	}
	return lines[0], lines[1]
}

// leavesNothing ends the service in a way, then asks its script to stop it, unless its watcher does; nothing may be left.
func (s *service) leavesNothing(t *testing.T, end string) {
	t.Helper()
	if seen := s.left(t); len(seen) < len(s.pids)+len(s.outside)+min(len(s.bridge), 1) || len(s.pids) < 2 {
		t.Errorf("while it runs, only this is seen of it: %q", seen)
	}
	s.sh(t, end)
	if strings.Contains(end, `"$owner"`) {
		s.sh(t, `while [ -d "$dir" ]; do sleep 0.05; done`)
	} else {
		s.sh(t, `for n in 1 2; do bash "$script" down "$dir"; done; rm -rf "$dir"`)
	}
	if left := s.left(t); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// left is what there is of the service: its processes, its mounts, its directory, and what else was noted.
func (s *service) left(t *testing.T) []string {
	t.Helper()
	var left []string
	for _, pid := range s.pids {
		// What nobody has reaped yet has no program any more.
		if _, err := os.Readlink(filepath.Join("/proc", pid, "exe")); err == nil {
			left = append(left, "process "+pid)
		}
	}
	for _, path := range append(slices.Clone(s.outside), s.dir) {
		if _, err := os.Lstat(path); err == nil {
			left = append(left, path)
		}
	}
	if is, err := os.ReadFile(filepath.Join(s.bridge, "ifindex")); err == nil && strings.TrimSpace(string(is)) == s.index {
		left = append(left, s.bridge)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, s.dir) {
			left = append(left, line)
		}
	}
	return left
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if number, bad := strconv.Atoi(port); err != nil || bad != nil || number == 0 {
		t.Fatal(err, bad)
	}
	return port
}
