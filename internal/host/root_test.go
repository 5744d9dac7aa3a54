package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/host"
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

// A bare system gets base packages, Docker, a user of Docker, Compose and the
// daemon's settings; a second time nothing changes; and then all goes back.
func TestRealSlowABareSystemBecomesADockerHostAndIsBareAgain(t *testing.T) {
	t.Parallel()
	r, root := newRootRig(t)
	must(t, os.WriteFile(filepath.Join(r.root, "docker-compose"), []byte(plugin), 0o755))
	r.more = `memory: 0, disk: 0, user: ana, upgrade: true, packages: [ed], hello: "127.0.0.1:1/hello-world", docker: {from: distribution}, compose: {from: docker-compose}`
	root.Sh("useradd --create-home ana; mkdir -p /usr/local/bin; printf '#!/bin/sh\necho 1.29.2\n' >/usr/local/bin/docker-compose; chmod 755 /usr/local/bin/docker-compose")
	before := root.Picture()
	said := r.good("", "host:all")
	for _, part := range []string{"docker comes from distribution", "docker answers ana", "docker-compose 1.29.2 is version 1", "docker compose 2.40.3 answers", "settings are seen in effect", "Hello from a container of the IACT toolkit"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q was not said", part)
		}
	}
	if t.Failed() {
		t.Logf("it said\n%s", said)
	}
	after := root.Picture()
	start := time.Now()
	again := r.good("", "host:all")
	took := time.Since(start)
	t.Logf("a second host:all took %s", took)
	if root.Same(after); strings.Count(again, "already done") != 5 {
		t.Errorf("a second time it said\n%s", again)
	}
	root.Sh("mkdir -p /var/lib/docker/volumes; echo precious >/var/lib/docker/volumes/data")
	p := r.process()
	must(t, p.engine.RollbackLast(t.Context(), "PROCED-INFRA-002", func([]string) bool { return true }))
	must(t, p.engine.Close())
	root.Same(before)
	if got := root.Sh("cat /var/lib/docker/volumes/data; ls -A /usr/local/lib | grep docker; command -v docker; exit 0"); got != "precious" {
		t.Errorf("there is %s\n%s", got, p.said.String())
	}
}

// A dpkg that was cut off is named with what mends it, and a run that was
// killed in its middle is finished by the next one, or taken back.
func TestRealSlowABrokenDpkgIsExplainedAndAKilledRunIsMended(t *testing.T) {
	t.Parallel()
	r, root := newRootRig(t)
	r.more = "packages: [ed]"
	before := root.Picture()
	root.Sh("apt-get update; cd /tmp && apt-get download ed && dpkg --unpack ed_*.deb")
	said, err := r.run("", "host:update")
	if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "dpkg was interrupted at ed") {
		t.Fatalf("%v\n%s", err, said)
	}
	if failure := new(engine.Failure); !errors.As(err, &failure) || len(failure.Steps[0].Advice) == 0 || failure.Steps[0].Advice[0].ID != "D09" {
		t.Errorf("its advice is %+v", err)
	}
	root.Sh("dpkg --purge ed")
	root.Same(before)
}
