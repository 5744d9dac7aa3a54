package doctor

// networkFaults are those of names, the way out and the firewall.
func networkFaults() []Case {
	return []Case{
		{
			Name: "net-none", Title: "the container has no network",
			Config: `{"image": "busybox:testbed", "runArgs": ["--network", "none"]}`,
			Want:   codes("NET-001"), Sees: "none", Quick: true,
		},
		{
			Name: "net-disconnected", Title: "the container was taken out of its network",
			Inject: `up; docker network disconnect bridge "$(c)"`,
			Want:   codes("NET-013", "NET-001"),
		},
		{
			Name: "dns-nobody", Title: "nobody answers at the address of the name server",
			Config: `{"image": "busybox:testbed", "runArgs": ["--dns", "127.0.0.9"]}`,
			Want:   codes("NET-004"), Sees: "127.0.0.9", Quick: true,
		},
		{
			Name: "dns-silent", Title: "the name server is one of another network",
			Config: `{"image": "busybox:testbed", "runArgs": ["--dns", "10.231.0.99"]}`,
			Want:   codes("NET-004"), Sees: "10.231.0.99",
		},
		{
			Name: "dns-empty", Title: "resolv.conf of the container is empty",
			Inject: `up; within ': >/etc/resolv.conf'`,
			Want:   codes("NET-004"), Sees: "resolv.conf",
		},
		{
			Name: "dns-hijack", Title: "a name of the internet is this machine, by --add-host",
			Config: `{"image": "busybox:testbed", "runArgs": ["--add-host", "github.com:127.0.0.1"]}`,
			Want:   codes("NET-004", "RUN-ARGS"), Sees: "github.com",
		},
		{
			Name: "forwarding-off", Title: "the kernel forwards nothing",
			Inject: `up; echo 0 >/proc/sys/net/ipv4/ip_forward`, Undo: `echo 1 >/proc/sys/net/ipv4/ip_forward`,
			Want: codes("NET-002"), Sees: "ip_forward",
		},
		{
			Name: "firewall-masquerade", Title: "the rule that hides the containers' addresses is gone",
			Inject: `up; iptables -t nat -F POSTROUTING`, Undo: `engine_stop; engine_start`,
			Want: codes("NET-003"), Sees: "MASQUERADE",
		},
		{
			Name: "firewall-flushed", Title: "somebody has emptied the firewall, and its policy is DROP",
			Inject: `up; iptables -F; iptables -P FORWARD DROP`, Undo: `iptables -P FORWARD ACCEPT; iptables -F; iptables -X; engine_stop; engine_start`,
			Want: codes("NET-003"), Sees: "FORWARD",
		},
		{
			Name: "firewall-user", Title: "a rule of the administrator's drops what containers send",
			Inject: `up; iptables -I DOCKER-USER -i docker0 -j DROP`, Undo: `iptables -D DOCKER-USER -i docker0 -j DROP`,
			Want: codes("NET-003"), Sees: "DOCKER-USER",
		},
		{
			Name: "firewall-first", Title: "a rule before those of Docker's rejects what is forwarded",
			Inject: `up; iptables -I FORWARD 1 -j REJECT`, Undo: `iptables -D FORWARD -j REJECT`,
			Want: codes("NET-003"), Sees: "REJECT",
		},
		{
			Name: "firewall-off", Title: "daemon.json keeps Docker from making rules",
			Inject: `up; engine_stop; echo '{"iptables": false}' >/etc/docker/daemon.json; iptables -t nat -F; iptables -t nat -X; iptables -F; iptables -X; engine_start; docker start "$(c)"`,
			Undo:   `engine_back`,
			Want:   codes("NET-003"), Sees: "iptables",
		},
		{
			Name: "mtu", Title: "the way out is a tunnel with smaller packets than the container sends, and nobody says so",
			Inject: `up; ip link set uplink mtu 1280; iptables -I OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP`,
			Undo:   `ip link set uplink mtu 1500; iptables -D OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP`,
			Want:   codes("NET-006"), Sees: "1280",
		},
		{
			Name: "uplink-down", Title: "the bridge of the containers is down",
			Inject: `up; ip link set docker0 down`, Undo: `ip link set docker0 up`,
			Want: codes("NET-005", "NET-003", "NET-013"), Sees: "docker0",
		},
		{
			Name: "proxy-inside", Title: "the proxy is at 127.0.0.1, which in the container is the container",
			Config: `{"image": "busybox:testbed", "containerEnv": {"http_proxy": "http://127.0.0.1:3128", "https_proxy": "http://127.0.0.1:3128"}}`,
			Want:   codes("NET-007"), Sees: "127.0.0.1:3128",
		},
		{
			Name: "proxy-away", Title: "the proxy is one of another network",
			Config: `{"image": "busybox:testbed", "containerEnv": {"HTTPS_PROXY": "http://10.231.0.77:3128", "HTTP_PROXY": "http://10.231.0.77:3128"}}`,
			Want:   codes("NET-007"), Sees: "10.231.0.77",
		},
		{
			Name: "subnet-overlap", Title: "the container's network has the addresses of the machine's own",
			Config: `{"image": "busybox:testbed", "runArgs": ["--network", "vpn"]}`,
			Inject: `docker network create --subnet 10.231.0.0/24 --gateway 10.231.0.254 vpn; up`, Undo: `docker ps --all --quiet --filter network=vpn | xargs -r docker rm --force >/dev/null; docker network rm vpn`,
			Want: codes("NET-008"), Sees: "10.231.0.0/24",
		},
	}
}

// portFaults are those of ports between the machine and the container.
func portFaults() []Case {
	return []Case{
		{
			Name: "port-container", Title: "another container has the port",
			Config: `{"image": "busybox:testbed", "runArgs": ["--publish", "8123:80"]}`,
			Inject: `docker run --detach --name shop --init --publish 8123:80 "$IMAGE" sleep 600; fails_up`,
			Want:   codes("NET-010"), Sees: "shop", Quick: true,
		},
		{
			Name: "port-process", Title: "a process of the machine has the port",
			Config: `{"image": "busybox:testbed", "runArgs": ["--publish", "8124:80"]}`,
			Inject: `busybox httpd -p 8124 -h /home; await busybox nc -z 127.0.0.1 8124 || true; fails_up`, Undo: `pkill -f 'busybox httpd -p 8124'`,
			Want: codes("NET-011"), Sees: "8124",
		},
		{
			Name: "port-loopback", Title: "the program listens at 127.0.0.1 of the container only",
			Config: `{"image": "busybox:testbed", "runArgs": ["--publish", "8125:8000"]}`,
			Inject: `up; within 'httpd -p 127.0.0.1:8000 -h /tmp'`,
			Want:   codes("NET-012"), Sees: "127.0.0.1",
		},
		{
			Name: "port-nobody", Title: "nobody listens behind the published port",
			Config: `{"image": "busybox:testbed", "runArgs": ["--publish", "8126:8000"]}`,
			Inject: `up; within 'httpd -p 8080 -h /tmp'`,
			Want:   codes("NET-012"), Sees: "8000",
		},
	}
}
