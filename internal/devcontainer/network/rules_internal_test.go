package network

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const dockers = `-P INPUT ACCEPT
-P FORWARD DROP
-N DOCKER
-N DOCKER-ISOLATION-STAGE-1
-N DOCKER-ISOLATION-STAGE-2
-N DOCKER-USER
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
`

func packetOut() packet {
	return packet{in: "docker0", out: "eth0", src: netip.MustParseAddr("172.17.0.2"), dst: netip.MustParseAddr("203.0.113.1"), proto: "tcp", port: 443, state: "NEW"}
}

func TestARuleCountsOnlyWhereItIsCertainWhatItDoes(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"":                                    "ACCEPT false",
		"-A DOCKER-USER -j RETURN":            "ACCEPT false",
		"-A DOCKER-USER -j DROP":              "DROP false",
		"-A DOCKER-USER -i docker0 -j DROP":   "DROP false",
		"-A DOCKER-USER -i docker+ -j DROP":   "DROP false",
		"-A DOCKER-USER ! -i docker0 -j DROP": "ACCEPT false",
		"-A DOCKER-USER -s 172.17.0.0/16 -j REJECT --reject-with icmp-port-unreachable": "REJECT false",
		"-A DOCKER-USER ! -s 172.17.0.0/16 -j DROP":                                     "ACCEPT false",
		"-A DOCKER-USER -d 10.0.0.0/8 -j DROP":                                          "ACCEPT false",
		"-A DOCKER-USER -p tcp -m tcp --dport 443 -j DROP":                              "DROP false",
		"-A DOCKER-USER -p tcp -m multiport --dports 80,400:500 -j DROP":                "DROP false",
		"-A DOCKER-USER -p tcp -m tcp ! --dport 443 -j DROP":                            "ACCEPT false",
		"-A DOCKER-USER -p udp -m udp --dport 443 -j DROP":                              "ACCEPT false",
		"-A DOCKER-USER -m comment --comment \"no -j way out\" -j DROP":                 "DROP false",
		"-A DOCKER-USER -m set --match-set banned src -j DROP":                          "ACCEPT true",
		"-A DOCKER-USER -m set --match-set good src -j RETURN\n-A DOCKER-USER -j DROP":  "DROP true",
		"-A DOCKER-USER -m limit --limit 5/min -j LOG --log-prefix \"x \"":              "ACCEPT false",
		"-N MINE\n-A DOCKER-USER -i docker0 -j MINE\n-A MINE -o eth0 -j DROP":           "DROP false",
		"-N LOOP\n-A DOCKER-USER -j LOOP\n-A LOOP -j LOOP":                              "LOOP false",
	} {
		f := readTables(dockers+rule+"\n").run("FORWARD", packetOut())
		if got := fmt.Sprint(f.target, " ", f.doubt); got != want {
			t.Errorf("%q: %s by %s, want %s", rule, got, f.by, want)
		}
		if f.lost() != (strings.HasSuffix(want, "false") && (strings.HasPrefix(want, "DROP") || strings.HasPrefix(want, "REJECT"))) {
			t.Errorf("%q: lost is %v", rule, f.lost())
		}
	}
}

func TestThePolicyDecidesWhereNoRuleDoes(t *testing.T) {
	t.Parallel()
	if f := readTables("-P FORWARD DROP\n").run("FORWARD", packetOut()); !f.lost() || f.by != "-P FORWARD DROP" {
		t.Errorf("it is %+v", f)
	}
}

func TestTheMostSpecificRouteIsTaken(t *testing.T) {
	t.Parallel()
	all := routes(`Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
tun0	020011AC	00000000	0005	0	0	0	FFFFFFFF	0	0	0
`)
	for at, want := range map[string]string{"203.0.113.1": "eth0", "172.17.0.3": "docker0", "172.17.0.2": "tun0"} {
		if r, found := way(all, netip.MustParseAddr(at)); !found || r.dev != want {
			t.Errorf("%s leaves by %s, want %s", at, r.dev, want)
		}
	}
	if gateway := all[0].gateway.String(); gateway != "192.0.2.1" {
		t.Errorf("the gateway is %s", gateway)
	}
}

func TestListenersAreReadInBothFamilies(t *testing.T) {
	t.Parallel()
	all := append(listeners("  0: 0100007F:1F90 00000000:0000 0A 0\n  1: 00000000:0050 00000000:0000 01 0\n"),
		listeners("  0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A\n  1: 0000000000000000FFFF00000100007F:0016 0:0 0A\n")...)
	var got []string
	for _, l := range all {
		got = append(got, fmt.Sprint(l.at, " ", l.port))
	}
	if strings.Join(got, ", ") != "127.0.0.1 8080, :: 3000, 127.0.0.1 22" {
		t.Errorf("they are %s", got)
	}
}

func TestPortsAreReadAsDockerReadsThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"8080:80": "[{ 8080 tcp }]", "127.0.0.1:8080:80/udp": "[{127.0.0.1 8080 udp }]", "[::1]:53:53": "[{::1 53 tcp }]",
		"9000-9001:80-81": "[{ 9000 tcp } {9001}]", "80": "[]", "127.0.0.1::80": "[]", "": "[]", "99999:1": "[]", "x:y": "[]",
	} {
		got := fmt.Sprint(published(text))
		if want = strings.Replace(want, "{9001}", "{ 9001 tcp }", 1); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := fmt.Sprint(arguments([]string{"-p", "1:1", "--publish=2:2", "-p3:3", "--privileged"})); got != "[{ 1 tcp } { 2 tcp } { 3 tcp }]" {
		t.Errorf("arguments: %s", got)
	}
}

func TestAPortThatWasRefusedIsReadFromEachEnginesWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"driver failed programming external connectivity on endpoint x (1): Bind for 0.0.0.0:5432 failed: port is already allocated":                               "5432 true false",
		"failed to set up container networking: driver failed programming external connectivity on endpoint x: Bind for :::8080 failed: port is already allocated": "8080 true false",
		"driver failed programming external connectivity on endpoint x (1): Error starting userland proxy: listen tcp4 0.0.0.0:5432: bind: address already in use": "5432 false true",
		"Ports are not available: exposing port TCP 0.0.0.0:3306 -> 0.0.0.0:0: listen tcp 0.0.0.0:3306: bind: Only one usage of each socket address":               "3306 false true",
		"failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use":                                                                        "80 false true",
		"OCI runtime create failed": "0 false false",
	} {
		port, container, program := refusal(text)
		if got := fmt.Sprint(port, container, program); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestAddressesClashWhereOneOfThemIsAll(t *testing.T) {
	t.Parallel()
	for pair, want := range map[string]bool{
		"0.0.0.0 127.0.0.1": true, " *": true, "127.0.0.1 127.0.0.1": true, "127.0.0.1 192.0.2.1": false, "127.0.0.53 127.0.0.1": false, ":: 0.0.0.0": true, "::1 127.0.0.1": false,
	} {
		a, b, _ := strings.Cut(pair, " ")
		if clash(a, b) != want || clash(b, a) != want {
			t.Errorf("%q: %v", pair, clash(a, b))
		}
	}
}

func TestComposeFilesAreFilledInAsComposeDoes(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PORT": "81", "EMPTY": ""}
	for text, want := range map[string]string{
		"${PORT}:80": "81:80", "$PORT:80": "81:80", "${NONE:-82}:80": "82:80", "${EMPTY:-83}": "83", "${NONE:?please}": "", "$$PORT": "$PORT", "plain": "plain",
	} {
		if got := string(interpolate([]byte(text), env)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestFreeNetworksAreCountedAroundWhatIsTaken(t *testing.T) {
	t.Parallel()
	pools := []pool{{netip.MustParsePrefix("10.0.0.0/22"), 24}}
	for taken, want := range map[string]int{"": 4, "10.0.1.0/24": 3, "10.0.0.0/8": 0, "10.0.0.0/23 10.0.3.7/32": 1, "192.168.0.0/16": 4} {
		var all []netip.Prefix
		for _, one := range strings.Fields(taken) {
			all = append(all, netip.MustParsePrefix(one))
		}
		if got := free(pools, all); got != want {
			t.Errorf("%q: %d free, want %d", taken, got, want)
		}
	}
}

func FuzzRules(f *testing.F) {
	f.Add(dockers)
	f.Add("-A FORWARD -m comment --comment \"a\\\"b\" ! -j\n-P\n-N\n-A FORWARD -s x/99 --dport : -j DROP")
	f.Fuzz(func(t *testing.T, text string) {
		tables := readTables(text)
		if got := tables.run("FORWARD", packetOut()); got.lost() && got.by == "" {
			t.Errorf("%q: lost by nothing", text)
		}
	})
}

func FuzzPlaces(f *testing.F) {
	f.Add("dns 1.1.1.1 x NOERROR 1.2.3.4\nto h 1 ! no\nmtu 1 2 3\ndns", "/sys/class/net/eth0/mtu:1500\n", "8000-8002:1/tcp")
	f.Fuzz(func(t *testing.T, answers, links, port string) {
		p := read(map[string]string{"answers": answers, "links": links, "route": links, "tcp": answers, "hosts": answers, "resolv.conf": answers})
		for q, a := range p.dns {
			if a.tells() && len(a.said) == 0 {
				t.Errorf("%s tells without a word", q)
			}
		}
		for _, w := range published(port) {
			if w.port < 1 || w.port > 65535 {
				t.Errorf("%q: port %d", port, w.port)
			}
		}
	})
}
