package doctor

// handLimits are limits, mounts and users of containers made by hand.
func handLimits() []Case {
	return []Case{
		{
			Name: "field-oom", Title: "killed for its memory; swap is not limited", Config: none,
			Inject: `hand --memory 24m "$IMAGE" tail /dev/zero; over exited`,
			Want:   codes("STA-004"), Sees: "24",
		},
		{
			Name: "field-oom-tmpfs", Title: "what it writes to a tmpfs kills it", Config: none,
			Inject: `hand --memory 24m --memory-swap 24m --tmpfs /cache:size=64m "$IMAGE" dd if=/dev/zero of=/cache/fill bs=1M; over exited`,
			Want:   codes("STA-004"), Sees: "24",
		},
		{
			Name: "field-oom-worker", Title: "it ends because its worker was killed for memory", Config: none,
			Inject: `hand --memory 24m --memory-swap 24m "$IMAGE" sh -c 'tail /dev/zero; echo "worker exited with $?" >&2; exit 1'; over exited`,
			Want:   codes("STA-004", "RES-004"), Sees: "24",
		},
		{
			Name: "field-oom-restarts", Title: "it is killed for its memory again and again", Config: none,
			Inject: `hand --restart always --memory 24m --memory-swap 24m "$IMAGE" tail /dev/zero; await eval '[ "$(docker inspect --format "{{.RestartCount}}" dev)" -ge 3 ]'`,
			Want:   codes("STA-004"), Sees: "24",
		},
		{
			Name: "field-memory", Title: "92 % of its memory is taken", Config: none,
			Inject: `hand --init --memory 100m --memory-swap 100m --shm-size 200m "$IMAGE" sh -c 'dd if=/dev/zero of=/dev/shm/fill bs=1M count=91; sleep 600'; await docker exec dev test -s /dev/shm/fill; sleep 1`,
			Want:   codes("RES-003"), Sees: "100",
		},
		{
			Name: "field-cpu", Title: "a tenth of a processor, and more to do", Config: none,
			Inject: `hand --init --cpus 0.1 "$IMAGE" sh -c 'while :; do :; done'; sleep 2`,
			Want:   codes("RES-005"), Sees: "0.1",
		},
		{
			Name: "field-pids", Title: "the program forks until it may no more", Config: none,
			Inject: `hand --init --pids-limit 12 "$IMAGE" sh -c 'for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 600 & done; wait'; sleep 0.5`,
			Want:   codes("RES-006"), Sees: "12",
		},
		{
			Name: "field-files", Title: "a process may hardly open a file", Config: none,
			Inject: `hand --init --ulimit nofile=16:16 "$IMAGE" sleep 600`,
			Want:   codes("RES-008"), Sees: "16",
		},
		{
			Name: "field-log", Title: "the log has 1.5 GiB", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; fallocate -l 1500M "$(docker inspect --format '{{.LogPath}}' dev)"`,
			Want:   codes("RES-009"), Sees: "1.5",
		},
		{
			Name: "field-volume-full", Title: "a volume of 2 MiB is full", Config: none,
			Inject: `docker volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=2m small; hand --init -v small:/data "$IMAGE" sh -c 'dd if=/dev/zero of=/data/fill bs=64k; sleep 600'; await docker exec dev test -s /data/fill; sleep 0.3`,
			Want:   codes("RES-012"), Sees: "/data",
		},
		{
			Name: "field-workspace-full", Title: "the disk of the workspace is full",
			Inject: `mount -t tmpfs -o size=1m tmpfs "$W"; cd "$W"; mkdir .devcontainer; echo '{"image": "busybox:testbed"}' >.devcontainer/devcontainer.json; up; dd if=/dev/zero of=dump bs=64k status=none || true`,
			Undo:   `docker ps --all --quiet --filter name=nosuch; umount -l /home/ana/field-workspace-full`,
			Want:   codes("RES-012", "RES-001"), Sees: "field-workspace-full",
		},
		{
			Name: "field-readonly", Title: "a read-only root, and nowhere to write", Config: none,
			Inject: `hand --init --read-only "$IMAGE" sleep 600`,
			Want:   codes("PRM-005"),
		},
		{
			Name: "field-readonly-workspace", Title: "the workspace is mounted :ro",
			Inject: `docker run --detach --init --name dev --volume "$W:/workspaces/${W##*/}:ro" "$IMAGE" sleep 600`,
			Want:   codes("VOL-003"), Sees: "/workspaces/field-readonly-workspace",
		},
		{
			Name: "field-remounted", Title: "the workspace was mounted read-only since the start",
			Inject: `run --init --cap-add SYS_ADMIN --security-opt apparmor=unconfined --security-opt seccomp=unconfined "$IMAGE" sleep 600; within "mount -o remount,bind,ro /workspaces/${W##*/}"`,
			Want:   codes("VOL-003"), Sees: "/workspaces/field-remounted",
		},
		{
			Name: "field-workspace-700", Title: "the workspace is root's alone, the container a user's", Config: none,
			Inject: `chown -R 0:0 "$W"; chmod 700 "$W"; hand --init --user 1000:1000 "$IMAGE" sleep 600`,
			Want:   codes("PRM-002"), Sees: "1000",
		},
		{
			Name: "field-home-gone", Title: "the home of the user was removed", Config: as1000,
			Inject: `chown -R 1000:1000 "$W"; run --init "$IMAGE" sleep 600; within 'rm -rf /home/dev'`,
			Want:   codes("PRM-003"), Sees: "/home/dev",
		},
		{
			Name: "field-passwd-empty", Title: "/etc/passwd of the container was emptied", Config: as1000,
			Inject: `chown -R 1000:1000 "$W"; run --init "$IMAGE" sleep 600; docker exec "$(c)" sh -c ': >/etc/passwd'`,
			Want:   codes("PRM-001"), Sees: "dev",
		},
		{
			Name: "field-remote-user", Title: "remoteUser is mistyped, the container made by hand",
			Config: `{"image": "busybox:testbed", "remoteUser": "devv"}`, Inject: `hand --init "$IMAGE" sleep 600`,
			Want: codes("PRM-001"), Sees: "devv",
		},
		{
			Name: "field-bind-gone", Title: "the source of a bind was removed, then the container restarted", Config: none,
			Inject: `mkdir /home/ana/field-data; hand --init --mount type=bind,source=/home/ana/field-data,target=/data "$IMAGE" sleep 600; rm -r /home/ana/field-data; docker restart --time 1 dev 2>/run/up.log || true`,
			Want:   codes("VOL-001"), Sees: "/home/ana/field-data",
		},
		{
			Name: "field-bind-mistyped", Title: "-v names a file that is not there", Config: none,
			Inject: `hand --init -v "$W/config/nginx.conf:/etc/nginx.conf" "$IMAGE" sleep 600`,
			Want:   codes("VOL-002"), Sees: "nginx.conf",
		},
		{
			Name: "field-bind-onto-file", Title: "-v puts a new directory onto a file of the image", Config: none,
			Inject: `fails_hand -v "$W/passwd:/etc/passwd" "$IMAGE" sleep 600`,
			Want:   codes("VOL-002"), Sees: "/etc/passwd",
		},
		{
			Name: "field-volume-gone", Title: "the volume's folder was removed, then the container restarted", Config: none,
			Inject: `hand --init -v team-data:/data "$IMAGE" sleep 600; rm -rf /var/lib/docker/volumes/team-data; docker restart --time 1 dev 2>/run/up.log || true`,
			Want:   codes("VOL-004"), Sees: "team-data",
		},
		{
			Name: "field-bind-removed", Title: "the workspace was removed and made again under the container", Config: none,
			Inject: `hand --init "$IMAGE" sleep 600; cd /; rm -rf "$W"; mkdir "$W"; touch "$W/app.py"`,
			Want:   codes("VOL-009"), Sees: "field-bind-removed",
		},
	}
}
