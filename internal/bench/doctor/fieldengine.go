package doctor

// handEngine are faults of the daemon and of its client, as they come about on a
// machine that somebody administers by hand.
func handEngine() []Case {
	refuses := func(name, title, text, sees string, want ...string) Case {
		return Case{
			Name: name, Title: title, Config: none, Undo: `engine_back`,
			Inject: `hand --init "$IMAGE" sleep 600; engine_stop; echo '` + text + `' >/etc/docker/daemon.json; engine_refuses`,
			Want:   codes(want...), Sees: sees,
		}
	}
	return []Case{
		{
			Name: "field-engine-killed", Title: "dockerd was killed", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; pkill -KILL -x dockerd; await eval '! pgrep -x dockerd'`, Undo: `engine_back`,
			Want: codes("ENG-001"), Sees: "docker.sock",
		},
		{
			Name: "field-engine-socket-gone", Title: "the socket was deleted under dockerd", Config: none,
			Inject: `rm /run/docker.sock`, Undo: `engine_stop; engine_start`,
			Want: codes("ENG-001", "ENG-004"), Sees: "docker.sock",
		},
		{
			Name: "field-engine-modes", Title: "the socket has mode 000", As: "65534",
			Inject: `chmod 000 /run/docker.sock`, Undo: `chmod 660 /run/docker.sock`,
			Want: codes("ENG-003"), Sees: "docker.sock",
		},
		{
			Name: "field-engine-hung", Title: "dockerd is stopped by a signal; no devcontainer.json", Config: none,
			Inject: `kill -STOP "$(engine_pid)"`, Undo: `kill -CONT "$(engine_pid)"`,
			Want: codes("ENG-002"),
		},
		{Name: "field-host-socket", Title: "DOCKER_HOST names a socket that is not there", Env: []string{"DOCKER_HOST=unix:///run/user/0/docker.sock"}, Want: codes("ENG-004"), Sees: "/run/user/0/docker.sock"},
		{Name: "field-host-form", Title: "DOCKER_HOST is no address", Env: []string{"DOCKER_HOST=http//dock:2375"}, Want: codes("ENG-004"), Sees: "http//dock"},
		{Name: "field-host-name", Title: "DOCKER_HOST names a machine that nobody knows", Env: []string{"DOCKER_HOST=tcp://10.231.0.98:2375"}, Want: codes("ENG-004"), Sees: "10.231.0.98"},
		{Name: "field-host-tls", Title: "DOCKER_TLS_VERIFY without certificates", Env: []string{"DOCKER_TLS_VERIFY=1", "DOCKER_HOST=tcp://127.0.0.1:2376"}, Want: codes("ENG-004"), Sees: "2376"},
		{Name: "field-api", Title: "DOCKER_API_VERSION asks for what the engine does not speak", Env: []string{"DOCKER_API_VERSION=1.99"}, Want: codes("ENG-008"), Sees: "1.99"},
		{
			Name: "field-context", Title: "the current context is one that was deleted",
			Inject: `up; echo '{"currentContext": "staging"}' >/root/.docker/config.json`, Undo: `rm /root/.docker/config.json`,
			Want: codes("ENG-004"), Sees: "staging",
		},
		{
			Name: "field-settings-log", Title: "daemon.json names a log driver that is not there",
			Inject: `engine_stop; echo '{"log-driver": "jsonfile"}' >/etc/docker/daemon.json; engine_start; fails_hand "$IMAGE" sleep 600`, Undo: `engine_stop; engine_back`,
			Want: codes("ENG-006"), Sees: "jsonfile",
		},
		refuses("field-settings-option", "daemon.json has a misspelt option of the log", `{"log-opts": {"max-size": "10m", "max-files": "3"}}`, "max-files", "ENG-006"),
		refuses("field-settings-bip", "daemon.json has no address as bip", `{"bip": "172.99.0.300/16"}`, "bip", "ENG-006"),
		refuses("field-settings-dns", "daemon.json has no address as dns", `{"dns": ["8.8.8"]}`, "8.8.8", "ENG-006"),
		refuses("field-settings-list", "daemon.json is a list", `[]`, "daemon.json", "ENG-006"),
		refuses("field-settings-number", "daemon.json has a text where a number belongs", `{"mtu": "1500"}`, "mtu", "ENG-006"),
		refuses("field-settings-root", "daemon.json puts the data where nothing can be", `{"data-root": "/proc/docker"}`, "/proc/docker", "ENG-006", "ENG-001"),
		refuses("field-settings-pools", "daemon.json has pools smaller than their networks", `{"default-address-pools": [{"base": "10.99.0.0/24", "size": 16}]}`, "default-address-pools", "ENG-006"),
		{
			Name: "field-settings-flag", Title: "daemon.json and a flag both say where the data are", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; engine_stop; echo '{"data-root": "/var/lib/docker"}' >/etc/docker/daemon.json; engine_refuses --data-root /var/lib/docker`, Undo: `engine_back`,
			Want: codes("ENG-006"), Sees: "data-root",
		},
		{
			Name: "field-settings-later", Title: "daemon.json was broken while dockerd runs",
			Inject: `up; echo '{"debug": true' >/etc/docker/daemon.json`, Undo: `rm /etc/docker/daemon.json`,
			Want: codes("ENG-006"), Sees: "daemon.json",
		},
		{
			Name: "field-iptables", Title: "dockerd finds no iptables", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; engine_stop; at=$(command -v iptables); mv "$at" "$at.away"; engine_refuses; echo "$at" >/run/iptables`, Undo: `at=$(cat /run/iptables); mv "$at.away" "$at"; engine_back`,
			Want: codes("ENG-001"), Sees: "iptables",
		},
		{
			Name: "field-compose-mode", Title: "the Compose plugin may not be run", Needs: "compose",
			Config: composed, Inject: project + plugins + `away; cp "$own.away" "$own"; chmod 644 "$own"; fails_up`, Undo: plugins + `back`,
			Want: codes("ENG-007"), Sees: "compose",
		},
		{
			Name: "field-compose-script", Title: "the Compose plugin is something else", Needs: "compose",
			Config: composed, Inject: project + plugins + `away; printf '#!/bin/sh\nexit 1\n' >"$own"; chmod 755 "$own"; fails_up`, Undo: plugins + `back`,
			Want: codes("ENG-007"), Sees: "compose",
		},
	}
}
