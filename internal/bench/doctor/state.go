package doctor

// stateFaults are those of containers that run, and not as they should.
func stateFaults() []Case {
	return []Case{
		{
			Name: "state-none", Title: "nobody has made the container yet",
			Inject: `true`,
			Want:   codes("STA-001"),
		},
		{
			Name: "state-image-missing", Title: "the image is not there, and no registry has it",
			Config: `{"image": "registry.example/team/app:1.4"}`, Inject: `fails_up`,
			Want: codes("STA-012"), Sees: "registry.example/team/app:1.4",
		},
		{
			Name: "state-from-missing", Title: "the image behind FROM is not there",
			Config: `{"build": {"dockerfile": "Dockerfile"}}`, Inject: `echo 'FROM debian:nosuch' >.devcontainer/Dockerfile; fails_up`,
			Want: codes("STA-012", "STA-016"), Sees: "debian:nosuch",
		},
		{
			Name: "state-paused", Title: "the container is paused",
			Inject: `up; docker pause "$(c)"`,
			Want:   codes("STA-009"),
		},
		{
			Name: "state-restarts", Title: "the container starts again and again: a variable is missing",
			Inject: `run --restart always "$IMAGE" sh -c 'echo "fatal: DATABASE_URL is not set" >&2; exit 1'; restarts`,
			Want:   codes("STA-003"), Sees: "DATABASE_URL", Quick: true,
		},
		{
			Name: "state-sick", Title: "the health check fails",
			Inject: `run --health-cmd 'echo "no answer at :8000"; exit 1' --health-interval 0.2s --health-retries 2 "$IMAGE" sleep 600; sick`,
			Want:   codes("STA-005"), Sees: ":8000",
		},
		{
			Name: "state-sick-program", Title: "the health check asks a program that the image has not",
			Inject: `run --health-cmd 'curl -fsS http://localhost:8000/' --health-interval 0.2s --health-retries 2 "$IMAGE" sleep 600; sick`,
			Want:   codes("STA-005"), Sees: "curl",
		},
		{
			Name: "state-sick-slow", Title: "the health check never ends",
			Inject: `run --health-cmd 'sleep 5' --health-interval 0.2s --health-timeout 0.2s --health-retries 2 "$IMAGE" sleep 600; sick`,
			Want:   codes("STA-005"), Sees: "200ms",
		},
		{
			Name: "state-stale", Title: "the configuration is another one since the container was made",
			Inject: `up; sleep 1; echo '{"image": "busybox:testbed", "containerEnv": {"MODE": "dev"}}' >.devcontainer/devcontainer.json`,
			Want:   codes("STA-014"),
		},
		{
			Name: "state-stale-dockerfile", Title: "the Dockerfile is another one since the container was made",
			Config: `{"build": {"dockerfile": "Dockerfile"}}`,
			Inject: `echo 'FROM busybox:testbed' >.devcontainer/Dockerfile; up; sleep 1; echo 'ENV MODE=dev' >>.devcontainer/Dockerfile`,
			Want:   codes("STA-014"), Sees: "Dockerfile",
		},
		{
			Name: "state-user-start", Title: "the container is to run as a user that it does not have",
			Config: `{"image": "busybox:testbed", "runArgs": ["--user", "vscode"]}`, Inject: `fails_up`,
			Want: codes("PRM-001", "USER", "STA-006"), Sees: "vscode",
		},
		{
			Name: "state-network-start", Title: "the network that the container starts in is gone",
			Inject: `docker network create team; run --network team "$IMAGE" sleep 600; docker stop --time 0 "$(c)"; docker network rm team; docker start "$(c)" && exit 1; true`,
			Want:   codes("NET-013"), Sees: "network",
		},
	}
}

