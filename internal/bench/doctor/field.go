package doctor

// handFaults are those of containers that somebody has started by hand: the
// workspace is mounted, no label says whose they are, and often there is no
// devcontainer.json.
func handFaults() []Case {
	return []Case{
		{
			Name: "field-exit-1", Title: "the program ends with 1; no devcontainer.json", Config: none,
			Inject: `hand "$IMAGE" sh -c 'echo "panic: config/app.toml: no such key: port" >&2; exit 1'; over exited`,
			Want:   codes("STA-002"), Sees: "app.toml",
		},
		{
			Name: "field-exit-2", Title: "the command is no shell",
			Inject: `hand "$IMAGE" sh -c 'if then'; over exited`,
			Want:   codes("STA-002"), Sees: "syntax error",
		},
		{
			Name: "field-exit-126", Title: "what the command runs has no right to be run", Config: none,
			Inject: `hand "$IMAGE" sh -c '/etc/passwd'; over exited`,
			Want:   codes("STA-002", "STA-008"), Sees: "/etc/passwd",
		},
		{
			Name: "field-exit-127", Title: "what the command runs is not there", Config: none,
			Inject: `hand "$IMAGE" sh -c 'gunicorn app:app'; over exited`,
			Want:   codes("STA-002", "STA-008"), Sees: "gunicorn",
		},
		{
			Name: "field-exit-128", Title: "the program ends with 128", Config: none,
			Inject: `hand "$IMAGE" sh -c 'exit 128'; over exited`,
			Want:   codes("STA-002"), Sees: "128",
		},
		{
			Name: "field-exit-134", Title: "the program aborts", Config: none,
			Inject: `hand "$IMAGE" sh -c 'sh -c "kill -ABRT \$\$"; exit $?'; over exited`,
			Want:   codes("STA-002"), Sees: "abort",
		},
		{
			Name: "field-exit-139", Title: "the program crashes; several containers have the workspace",
			Inject: `hand --init "$IMAGE" sh -c 'kill -SEGV $$'; over exited`,
			Want:   codes("STA-002"), Sees: "139",
		},
		{
			Name: "field-exit-143", Title: "the program was told to end", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; docker kill --signal TERM dev; over exited`,
			Want:   codes("STA-002"), Sees: "143",
		},
		{
			Name: "field-restarts-slow", Title: "it crashes every other second, and runs in between", Config: none,
			Inject: `hand --restart always "$IMAGE" sh -c 'echo "lost connection to redis:6379" >&2; sleep 1; exit 1'; await eval '[ "$(docker inspect --format "{{.RestartCount}}" dev)" -ge 2 ]'; over running`,
			Want:   codes("STA-003"), Sees: "redis:6379",
		},
		{
			Name: "field-restarts-given-up", Title: "it was started three times again, and that was all",
			Inject: `run --restart on-failure:3 "$IMAGE" sh -c 'echo "no licence" >&2; exit 4'; await eval '[ "$(state .RestartCount)" = 3 ] && [ "$(state .State.Status)" = exited ]'`,
			Want:   codes("STA-002", "STA-003"), Sees: "no licence",
		},
		{
			Name: "field-sick", Title: "the health check finds nobody", Config: none,
			Inject: `hand --health-cmd 'wget -qO- http://127.0.0.1:9000/' --health-interval 0.2s --health-retries 2 "$IMAGE" sleep 600; await eval '[ "$(docker inspect --format "{{.State.Health.Status}}" dev)" = unhealthy ]'`,
			Want:   codes("STA-005"), Sees: "refused",
		},
		{
			Name: "field-sick-slow", Title: "the health check takes longer than it may", Config: none,
			Inject: `hand --health-cmd 'sleep 9' --health-timeout 0.3s --health-interval 0.2s --health-retries 1 "$IMAGE" sleep 600; await eval '[ "$(docker inspect --format "{{.State.Health.Status}}" dev)" = unhealthy ]'`,
			Want:   codes("STA-005"), Sees: "300ms",
		},
		{
			Name: "field-paused", Title: "somebody has paused it", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; docker pause dev`,
			Want:   codes("STA-009"),
		},
		{
			Name: "field-created", Title: "it was made and never started", Config: none,
			Inject: `docker create --name dev -v "$W:/src" "$IMAGE" sleep 600`,
			Want:   codes("STA-006", "STA-002"), Sees: "created",
		},
		{
			Name: "field-no-shebang", Title: "the script does not say what runs it", Config: none,
			Inject: `echo 'sleep 600' >start.sh; chmod 755 start.sh; fails_hand "$IMAGE" "/workspaces/${W##*/}/start.sh" || over exited`,
			Want:   codes("STA-008", "STA-007"), Sees: "start.sh",
		},
		{
			Name: "field-crlf", Title: "the script has line ends of Windows", Config: none,
			Inject: `printf '#!/bin/sh\r\nsleep 600\r\n' >start.sh; chmod 755 start.sh; hand "$IMAGE" "/workspaces/${W##*/}/start.sh" 2>/run/up.log || true`,
			Want:   codes("STA-008"), Sees: "start.sh",
		},
		{
			Name: "field-crlf-sh", Title: "a script with line ends of Windows, given to sh", Config: none,
			Inject: `printf 'set -e\r\ncd /tmp\r\nsleep 600\r\n' >start.sh; hand "$IMAGE" sh "/workspaces/${W##*/}/start.sh"; over exited`,
			Want:   codes("STA-002", "STA-008"), Sees: "start.sh",
		},
		{
			Name: "field-entry-missing", Title: "the image has no such entry point", Config: none,
			Inject: `printf 'FROM busybox:testbed\nENTRYPOINT ["/docker-entrypoint.sh"]\n' | image app:1; fails_hand app:1`,
			Want:   codes("STA-008"), Sees: "/docker-entrypoint.sh",
		},
		{
			Name: "field-entry-mode", Title: "the entry point of the image may not be run", Config: none,
			Inject: `printf 'FROM busybox:testbed\nRUN printf "#!/bin/sh\\nexec sleep 600\\n" >/entry.sh\nENTRYPOINT ["/entry.sh"]\n' | image app:1; fails_hand app:1`,
			Want:   codes("STA-008"), Sees: "/entry.sh",
		},
		{
			Name: "field-arch", Title: "the image says that it is for another processor", Config: none,
			Inject: `mkdir /run/arch; docker save "$IMAGE" | tar -xC /run/arch; sed -i 's/"architecture":"[a-z0-9]*"/"architecture":"s390x"/' /run/arch/*.json; sed -i 's/busybox:testbed/app:s390x/' /run/arch/manifest.json; rm -f /run/arch/repositories
tar -C /run/arch -c . | docker load --quiet >/dev/null; rm -r /run/arch; hand --init app:s390x sleep 600`,
			Want: codes("STA-013"), Sees: "s390x",
		},
		{
			Name: "field-arch-binary", Title: "the program is for another processor", Config: none,
			Inject: `cp /bin/busybox server; printf '\363' | dd of=server bs=1 seek=18 conv=notrunc status=none; hand "$IMAGE" "/workspaces/${W##*/}/server" 2>/run/up.log || true`,
			Want:   codes("STA-007"), Sees: "server",
		},
		{
			Name: "field-user", Title: "it is to run as a user that it does not have", Config: none,
			Inject: `fails_hand --user devv "$IMAGE" sleep 600`,
			Want:   codes("PRM-001", "STA-006"), Sees: "devv",
		},
		{
			Name: "field-stale-hand", Title: "of two containers of the workspace the labelled one has failed",
			Inject: `hand --init "$IMAGE" sleep 600; run "$IMAGE" sh -c 'echo "migration 12 failed" >&2; exit 5'; ends`,
			Want:   codes("STA-002"), Sees: "migration 12",
		},
	}
}
