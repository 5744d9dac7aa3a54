package host_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// far is a real sshd on 127.0.0.1, with users that only its sessions know: it
// runs in a mount namespace with an /etc of its own over this machine's. ana may
// become root by sudo without a password, eva may not.
type far struct {
	*rig
	dir string
}

const farScript = `set -e
mkdir -p "$1/over" "$1/work" "$1/home" /run/sshd
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/over,workdir=$1/work" /etc
getent group docker >/dev/null || groupadd --system docker
for name in ana eva; do useradd --password '*' --create-home --home-dir "$1/home/$name" --shell /bin/bash "$name"; done
rm -rf /etc/sudoers.d/*
printf 'Defaults secure_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nroot ALL=(ALL) ALL\nana ALL=(ALL) NOPASSWD: ALL\neva ALL=(ALL) ALL\n' >/etc/sudoers
exec /usr/sbin/sshd -D -e -f "$1/sshd_config" 2>&1`

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{rig: newRig(t), dir: t.TempDir()}
	if os.Geteuid() != 0 {
		t.Skip("only root may give sessions users of their own") //nolint:forbidigo // in CI it is root
	}
	door := command.NewDoor(command.Local())
	port := freePort(t)
	const keys = `set -e
chmod 755 "$1" "$1/.."; chgrp docker "$2"; chmod 660 "$2"; chmod 755 "${2%/*}"
for name in host other key; do ssh-keygen -q -t ed25519 -N '' -f "$1/$name"; done
chmod 644 "$1/key.pub"
for name in host other; do echo "[127.0.0.1]:$3 $(cut -d' ' -f1,2 "$1/$name.pub")" >"$1/knows-$name"; done`
	must(t, door.Run(t.Context(), command.Change("sh", "-c", keys, "sh", f.dir, strings.TrimPrefix(f.docker.Host, "unix://"), port)))
	must(t, os.WriteFile(filepath.Join(f.dir, "sshd_config"), fmt.Appendf(nil, `ListenAddress 127.0.0.1:%[2]s
HostKey %[1]s/host
PidFile none
AuthorizedKeysFile %[1]s/key.pub
AllowUsers ana eva
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
`, f.dir, port), 0o600))
	f.ssh = filepath.Join(f.dir, "config")
	var config strings.Builder
	for host, c := range map[string][2]string{"box": {port, "host"}, "changed": {port, "other"}, "closed": {freePort(t), "host"}} {
		fmt.Fprintf(&config, "Host %s\n  HostName 127.0.0.1\n  Port %s\n  IdentityFile %s/key\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile %[3]s/knows-%s\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n", host, c[0], f.dir, c[1])
	}
	must(t, os.WriteFile(f.ssh, []byte(config.String()), 0o600))
	server, err := door.Stream(t.Context(), command.Read("unshare", "--mount", "--propagation", "private", "sh", "-c", farScript, "sh", f.dir))
	must(t, err)
	t.Cleanup(server.Abort)
	for lines := bufio.NewScanner(server); ; {
		if !lines.Scan() {
			t.Fatalf("sshd has ended: %v %s", lines.Err(), server.Stderr())
		}
		if strings.Contains(lines.Text(), "Server listening") {
			break
		}
	}
	return f
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	return port
}

func TestWholeAUserOfAnotherMachineWithSudoMakesItADockerHost(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	const on = "ssh:ana@box"
	before, err := os.ReadFile(f.files.Config)
	must(t, err)
	f.more = "memory: 0, disk: 0, daemon: {log_size: none, log_files: 0, debug: true}, hello: '127.0.0.1:1/hello-world'"
	// The session stays older than its user's place in the group. The docker of a
	// testbed need not have Compose.
	said, err := f.run(on, "host:check", "host:group", "host:daemon", "host:hello", "host:validate")
	if others := strings.ReplaceAll(fmt.Sprint(err), "HV-CMP-001", ""); strings.Contains(others, "HV-") || strings.Contains(others, "HN-") {
		t.Error(err)
	}
	for _, part := range []string{"HC-", "docker answers ana", "debug is true, proven", "Hello from a container of the IACT toolkit"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q was not said:\n%s", part, said)
		}
	}
	if again := f.good(on, "host:group", "host:daemon"); strings.Count(again, "already done") != 2 {
		t.Errorf("a second time it said\n%s", again)
	}
	f.undo("host:daemon")
	if text, err := os.ReadFile(f.files.Config); err != nil || string(text) != string(before) {
		t.Errorf("after the undo daemon.json is %s, %v", text, err)
	}
}

func TestRealAUserOfAnotherMachineWithoutSudoIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	const on = "ssh:eva@box"
	before, err := os.ReadFile(f.files.Config)
	must(t, err)
	f.more = "memory: 0, disk: 0, daemon: {debug: true}"
	// It looks, and says what is missing.
	if said, err := f.run(on, "host:check"); err == nil || !strings.Contains(err.Error(), "HC-RGT-001") || !strings.Contains(fault.Hint(err), "usermod -aG sudo eva") {
		t.Errorf("host:check: %v\nhint: %q\n%s", err, fault.Hint(err), said)
	}
	for _, target := range []string{"host:group", "host:daemon"} {
		said, err := f.run(on, target)
		if err == nil || !strings.Contains(err.Error()+said, "a password is required") || !strings.Contains(fault.Hint(err), "NOPASSWD") {
			t.Errorf("%s: %v\nhint: %q\n%s", target, err, fault.Hint(err), said)
		}
	}
	if text, err := os.ReadFile(f.files.Config); err != nil || string(text) != string(before) {
		t.Errorf("daemon.json is %s, %v", text, err)
	}
}

func TestRealAMachineThatIsNotReachedIsNamedWithTheReason(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	for on, want := range map[string][2]string{
		"ssh:ana@closed":    {"Connection refused", "start its ssh server"},
		"ssh:ana@changed":   {"its host key has changed", "ssh-keygen -R"},
		"ssh:nobody@box":    {"Permission denied", "ssh-copy-id"},
		"ssh:ana@x.invalid": {"Could not resolve hostname", "correct the name"},
	} {
		for _, target := range []string{"host:check", "host:group", "host:daemon", "host:hello"} {
			said, err := f.run(on, target)
			if err == nil || !strings.Contains(err.Error(), want[0]) || !strings.Contains(fault.Hint(err), want[1]) {
				t.Errorf("%s %s: %v\nhint: %q\n%s", on, target, err, fault.Hint(err), said)
			}
		}
	}
}
