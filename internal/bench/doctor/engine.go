package doctor

// engineFaults are those of the daemon, its settings and its client.
func engineFaults() []Case {
	return []Case{
		{
			Name: "engine-stopped", Title: "dockerd is stopped",
			Inject: `up; engine_stop`, Undo: `engine_back`,
			Want: codes("ENG-001"), Sees: "docker.sock", Quick: true,
		},
		{
			Name: "engine-hung", Title: "dockerd answers nobody any more",
			Inject: `up; kill -STOP "$(engine_pid)"`, Undo: `kill -CONT "$(engine_pid)"`,
			Want: codes("ENG-002"),
		},
		{
			Name: "engine-killed", Title: "dockerd was killed, and its pid file names another process",
			Inject: `up; pkill -KILL -x dockerd; await eval '! pgrep -x dockerd'; echo $$ >/run/docker.pid; engine_refuses`, Undo: `engine_back`,
			Want: codes("ENG-001"), Sees: "docker.sock",
		},
		{
			Name: "engine-socket-directory", Title: "a directory stands where the socket was, made by a container that mounts it",
			Inject: `up; engine_stop; rm -rf /run/docker.sock; mkdir /run/docker.sock`, Undo: `engine_back`,
			Want: codes("ENG-001", "ENG-004"), Sees: "docker.sock",
		},
		{
			Name: "engine-denied", Title: "the user is not in the group docker",
			As: "65534", Want: codes("ENG-003"), Sees: "docker.sock", Quick: true,
		},
		{
			Name: "engine-host-wrong", Title: "DOCKER_HOST names a port where nobody listens",
			Env: []string{"DOCKER_HOST=tcp://127.0.0.1:2375"}, Want: codes("ENG-004"), Sees: "2375",
		},
		{
			Name: "engine-host-tls", Title: "DOCKER_HOST names a server that is no Docker",
			Env: []string{"DOCKER_HOST=tcp://192.0.2.80:2376"}, Want: codes("ENG-004"), Sees: "2376",
		},
		{
			Name: "engine-context-gone", Title: "the context is that of a Docker Desktop which was removed",
			Inject: `up; docker context create desktop-linux --docker host=unix:///root/.docker/desktop/docker.sock; docker context use desktop-linux`,
			Undo:   `docker context use default; docker context rm desktop-linux`,
			Want:   codes("ENG-004"), Sees: "desktop",
		},
		{
			Name: "engine-context-unknown", Title: "DOCKER_CONTEXT names no context",
			Env: []string{"DOCKER_CONTEXT=colima"}, Want: codes("ENG-004"), Sees: "colima",
		},
		{
			Name: "engine-client-gone", Title: "there is no docker program",
			Inject: `up; for p in $(which -a docker); do [ ! -e "$p" ] || mv "$p" "$p.away"; done`,
			Undo:   `for p in /usr/bin/docker.away /usr/local/bin/docker.away; do [ ! -e "$p" ] || mv "$p" "${p%.away}"; done`,
			Want:   codes("ENG-005"), Sees: "docker",
		},
		{
			Name: "settings-comma", Title: "daemon.json has a comma too many",
			Inject: `up; engine_stop; echo '{"log-driver": "json-file",}' >/etc/docker/daemon.json; engine_refuses`, Undo: `engine_back`,
			Want: codes("ENG-006"), Sees: "daemon.json",
		},
		{
			Name: "settings-unknown", Title: "daemon.json has a key that dockerd does not know",
			Inject: `up; engine_stop; echo '{"log-drivers": "json-file"}' >/etc/docker/daemon.json; engine_refuses`, Undo: `engine_back`,
			Want: codes("ENG-006"), Sees: "log-drivers",
		},
		{
			Name: "settings-type", Title: "daemon.json has a text where a truth value belongs",
			Inject: `up; engine_stop; echo '{"debug": "yes"}' >/etc/docker/daemon.json; engine_refuses`, Undo: `engine_back`,
			Want: codes("ENG-006"), Sees: "debug",
		},
		{
			Name: "settings-conflict", Title: "daemon.json and the flags of the service both say where to listen",
			Inject: `up; engine_stop; echo '{"hosts": ["unix:///run/docker.sock"]}' >/etc/docker/daemon.json; engine_refuses -H fd://`, Undo: `engine_back`,
			Want: codes("ENG-006"), Sees: "hosts",
		},
		{
			Name: "settings-runtime", Title: "daemon.json names a runtime that is not there",
			Inject: `up; engine_stop; echo '{"default-runtime": "nvidia"}' >/etc/docker/daemon.json; engine_refuses`, Undo: `engine_back`,
			Want: codes("ENG-006", "ENG-001"), Sees: "nvidia",
		},
		{
			Name: "settings-driver", Title: "daemon.json asks for a storage driver that this disk has not",
			Inject: `up; engine_stop; echo '{"storage-driver": "zfs"}' >/etc/docker/daemon.json; engine_refuses`, Undo: `engine_back`,
			Want: codes("ENG-006", "ENG-001"), Sees: "zfs",
		},
		{
			Name: "compose-gone", Title: "the Compose plugin is missing, and the workspace needs it", Needs: "compose",
			Config: composed, Inject: project + plugins + `away; fails_up`, Undo: plugins + `back`,
			Want: codes("ENG-007"), Sees: "compose",
		},
		{
			Name: "compose-broken", Title: "the Compose plugin is a download that was cut short", Needs: "compose",
			Config: composed, Inject: project + plugins + `away; head -c 4096 "$own.away" >"$own"; chmod 755 "$own"; fails_up`, Undo: plugins + `back`,
			Want: codes("ENG-007"), Sees: "compose",
		},
	}
}

// plugins has two words that put every Compose away, and bring them back.
const plugins = `own=/root/.docker/cli-plugins/docker-compose
all=$(ls -d /root/.docker/cli-plugins/docker-compose* /usr/local/lib*/docker/cli-plugins/docker-compose* /usr/lib*/docker/cli-plugins/docker-compose* /usr/*bin/docker-compose* 2>/dev/null || true)
away() { for p in $all; do mv "$p" "$p.away"; done; }
back() { rm -f "$own"; for p in $all; do [ "$p" = "${p%.away}" ] || mv "$p" "${p%.away}"; done; }
`

// codes are those of findings, without what all begin with.
func codes(short ...string) []string {
	var all []string
	for _, code := range short {
		all = append(all, "DC-"+code)
	}
	return all
}
