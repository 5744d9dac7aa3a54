package permissions_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/permissions"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

// bench is a rig and what the cases of a table need besides.
type bench struct {
	*scenetest.Rig
	t      *testing.T
	daemon *testbed.DockerDaemon
	box    string // an image with a shell, and the users root and dev (1000)
	folder string // of the workspace in the container
	dir    string // a directory beside the workspace
}

func at(t *testing.T) *bench {
	t.Helper()
	daemon := testbed.Docker(t)
	b := &bench{Rig: scenetest.New(t, daemon), t: t, daemon: daemon, box: daemon.Busybox(t), dir: t.TempDir()}
	b.folder = "/workspaces/" + filepath.Base(b.Workspace)
	b.Config(`{"image": "busybox:testbed", "remoteUser": "dev"}`)
	b.own(b.Workspace, 1000)
	return b
}

// checks are those of the group. They have time: other tests share the machine.
func checks() []doctor.Check {
	all := permissions.Checks()
	for i := range all {
		all[i].Limit = time.Minute
	}
	return all
}

// own gives a tree to a user.
func (b *bench) own(tree string, uid int) {
	b.t.Helper()
	b.must(filepath.WalkDir(tree, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	}))
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// up starts the devcontainer, with the workspace and these options, and changes
// something in it as root.
func (b *bench) up(change string, options ...string) {
	b.t.Helper()
	options = append(options, "-v", b.Workspace+":"+b.folder, b.box, "sh", "-c", change+"\ntouch /ready 2>/dev/null; exec sleep 600")
	name := b.Run(options...)
	if change != "" {
		b.Docker("exec", name, "sh", "-c", "until [ -e /ready ]; do sleep 0.05; done")
	}
}

// file is one beside the workspace.
func (b *bench) file(name, text string, mode os.FileMode) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	b.must(os.MkdirAll(filepath.Dir(path), 0o755))
	b.must(os.WriteFile(path, []byte(text), mode))
	b.must(os.Chmod(path, mode))
	return path
}

// box with a program of that name, which says what it is told to.
func program(name, says string) string {
	return "mkdir -p /usr/bin; printf '#!/bin/sh\\n" + says + "\\n' >/usr/bin/" + name + "; chmod 755 /usr/bin/" + name + "; ln -s /usr/bin/" + name + " /bin/" + name
}

const sudoers = `; chmod 4755 /usr/bin/sudo; mkdir -p /etc/sudoers.d; echo "dev ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/dev`