// exitFaults are those of containers that have ended, or never began.
func exitFaults() []Case {
	return []Case{
		{
			Name: "exit-code", Title: "the command fails",
			Inject: `run "$IMAGE" sh -c 'echo "cannot open /etc/app.conf" >&2; exit 3'; ends`,
			Want:   codes("STA-002"), Sees: "/etc/app.conf", Quick: true,
		},
		{
			Name: "exit-zero", Title: "the command has nothing more to do: a shell without a terminal",
			Inject: `run "$IMAGE"; ends`,
			Want:   codes("STA-002"), Sees: "0",
		},
		{
			Name: "exit-stopped", Title: "somebody has stopped it",
			Inject: `up; docker stop --time 1 "$(c)"`,
			Want:   codes("STA-002"),
		},
		{
			Name: "exit-killed", Title: "somebody has killed it",
			Inject: `up; docker kill "$(c)"; ends`,
			Want:   codes("STA-002"), Sees: "137",
		},
		{
			Name: "exit-segv", Title: "the program crashes",
			Inject: `run "$IMAGE" sh -c 'sh -c "kill -SEGV \$\$"; exit $?'; ends`,
			Want:   codes("STA-002"), Sees: "139",
		},
		{
			Name: "exit-memory", Title: "it takes more memory than it may",
			Inject: `run --memory 24m --memory-swap 24m "$IMAGE" sh -c 'exec tail /dev/zero'; ends`,
			Want:   codes("STA-004"), Sees: "24",
		},
		{
			Name: "exit-unknown-command", Title: "the command is no program of the image",
			Inject: `fails_run "$IMAGE" start-server --port 80`,
			Want:   codes("STA-008", "STA-006"), Sees: "start-server",
		},
		{
			Name: "exit-not-executable", Title: "the entry point has lost its right to be run",
			Inject: `printf '#!/bin/sh\nexec "$@"\n' >entry.sh; fails_run --entrypoint "/workspaces/${W##*/}/entry.sh" "$IMAGE" sleep 600`,
			Want:   codes("STA-008"), Sees: "entry.sh", Quick: true,
		},
		{
			Name: "exit-crlf", Title: "the entry point has line ends of Windows",
			Inject: `printf '#!/bin/sh\r\nexec "$@"\r\n' >entry.sh; chmod 755 entry.sh; run --entrypoint "/workspaces/${W##*/}/entry.sh" "$IMAGE" sleep 600; ends`,
			Want:   codes("STA-008"), Sees: "entry.sh",
		},
		{
			Name: "exit-crlf-image", Title: "the entry point of the image has line ends of Windows",
			Inject: `printf 'FROM busybox:testbed\nRUN printf "#!/bin/sh\\r\\nexec sleep 600\\r\\n" >/entry.sh && chmod 755 /entry.sh\nENTRYPOINT ["/entry.sh"]\n' | image app:1; run app:1; ends`,
			Want:   codes("STA-008"), Sees: "/entry.sh",
		},
		{
			Name: "exit-interpreter", Title: "the entry point asks for an interpreter that the image has not",
			Inject: `printf '#!/usr/bin/python3\nprint(1)\n' >entry.py; chmod 755 entry.py; run --entrypoint "/workspaces/${W##*/}/entry.py" "$IMAGE"; ends`,
			Want:   codes("STA-008"), Sees: "entry.py",
		},
		{
			Name: "exit-no-shebang", Title: "the entry point does not say what runs it",
			Inject: `echo 'exec sleep 600' >entry.sh; chmod 755 entry.sh; run --entrypoint "/workspaces/${W##*/}/entry.sh" "$IMAGE" 2>/run/up.log || true`,
			Want:   codes("STA-008", "STA-007"), Sees: "exec format error",
		},
		{
			Name: "exit-machine-code", Title: "the program is compiled for another processor",
			Inject: `cp /bin/busybox tool; printf '\267' | dd of=tool bs=1 seek=18 conv=notrunc status=none; run --entrypoint "/workspaces/${W##*/}/tool" "$IMAGE" sleep 600 2>/run/up.log || true`,
			Want:   codes("STA-007"), Sees: "exec format error",
		},
		{
			Name: "exit-platform", Title: "the image is for another processor",
			Config: `{"image": "app:arm"}`,
			Inject: `mkdir -p box/bin; cp /bin/busybox box/bin/sh; printf '\267' | dd of=box/bin/sh bs=1 seek=18 conv=notrunc status=none
tar -C box -c . | docker import --platform linux/arm64 - app:arm >/dev/null; fails_up`,
			Want: codes("STA-013", "STA-007"), Sees: "arm64",
		},
		{
			Name: "exit-script", Title: "the command calls a program that is not in the PATH",
			Inject: `run "$IMAGE" sh -c 'exec uvicorn app:main'; ends`,
			Want:   codes("STA-008", "STA-002"), Sees: "uvicorn",
		},
		{
			Name: "exit-directory", Title: "the working directory is a file",
			Inject: `fails_run --workdir /etc/passwd "$IMAGE" sleep 600`,
			Want:   codes("STA-006"), Sees: "/etc/passwd",
		},
		{
			Name: "exit-seccomp", Title: "the seccomp profile of the configuration is not there",
			Config: `{"image": "busybox:testbed", "runArgs": ["--security-opt", "seccomp=/home/ana/profile.json"]}`, Inject: `fails_up`,
			Want: codes("PRM-007", "PATH", "RUN-ARGS"), Sees: "profile.json",
		},
		{
			Name: "exit-runtime", Title: "the configuration asks for a runtime that is not there",
			Config: `{"image": "busybox:testbed", "runArgs": ["--runtime", "nvidia"]}`, Inject: `fails_up`,
			Want: codes("RUN-ARGS", "STA-006", "ENG-009"), Sees: "nvidia",
		},
		{
			Name: "exit-device", Title: "the configuration asks for a device that the machine has not",
			Config: `{"image": "busybox:testbed", "runArgs": ["--device", "/dev/dri"]}`, Inject: `fails_up`,
			Want: codes("STA-006", "RUN-ARGS", "RES-013"), Sees: "/dev/dri",
		},
	}
}
