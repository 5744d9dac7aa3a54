package volumes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/devcontainer/volumes"
	"iact-infra/internal/testbed"
)

// bench is a rig and what the cases of a table need besides.
type bench struct {
	*scenetest.Rig
	t      *testing.T
	daemon *testbed.DockerDaemon
	box    string // an image with a shell
	at     string // -v for the workspace where it belongs
	dir    string // a directory beside the workspace
}

func at(t *testing.T) *bench {
	t.Helper()
	daemon := testbed.Docker(t)
	b := &bench{Rig: scenetest.New(t, daemon), t: t, daemon: daemon, box: daemon.Busybox(t), dir: t.TempDir()}
	b.at = b.Workspace + ":/workspaces/" + filepath.Base(b.Workspace)
	b.Config(`{"image": "busybox:testbed"}`)
	return b
}

// checks are those of the group. They have time: other tests share the machine.
func checks() []doctor.Check {
	all := volumes.Checks()
	for i := range all {
		all[i].Limit = time.Minute
	}
	return all
}

// file is one beside the workspace.
func (b *bench) file(name, text string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// folder is one beside the workspace, which a user made.
func (b *bench) folder(name string) string {
	return filepath.Dir(b.file(name+"/.keep", ""))
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// named is the name of a volume that Docker makes with the container.
func (b *bench) volume() string { return b.daemon.Volume(b.t) }

func TestRealSlowEveryFaultOfAMountIsNamedByItsCause(t *testing.T) {
	t.Parallel()
	for _, c := range testbed.Sample([]struct {
		name     string
		inject   func(*bench)
		code     string
		state    doctor.State
		evidence string
	}{
		{"the source of a mount is not there", func(b *bench) {
			b.Config(`{"image": "x", "mounts": ["type=bind,source=` + b.dir + `/none,target=/data"]}`)
		}, "DC-VOL-001", doctor.Fail, "/none is not there (mounted at /data)"},
		{"the folder of workspaceMount is not there", func(b *bench) {
			b.Config(`{"image": "x", "workspaceFolder": "/w", "workspaceMount": "source=${localWorkspaceFolder}/none,target=/w,type=bind"}`)
		}, "DC-VOL-001", doctor.Fail, "/none is not there"},
		{"-v in runArgs names no folder", func(b *bench) {
			b.Config(`{"image": "x", "runArgs": ["-v", "` + b.dir + `/none:/data"]}`)
		}, "DC-VOL-001", doctor.Warn, "/none is not there"},
		{"the source of a container that has ended was removed", func(b *bench) {
			source := b.folder("gone")
			b.Docker("stop", "-t", "0", b.Run("-v", b.at, "--mount", "type=bind,source="+source+",target=/data", b.box, "sleep", "600"))
			b.must(os.RemoveAll(source))
		}, "DC-VOL-001", doctor.Fail, "/gone is not there"},
		{"Docker made a folder instead of a file", func(b *bench) {
			b.Run("-v", b.at, "-v", b.dir+"/.gitconfig:/root/.gitconfig", b.box, "sleep", "600")
		}, "DC-VOL-002", doctor.Fail, "/root/.gitconfig is to be a file"},
		{"Docker made an empty folder over what the image has", func(b *bench) {
			b.Run("-v", b.at, "-v", b.Workspace+"/etc:/home", b.box, "sleep", "600")
		}, "DC-VOL-002", doctor.Fail, "hides dev of the image at /home"},
		{"the workspace is mounted read-only", func(b *bench) {
			b.Run("-v", b.at+":ro", b.box, "sleep", "600")
		}, "DC-VOL-003", doctor.Fail, "is mounted read-only"},
		{"an empty volume is read-only", func(b *bench) {
			b.Run("-v", b.at, "-v", b.volume()+":/cache:ro", b.box, "sleep", "600")
		}, "DC-VOL-003", doctor.Warn, "written by no container"},
		{"the folder of a volume was removed", func(b *bench) {
			volume := b.volume()
			b.Docker("stop", "-t", "0", b.Run("-v", b.at, "-v", volume+":/data", b.box, "sleep", "600"))
			b.must(os.RemoveAll(filepath.Join(b.daemon.Dir, "root/volumes", volume)))
		}, "DC-VOL-004", doctor.Fail, "/_data is not there"},
		{"a volume mounts a folder that is not there", func(b *bench) {
			source := b.folder("share")
			volume := b.daemon.Volume(b.t, "--opt", "type=none", "--opt", "o=bind", "--opt", "device="+source)
			b.Docker("stop", "-t", "0", b.Run("-v", b.at, "-v", volume+":/data", b.box, "sleep", "600"))
			b.must(os.RemoveAll(source))
		}, "DC-VOL-006", doctor.Fail, "/share is not there"},
		{"a file server does not answer", func(b *bench) {
			volume := b.daemon.Volume(b.t, "--opt", "type=nfs", "--opt", "o=addr=127.0.0.1,port=1", "--opt", "device=:/export")
			b.Fail("-v", b.at, "-v", volume+":/data", b.box, "true")
		}, "DC-VOL-006", doctor.Fail, "connection refused"},
		{"a mount asks for a driver that is not there", func(b *bench) {
			b.Config(`{"image": "x", "mounts": ["type=volume,source=v,target=/v,volume-driver=rexray"]}`)
		}, "DC-VOL-006", doctor.Fail, "of driver rexray"},
		{"workspaceFolder is not where the workspace is", func(b *bench) {
			b.Config(`{"image": "x", "workspaceFolder": "/workspace"}`)
			b.Run("-v", b.at, b.box, "sleep", "600")
		}, "DC-VOL-007", doctor.Fail, "no folder /workspace; the workspace is mounted at /workspaces/"},
		{"another directory is mounted as the workspace", func(b *bench) {
			b.Config(`{"image": "x", "workspaceFolder": "/w"}`)
			b.Run("-v", b.folder("other")+":/w", b.box, "sleep", "600")
		}, "DC-VOL-007", doctor.Fail, "/other, and not "},
		{"the workspace is an empty volume", func(b *bench) {
			b.Config(`{"image": "x", "workspaceFolder": "/w"}`)
			b.Run("-v", b.volume()+":/w", b.box, "sleep", "600")
		}, "DC-VOL-007", doctor.Warn, "/w is empty in the container"},
		{"a mount hides what the image installed", func(b *bench) {
			b.Run("-v", b.at, "-v", b.folder("app")+":/app", b.image("COPY .keep /app/node_modules/x/.keep"), "sleep", "600")
		}, "DC-VOL-008", doctor.Warn, "the image has /app/node_modules"},
		{"an empty directory hides what the image has", func(b *bench) {
			empty := filepath.Join(b.dir, "empty")
			b.must(os.Mkdir(empty, 0o755))
			b.Run("-v", b.at, "--mount", "type=bind,source="+empty+",target=/home", b.box, "sleep", "600")
		}, "DC-VOL-008", doctor.Warn, "hides dev of the image"},
		{"a source was removed under a container", func(b *bench) {
			source := b.folder("gone")
			b.Run("-v", b.at, "-v", source+":/data", b.box, "sleep", "600")
			b.must(os.RemoveAll(source))
		}, "DC-VOL-009", doctor.Fail, "//deleted at /data"},
		{"a source was removed and made again", func(b *bench) {
			source := b.folder("again")
			b.Run("-v", b.at, "-v", source+":/data", b.box, "sleep", "600")
			b.must(os.RemoveAll(source))
			b.folder("again")
		}, "DC-VOL-009", doctor.Fail, "another "},
		{"a source was swapped for another", func(b *bench) {
			source, other := b.folder("one"), b.folder("two")
			b.Run("-v", b.at, "-v", source+":/data", b.box, "sleep", "600")
			b.must(os.Rename(source, source+"-before"))
			b.must(os.Rename(other, source))
		}, "DC-VOL-009", doctor.Fail, "is file number"},
		{"an editor saved a mounted file as a new one", func(b *bench) {
			file := b.file(".npmrc", "a=1\n")
			b.Run("-v", b.at, "-v", file+":/root/.npmrc", b.box, "sleep", "600")
			b.must(os.Rename(b.file("new", "a=22\n"), file))
		}, "DC-VOL-009", doctor.Warn, "is another file now"},
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

// image is the busybox with something more.
func (b *bench) image(lines string) string {
	b.t.Helper()
	b.file("build/.keep", "")
	b.file("build/Dockerfile", "FROM "+b.box+"\n"+lines+"\n")
	tag := b.daemon.Name(b.t)
	build := []string{"build", "--quiet", "--network", "none", "--tag", tag, filepath.Join(b.dir, "build")}
	b.Docker(build...)
	b.t.Cleanup(func() { _, _ = b.daemon.Try(b.t, "rmi", "--force", tag) })
	return tag
}

func TestRealSlowWhatIsMountedAsItShouldBeRaisesNothing(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*bench){
		"no container": func(b *bench) {},
		"the usual one": func(b *bench) {
			b.Run("-v", b.at, b.box, "sleep", "600")
		},
		"keys that are read-only on purpose": func(b *bench) {
			b.Run("-v", b.at, "-v", b.folder(".ssh")+":/root/.ssh:ro", b.box, "sleep", "600")
		},
		"a folder around the workspace": func(b *bench) {
			b.Config(`{"image": "x", "workspaceFolder": "/all/` + filepath.Base(b.Workspace) + `"}`)
			b.Run("-v", filepath.Dir(b.Workspace)+":/all", b.box, "sleep", "600")
		},
		"a folder of the project that Docker made for its output": func(b *bench) {
			b.Run("-v", b.at, "-v", b.Workspace+"/out:/out", b.box, "sleep", "600")
		},
		"a root file system that is read-only on purpose": func(b *bench) {
			b.Run("-v", b.at, "--read-only", "--tmpfs", "/tmp", b.box, "sleep", "600")
		},
		"a container that has ended": func(b *bench) {
			b.Docker("stop", "-t", "0", b.Run("-v", b.at, "-v", b.volume()+":/data", b.box, "sleep", "600"))
		},
		"a file that was saved in place": func(b *bench) {
			file := b.file(".npmrc", "a=1\n")
			b.Run("-v", b.at, "-v", file+":/root/.npmrc:ro", b.box, "sleep", "600")
			b.file(".npmrc", "a=22\n")
		},
		"a read-only volume that another container fills": func(b *bench) {
			volume := b.volume()
			b.daemon.Container(b.t, "-v", volume+":/data", b.box, "sleep", "600")
			b.Run("-v", b.at, "-v", volume+":/data:ro", b.box, "sleep", "600")
		},
		"a link to the source": func(b *bench) {
			b.must(os.Symlink(b.folder("real"), filepath.Join(b.dir, "link")))
			b.Run("-v", b.at, "-v", filepath.Join(b.dir, "link")+":/data", b.box, "sleep", "600")
		},
		"a socket at a path that is a link in the container": func(b *bench) {
			b.Run("-v", b.at, "-v", strings.TrimPrefix(b.daemon.Host, "unix://")+":/var/run/docker.sock", b.image("RUN mkdir /var /run && ln -s /run /var/run"), "sleep", "600")
		},
		"a volume that Docker makes": func(b *bench) {
			b.Config(`{"image": "x", "mounts": ["source=not-made-yet,target=/v,type=volume"]}`)
		},
		"no shell": func(b *bench) {
			b.Run("-v", b.at, b.image("RUN cp /bin/sleep /nap && rm -r /bin"), "/nap", "600")
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
