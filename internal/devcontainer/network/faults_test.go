package network_test

import (
	"bufio"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// fault is one that is put into a network, and what has to stand first.
type fault struct {
	name string
	put  func(b *bench)
	code string
	seen string // in the evidence
}

// inside runs a script of the machine's in the network of a container.
func (b *bench) inside(container, script string) string {
	b.t.Helper()
	return b.i.sh("exec nsenter --target " + b.pid(container) + " --net sh -c '" + script + "'")
}

// ofContainers are faults that concern one container only.
func ofContainers() []fault {
	return []fault{
		{"network mode none", func(b *bench) { b.idle("--network", "none") }, "DC-NET-001", "network mode none"},
		{"runArgs ask for none", func(b *bench) { b.Config(`{"image": "busybox", "runArgs": ["--network=none"]}`) }, "DC-NET-001", "--network=none"},
		{"a dead name server", func(b *bench) { b.idle("--dns", "127.0.0.9") }, "DC-NET-004", "127.0.0.9"},
		{"a dead name server behind Docker's", func(b *bench) { b.idle("--dns", "127.0.0.9", "--network", b.net()) }, "DC-NET-004", "127.0.0.11"},
		{"the machine's stub was copied", func(b *bench) { b.docker("exec", b.idle(), "sh", "-c", "echo nameserver 127.0.0.53 >/etc/resolv.conf") }, "DC-NET-004", "127.0.0.53"},
		{"no name server at all", func(b *bench) { b.docker("exec", b.idle(), "sh", "-c", ": >/etc/resolv.conf") }, "DC-NET-004", "no nameserver"},
		{"the first of two does not answer", func(b *bench) { b.idle("--dns", "127.0.0.9", "--dns", "198.51.100.1") }, "DC-NET-004", "127.0.0.9"},
		{"only root may read resolv.conf", func(b *bench) { b.docker("exec", b.idle(), "chmod", "600", "/etc/resolv.conf") }, "DC-NET-004", "-rw-------"},
		{"programs do not ask", func(b *bench) { b.docker("exec", b.idle(), "sh", "-c", "echo hosts: files >/etc/nsswitch.conf") }, "DC-NET-004", "hosts: files"},
		{"no default route", func(b *bench) { b.inside(b.idle(), "ip route del default") }, "DC-NET-005", "no default route"},
		{"the interface is off", func(b *bench) { b.inside(b.idle(), "ip link set eth0 down") }, "DC-NET-005", "eth0 is down"},
		{"an internal network", func(b *bench) { b.idle("--network", b.net("--internal")) }, "DC-NET-005", "internal"},
		{"a network without masquerading", func(b *bench) {
			b.idle("--network", b.net("--opt", "com.docker.network.bridge.enable_ip_masquerade=false"))
		}, "DC-NET-003", "MASQUERADE"},
		{"a bridge that was deleted", func(b *bench) {
			net := b.net()
			b.idle("--network", net)
			b.i.sh("ip link delete br-" + b.docker("network", "inspect", "--format", "{{slice .Id 0 12}}", net))
		}, "DC-NET-005", "no interface br-"},
		{"forwarding off for one bridge", func(b *bench) {
			net := b.net()
			b.idle("--network", net)
			b.i.sh("sysctl -w net.ipv4.conf.br-" + b.docker("network", "inspect", "--format", "{{slice .Id 0 12}}", net) + ".forwarding=0")
		}, "DC-NET-002", ".forwarding = 0"},
		{"a route of a VPN over the container's network", func(b *bench) {
			name := b.idle("--network", b.net())
			at := b.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name)
			b.change("ip route add "+at+"/32 dev uplink", "ip route del "+at+"/32 dev uplink")
		}, "DC-NET-008", "dev uplink"},
		{"a network over the name server", func(b *bench) {
			b.net("--subnet", "192.0.2.0/24")
			b.idle("--dns", "192.0.2.53")
		}, "DC-NET-008", "192.0.2.53"},
		{"packets that are far too small", func(b *bench) {
			b.idle("--network", b.net("--opt", "com.docker.network.driver.mtu=576"))
		}, "DC-NET-006", "576"},
		{"a proxy at the container's loopback", func(b *bench) { b.idle("--env", "HTTP_PROXY=http://127.0.0.1:3128") }, "DC-NET-007", "127.0.0.1:3128"},
		{"a proxy that is no address", func(b *bench) { b.idle("--env", "https_proxy=http://:80:80") }, "DC-NET-007", "http://:80:80"},
		{"a proxy that the container does not know", func(b *bench) {
			b.Options.Reach = []string{"198.51.100.99:443"}
			b.Options.Environ = append(b.Options.Environ, "HTTPS_PROXY=http://198.51.100.10:443")
			b.idle()
		}, "DC-NET-007", "goes out by 198.51.100.10:443"},
		{"calls between services go to the proxy", func(b *bench) {
			net := b.net()
			b.service("x"+net, "api", net, "--expose", "8080")
			b.service("x"+net, "app", net, "--env", "HTTP_PROXY=http://198.51.100.10:443", "--env", "NO_PROXY=localhost")
		}, "DC-NET-007", "without api"},
		{"a service on another network only", func(b *bench) {
			net := b.net()
			b.service("x"+net, "db", b.net())
			b.service("x"+net, "app", net)
		}, "DC-NET-009", "db is in"},
		{"an extra host hides a service", func(b *bench) {
			net := b.net()
			b.service("x"+net, "db", net)
			b.service("x"+net, "app", net, "--add-host", "db:10.9.9.9")
		}, "DC-NET-009", "10.9.9.9 db"},
		{"two containers of one name", func(b *bench) {
			net := b.net()
			b.service("x"+net, "db", net)
			b.other("--network", net, "--network-alias", "db", image, "sleep", "600")
			b.service("x"+net, "app", net)
		}, "DC-NET-009", "db is both"},
		{"a service without its name", func(b *bench) {
			net := b.net()
			db := b.service("x"+net, "db", net)
			b.docker("network", "disconnect", net, db)
			b.docker("network", "connect", net, db)
			b.service("x"+net, "app", net)
		}, "DC-NET-009", "no alias db"},
		{"another name server than Docker's", func(b *bench) {
			net := b.net()
			b.service("x"+net, "db", net)
			b.docker("exec", b.service("x"+net, "app", net), "sh", "-c", "echo nameserver 198.51.100.1 >/etc/resolv.conf")
		}, "DC-NET-009", "nameserver 198.51.100.1"},
		{"a container that was disconnected", func(b *bench) {
			net := b.net()
			b.docker("network", "disconnect", net, b.idle("--network", net))
		}, "DC-NET-013", "is in no network"},
		{"a network that has gone", func(b *bench) {
			net := b.net()
			name := b.idle("--network", net)
			b.docker("stop", "--time", "0", name)
			b.docker("network", "rm", net)
			_, _ = b.i.try("start", name)
		}, "DC-NET-013", "there is no network net"},
		{"runArgs ask for a network that is not there", func(b *bench) {
			b.Config(`{"image": "busybox", "runArgs": ["--network", "nowhere"]}`)
		}, "DC-NET-013", "--network=nowhere"},
		{"Compose takes a network that is not there", func(b *bench) {
			b.Write("compose.yaml", "services: {app: {image: busybox}}\nnetworks: {shared: {external: true}}\n")
			b.Config(`{"dockerComposeFile": "../compose.yaml", "service": "app"}`)
		}, "DC-NET-013", "external network shared"},
		{"Compose asks for a subnet that another has", func(b *bench) {
			b.net("--subnet", "10.99.0.0/16")
			b.Write("compose.yaml", "services: {app: {image: busybox}}\nnetworks: {default: {ipam: {config: [{subnet: 10.99.3.0/24}]}}}\n")
			b.Config(`{"dockerComposeFile": "../compose.yaml", "service": "app"}`)
		}, "DC-NET-008", "10.99.3.0/24"},
		{"the other one's network has ended", func(b *bench) {
			lender := b.other()
			b.idle("--network", "container:"+lender)
			b.docker("stop", "--time", "0", lender)
		}, "DC-NET-013", "which is exited"},
		{"a server at loopback only", func(b *bench) { b.run("--publish", "127.0.0.1::80", image, "httpd", "-f", "-p", "127.0.0.1:80") }, "DC-NET-012", "127.0.0.1:80 only"},
		{"the published port leads elsewhere", func(b *bench) { b.run("--publish", "127.0.0.1::80", image, "httpd", "-f", "-p", "8080") }, "DC-NET-012", "somebody does at 8080"},
		{"a port of another container", func(b *bench) {
			port := b.free()
			b.other("--publish", port+":80", image, "sleep", "600")
			b.fails("--publish", port+":80", image, "sleep", "600")
		}, "DC-NET-010", "is held by container n"},
		{"a port of a program", func(b *bench) {
			port := b.listen("0.0.0.0")
			b.fails("--publish", port+":80", image, "sleep", "600")
		}, "DC-NET-011", "is held by perl (pid "},
		{"a port of Compose at which a program listens", func(b *bench) {
			port := b.listen("127.0.0.1")
			b.Write("compose.yaml", "services: {app: {image: busybox, ports: ['${WEB:-"+port+"}:80']}}\n")
			b.Config(`{"dockerComposeFile": "../compose.yaml", "service": "app"}`)
		}, "DC-NET-011", "is held by perl (pid "},
		{"the way to a published port is gone", func(b *bench) {
			port := b.free()
			b.run("--publish", "127.0.0.1:"+port+":80", image, "httpd", "-f", "-p", "80")
			b.i.sh("iptables -t nat -S DOCKER | grep -- '--dport " + port + "' | sed 's/^-A/iptables -t nat -D/' | sh; for p in $(ps -eo pid,args | awk '/docker-prox[y].*-host-port " + port + " /{print $1}'); do kill $p; done")
		}, "DC-NET-012", ": Connection refused; inside somebody listens"},
		{"a port that is free by now", func(b *bench) {
			port := b.free()
			holder := b.other("--publish", port+":80", image, "sleep", "600")
			b.fails("--publish", port+":80", image, "sleep", "600")
			b.docker("rm", "--force", holder)
		}, "DC-NET-010", "port is already allocated"},
	}
}

