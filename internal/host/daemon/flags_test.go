package daemon_test

import (
	"maps"
	"slices"
	"testing"

	"iact-infra/internal/host/daemon"
)

func TestFlagsHaveTheNamesOfTheFile(t *testing.T) {
	t.Parallel()
	got := daemon.Flags([]string{
		"dockerd", "-H", "fd://", "-Hunix:///x", "--containerd=/run/c.sock", "-D", "-l=warn", "--log-opt", "max-size=1m", "--live-restore=false",
		"--insecure-registry", "r:5000", "--userland-proxy", "--default-address-pool", "base=10.0.0.0/8,size=24", "--add-runtime", "a=b", "--dns", "1.1.1.1",
	})
	want := map[string]string{
		"hosts": "fd://, unix:///x", "containerd": "/run/c.sock", "debug": "true", "log-level": "warn", "log-opts": "max-size=1m", "live-restore": "false",
		"insecure-registries": "r:5000", "userland-proxy": "", "default-address-pools": "base=10.0.0.0/8,size=24", "runtimes": "a=b", "dns": "1.1.1.1",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestTheArgumentsAreFoundInWhatSystemdShows(t *testing.T) {
	t.Parallel()
	const shown = "{ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock ; ignore_errors=no ; start_time=[n/a] ; pid=0 }"
	got := daemon.ExecStart(shown)
	if want := []string{"/usr/sbin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := daemon.ExecStart(""); got != nil {
		t.Errorf("got %q of nothing", got)
	}
}
