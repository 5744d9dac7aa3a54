package daemon_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/daemon"
)

// vpn is what ip prints on a machine with a corporate VPN, WireGuard and Docker.
const vpn = `[{"dst":"default","gateway":"192.168.1.1","dev":"wlan0","flags":[]},
{"dst":"0.0.0.0/1","dev":"tun0","flags":[]},{"dst":"128.0.0.0/1","dev":"tun0","flags":[]},
{"dst":"10.8.0.0/16","dev":"tun0","flags":[]},{"dst":"10.99.1.7","dev":"wg0","table":"51820","flags":[]},
{"dst":"172.17.0.0/16","dev":"docker0","flags":["linkdown"]},{"dst":"172.18.0.0/16","dev":"br-0123456789ab","flags":[]},
{"dst":"192.168.1.0/24","dev":"wlan0","protocol":"kernel","flags":[]},{"dst":"169.254.0.0/16","dev":"wlan0","flags":[]},
{"type":"local","dst":"10.8.0.5","dev":"tun0","table":"local","flags":[]},{"type":"broadcast","dst":"10.8.255.255","dev":"tun0","table":"local","flags":[]},
{"type":"blackhole","dst":"10.66.0.0/16","flags":[]}]`

func TestRoutesAreThoseThatDockerHasToKeepOff(t *testing.T) {
	t.Parallel()
	routes, err := daemon.ParseRoutes([]byte(vpn))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range routes {
		got = append(got, r.Prefix.String()+" "+r.Device)
	}
	if want := []string{"10.8.0.0/16 tun0", "10.99.1.7/32 wg0", "192.168.1.0/24 wlan0", "10.66.0.0/16 "}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, bad := range []string{"[", `[{"dst":"x"}]`} {
		if _, err := daemon.ParseRoutes([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestRoutesOfTheKernelAreReadWithoutIP(t *testing.T) {
	t.Parallel()
	const table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"tun0\t0000080A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n" +
		"docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
	routes, err := daemon.ParseProcRoutes(table)
	if want := (daemon.Route{Prefix: netip.MustParsePrefix("10.8.0.0/16"), Device: "tun0"}); err != nil || len(routes) != 1 || routes[0] != want {
		t.Errorf("got %v, %v, want %v", routes, err, want)
	}
	for _, bad := range []string{"head\neth0 00", "head\neth0 zz 0 0 0 0 0 00000000"} {
		if _, err := daemon.ParseProcRoutes(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestAPoolThatOverlapsARouteIsNamedWithWhatIsFree(t *testing.T) {
	t.Parallel()
	routes, err := daemon.ParseRoutes([]byte(vpn))
	if err != nil {
		t.Fatal(err)
	}
	free, err := daemon.Pools([]string{"172.20.0.0/14", "10.0.0.0/8", "172.22.0.0/16"}, routes)
	if !slices.Equal(free, []string{"172.20.0.0/14"}) {
		t.Errorf("free is %q", free)
	}
	if err == nil || fault.Code(err) != fault.Usage {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"10.0.0.0/8 overlaps 10.8.0.0/16, which this machine reaches through tun0", "172.22.0.0/16 overlaps the pool 172.20.0.0/14"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	// There is no second /8; for the /16 the first one is free: Docker's own bridges count for nothing.
	if hint := fault.Hint(err); hint != "free is 172.16.0.0/16" {
		t.Errorf("hint is %q", hint)
	}
	if free, err := daemon.Pools([]string{"172.17.0.9/16"}, routes); err != nil || !slices.Equal(free, []string{"172.17.0.0/16"}) {
		t.Errorf("got %q, %v", free, err)
	}
}

func TestWhatIsFreeIsFoundBetweenWhatIsTaken(t *testing.T) {
	t.Parallel()
	routes := []daemon.Route{{Prefix: netip.MustParsePrefix("172.16.0.0/12")}, {Prefix: netip.MustParsePrefix("10.0.0.0/9")}, {Prefix: netip.MustParsePrefix("10.128.0.3/32")}}
	got := daemon.Free([]int{16, 16, 9, 33}, routes, []netip.Prefix{netip.MustParsePrefix("10.129.0.0/16")})
	if want := []string{"10.130.0.0/16", "10.131.0.0/16"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := daemon.Free([]int{8}, []daemon.Route{{Prefix: netip.MustParsePrefix("0.0.0.0/0")}}, nil); len(got) > 0 {
		t.Errorf("got %q where everything is taken", got)
	}
}