func TestRealSlowEveryFaultOfAPermissionIsNamedByItsCause(t *testing.T) {
	t.Parallel()
	for _, c := range testbed.Sample([]struct {
		name     string
		inject   func(*bench)
		code     string
		state    doctor.State
		evidence string
	}{
		{"remoteUser is not in the container", func(b *bench) {
			b.Config(`{"image": "x", "remoteUser": "vscode"}`)
			b.up("")
		}, "DC-PRM-001", doctor.Fail, "unable to find user vscode: /etc/passwd"},
		{"containerUser keeps the container from starting", func(b *bench) {
			b.Config(`{"image": "x", "containerUser": "node"}`)
			b.Fail("--user", "node", b.box, "true")
		}, "DC-PRM-001", doctor.Fail, "unable to find user node"},
		{"the workspace is another user's", func(b *bench) {
			b.own(b.Workspace, 1234)
			b.up("")
		}, "DC-PRM-002", doctor.Fail, "user dev (1000) cannot write /workspaces/"},
		{"git was used as root", func(b *bench) {
			b.Write(".git/objects/ab/cdef", "")
			b.own(b.Workspace, 1000)
			b.own(filepath.Join(b.Workspace, ".git/objects"), 0)
			b.up("")
		}, "DC-PRM-002", doctor.Fail, "/.git/objects (owner 0:0) and 1 more"},
		{"a folder of the workspace was made as root", func(b *bench) {
			b.must(os.Mkdir(filepath.Join(b.Workspace, "dist"), 0o755))
			b.up("")
		}, "DC-PRM-002", doctor.Warn, "/dist (owner 0:0)"},
		{"the home is root's", func(b *bench) { b.up("chown 0:0 /home/dev") }, "DC-PRM-003", doctor.Fail, "cannot write /home/dev (owner 0:0"},
		{"the home is not there", func(b *bench) { b.up("rmdir /home/dev") }, "DC-PRM-003", doctor.Fail, "/home/dev of user dev (1000) is not there"},
		{"the group of the socket has another number", func(b *bench) {
			b.up("mkdir -p /var; chgrp 998 /var/run/docker.sock; chmod 660 /var/run/docker.sock", "-v", b.socket(998)+":/var/run/docker.sock")
		}, "DC-PRM-004", doctor.Fail, "belongs to 0:998, mode 660"},
		{"the socket is root's alone", func(b *bench) {
			b.up("", "-v", b.socket(0)+":/var/run/docker.sock")
		}, "DC-PRM-004", doctor.Fail, "belongs to 0:0, mode 660"},
		{"nothing can be written", func(b *bench) { b.up("", "--read-only") }, "DC-PRM-005", doctor.Fail, "read-only, and so is /tmp"},
		{"the home cannot be written", func(b *bench) { b.up("", "--read-only", "--tmpfs", "/tmp") }, "DC-PRM-005", doctor.Fail, "so is /home/dev"},
		{"runArgs ask for a capability that the container has not", func(b *bench) {
			b.Config(`{"image": "x", "remoteUser": "dev", "runArgs": ["--cap-add=cap_net_admin", "--cap-add", "CHOWN"]}`)
			b.up("")
		}, "DC-PRM-006", doctor.Fail, "NET_ADMIN is asked for"},
		{"the profile of seccomp is not there", func(b *bench) {
			b.Config(`{"image": "x", "runArgs": ["--security-opt", "seccomp=none.json"]}`)
		}, "DC-PRM-007", doctor.Fail, "none.json is not there"},
		{"the profile of seccomp is broken", func(b *bench) {
			b.Config(`{"image": "x", "runArgs": ["--security-opt=seccomp=` + b.file("broken.json", "{", 0o644) + `"]}`)
		}, "DC-PRM-007", doctor.Fail, "broken.json is no JSON"},
		{"git does not trust the repository", func(b *bench) {
			b.Write(".git/HEAD", "ref: refs/heads/main\n")
			b.own(b.Workspace, 1000)
			b.up(program("git", `echo "fatal: detected dubious ownership in repository at $2"; exit 128`))
		}, "DC-PRM-008", doctor.Fail, "detected dubious ownership in repository at /workspaces/"},
		{"others can read a key", func(b *bench) {
			b.file(".ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n", 0o644)
			b.own(b.dir, 1000)
			b.up("", "-v", b.dir+"/.ssh:/home/dev/.ssh:ro")
		}, "DC-PRM-009", doctor.Fail, "mode of /home/dev/.ssh/id_ed25519 is 644"},
		{"the keys are another user's", func(b *bench) {
			b.file(".ssh/id_rsa", "-----BEGIN RSA PRIVATE KEY-----\n", 0o600)
			b.up("", "-v", b.dir+"/.ssh:/home/dev/.ssh:ro")
		}, "DC-PRM-009", doctor.Fail, "cannot read /home/dev/.ssh/id_rsa"},
		{"the settings of ssh are another user's", func(b *bench) {
			b.file(".ssh/config", "Host *\n", 0o644)
			b.own(b.dir, 1234)
			b.up("", "-v", b.dir+"/.ssh:/home/dev/.ssh")
		}, "DC-PRM-009", doctor.Fail, "config: owner 1234, mode 644"},
		{"a volume for a cache is root's", func(b *bench) {
			b.up("", "-v", b.daemon.Volume(b.t)+":/home/dev/.cache")
		}, "DC-PRM-010", doctor.Fail, "cannot write the volume at /home/dev/.cache"},
		{"/tmp has lost its mode", func(b *bench) { b.up("chmod 755 /tmp") }, "DC-PRM-011", doctor.Fail, "mode 755"},
		{"/tmp is not sticky", func(b *bench) { b.up("chmod 777 /tmp") }, "DC-PRM-011", doctor.Warn, "mode of /tmp is 777"},
		{"no-new-privileges and sudo", func(b *bench) {
			b.up(program("sudo", "")+sudoers, "--security-opt", "no-new-privileges")
		}, "DC-PRM-012", doctor.Warn, "NoNewPrivs of process 1 is 1"},
		{"sudo has lost its bit", func(b *bench) {
			b.up(program("sudo", "") + sudoers + "; chmod 755 /usr/bin/sudo")
		}, "DC-PRM-012", doctor.Warn, "/sudo is 755, owner 0"},
		{"a command uses sudo, which is not there", func(b *bench) {
			b.Config(`{"image": "x", "remoteUser": "dev", "postCreateCommand": "sudo apt-get update"}`)
			b.up("")
		}, "DC-PRM-012", doctor.Fail, "has no sudo; postCreateCommand uses it"},
		{"sudo would ask for a password", func(b *bench) {
			b.Config(`{"image": "x", "remoteUser": "dev", "postStartCommand": ["sudo", "service", "x", "start"]}`)
			b.up(program("sudo", "") + "; chmod 4755 /usr/bin/sudo")
		}, "DC-PRM-012", doctor.Fail, "no rule of sudoers"},
	}, 2) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := at(t)
			c.inject(b)
			found := b.Examine(checks())
			bad := scenetest.Bad(found)
			if len(bad) != 1 {
				t.Fatalf("one fault, and %d causes:\n%s", len(bad), scenetest.Lines(found))
			}
			f := bad[0]
			if f.Code != c.code || f.State != c.state || !strings.Contains(f.Evidence, c.evidence) {
				t.Errorf("got %s %s %q, want %s %s …%s…", f.State, f.Code, f.Evidence, c.state, c.code, c.evidence)
			}
			if f.Cause.ES == "" || f.Cause.EN == "" || f.Fix == "" {
				t.Errorf("a finding needs a cause in both languages and a fix: %+v", f)
			}
		})
	}
}

