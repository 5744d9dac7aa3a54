package packages_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/host/export"
)

// sshIntoRoot takes the place of ssh for ansible: what is to run on a machine
// runs in a root.
const sshIntoRoot = `#!/bin/bash
while [ $# -gt 0 ]; do case $1 in -o | -l | -p) shift 2 ;; -*) shift ;; *) break ;; esac; done
shift
exec unshare --mount --propagation private sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" sh -c "$1"' '%s' "$*"
`

// playing is a playbook with a root to play it in.
type playing struct {
	*root
	dir string
}

func (r *root) playing(w export.Wants) playing {
	r.t.Helper()
	p := playing{r, r.t.TempDir()}
	text, err := export.Text(export.Ansible, w)
	if err != nil {
		r.t.Fatal(err)
	}
	for name, file := range map[string]string{"ssh": fmt.Sprintf(sshIntoRoot, r.Dir), "playbook.yaml": text, "ansible.cfg": "[ssh_connection]\ntransfer_method=piped\npipelining=True\nssh_args=\n"} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(file), 0o755); err != nil {
			r.t.Fatal(err)
		}
	}
	return p
}

// play runs it, and gives what was said and how many tasks changed something.
func (p playing) play(args ...string) (said, changed string, err error) {
	p.t.Helper()
	c := command.Change("sh", append([]string{"-c", `ansible-playbook "$@" 2>&1 || echo "failed with $?"`, "sh", "--user", "root", "--inventory", "box,", filepath.Join(p.dir, "playbook.yaml")}, args...)...)
	c.Env = []string{"ANSIBLE_CONFIG=" + filepath.Join(p.dir, "ansible.cfg"), "ANSIBLE_HOME=" + p.dir, "ANSIBLE_LOCAL_TEMP=" + p.dir, "LC_ALL=C.UTF-8", "ANSIBLE_SSH_EXECUTABLE=" + filepath.Join(p.dir, "ssh")}
	said, err = command.NewDoor(command.Local()).Text(p.t.Context(), c).String()
	if err == nil && strings.Contains(said, "failed with") {
		err = errors.New("ansible-playbook failed")
	}
	if found := regexp.MustCompile(`changed=(\d+)`).FindStringSubmatch(said); found != nil {
		changed = found[1]
	}
	return said, changed, err
}

func (p playing) good(changes bool, args ...string) {
	p.t.Helper()
	if said, changed, err := p.play(args...); err != nil || (changed != "0") != changes {
		p.t.Fatalf("%q changed %s, %v\n%s", args, changed, err, said)
	}
}

// base is a stand-in of what step 2 installs: the real ones take minutes.
const base = "build-essential"

// reachable gives a root what ansible needs there.
func (r *root) reachable() {
	r.t.Helper()
	r.Write("/etc/apt/sources.list", r.list)
	r.Sh("apt-get -q update && apt-get -q -y --no-install-recommends install python3 python3-apt ca-certificates gnupg; useradd ana")
	r.debian(append(distribution(), deb{name: base, version: "1.0"})...)
}

func TestWholeAPlaybookMakesTheMachineThatTheStepsMake(t *testing.T) {
	t.Parallel()
	r, m := newRoot(t), newMirror(t)
	m.build(append(append(docker("27.5.1"), docker("28.5.1")...), docker("29.0.0")...)...)
	r.reachable()
	r.Sh("apt-get -y install docker.io")
	yes := true
	options := m.options()
	options.Version = "28.*"
	w := export.Wants{User: "ana", Base: []string{base}, Hello: "hello-world", Docker: options, Daemon: daemon.Settings{LogSize: "10m", LogFiles: 3, LiveRestore: &yes}}
	p := r.playing(w)
	before := r.Picture()
	p.good(true, "--check")
	r.Same(before)
	r.Write("/etc/docker/daemon.json", "{\"labels\": [\"rack=7\"], \"log-opts\": {\"tag\": \"x\"}}\n")
	p.good(true)
	got := r.Sh("dpkg-query -W -f '${Package}=${Version} ' docker-ce docker-ce-cli; stat -c '%a %U' /etc/apt/keyrings/docker.asc; ls /etc/apt/keyrings; id -nG ana; cat /etc/docker/daemon.json; dpkg -l docker.io | grep -c ^ii || true")
	for _, want := range []string{"docker-ce=5:28.5.1-1", "docker-ce-cli=5:28.5.1-1", "644 root", "ana docker\n", `"rack=7"`, `"tag": "x"`, `"max-file": "3"`, `"live-restore": true`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "unchecked") || !strings.HasSuffix(got, "\n0") {
		t.Errorf("left is\n%s", got)
	}
	after := r.Picture()
	p.good(false)
	r.Same(after)
	// The steps of the toolkit have nothing to do, and its settings are in the file.
	r.changes.arm(0)
	if _, record, err := r.apt.Docker(t.Context(), options); err != nil || len(record.Packages)+len(record.Files) > 0 {
		t.Errorf("host:docker would: %v, %+v\n%s", err, record, strings.Join(r.changes.lines, "\n"))
	}
	if _, changes, err := daemon.Merge([]byte(r.Sh("cat /etc/docker/daemon.json")), w.Daemon); err != nil || len(changes) > 0 {
		t.Errorf("host:daemon would: %+v, %v", changes, err)
	}
}

func TestWholeAPlaybookTakesNoKeyButTheRightOne(t *testing.T) {
	t.Parallel()
	r, m, other := newRoot(t), newMirror(t), newMirror(t)
	m.build(docker("28.5.1")...)
	r.reachable()
	p := r.playing(export.Wants{User: "ana", Base: []string{base}, Hello: "hello-world", Docker: m.options()})
	// An attacker's key, alone and beside the right one.
	for _, key := range [][]byte{public(t, other.key), append(public(t, other.key), public(t, m.key)...), []byte("<html>"), nil} {
		m.set("/gpg", key)
		if said, _, err := p.play(); err == nil || !strings.Contains(said, "is not the one with the fingerprint") {
			t.Errorf("got %v\n%s", err, said)
		}
		if left := r.Sh("ls /etc/apt/keyrings /etc/apt/sources.list.d"); strings.Contains(left, "docker") {
			t.Errorf("left is %s", left)
		}
	}
}
