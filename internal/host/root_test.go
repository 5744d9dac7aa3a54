package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/host"
	"iact-infra/internal/journal"
	"iact-infra/internal/testbed"
)

// newRootRig is a rig whose machine is a small system of its own, bare of Docker.
func newRootRig(t *testing.T) (*rig, *testbed.Root) {
	t.Helper()
	root := testbed.OwnRoot(t)
	r := &rig{t: t, root: t.TempDir(), to: root.Transport()}
	r.checkout()
	r.files = host.Files{
		Config: "/etc/docker/daemon.json", Pid: "/var/run/docker.pid", Log: "/var/log/docker.log", Program: "dockerd", Command: root.Dockerd(),
	}
	return r, root
}

// plugin is what a docker client takes for Compose.
const plugin = `#!/bin/sh
case $1 in
docker-cli-plugin-metadata) echo '{"SchemaVersion":"0.1.0","Vendor":"test","Version":"v2.40.3"}' ;;
compose) echo 2.40.3 ;;
esac
`

// project makes a repository with a devcontainer for a user of the root.
func project(t *testing.T, root *testbed.Root, user string) {
	t.Helper()
	root.Write("/srv/making/.devcontainer/devcontainer.json", `{"image": "alpine:3.22"}`)
	const script = `cd "$1/srv/making" && git init -q -b main && git add . && git -c user.name=x -c user.email=x@example.org commit -q -m x && git clone -q --bare . ../IACT.git`
	must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("sh", "-c", script, "sh", root.Dir)))
	root.Sh("chown -R " + user + " /srv/IACT.git")
}

// A bare system gets base packages, Docker, a user of Docker, Compose, the
// daemon's settings and the project; a second time nothing changes; and then all
// goes back.
func TestWholeABareSystemBecomesADockerHostAndIsBareAgain(t *testing.T) {
	t.Parallel()
	r, root := newRootRig(t)
	must(t, os.WriteFile(filepath.Join(r.root, "docker-compose"), []byte(plugin), 0o755))
	r.more = `memory: 0, disk: 0, user: ana, upgrade: true, packages: [ed, git], hello: "127.0.0.1:1/hello-world", docker: {from: distribution}, compose: {from: docker-compose}, ` +
		`devcontainer: {repository: "file:///srv/IACT.git", cli: none}`
	root.Sh("useradd --create-home ana; mkdir -p /usr/local/bin; printf '#!/bin/sh\necho 1.29.2\n' >/usr/local/bin/docker-compose; chmod 755 /usr/local/bin/docker-compose")
	project(t, root, "ana")
	before := root.Picture()
	complete := r.more
	r.more = strings.Replace(complete, "from: docker-compose", "from: package, version: 9.9.9", 1)
	if said, err := r.run("", "host:docker", "host:compose"); fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "no repository ") {
		t.Fatalf("%v\n%s", err, said)
	}
	root.Sh("docker version") // Docker without Compose is no reason to take Docker away again
	r.back()
	root.Same(before)
	r.more = complete
	// The networks of its daemon are apart from this machine's, so that steps 9 and 10 would measure the wrong one.
	all := []string{"host:check", "host:update", "host:docker", "host:group", "host:compose", "host:daemon", "host:hello", "host:devcontainer"}
	said := r.good("", all...)
	for _, part := range []string{"docker comes from distribution", "docker answers ana", "docker-compose 1.29.2 is version 1", "docker compose 2.40.3 answers", "settings are seen in effect", "IACT: main at", "Hello from a container of the IACT toolkit"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q was not said", part)
		}
	}
	if t.Failed() {
		t.Logf("it said\n%s", said)
	}
	r.tells("package docker.io: (none) → ", "package ed: (none) → ", "user ana into group docker", "file /usr/local/lib/docker/cli-plugins/docker-compose", "daemon.json: live-restore", "clone ~/IACT")
	after := root.Picture()
	start := time.Now()
	again := r.good("", all...)
	took := time.Since(start)
	if root.Same(after); strings.Count(again, "already done") != 6 {
		t.Errorf("a second time it said\n%s", again)
	}
	// It takes two seconds alone, and other tests run beside it.
	if t.Logf("a second time took %s", took); took > 20*time.Second {
		t.Errorf("a second time took %s", took)
	}
	root.Sh("mkdir -p /var/lib/docker/volumes; echo precious >/var/lib/docker/volumes/data")
	back := r.back()
	root.Same(before)
	if got := root.Sh("cat /var/lib/docker/volumes/data; ls -A /usr/local/lib | grep docker; command -v docker; exit 0"); got != "precious" {
		t.Errorf("there is %s\n%s", got, back)
	}
}