// socket is one beside the workspace, of that group.
func (b *bench) socket(group int) string {
	b.t.Helper()
	path := filepath.Join("/tmp", b.daemon.Name(b.t)+".sock")
	listener, err := net.Listen("unix", path)
	b.must(err)
	b.t.Cleanup(func() { listener.Close() })
	b.must(os.Chmod(path, 0o660))
	b.must(os.Chown(path, 0, group))
	return path
}

func TestRealSlowAUserWhoCanWorkRaisesNothing(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*bench){
		"no container": func(b *bench) {},
		"the usual one": func(b *bench) {
			b.Write("src/x", "")
			b.own(b.Workspace, 1000)
			b.up("")
		},
		"a tree of root that everybody may write": func(b *bench) {
			b.own(b.Workspace, 0)
			b.must(os.Chmod(b.Workspace, 0o777))
			b.must(os.Chmod(filepath.Join(b.Workspace, ".devcontainer"), 0o777))
			b.must(os.Chmod(filepath.Join(b.Workspace, ".devcontainer/devcontainer.json"), 0o666))
			b.up("")
		},
		"a number that is nobody's": func(b *bench) {
			b.Config(`{"image": "x"}`)
			b.own(b.Workspace, 1001)
			b.up("", "--user", "1001:1001")
		},
		"keys that are mounted read-only": func(b *bench) {
			b.file(".ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n", 0o600)
			b.file(".ssh/id_ed25519.pub", "ssh-ed25519 x\n", 0o644)
			b.file(".ssh/known_hosts", "x\n", 0o644)
			b.own(b.dir, 1000)
			b.up("", "-v", b.dir+"/.ssh:/home/dev/.ssh:ro")
		},
		"a read-only root that serves its purpose": func(b *bench) {
			b.Config(`{"image": "x"}`)
			b.up("", "--read-only", "--tmpfs", "/tmp")
		},
		"a volume of the system": func(b *bench) {
			b.up("", "-v", b.daemon.Volume(b.t)+":/var/lib/docker", "-v", b.daemon.Volume(b.t)+":/vscode")
		},
		"sudo that works": func(b *bench) {
			b.Config(`{"image": "x", "remoteUser": "dev", "postCreateCommand": "sudo true", "onCreateCommand": "command -v sudo && sudo true"}`)
			b.up(program("sudo", "") + sudoers)
		},
		"capabilities that were given": func(b *bench) {
			b.Config(`{"image": "x", "remoteUser": "dev", "capAdd": ["SYS_PTRACE"], "securityOpt": ["seccomp=unconfined"]}`)
			b.up("", "--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined")
		},
		"a read-only workspace": func(b *bench) { // which is a fault of the mount
			b.Run("-v", b.Workspace+":"+b.folder+":ro", b.box, "sleep", "600")
		},
		"no passwd": func(b *bench) {
			b.Config(`{"image": "x"}`)
			b.up("rm /etc/passwd /etc/group")
		},
		"no shell": func(b *bench) {
			b.Config(`{"image": "x"}`)
			b.Docker("exec", b.Run(b.box, "sleep", "600"), "rm", "/bin/sh")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := at(t)
			prepare(b)
			b.Healthy(checks())
		})
	}
}