// listen starts a program that listens at a port of the machine.
func (b *bench) listen(at string) string {
	b.t.Helper()
	port := b.free()
	s, err := b.i.door.Stream(b.t.Context(), command.Change("nsenter", "--target", b.i.machine, "--net", "--mount", "--", "perl", "-MIO::Socket::INET", "-e",
		`my $s = IO::Socket::INET->new(LocalAddr => $ARGV[0], LocalPort => $ARGV[1], Listen => 5) or die "$@"; print "listening\n"; close STDOUT; sleep 600`, at, port))
	must(b.t, err)
	b.t.Cleanup(s.Abort)
	if line, err := bufio.NewReader(s).ReadString('\n'); err != nil {
		b.t.Fatalf("it does not listen: %q %v", line, err)
	}
	return port
}

func TestRealSlowEachFaultOfAContainersNetworkStandsFirst(t *testing.T) {
	t.Parallel()
	i := newIsland(t)
	for _, f := range testbed.Sample(ofContainers(), 3) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.stands(t, i)
		})
	}
}

func (f fault) stands(t *testing.T, i *island) {
	t.Helper()
	b := i.bench(t)
	f.put(b)
	got := b.first()
	if got.Code != f.code || !strings.Contains(got.Evidence, f.seen) {
		t.Errorf("first is %s: %s (%s); want %s: %s", got.Code, got.Evidence, got.Cause.EN, f.code, f.seen)
	}
}