// tells looks for each part, once, in what host:report says of the newest run.
func (r *rig) tells(parts ...string) {
	r.t.Helper()
	p := r.process()
	defer func() { must(r.t, p.engine.Close()) }()
	runs, err := journal.List(filepath.Join(r.root, ".iact/journal"))
	must(r.t, err)
	told, err := p.room.Report(r.t.Context(), command.NewDoor(r.to), runs, "en")
	must(r.t, err)
	var changes []string
	for _, step := range told.Runs[0].Steps {
		changes = append(changes, step.Changes...)
	}
	for _, part := range parts {
		if all := strings.Join(changes, "\n"); strings.Count(all, part) != 1 {
			r.t.Errorf("%q is not told once in\n%s", part, all)
		}
	}
}

// back is host:rollback, by another process.
func (r *rig) back() string {
	r.t.Helper()
	p := r.process()
	must(r.t, p.engine.RollbackLast(r.t.Context(), "PROCED-INFRA-002", func([]string) (bool, error) { return true, nil }))
	must(r.t, p.engine.Close())
	return p.said.String()
}

// A run whose apt is killed between unpacking and configuring is named to the
// next one, finished by a resumed one, and taken back as a whole.
func TestRealSlowARunThatIsCutOffIsExplainedResumedAndTakenBack(t *testing.T) {
	t.Parallel()
	r, root := newRootRig(t)
	r.more = "packages: [ed]"
	root.Write("/usr/local/sbin/once", "#!/bin/sh\ncase $* in *--configure*) if mkdir /run/once 2>/dev/null; then kill -9 $PPID; exit 1; fi ;; esac\nexec dpkg \"$@\"\n")
	root.Sh("chmod 755 /usr/local/sbin/once; echo 'Dir::Bin::dpkg \"/usr/local/sbin/once\";' >/etc/apt/apt.conf.d/99once")
	before := root.Picture()
	r.shape = func(o *engine.Options) { o.Planning = true }
	if plan := r.good("", "host:update"); !strings.Contains(plan, "update\n") || !strings.Contains(plan, "install ed\n") {
		t.Errorf("the plan is\n%s", plan)
	}
	root.Same(before)
	r.shape = func(o *engine.Options) { o.Keep = true }
	if said, err := r.run("", "host:update"); err == nil {
		t.Fatalf("the death of apt went unnoticed\n%s", said)
	}
	said, err := r.run("", "host:update")
	if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "dpkg was interrupted at ed") {
		t.Fatalf("%v\n%s", err, said)
	}
	if failure := new(engine.Failure); !errors.As(err, &failure) || len(failure.Steps[0].Advice) == 0 || failure.Steps[0].Advice[0].ID != "D09" {
		t.Errorf("its advice is %+v", err)
	}
	journals, err := journal.IDs(filepath.Join(r.root, ".iact/journal"))
	must(t, err)
	cut, err := engine.Unfinished(filepath.Join(r.root, ".iact/journal"), journals[len(journals)-1])
	must(t, err)
	r.shape = func(o *engine.Options) { o.Continues = cut }
	p := r.process("host:update")
	if err := p.engine.Resume(t.Context(), false); err != nil {
		t.Fatalf("%v\n%s", err, p.said.String())
	}
	must(t, p.engine.Close())
	if got := root.Sh("dpkg-query -W -f '${db:Status-Abbrev}' ed"); got != "ii" {
		t.Errorf("ed is %s", got)
	}
	r.shape = nil
	r.back()
	root.Same(before)
}
