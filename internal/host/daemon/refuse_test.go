package daemon_test

import (
	"strings"
	"testing"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/daemon"
)

const running = "0123456789abcdef 42 /shop\n"

func TestWhatCouldNotEndWellIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	off := false
	for name, c := range map[string]struct {
		file string
		want daemon.Settings
		set  func(t *testing.T, s *stub)
		says string
	}{
		"a file that is no JSON": {"{\n\"dns\": [],\n}", daemon.Settings{Debug: on()}, nil, "daemon.json: read daemon.json: line 3, column 1"},
		"a key that is a flag, too": {"{}", daemon.Settings{Debug: on()}, func(_ *testing.T, s *stub) { s.control.argv = []string{"dockerd", "-D"} },
			"debug: (from flag: true, from file: true)"},
		"somebody's key that is a flag, too": {`{"hosts": ["fd://"]}`, daemon.Settings{Debug: on()}, func(_ *testing.T, s *stub) { s.control.argv = []string{"dockerd", "-H", "fd://"} },
			`hosts: (from flag: fd://, from file: ["fd://"])`},
		"another file": {"{}", daemon.Settings{Debug: on()}, func(_ *testing.T, s *stub) { s.control.argv = []string{"dockerd", "--config-file=/else"} },
			"it reads /else"},
		"a log driver that knows no sizes": {`{"log-driver": "journald"}`, daemon.Settings{LogSize: "10m"}, nil, "the log driver journald knows no max-size"},
		"another storage driver": {"{}", daemon.Settings{Storage: "btrfs"}, nil,
			"storage-driver is overlay2, and btrfs would hide what is in it: 3 images"},
		"another storage driver that somebody has put into the file": {`{"storage-driver": "zfs"}`, daemon.Settings{DNS: []string{"9.9.9.9"}}, nil,
			"storage-driver is overlay2, and zfs would hide"},
		"a log driver that there is not": {"{}", daemon.Settings{LogDriver: "nonsense"}, func(t *testing.T, s *stub) {
			s.put(t, "info", strings.Replace(plainInfo, "{", `{"Plugins":{"Log":["json-file","local"]},`, 1))
		}, "it has no log driver nonsense"},
		"another data root": {"{}", daemon.Settings{DataRoot: "/srv/docker"}, nil, "data-root is /var/lib/docker, and /srv/docker would hide"},
		"another data root under running containers": {"{}", daemon.Settings{DataRoot: "/srv/docker"}, func(t *testing.T, s *stub) {
			s.AllowMove = true
			s.put(t, "ps", running)
		}, "running: shop"},
		"live-restore in a swarm": {"{}", daemon.Settings{LiveRestore: on()}, func(t *testing.T, s *stub) {
			s.put(t, "info", strings.Replace(plainInfo, "inactive", "active", 1))
		}, "part of a swarm"},
		"a restart in a swarm": {"{}", daemon.Settings{DNS: []string{"9.9.9.9"}}, func(t *testing.T, s *stub) {
			s.put(t, "info", strings.Replace(plainInfo, "inactive", "active", 1))
			s.put(t, "ps", running)
		}, "the restart would stop shop"},
		"a restart with live-restore off by flag": {"{}", daemon.Settings{DNS: []string{"9.9.9.9"}}, func(t *testing.T, s *stub) {
			s.control.argv = []string{"dockerd", "--live-restore=false"}
			s.put(t, "ps", running)
		}, "the restart would stop shop"},
		"a daemon that says nothing": {"{}", daemon.Settings{Debug: &off}, func(t *testing.T, s *stub) { s.put(t, "info", "{}") },
			"it says nothing of itself"},
		"a client that hides the error": {"{}", daemon.Settings{Debug: &off}, func(t *testing.T, s *stub) {
			s.put(t, "info", `{"ServerErrors": ["no permission"]}`)
		}, "no permission"},
		"what dockerd refuses": {"{}", daemon.Settings{Debug: on()}, func(t *testing.T, s *stub) {
			s.put(t, "dockerd", "#!/bin/sh\ncase $1 in --help) echo --validate ;; *) echo 'unable to configure: $3' >&2; exit 1 ;; esac\n")
		}, "dockerd refuses it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, c.file)
			if c.set != nil {
				c.set(t, s)
			}
			_, err := s.Apply(t.Context(), c.want)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %q", err, c.says)
			}
			if fault.Hint(err) == "" {
				t.Error("there is no hint")
			}
			if s.text(t) != c.file || s.beside(t) != "daemon.json" || len(s.control.calls) > 0 {
				t.Errorf("and yet: %q, %s, %q", s.text(t), s.beside(t), s.control.calls)
			}
		})
	}
}

func TestAPoolOnARouteOfThisMachineIsRefused(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	routes, err := s.Routes(t.Context())
	if err != nil || len(routes) == 0 {
		t.Fatalf("routes: %v, %v", routes, err)
	}
	// Any machine with a network has a route of IPv4 or IPv6.
	route := routes[0].Prefix
	size := min(route.Bits()+1, route.Addr().BitLen())
	_, err = s.Apply(t.Context(), daemon.Settings{Pools: []string{route.String()}, PoolSize: size})
	if err == nil || !strings.Contains(err.Error(), "overlaps "+route.String()) {
		t.Errorf("got %v", err)
	}
}

func TestRunningContainersMayBeStoppedWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	s := newStub(t, `{}`)
	s.control.argv = []string{"dockerd", "--live-restore=false"}
	s.AllowStop, s.AllowMove = true, true
	s.put(t, "ps", running)
	p, err := s.Plan(t.Context(), daemon.Settings{DNS: []string{"9.9.9.9"}})
	if err != nil || p.Needs != daemon.Restart || len(p.Containers) != 1 || p.Containers[0].Name != "shop" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestSlowADaemonThatHangsIsAnErrorInTime(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	s.Client = []string{"sh", "-c", "sleep 60"}
	s.Answer = time.Second
	begin := time.Now()
	_, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err == nil || !strings.Contains(err.Error(), "no answer within 1s") || time.Since(begin) > 20*time.Second {
		t.Errorf("got %v after %s", err, time.Since(begin))
	}
}
