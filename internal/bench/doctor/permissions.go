package doctor

// as1000 is a devcontainer whose user has no rights of root, and keeps its number.
const as1000 = `{"image": "busybox:testbed", "remoteUser": "dev", "updateRemoteUserUID": false}`

// permissionFaults are those of users, owners and what the kernel lets them do.
func permissionFaults() []Case {
	return []Case{
		{
			Name: "user-unknown", Title: "remoteUser is no user of the image",
			Config: `{"image": "busybox:testbed", "remoteUser": "vscode"}`, Inject: `up || true`,
			Want: codes("PRM-001", "USER"), Sees: "vscode", Quick: true,
		},
		{
			Name: "user-number", Title: "the container runs as a number that no user has",
			Config: `{"image": "busybox:testbed", "runArgs": ["--user", "4711"]}`, Inject: `up || true`,
			Want: codes("PRM-001", "PRM-002"), Sees: "4711",
		},
		{
			Name: "user-workspace", Title: "the workspace belongs to another number than the user's",
			Config: as1000, Inject: `chown -R 1234:1234 "$W"; chmod 755 "$W"; up`,
			Want: codes("PRM-002"), Sees: "1234",
		},
		{
			Name: "user-workspace-root", Title: "the workspace was cloned as root",
			Config: as1000, Inject: `chown -R 0:0 "$W"; up`,
			Want: codes("PRM-002"),
		},
		{
			Name: "home-root", Title: "the home of the user belongs to root",
			Config: as1000, Inject: `chown -R 1000:1000 "$W"; up; within 'chown -R 0:0 /home/dev'`,
			Want: codes("PRM-003"), Sees: "/home/dev",
		},
		{
			Name: "home-cache", Title: "the volume of the user's cache belongs to root",
			Config: `{"image": "busybox:testbed", "remoteUser": "dev", "updateRemoteUserUID": false, "mounts": ["source=cache,target=/home/dev/.cache,type=volume"]}`,
			Inject: `chown -R 1000:1000 "$W"; up`,
			Want:   codes("PRM-010", "PRM-003"), Sees: ".cache",
		},
		{
			Name: "socket-inside", Title: "the socket of Docker inside is root's alone",
			Config: `{"image": "busybox:testbed", "remoteUser": "dev", "updateRemoteUserUID": false, "mounts": ["source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind"]}`,
			Inject: `chown -R 1000:1000 "$W"; up`,
			Want:   codes("PRM-004"), Sees: "docker.sock",
		},
		{
			Name: "root-readonly", Title: "the root of the container is read-only, and nothing else is there to write to",
			Config: `{"image": "busybox:testbed", "runArgs": ["--read-only"]}`, Inject: `up || true`,
			Want: codes("PRM-005"),
		},
		{
			Name: "capabilities", Title: "all capabilities are taken away",
			Config: `{"image": "busybox:testbed", "runArgs": ["--cap-drop", "ALL"]}`, Inject: `chown -R 1000:1000 "$W"; up || true`,
			Want: codes("PRM-006", "PRM-002"), Sees: "cap",
		},
		{
			Name: "git-owner", Title: "the checkout belongs to another user, so that git refuses",
			Config: `{"image": "git:1"}`,
			Inject: `mkdir box; cp --parents -L $(which git) $(ldd "$(which git)" | grep -oE '/[^ ]+') box
printf 'FROM busybox:testbed\nCOPY box /\nENV PATH=/bin:/usr/bin\n' >Dockerfile; docker build --quiet --tag git:1 . >/dev/null; rm -rf box
git init --quiet .; chown -R 1234:1234 "$W"; up`,
			Want: codes("PRM-008"), Sees: "1234",
		},
		{
			Name: "key-modes", Title: "everybody may read the private key",
			Config: as1000,
			Inject: `chown -R 1000:1000 "$W"; up; within 'cd /home/dev && mkdir -m 700 .ssh && printf -- "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n" >.ssh/id_ed25519 && chmod 644 .ssh/id_ed25519 && chown -R 1000:1000 .ssh'`,
			Want:   codes("PRM-009"), Sees: "id_ed25519",
		},
	}
}
