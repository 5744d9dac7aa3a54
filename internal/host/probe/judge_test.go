package probe_test

import (
	"strings"
	"testing"
	"time"

	"iact-infra/internal/host/probe"
	"iact-infra/internal/verdict"
)

const target = "registry-1.docker.io:443"

// well are the facts of a host where all is as it should be.
func well() *probe.Facts {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	seen := func() probe.Seen {
		good := map[string]probe.Answer{target: {Said: "203.0.113.7"}}
		return probe.Seen{
			Clock: at, Forward: "1", Resolvers: []string{"192.0.2.53"}, Proxies: map[string]string{}, Names: good, Reached: map[string]probe.Answer{target: {Said: "203.0.113.7"}},
			Sizes: map[string]probe.Size{target: {First: 1500, Way: 1500}},
		}
	}
	return &probe.Facts{
		Before: at, After: at.Add(time.Second), Host: seen(), Bridge: seen(), Own: seen(),
		Peer: probe.Answer{Said: "172.18.0.2"}, Published: probe.Answer{Said: "127.0.0.1:32768"}, Ports: map[int]probe.Answer{5432: {Said: "5432"}},
		Volume: probe.Volume{Writes: 800, Bulk: 90, Kept: probe.Answer{Said: "x"}, Gone: probe.Answer{Said: "v"}},
		Memory: probe.Limit{Says: "67108864", Took: "killed"}, CPU: probe.Limit{Says: "25000 100000", Took: "0.25"}, Image: probe.Answer{Said: "alpine"},
	}
}

func TestEachFactIsJudged(t *testing.T) {
	t.Parallel()
	none := probe.Answer{Why: "Connection timed out"}
	for name, c := range map[string]struct {
		change func(*probe.Facts, *probe.Want)
		code   string
		state  verdict.State
		says   string // in evidence, cause or fix
	}{
		"a host that forwards nothing": {func(f *probe.Facts, _ *probe.Want) {
			f.Host.Forward, f.Own.Reached[target] = "0", none
		}, "HN-OUT-002", verdict.Fail, "sysctl -w net.ipv4.ip_forward=1"},
		"a firewall": {func(f *probe.Facts, _ *probe.Want) {
			f.Bridge.Reached[target] = none
		}, "HN-OUT-002", verdict.Fail, "Connection timed out (on the default network)"},
		"a host without a network": {func(f *probe.Facts, _ *probe.Want) {
			f.Host.Reached[target], f.Bridge.Reached[target], f.Own.Reached[target] = none, none, none
		}, "HN-OUT-002", verdict.Warn, "the host does not get there either"},
		"one that has to have it": {func(f *probe.Facts, w *probe.Want) {
			f.Host.Names[target], w.Required = none, true
		}, "HN-DNS-001", verdict.Fail, "192.0.2.53"},
		"a dead resolver of containers": {func(f *probe.Facts, _ *probe.Want) {
			f.Own.Names[target] = probe.Answer{Why: "Temporary failure in name resolution"}
		}, "HN-DNS-002", verdict.Fail, "host.daemon.dns"},
		"a container that did not run": {func(f *probe.Facts, _ *probe.Want) {
			f.Bridge = probe.Seen{Why: "network bridge not found"}
		}, "HN-DNS-002", verdict.Fail, "network bridge not found"},
		"a VPN": {func(f *probe.Facts, _ *probe.Want) {
			f.Host.Sizes[target] = probe.Size{First: 1400, Way: 1380}
		}, "HN-MTU-001", verdict.Warn, `"mtu": 1380`},
		"a VPN whose router tells": {func(f *probe.Facts, _ *probe.Want) {
			f.Host.Sizes[target], f.Own.Sizes[target] = probe.Size{First: 1400, Way: 1400}, probe.Size{First: 1500, Way: 1400}
		}, "HN-MTU-001", verdict.Warn, "learns 1400 from a router"},
		"no way out": {func(f *probe.Facts, _ *probe.Want) {
			f.Host.Sizes[target] = probe.Size{Why: "Network is unreachable"}
		}, "HN-MTU-001", verdict.Warn, "unknown"},
		"a proxy of the host alone, whose password is nobody's business": {func(f *probe.Facts, _ *probe.Want) {
			f.Host.Proxies["https_proxy"] = "http://ana:geheim@proxy.example:3128"
		}, "HN-PRX-001", verdict.Warn, "http://ana:xxxxx@proxy.example:3128 of the host"},
		"a container in another time": {func(f *probe.Facts, _ *probe.Want) {
			f.Bridge.Clock = f.Bridge.Clock.Add(time.Hour)
		}, "HN-TIME-001", verdict.Fail, "1h0m0s between host and container"},
		"a host in another time": {func(f *probe.Facts, _ *probe.Want) {
			f.Bridge.Clock, f.Host.Clock = f.Bridge.Clock.Add(-time.Hour), f.Host.Clock.Add(-time.Hour)
		}, "HN-TIME-001", verdict.Warn, "-1h0m0s off"},
		"a registry that refuses": {func(f *probe.Facts, _ *probe.Want) {
			f.Image = probe.Answer{Why: "toomanyrequests"}
		}, "HN-REG-001", verdict.Warn, "toomanyrequests"},
		"a volume that forgets": {func(f *probe.Facts, _ *probe.Want) {
			f.Volume.Kept = probe.Answer{Why: "it holds something else than was written"}
		}, "HN-VOL-001", verdict.Fail, "something else"},
		"a slow disk": {func(f *probe.Facts, w *probe.Want) {
			f.Volume.Writes, w.Writes = 12, 50
		}, "HN-DISK-001", verdict.Warn, "12 small writes"},
		"a kernel that does not count swap": {func(f *probe.Facts, _ *probe.Want) {
			f.Memory.Took = "taken"
		}, "HN-LIM-001", verdict.Warn, "swapaccount"},
		"no memory limit": {func(f *probe.Facts, _ *probe.Want) {
			f.Memory = probe.Limit{Says: "max", Took: "taken"}
		}, "HN-LIM-001", verdict.Fail, "have no effect"},
		"no CPU limit": {func(f *probe.Facts, _ *probe.Want) {
			f.CPU = probe.Limit{Says: "max 100000", Took: "0.98"}
		}, "HN-LIM-002", verdict.Fail, "0.98 of a processor"},
	} {
		f, w := well(), probe.Want{Outside: []string{target}, Ports: []int{5432}, Image: "alpine", Writes: 50}
		for _, one := range f.Judge(w) {
			if one.State != verdict.OK {
				t.Fatalf("where all is well: %+v", one)
			}
		}
		c.change(f, &w)
		for _, one := range f.Judge(w) {
			if strings.Contains(one.Seen, "geheim") {
				t.Errorf("%s: the password is in %q", name, one.Seen)
			}
			if one.Code != c.code {
				continue
			}
			if one.State != c.state || !strings.Contains(one.Seen+one.Cause.EN+one.Fix.EN, c.says) {
				t.Errorf("%s: %+v\nwant %s, %q", name, one, c.state, c.says)
			}
		}
	}
}
