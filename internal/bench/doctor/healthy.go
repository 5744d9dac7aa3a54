package doctor

// healthy are workspaces of many kinds in which nothing is wrong.
func healthy() []Case {
	return []Case{
		{Name: "well-plain", Title: "busybox", Quick: true},
		{Name: "well-jsonc", Title: "comments and trailing commas", Config: "// the app\n{\n  /* small */ \"image\": \"busybox:testbed\",\n  \"forwardPorts\": [3000,],\n}\n", Quick: true},
		{Name: "well-root-file", Title: ".devcontainer.json in the root", Config: none, Inject: `rmdir .devcontainer; echo '{"image": "busybox:testbed"}' >.devcontainer.json; up`},
		{
			Name: "well-several", Title: "two configurations, one of which is up", Config: none,
			Inject: `for n in api web; do echo '{"image": "busybox:testbed"}' | file ".devcontainer/$n/devcontainer.json"; done; up --config "$W/.devcontainer/api/devcontainer.json"`,
		},
		{Name: "well-user", Title: "a user with the number of the workspace's owner", Config: as1000, Inject: `chown -R 1000:1000 "$W"; up`, Quick: true},
		{Name: "well-user-root", Title: "remoteUser root", Config: `{"image": "busybox:testbed", "remoteUser": "root"}`},
		{Name: "well-container-user", Title: "the container runs as a user", Config: `{"image": "busybox:testbed", "containerUser": "dev", "updateRemoteUserUID": false}`, Inject: `chown -R 1000:1000 "$W"; up`},
		{Name: "well-host", Title: "the network of the machine", Config: `{"image": "busybox:testbed", "runArgs": ["--network", "host"]}`},
		{Name: "well-init", Title: "with init", Config: `{"image": "busybox:testbed", "init": true}`, Quick: true},
		{
			Name: "well-readonly", Title: "read-only on purpose, with room to write",
			Inject: `run --init --read-only --tmpfs /tmp --tmpfs /root --tmpfs /run --tmpfs /var "$IMAGE" sleep 600`,
		},
		{
			Name: "well-volumes", Title: "volumes, one for node_modules",
			Config: `{"image": "busybox:testbed", "mounts": ["source=modules,target=/workspaces/well-volumes/node_modules,type=volume", "source=data,target=/data,type=volume"]}`,
		},
		{
			Name: "well-volume-user", Title: "the user's own cache in a volume",
			Config: `{"image": "busybox:testbed", "remoteUser": "dev", "updateRemoteUserUID": false, "mounts": ["source=cache,target=/home/dev/.cache,type=volume"]}`,
			Inject: `chown -R 1000:1000 "$W"; up; within 'chown -R 1000:1000 /home/dev'`,
		},
		{
			Name: "well-dockerfile", Title: "a Dockerfile with arguments",
			Config: `{"build": {"dockerfile": "Dockerfile", "context": "..", "args": {"MODE": "dev"}}}`,
			Inject: `printf 'ARG MODE=x\nFROM busybox:testbed AS base\nARG MODE\nENV MODE=$MODE\nFROM base\nCOPY requirements.txt /tmp/\nRUN test -s /tmp/requirements.txt\n' >.devcontainer/Dockerfile; echo app >requirements.txt; up`,
		},
		{
			Name: "well-lifecycle", Title: "lifecycle commands in every form",
			Config: `{"image": "busybox:testbed", "initializeCommand": "true", "onCreateCommand": ["echo", "one"], "postCreateCommand": {"a": "echo a", "b": ["echo", "b"]}, "postStartCommand": "sh .devcontainer/start.sh"}`,
			Inject: `echo 'echo started' >.devcontainer/start.sh; up`,
		},
		{
			Name: "well-healthcheck", Title: "a health check that is content",
			Config: `{"image": "busybox:testbed", "runArgs": ["--health-cmd", "true", "--health-interval", "0.2s"]}`,
			Inject: `up; await eval '[ "$(state .State.Health.Status)" = healthy ]'`,
		},
		{
			Name: "well-cache", Title: "a memory limit, and the memory full of cached files",
			Config: `{"image": "busybox:testbed", "runArgs": ["--memory", "64m", "--memory-swap", "64m"]}`,
			Inject: `up; within 'dd if=/dev/zero of=/fill bs=1M count=100 status=none; cat /fill >/dev/null; rm /fill; dd if=/dev/zero of=/root/kept bs=1M count=50 status=none; cat /root/kept >/dev/null'`,
		},
		{
			Name: "well-busy", Title: "a compiler at work on one processor",
			Inject: `up; docker exec --detach "$(c)" timeout 20 md5sum /dev/zero`,
		},
		{
			Name: "well-published", Title: "a published port with a server behind",
			Config: `{"image": "busybox:testbed", "appPort": ["8130:8000"], "forwardPorts": [8000]}`,
			Inject: `up; within 'httpd -p 8000 -h /tmp'`,
		},
		{
			Name: "well-no-shell", Title: "an image of one static program",
			Config: `{"image": "app:static"}`,
			Inject: `mkdir box; cp /bin/busybox box/sleep; for f in $(ldd /bin/busybox | grep -oE '/[^ ]+' || true); do cp --parents -L "$f" box; done
tar -C box -c . | docker import - app:static >/dev/null; rm -r box; run app:static /sleep 600`,
		},
		{Name: "well-ñandú", Title: "a path with letters of Spanish"},
		{Name: "well with blanks", Title: "a path with blanks"},
		{Name: "well-env", Title: "variables of the machine and of the container", Config: `{"image": "busybox:testbed", "containerEnv": {"HOME_OF": "${localEnv:HOME}", "MODE": "${localEnv:NOSUCH:dev}"}, "remoteEnv": {"PATH": "${containerEnv:PATH}:/opt/bin"}}`},
		{Name: "well-limits", Title: "limits that nobody reaches", Config: `{"image": "busybox:testbed", "runArgs": ["--memory", "512m", "--cpus", "1", "--pids-limit", "500", "--ulimit", "nofile=1024:4096"]}`},
		{Name: "well-stopped-other", Title: "a container of somebody else's has failed", Inject: `up; docker run "$IMAGE" sh -c 'exit 9' || true`},
		{Name: "well-network", Title: "a network of its own", Config: `{"image": "busybox:testbed", "runArgs": ["--network", "team"]}`, Inject: `docker network create team; up`},
		{
			Name: "well-extensions", Title: "extensions, and all of them installed",
			Config: `{"image": "busybox:testbed", "customizations": {"vscode": {"extensions": ["golang.go"], "settings": {"go.useLanguageServer": true}}}}`,
			Inject: `up; within 'cd && mkdir -p .vscode-server/extensions/golang.go-0.46.1 && cd .vscode-server/extensions && echo "{\"publisher\":\"golang\",\"name\":\"go\",\"version\":\"0.46.1\"}" >golang.go-0.46.1/package.json && echo "[{\"identifier\":{\"id\":\"golang.go\"},\"version\":\"0.46.1\",\"relativeLocation\":\"golang.go-0.46.1\"}]" >extensions.json'`,
		},
		{Name: "well-link", Title: "the workspace is a link", Config: none, Inject: `mkdir "$W.real"; mkdir "$W.real/.devcontainer"; echo '{"image": "busybox:testbed"}' >"$W.real/.devcontainer/devcontainer.json"; cd /; rm -r "$W"; ln -s "$W.real" "$W"; up`},
		{Name: "well-restarted", Title: "a container that was stopped and started again", Inject: `up; docker restart --time 1 "$(c)"; up`},
		{
			Name: "well-bare", Title: "made by hand without a mount, of an image without /tmp and /etc/passwd", Config: `{"image": "app:bare"}`,
			Inject: `mkdir -p box/bin; cp /bin/busybox box/bin; for f in $(ldd /bin/busybox 2>/dev/null | grep -oE '/[^ ]+' || true); do cp --parents -L "$f" box; done; for n in sh sleep cat id; do ln -s busybox "box/bin/$n"; done
tar -C box -c . | docker import - app:bare >/dev/null; rm -r box; docker run --detach --label "devcontainer.local_folder=$W" app:bare sleep 600`,
		},
		{
			Name: "well-by-hand", Title: "made by hand, mounted where workspaceFolder says", Config: `{"image": "busybox:testbed", "workspaceFolder": "/workspace"}`,
			Inject: `docker run --detach --label "devcontainer.local_folder=$W" --volume "$W:/workspace" "$IMAGE" sleep 600`,
		},
		{Name: "well-unlabelled", Title: "made by hand, without labels", Inject: `docker run --detach --volume "$W:/workspace" "$IMAGE" sleep 600`},
		{Name: "well-proxy", Title: "a proxy that answers", Config: `{"image": "busybox:testbed", "containerEnv": {"http_proxy": "http://proxy.example:3128", "no_proxy": "localhost,127.0.0.1"}}`},
	}
}

