package network_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/network"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

func TestRealSlowHealthyNetworksRaiseNothing(t *testing.T) {
	t.Parallel()
	i := newIsland(t)
	for name, arrange := range map[string]func(b *bench){
		"no container":                    func(*bench) {},
		"the machine's network":           func(b *bench) { b.idle("--network", "host") },
		"a read-only root":                func(b *bench) { b.idle("--read-only", "--tmpfs", "/tmp") },
		"a published port and its server": func(b *bench) { b.run("--publish", "127.0.0.1::80", image, "httpd", "-f", "-p", "80") },
		"a server that is seen inside only": func(b *bench) {
			b.run("--publish", "127.0.0.1::80", image, "sh", "-c", "httpd -p 127.0.0.1:8080; exec httpd -f -p 80")
		},
		"a name server of its own choice":   func(b *bench) { b.idle("--dns", "198.51.100.1") },
		"a stopped one whose port is free":  func(b *bench) { b.docker("stop", "--time", "0", b.idle("--publish", "127.0.0.1:"+b.free()+":80")) },
		"one that shares another's network": func(b *bench) { b.idle("--network", "container:"+b.other()) },
		"a rule for something else": func(b *bench) {
			b.idle()
			b.change("iptables -I DOCKER-USER -d 203.0.113.77 -j DROP", "iptables -D DOCKER-USER -d 203.0.113.77 -j DROP")
		},
		"a proxy on both sides, out of reach": func(b *bench) {
			b.Options.Environ = append(b.Options.Environ, "https_proxy=http://198.51.100.99:3128")
			b.idle("--env", "https_proxy=http://198.51.100.99:3128")
		},
		"a proxy by a name of the container's": func(b *bench) {
			b.idle("--env", "HTTPS_PROXY=http://gate:443", "--add-host", "gate:198.51.100.10")
		},
		"a proxy that is a service": func(b *bench) {
			net := b.net()
			b.docker("exec", "--detach", b.service("p3"+net, "gate", net), "httpd", "-f", "-p", "3128")
			b.service("p3"+net, "app", net, "--env", "HTTP_PROXY=http://gate:3128")
		},
		"a project of two services": func(b *bench) {
			net := b.net()
			b.service("p1"+net, "db", net)
			b.service("p1"+net, "app", net)
		},
		"a database behind another service": func(b *bench) {
			front, back := b.net(), b.net()
			b.service("p2"+front, "db", back)
			b.docker("network", "connect", back, b.service("p2"+front, "api", front))
			b.service("p2"+front, "app", front)
		},
		"a container without a shell": func(b *bench) { b.docker("exec", b.idle(), "sh", "-c", "rm -f /bin/*") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := i.bench(t)
			arrange(b)
			b.healthy()
		})
	}
}

// other is a container that is not of the workspace.
func (b *bench) other(args ...string) string {
	b.t.Helper()
	name := b.name()
	if len(args) == 0 {
		args = []string{"--init", image, "sleep", "600"}
	}
	b.docker(append([]string{"run", "--detach", "--name", name}, args...)...)
	return name
}

func TestRealSlowTheWayOutAndTheNamesAreReallyTried(t *testing.T) {
	t.Parallel()
	i := newIsland(t)
	for name, user := range map[string]bool{"by root from outside": false, "by anybody with what is inside": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := i.bench(t)
			b.Options.Door = command.NewDoor(on{Transport: command.Local(), machine: i.machine, user: user})
			b.idle("--network", b.net())
			for _, f := range b.Examine(network.Checks()) {
				if want := map[string]string{"DC-NET-004": "127.0.0.11 answers (known.example: NOERROR 198.51.100.10)", "DC-NET-005": "reached: known.example:443, name server 198.51.100.1"}[f.Code]; f.State != doctor.OK && f.Code != "DC-NET-003" || !strings.Contains(f.Evidence, want) {
					t.Errorf("%s %s %s, want %s", f.Code, f.State, f.Evidence, want)
				}
			}
		})
	}
}

func TestRealSlowNothingIsSaidOfAMachineThatReachesNothingItself(t *testing.T) {
	t.Parallel()
	i := newIsland(t)
	b := i.bench(t)
	b.idle("--network", b.net())
	b.change("ip link set uplink down", "true")
	b.healthy()
}

func TestRealSlowADaemonWithoutRulesOfItsOwnIsSeen(t *testing.T) {
	t.Parallel()
	i := newIsland(t, "--iptables=false")
	b := i.bench(t)
	b.idle()
	f := b.first()
	if f.Code != "DC-NET-003" || !strings.Contains(f.Evidence, "iptables=false") {
		t.Errorf("first is %s: %s", f.Code, f.Evidence)
	}
}

func TestRealSlowThePoolsAreCounted(t *testing.T) {
	t.Parallel()
	daemon := testbed.OwnDocker(t) // 32 networks
	rig := scenetest.New(t, daemon)
	rig.Write("compose.yaml", "services: {app: {image: busybox}}\n")
	rig.Config(`{"dockerComposeFile": "../compose.yaml", "service": "app"}`)
	rig.Healthy(network.Checks())
	for n := 0; ; n++ {
		if _, err := daemon.Try(t, "network", "create", daemon.Name(t)); err != nil {
			if n < 4 {
				t.Fatalf("network %d: %v", n, err)
			}
			break
		}
	}
	f := rig.First(network.Checks())
	if f.Code != "DC-NET-008" || f.State != doctor.Fail || !strings.Contains(f.Evidence, "free networks: 0") {
		t.Errorf("first is %s %s: %s", f.State, f.Code, f.Evidence)
	}
	daemon.Run(t, "network", "rm", strings.Fields(daemon.Run(t, "network", "ls", "--quiet", "--filter", "name=iact-t-"))[0])
	if f = rig.First(network.Checks()); f.Code != "DC-NET-008" || f.State != doctor.Warn || !strings.Contains(f.Evidence, "free networks: 1") {
		t.Errorf("first is %s %s: %s", f.State, f.Code, f.Evidence)
	}
}

func TestWithoutAnEngineNothingIsAnAlarm(t *testing.T) {
	t.Parallel()
	s := scene.New(t.Context(), scene.Options{
		Door: command.NewDoor(command.Local()), Workspace: t.TempDir(), Docker: []string{"DOCKER_HOST=unix://" + filepath.Join(t.TempDir(), "none.sock")},
		Environ: os.Environ(),
	})
	for _, f := range doctor.Examine(t.Context(), s, network.Checks()) {
		if f.State != doctor.Unknown || f.Evidence == "" {
			t.Errorf("%s is %s: %s", f.Code, f.State, f.Evidence)
		}
	}
}