// rule puts a rule of the firewall in, and takes it out again.
func (b *bench) rule(chain, rule string) {
	b.t.Helper()
	table := ""
	if rest, is := strings.CutPrefix(chain, "nat "); is {
		table, chain = "-t nat ", rest
	}
	b.change("iptables "+table+"-I "+chain+" "+rule, "iptables "+table+"-D "+chain+" "+rule)
}

// ofMachines are faults that concern all containers: one at a time.
func ofMachines() []fault {
	flushed := "iptables-save >/run/rules; "
	return []fault{
		{"forwarding is off", func(b *bench) {
			b.idle()
			b.change("sysctl -w net.ipv4.ip_forward=0", "sysctl -w net.ipv4.ip_forward=1")
		}, "DC-NET-002", "net.ipv4.ip_forward = 0"},
		{"a rule of the user drops everything", func(b *bench) { b.idle(); b.rule("DOCKER-USER", "-i docker0 -j DROP") }, "DC-NET-003", "-A DOCKER-USER -i docker0 -j DROP"},
		{"a rule drops the answers", func(b *bench) { b.idle(); b.rule("FORWARD", "-o docker0 -j DROP") }, "DC-NET-003", "-A FORWARD -o docker0 -j DROP"},
		{"the rules of FORWARD were flushed, and it drops", func(b *bench) {
			b.idle()
			b.change(flushed+"iptables -F FORWARD; iptables -P FORWARD DROP", "iptables-restore </run/rules")
		}, "DC-NET-003", "-P FORWARD DROP"},
		{"Docker's chains have gone", func(b *bench) {
			b.idle()
			b.change(flushed+"iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X", "iptables-restore </run/rules")
		}, "DC-NET-003", "no chain nat DOCKER, filter DOCKER"},
		{"no message of a router comes back", func(b *bench) {
			b.idle()
			b.rule("OUTPUT", "-p icmp -m icmp --icmp-type fragmentation-needed -j DROP")
		}, "DC-NET-006", "MTU 1500 inside, 1400 on the way out"},
		{"something else stops it", func(b *bench) {
			b.idle()
			b.change("sysctl -w net.ipv4.conf.uplink.rp_filter=0; ip rule add iif docker0 prohibit", "ip rule del iif docker0 prohibit")
		}, "DC-NET-005", "known.example:443"},
		{"services of one network are kept apart", func(b *bench) {
			net := b.net("--opt", "com.docker.network.bridge.enable_icc=false")
			b.i.sh("sysctl -w net.bridge.bridge-nf-call-iptables=1 || true")
			b.service("x"+net, "db", net)
			b.service("x"+net, "app", net)
		}, "DC-NET-003", "enable_icc=false"},
	}
}

func TestRealSlowEachFaultOfAMachinesNetworkStandsFirst(t *testing.T) {
	t.Parallel()
	i := newIsland(t)
	for _, f := range testbed.Sample(ofMachines(), 3) {
		t.Run(f.name, func(t *testing.T) { f.stands(t, i) })
	}
}