// healthyComposed are those of Compose projects.
func healthyComposed() []Case {
	return []Case{
		{Name: "well-services", Title: "two services", Needs: "compose", Config: composed, Inject: project + `up`},
		{
			Name: "well-services-health", Title: "the app waits for a healthy database, with volumes", Needs: "compose", Config: composed,
			Inject: project + `sed -i 's/^  app:/&\n    depends_on: {db: {condition: service_healthy}}/; s/^  db:/&\n    volumes: ["data:\/data"]\n    healthcheck: {test: "true", interval: 0.2s}/' .devcontainer/compose.yaml; echo 'volumes: {data: {}}' >>.devcontainer/compose.yaml; up`,
		},
		{
			Name: "well-services-profile", Title: "a service of a profile does not run", Needs: "compose", Config: composed,
			Inject: project + `sed -i 's/^  db:/&\n    profiles: [tools]/' .devcontainer/compose.yaml; up`,
		},
		{
			Name: "well-services-variable", Title: "a variable of the tools that has a default in Compose", Needs: "compose", Config: composed,
			Inject: project + `sed -i 's|"..:/work"|"..:${containerWorkspaceFolder:-/work}"|' .devcontainer/compose.yaml; up`,
		},
		{
			Name: "well-services-once", Title: "a service that does its work once has done it", Needs: "compose", Config: composed,
			Inject: project + `sed -i '/^  db:/,$ s/command: .*/command: "true"/; s/^  app:/&\n    depends_on: {db: {condition: service_completed_successfully}}/' .devcontainer/compose.yaml; up`,
		},
	}
}
