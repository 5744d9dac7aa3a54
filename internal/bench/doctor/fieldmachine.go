package doctor

// handMachine are faults of networks, ports and the firewall, felt by containers
// made by hand.
func handMachine() []Case {
	return []Case{
		{
			Name: "field-net-none", Title: "no network", Config: none,
			Inject: `hand --init --network none "$IMAGE" sleep 600`,
			Want:   codes("NET-001"), Sees: "none",
		},
		{
			Name: "field-net-shared-gone", Title: "the container whose network it shares is gone", Config: none,
			Inject: `docker run --detach --init --name vpn "$IMAGE" sleep 600; hand --init --network container:vpn "$IMAGE" sleep 600; docker rm --force vpn; docker restart --time 1 dev 2>/run/up.log || true`,
			Want:   codes("NET-013"), Sees: "network",
		},
		{
			Name: "field-net-shared-ended", Title: "the container whose network it shares has ended", Config: none,
			Inject: `docker run --detach --init --name vpn "$IMAGE" sleep 600; hand --init --network container:vpn "$IMAGE" sleep 600; docker stop --time 1 vpn`,
			Want:   codes("NET-013"), Sees: "vpn",
		},
		{
			Name: "field-net-internal", Title: "its only network leads nowhere", Config: none,
			Inject: `docker network create --internal closed; hand --init --network closed "$IMAGE" sleep 600`,
			Want:   codes("NET-005"), Sees: "internal",
		},
		{
			Name: "field-dns", Title: "--dns names nobody", Config: none,
			Inject: `hand --init --dns 127.0.0.9 "$IMAGE" sleep 600`,
			Want:   codes("NET-004"), Sees: "127.0.0.9",
		},
		{
			Name: "field-dns-overwritten", Title: "resolv.conf was overwritten inside", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; docker exec dev sh -c 'echo "nameserver 10.231.0.99" >/etc/resolv.conf'`,
			Want:   codes("NET-004"), Sees: "10.231.0.99",
		},
		{
			Name: "field-dns-custom", Title: "--dns names nobody, in a network of its own", Config: none,
			Inject: `docker network create team; hand --init --network team --dns 10.231.0.99 "$IMAGE" sleep 600`,
			Want:   codes("NET-004"), Sees: "10.231.0.99",
		},
		{
			Name: "field-hosts", Title: "/etc/hosts was overwritten: a name leads elsewhere", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; docker exec dev sh -c 'echo "127.0.0.1 localhost github.com registry.npmjs.org pypi.org deb.debian.org" >/etc/hosts'`,
			Want:   codes("NET-004", "NET-009"), Sees: "/etc/hosts",
		},
		{
			Name: "field-hosts-empty", Title: "/etc/hosts was emptied: localhost is nobody", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; docker exec dev sh -c ': >/etc/hosts'`,
			Want:   codes("NET-004", "NET-009"), Sees: "localhost",
		},
		{
			Name: "field-route", Title: "the default route was deleted inside", Config: none,
			Inject: `hand --init --cap-add NET_ADMIN "$IMAGE" sleep 600; docker exec dev ip route del default`,
			Want:   codes("NET-005"), Sees: "default",
		},
		{
			Name: "field-link-down", Title: "the interface was taken down inside", Config: none,
			Inject: `hand --init --cap-add NET_ADMIN "$IMAGE" sleep 600; docker exec dev ip link set eth0 down`,
			Want:   codes("NET-005"), Sees: "eth0",
		},
		{
			Name: "field-bridge-gone", Title: "somebody has deleted the bridge", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; ip link del docker0`, Undo: `engine_stop; engine_start`,
			Want: codes("NET-005", "NET-013", "NET-003"), Sees: "docker0",
		},
		{
			Name: "field-forwarding", Title: "the kernel forwards nothing", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; echo 0 >/proc/sys/net/ipv4/ip_forward`, Undo: `echo 1 >/proc/sys/net/ipv4/ip_forward`,
			Want: codes("NET-002"), Sees: "ip_forward",
		},
		{
			Name: "field-forward-flushed", Title: "the chain FORWARD is empty, its policy DROP", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; iptables -P FORWARD DROP; iptables -F FORWARD`, Undo: `engine_stop; engine_start`,
			Want: codes("NET-003"), Sees: "FORWARD",
		},
		{
			Name: "field-docker-user", Title: "DOCKER-USER drops all", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; iptables -I DOCKER-USER -j DROP`, Undo: `iptables -D DOCKER-USER -j DROP`,
			Want: codes("NET-003"), Sees: "DOCKER-USER",
		},
		{
			Name: "field-dns-firewall", Title: "a rule drops questions to name servers", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; iptables -I DOCKER-USER -p udp --dport 53 -j DROP`, Undo: `iptables -D DOCKER-USER -p udp --dport 53 -j DROP`,
			Want: codes("NET-003", "NET-004"), Sees: "53",
		},
		{
			Name: "field-port-container", Title: "another container has the port", Config: none,
			Inject: `docker run --detach --init --name grafana --publish 8140:80 "$IMAGE" sleep 600; fails_hand --init --publish 8140:80 "$IMAGE" sleep 600`,
			Want:   codes("NET-010"), Sees: "grafana",
		},
		{
			Name: "field-port-any", Title: "a program has the port, at every address", Config: none,
			Inject: `busybox httpd -p 0.0.0.0:8141 -h /home; fails_hand --init --publish 8141:80 "$IMAGE" sleep 600`, Undo: `pkill -f 'busybox httpd -p 0.0.0.0:8141'`,
			Want: codes("NET-011"), Sees: "8141",
		},
		{
			Name: "field-port-loopback", Title: "a program has the port, at 127.0.0.1", Config: none,
			Inject: `busybox httpd -p 127.0.0.1:8142 -h /home; fails_hand --init --publish 8142:80 "$IMAGE" sleep 600`, Undo: `pkill -f 'busybox httpd -p 127.0.0.1:8142'`,
			Want: codes("NET-011"), Sees: "8142",
		},
		{
			Name: "field-port-six", Title: "a program has the port, at IPv6", Config: none,
			Inject: `busybox httpd -p '[::]:8143' -h /home; fails_hand --init --publish 8143:80 "$IMAGE" sleep 600`, Undo: `pkill -f 'busybox httpd -p .::.:8143'`,
			Want: codes("NET-011"), Sees: "8143",
		},
		{
			Name: "field-port-later", Title: "the port was taken while the container was down", Config: none,
			Inject: `hand --init --publish 8144:80 "$IMAGE" sleep 600; docker stop --time 1 dev; busybox httpd -p 8144 -h /home; docker start dev 2>/run/up.log || true`, Undo: `pkill -f 'busybox httpd -p 8144'`,
			Want: codes("NET-011"), Sees: "8144",
		},
		{
			Name: "field-port-loopback-inside", Title: "the server listens at 127.0.0.1 inside", Config: none,
			Inject: `hand --init --publish 8145:8000 "$IMAGE" httpd -f -p 127.0.0.1:8000 -h /tmp; sleep 0.5`,
			Want:   codes("NET-012"), Sees: "127.0.0.1",
		},
		{
			Name: "field-port-wrong", Title: "the server listens at another port than the published", Config: none,
			Inject: `hand --init --publish 8146:3000 "$IMAGE" httpd -f -p 8080 -h /tmp; sleep 0.5`,
			Want:   codes("NET-012"), Sees: "8080",
		},
		{
			Name: "field-proxy", Title: "the proxy is at 127.0.0.1", Config: none,
			Inject: `hand --init --env HTTPS_PROXY=http://localhost:3128 --env HTTP_PROXY=http://localhost:3128 "$IMAGE" sleep 600`,
			Want:   codes("NET-007"), Sees: "3128",
		},
		{
			Name: "field-overlap", Title: "a network with the addresses of the machine's own", Config: none,
			Inject: `docker network create --subnet 10.231.0.0/25 --gateway 10.231.0.126 vpn; hand --init --network vpn "$IMAGE" sleep 600`, Undo: `docker rm --force dev; docker network rm vpn`,
			Want: codes("NET-008"), Sees: "10.231.0.0/25",
		},
	}
}
